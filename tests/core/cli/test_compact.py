from __future__ import annotations

import json

import pytest

from core.experiment import ExperimentSpec
from core.pruning.settings import Pruning
from core.store.database import open_store
from tests.retrained import put_retrained, retrained

HALF = ("--technique", "structured", "--rate", 0.5)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Time small batches a few times: how long it takes is of no interest here."""
    monkeypatch.setattr("core.evaluation.efficiency.THROUGHPUT_BATCH", 2)
    monkeypatch.setattr("core.evaluation.efficiency.REPEATS", 2)
    monkeypatch.setattr("core.cli.compact.IMAGES", 8)


def test_compact_says_that_it_is_equal_and_what_is_gained(shell):
    status, out, _ = shell("compact", *HALF, "--stem", "--json")
    row = json.loads(out)
    assert status == 0
    assert row["equal"]
    assert row["difference"] < 1e-5
    assert row["pixels"] == 128
    assert row["macs_224"]["dense"] / 1e9 == pytest.approx(1.50, abs=0.01)
    assert row["macs_224"]["compact"] / 1e9 == pytest.approx(0.40, abs=0.01)
    assert row["parameters"]["compact"] < row["parameters"]["nonzero"] < row["parameters"]["dense"]
    assert row["bytes"]["compact"] < row["bytes"]["masked"]
    assert set(row["speed"]) == {"dense", "masked", "compact"}
    assert row["speed_up"]["macs"] > row["speed_up"]["theoretical"] > 1
    assert row["speed_up"]["latency"] == pytest.approx(
        row["speed"]["dense"]["latency_ms"] / row["speed"]["compact"]["latency_ms"]
    )
    status, out, _ = shell("compact", *HALF, "--stem")
    assert status == 0
    assert "MACs at 224 px 1.50 -> 0.40 G" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--technique", "unstructured", "--rate", 0.5), "single weights"),
        ((*HALF, "--form", "published"), "passes on"),
        (("--run", "0123456789abcdef"), "0123456789abcdef"),
    ],
)
def test_what_cannot_be_made_smaller_ends_with_the_reason(shell, words, told):
    status, out, err = shell("compact", *words)
    assert (status, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_retrained_run_is_named_by_its_id(shell, cache, tmp_path):
    run_id = put_retrained(open_store(cache), retrained(ExperimentSpec(pruning=Pruning("structured", rate=0.5))))
    status, out, _ = shell("compact", "--run", run_id, "--json")
    row = json.loads(out)
    assert status == 0
    assert (row["run_id"], row["equal"]) == (run_id, True)
    assert "retrained" in row["what"]
    status, _, _ = shell("export", "--run", run_id, "--out", tmp_path / "out", "--format", "safetensors")
    assert status == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())["run_id"] == run_id


def test_export_refuses_before_it_works(shell, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for words, told in ((("--out", tmp_path / "full"), "there already"), (("--format", "tflite"), "tflite")):
        status, out, err = shell("export", "--out", tmp_path / "new", *words)
        assert (status, out) == (2, "")
        assert told in err
