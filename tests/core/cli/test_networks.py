from __future__ import annotations

import json

import torch

from core.networks.registry import DEMO_CHECKPOINT


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
    assert "5,624,504" in out


def test_what_is_no_network_fails_with_one_line(shell, tmp_path):
    torch.save({"layer": torch.zeros(2)}, tmp_path / "other.pth")
    for path in (tmp_path / "other.pth", tmp_path / "none.pth", tmp_path):
        status, out, err = shell("network", path)
        assert (status, out) == (1, "")
        assert len(err.splitlines()) == 1
        assert str(path) in err
