from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from core.errors import BrokenDataError, MissingFileError
from core.pruning.criteria import CRITERIA
from core.pruning.mask_files import load_masks, save_masks
from core.pruning.masks import make_masks
from core.pruning.scopes import SCOPES
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES


@pytest.mark.parametrize("scope", sorted(SCOPES))
@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_masks_survive_the_file(network, tmp_path, technique, scope):
    masks = make_masks(network, Pruning(technique, sorted(CRITERIA)[0], scope, 0.3, stem=True, fc=True))
    save_masks(masks, tmp_path / "masks.safetensors")
    again = load_masks(tmp_path / "masks.safetensors")
    assert again.keys() == masks.keys()
    assert all(torch.equal(again[name], masks[name]) for name in masks)
    assert [path.name for path in tmp_path.iterdir()] == ["masks.safetensors"]


def test_no_masks_are_masks_too(tmp_path):
    save_masks({}, tmp_path / "dense")
    assert load_masks(tmp_path / "dense") == {}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="nowhere"):
        load_masks(tmp_path / "nowhere")


def test_a_truncated_file_is_told_from_a_whole_one(network, tmp_path):
    path = tmp_path / "masks"
    save_masks(make_masks(network, Pruning(rate=0.3)), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BrokenDataError, match="does not hold masks"):
        load_masks(path)


def test_weights_are_no_masks(tmp_path):
    save_file({"fc.weight": torch.ones(2)}, tmp_path / "weights")
    with pytest.raises(BrokenDataError, match=r"fc\.weight is no mask"):
        load_masks(tmp_path / "weights")
