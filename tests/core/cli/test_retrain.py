from __future__ import annotations

import json

import pytest

from core.layer_names import INCEPTION_CONVS

LAYER = INCEPTION_CONVS[-1]
CALIBRATE = ("--preset", "recalibrate", "--train-images", 48, "--set", "batch=24", "--images", 16, "--no-control")


@pytest.mark.slow
def test_layers_have_rates_of_their_own_and_what_is_not_trained_has_no_epochs(shell):
    words = ("--technique", "structured", "--rate", 0, "--layer-rate", f"{LAYER}=0.5")
    status, out, err = shell("retrain", *CALIBRATE, *words, "--json")
    assert status == 0, err
    *_, after, summary = [json.loads(line) for line in out.splitlines()]
    assert summary["technique"] == "structured"
    assert summary["epochs"] == 0
    assert 0 < after["sparsity"]["prunable"] < 0.05
    status, out, _ = shell("retrain", *CALIBRATE, *words)
    assert "epochs in" not in out and out.rstrip().endswith("re-calibrated")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retrain", "--schedule", "iterative", "--steps", 1), "1 step, iterative"),
        (("retrain", "--layer-rate", "half"), "LAYER=RATE"),
        (("compact", "--layer-rate", f"{LAYER}=2"), "layer inception5b.branch4.1.conv: 2.0"),
        (("export", "--out", "nowhere", "--layer-rate", "conv9=0.5"), "conv9"),
    ],
)
def test_bad_use_is_refused(shell, words, said):
    status, out, err = shell(*words)
    assert (status, out) == (2, "")
    assert said in err
