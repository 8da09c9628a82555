from __future__ import annotations

import json

import torch

from core.networks.kept import keep_network
from core.networks.registry import DEMO_CHECKPOINT, load_network


def test_a_network_is_described_as_one_object(shell):
    status, out, _ = shell("network", DEMO_CHECKPOINT, "--json")
    about = json.loads(out)
    assert status == 0
    assert about["architecture"] == "googlenet"
    assert about["technique"] == "none"
    assert set(about["sparsity"]) == {"prunable", "conv", "all"}
    assert len(about["layer_sparsity"]) == 58
    assert len(about["classes"]) == 24


def test_a_network_is_described_in_words(shell):
    status, out, _ = shell("network", DEMO_CHECKPOINT)
    assert status == 0
    assert "5,624,504 parameters" in out
    assert "24 classes, as is said of the file" in out
    assert "stored as float16" in out
    assert "not pruned" in out


def test_weights_that_are_not_finite_are_warned_of(shell, tmp_path):
    state = load_network("demo").module.state_dict()
    path = tmp_path / "odd.pth"
    torch.save(state | {"fc.bias": torch.full_like(state["fc.bias"], torch.nan)}, path)
    status, out, _ = shell("network", path)
    assert status == 0
    assert "not finite: 24 values of fc.bias" in out
    assert any("not finite" in warning for warning in json.loads(shell("network", path, "--json")[1])["warnings"])


def test_networks_that_were_added_are_listed_by_their_files(shell, monkeypatch, tmp_path):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))
    path = keep_network("mine.safetensors", DEMO_CHECKPOINT.read_bytes())
    status, out, _ = shell("networks", "--json")
    last = json.loads(out.splitlines()[-1])
    assert status == 0
    assert (last["network"], last["title"]) == (str(path), "mine")


def test_what_is_no_network_fails_with_one_line(shell, tmp_path):
    torch.save({"layer": torch.zeros(2)}, tmp_path / "other.pth")
    for path in (tmp_path / "other.pth", tmp_path / "none.pth", tmp_path):
        status, out, err = shell("network", path)
        assert (status, out) == (1, "")
        assert len(err.splitlines()) == 1
        assert str(path) in err
