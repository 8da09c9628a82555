from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.data.example import example
from core.data.preset import Preset
from core.data.source import open_source
from core.errors import BrokenDataError
from tests.core.data.images import make_tree, save
from tests.core.data.trees import refused


def target():
    mask = np.zeros((30, 40), np.uint8)
    mask[10:20, 5:15] = 1
    return mask


def masked(tmp_path, mask):
    """A tree of 40 x 30 images, one with a mask."""
    folder = make_tree(tmp_path / "images")
    mask.save(folder / "class1" / "2.mask.png")
    return open_source(str(folder))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_what_is_not_black_is_the_target(tmp_path, mode):
    mask = Image.fromarray(target() * 255)
    source = masked(tmp_path, mask.convert(mode))
    assert source.region == "mask"
    assert np.array_equal(source.mask(source.ids.index("class1/2.png")), target() > 0)
    assert source.mask(0) is None


def test_a_mask_of_ones_is_a_mask(tmp_path):
    source = masked(tmp_path, Image.fromarray(target()))
    assert np.array_equal(source.mask(source.ids.index("class1/2.png")), target() > 0)


def test_a_mask_is_no_image(tmp_path):
    source = masked(tmp_path, Image.fromarray(target()))
    assert len(source) == 12
    assert not any("mask" in name for name in source.ids)


def test_the_mask_is_cropped_with_the_image(tmp_path):
    source = masked(tmp_path, Image.fromarray(target()))
    shown = example(source, Preset(None, 20), source.ids.index("class1/2.png"))
    assert shown.region == "mask"
    assert np.array_equal(shown.mask, target()[5:25, 10:30] > 0)


def test_masks_come_before_boxes(tmp_path):
    folder = make_tree(tmp_path / "images")
    (folder / "boxes.csv").write_text("file,x0,y0,x1,y1\nclass0/0.png,1,1,5,5\n")
    Image.fromarray(target()).save(folder / "class1" / "2.mask.png")
    source = open_source(str(folder))
    assert source.region == "mask"
    assert source.mask(0) is None


def test_a_flat_folder_may_have_masks(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / name)
    Image.fromarray(target()).save(tmp_path / "a.mask.png")
    (tmp_path / "labels.csv").write_text("file,class_index\na.jpg,0\nb.jpg,1\n")
    source = open_source(str(tmp_path))
    assert source.mask(0).sum() == 100
    assert source.notes == ()


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (Image.fromarray(target()[:, :-1]), "39 x 30"),
        (Image.fromarray(target() * 0), "black"),
    ],
)
def test_a_mask_that_is_none(tmp_path, mask, told):
    source = masked(tmp_path, mask)
    with pytest.raises(BrokenDataError) as caught:
        source.mask(source.ids.index("class1/2.png"))
    assert refused(caught.value, BrokenDataError, "2.mask.png", told)
