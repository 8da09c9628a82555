from __future__ import annotations

import json
import re

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1

from core.experiment import ExperimentSpec
from core.jobs.executor import put_runs, run_of
from core.jobs.subject import find_subject
from core.paths import DEMO
from core.pruning.settings import Pruning
from tests.reference import REFERENCE, needs_reference
from tests.retrained import put_retrained, retrained

FIELDS = {"rate", "encoder", "units", "live", "constant", "mis", "mis_low", "mis_high", "hard", "score", "images"}
FEW = ("--images", 48, "--k", 3, "--n", 5)


def test_units_prints_one_object_a_network_and_named_layers(shell):
    layers = ("--layer", "conv1.conv", "--layer", "fc")
    status, out, _ = shell("units", *FEW, "--technique", "structured", "--rates", "0,0.2", *layers, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [row["rate"] for row in rows] == [0.0, 0.2]
    assert all(set(row) >= FIELDS for row in rows)
    assert [row["constant"] for row in rows] == [0, 1395]
    assert all(row["mis_low"] <= row["mis"] <= row["mis_high"] for row in rows)
    assert {name: values["units"] for name, values in rows[0]["layers"].items()} == {"conv1.conv": 64, "fc": 24}


def test_blocks_have_units_too(shell):
    status, out, _ = shell("units", *FEW, "--at", "blocks", "--rates", "0", "--json")
    assert status == 0
    assert json.loads(out)["units"] == 256 + 480 + 3 * 512 + 528 + 2 * 832 + 1024


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--images", 399), "399 images"),
        ((*FEW, "--alpha", 0), "alpha 0"),
        ((*FEW, "--layer", "conv9"), "conv9"),
        ((*FEW, "--encoder", "alexnet"), "alexnet"),
        ((*FEW, "--drawing", "all"), "all"),
        ((*FEW, "--rates", "1"), "1"),
    ],
)
def test_bad_use_is_refused_in_one_line(shell, words, named):
    status, out, err = shell("units", *words)
    assert (status, out) == (2, "")
    assert err.startswith("prunescope: ") and err.count("\n") == 1
    assert named in err


def test_an_encoder_whose_file_is_missing_is_refused(shell):
    status, out, err = shell("units", *FEW, "--encoder", "squeezenet", "--encoder-file", "/nowhere/s.safetensors")
    assert (status, out) == (1, "")
    assert "/nowhere/s.safetensors" in err


@pytest.fixture
def zeros(tmp_path):
    """The file of a network whose weights are all zero."""
    path = tmp_path / "zeros.safetensors"
    with safe_open(DEMO / "googlenet-demo.safetensors", "pt") as file:
        state = {name: torch.zeros_like(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        save_file(state, path, file.metadata())
    return path


def test_the_features_of_a_network_of_zeros_are_refused_as_an_encoder(shell, zeros):
    status, out, err = shell("units", *FEW, "--network", zeros, "--rates", "0", "--json")
    assert (status, out) == (1, "")
    assert "encoder" in err


def test_a_network_of_zeros_has_no_live_unit_and_no_score(shell, zeros, tmp_path):
    file = tmp_path / "squeezenet.safetensors"
    torch.manual_seed(0)
    save_file(squeezenet1_1().state_dict(), file)
    words = ("units", *FEW, "--network", zeros, "--rates", "0", "--encoder", "squeezenet", "--encoder-file", file)
    status, out, _ = shell(*words, "--json")
    row = json.loads(out)
    assert status == 0
    assert (row["live"], row["constant"]) == (0, row["units"])
    assert row["mis"] is row["mis_low"] is row["hard"] is row["median"] is None
    assert row["score"].startswith("MIS (squeezenet squeezenet.safetensors ")
    assert "0 of 7,304 units live: no score" in shell(*words)[1]


def test_the_line_of_a_network_tells_the_hard_score_first_and_what_the_interval_is_of(shell):
    status, out, _ = shell("units", *FEW, "--rates", "0")
    assert status == 0
    assert re.search(r"^dense +hard [\d.]+ %, randomised network [\d.]+ %  MIS \(googlenet features\) 0\.\d{4} \(", out)
    assert "95 % over the tasks, images and units as they are" in out


def test_the_networks_that_were_scored_are_printed_before_what_failed(shell, store):
    elsewhere = retrained(ExperimentSpec(pruning=Pruning("structured", rate=0.2)))
    run = put_retrained(store, elsewhere, weights=False)
    dense = run_of(ExperimentSpec(), find_subject(ExperimentSpec(), store.folder))
    put_runs(store, [dense])
    status, out, err = shell("units", *FEW, "--run", run, "--run", dense.id, "--json")
    assert status == 1
    assert [json.loads(line)["run_id"] for line in out.splitlines()] == [dense.id]
    assert "1 network of 2 could not be studied" in err


@pytest.mark.slow
@pytest.mark.timeout(1200)  # four passes over a thousand photographs
@needs_reference("weights/googlenet_bvlc.safetensors", "imagenet/val")
def test_the_units_of_an_imagenet_network_on_photographs(shell):
    network = ("--network", "googlenet-bvlc", "--weights", REFERENCE / "weights/googlenet_bvlc.safetensors")
    data = ("--data", REFERENCE / "imagenet/val", "--preprocess", "crop", "--images", 1000)
    pruned = ("--technique", "unstructured", "--rates", "0,0.5")
    layers = ("inception3b.branch3.1.conv", "inception4c.branch1.conv", "fc")
    status, out, _ = shell(
        "units", *network, *data, *pruned, *(word for name in layers for word in ("--layer", name)), "--json"
    )
    dense, half = map(json.loads, out.splitlines())
    assert status == 0
    assert dense["units"] == half["units"] == 8280
    assert dense["constant"] == 0
    for row in (dense, half):
        assert 0.5 < row["mis"] < 1
        assert all(0.5 < values["mis_low"] < values["mis_high"] for values in row["layers"].values())
    assert dense["layers"]["fc"]["mis"] > dense["layers"]["inception3b.branch3.1.conv"]["mis"]
