from __future__ import annotations

import json

import pytest

from core.layer_names import INCEPTION_CONVS

SCANNED = INCEPTION_CONVS[-2:]
EXCLUDE = tuple(word for name in INCEPTION_CONVS[:-2] for word in ("--exclude", name))


def test_a_line_a_layer_and_rate_then_what_follows(shell):
    words = ("--technique", "structured", "--rates", "0.1,0.5", "--images", 20, "--tolerance", 0.04, "--json")
    status, out, _ = shell("sensitivity", "--network", "demo", "--data", "scenes", *words, *EXCLUDE)
    *rows, last = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [(row["layer"], row["rate"]) for row in rows] == [(name, rate) for name in SCANNED for rate in (0.1, 0.5)]
    assert {row["images"] for row in rows} == {20}
    assert all(row["change_low"] <= row["change"] <= row["change_high"] for row in rows)
    assert set(last["layer_rates"]) == set(SCANNED)
    assert set(last["sparsity"]) == {"prunable", "conv", "all"}
    assert 0 <= last["sparsity"]["prunable"] <= 0.5
    assert (last["tolerance"], last["surely"], last["scale"]) == (0.04, False, 1.0)


def test_in_words_it_ends_with_options_for_evaluate(shell):
    status, out, _ = shell("sensitivity", "--rates", "0.2", "--images", 10, *EXCLUDE)
    assert status == 0
    assert f"--layer-rate {SCANNED[0]}=0.2" in out
    assert "points" in out and "sparsity of the prunable weights" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--technique", "magic"), "technique 'magic'"),
        (("--rates", "0.5,1.5"), "rate 1.5"),
        (("--rates", "many"), "'many'"),
        (("--images", 0), "0 images"),
        (("--tolerance", 2), "drop of 200 points"),
        (("--scale", 0), "a scale of 0"),
    ],
)
def test_bad_use_is_refused_before_anything_is_measured(shell, words, said):
    status, out, err = shell("sensitivity", *words)
    assert status == 2
    assert said in err and not out
