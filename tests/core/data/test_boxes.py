from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.boxes import Box, union
from core.data.example import example
from core.data.preset import Preset
from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError
from tests.core.data.images import make_tree, save
from tests.reference import REFERENCE, needs_reference

HEADER = "file,x0,y0,x1,y1\n"
corners = st.floats(-5, 15)


def tree(tmp_path, table, beside=False):
    folder = make_tree(tmp_path / "images")  # class0..2/0..3.png, 40 x 30 pixels
    ((tmp_path if beside else folder) / "boxes.csv").write_text(table)
    return open_source(str(folder))


def mask_of(source, name):
    return source.mask(source.ids.index(name))


def refusal(tmp_path, table, beside=False):
    """Return what is wrong with the table; the error must say all three parts."""
    with pytest.raises(BrokenDataError) as caught:
        tree(tmp_path, table, beside).mask(0)
    error = caught.value
    assert error.given and error.allowed and error.mend
    return error.given


# --- from boxes to pixels


def test_a_pixel_belongs_where_its_centre_does():
    mask = union([Box(1.4, 0, 3.5, 1.6)], 5, 3)
    assert mask.tolist() == [[False, True, True, False, False]] * 2 + [[False] * 5]


@given(corners, corners, corners, corners)
def test_a_box_covers_what_lies_in_it_and_in_the_image(x0, y0, x1, y1):
    x0, x1, y0, y1 = *sorted((x0, x1)), *sorted((y0, y1))
    mask = union([Box(x0, y0, x1, y1)], 9, 8)
    rows, columns = np.mgrid[:8, :9] + 0.5
    inside = (x0 <= columns) & (columns < x1) & (y0 <= rows) & (rows < y1)
    assert mask.shape == (8, 9)
    assert mask[inside].all()
    if x1 - x0 >= 1 and y1 - y0 >= 1:
        assert np.array_equal(mask, inside)


@given(st.lists(st.tuples(corners, corners, st.floats(1, 9), st.floats(1, 9)), max_size=4))
def test_several_boxes_cover_their_union(drawn):
    boxes = [Box(x, y, x + width, y + height) for x, y, width, height in drawn]
    alone = [union([box], 9, 8) for box in boxes]
    assert np.array_equal(union(boxes, 9, 8), np.any([np.zeros((8, 9), bool), *alone], axis=0))


def test_a_box_narrower_than_a_pixel_covers_one():
    assert union([Box(3.6, 3.6, 3.7, 3.7)], 9, 8).sum() == 1


def test_a_box_outside_the_image_covers_nothing():
    assert not union([Box(20, 20, 30, 1e300), Box(-9, -9, -1, -1)], 9, 8).any()


# --- from the table to boxes


@pytest.mark.parametrize("beside", [False, True])
def test_boxes_lie_in_the_folder_or_beside_it(tmp_path, beside):
    source = tree(tmp_path, HEADER + "class0/1.png,2,3,6,5\nclass0/1.png,10.0,3,11.0,4\n", beside)
    mask = mask_of(source, "class0/1.png")
    assert mask.shape == (30, 40)
    assert mask.sum() == 4 * 2 + 1
    assert mask[3:5, 2:6].all() and mask[3, 10]
    assert mask_of(source, "class0/2.png") is None


def test_a_flat_folder_may_have_boxes_too(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        save(tmp_path / "val" / name)
    (tmp_path / "labels.csv").write_text("file,class_index\na.png,0\nb.png,1\n")
    (tmp_path / "boxes.csv").write_text("note,file,x1,x0,y0,y1\n,./a.png,4,0,0,4\n,c.png,4,0,0,4\n")
    source = open_source(str(tmp_path / "val"))
    assert mask_of(source, "a.png").sum() == 16  # and c.png is in the folder, if not in the source
    assert mask_of(source, "b.png") is None


def test_boxes_change_nothing_about_the_identity(tmp_path):
    with_boxes = tree(tmp_path, HEADER + "class0/1.png,2,3,6,5\n")
    (tmp_path / "images" / "boxes.csv").unlink()
    assert open_source(str(tmp_path / "images")).identity() == with_boxes.identity()


def test_boxes_beside_a_folder_that_name_none_of_its_images_are_not_its_boxes(tmp_path):
    assert tree(tmp_path, HEADER + "other.png,2,3,6,5\n", beside=True).mask(0) is None
    assert "other.png" in refusal(tmp_path, HEADER + "other.png,2,3,6,5\n")


def test_a_table_that_is_broken_does_not_keep_from_opening_the_images(tmp_path):
    source = tree(tmp_path, "what is this")
    assert source.image(0).size == (40, 30)
    with pytest.raises(BrokenDataError, match="no column file"):
        source.mask(0)


def test_missing_columns(tmp_path):
    assert "no column x0 and no column y1" in refusal(tmp_path, "file,left,y0,x1\nclass0/1.png,1,2,3\n")


@pytest.mark.parametrize(
    "corners", ["a,3,6,5", "2,3,6,", "2,3,6", "nan,3,6,5", "2,3,inf,5", "6,3,2,5", "2,3,2,5", "2,5,6,5", ",,,"]
)
def test_corners_that_enclose_nothing(tmp_path, corners):
    given = refusal(tmp_path, f"{HEADER}class0/1.png,1,1,2,2\n\nclass0/0.png,{corners}\n")
    assert "line 4 has the corners" in given


@pytest.mark.parametrize("beside", [False, True])
def test_a_file_that_is_not_there(tmp_path, beside):
    lines = "class0/1.png,1,1,2,2\nclass9/1.png,1,1,2,2\nclass9/1.png,1,1,2,2\n,1,1,2,2\n"
    given = refusal(tmp_path, HEADER + lines, beside)
    assert "line 3 names 'class9/1.png'" in given
    assert "2 files are missing in all" in given


@needs_reference("imagenet/val", "imagenet/boxes.csv")
def test_imagenets_boxes():
    source = open_source(str(REFERENCE / "imagenet" / "val"), imagenet_names())
    preset = Preset(None, 224)
    first = example(source, preset, 0)
    x, y = np.flatnonzero(first.mask.any(0)), np.flatnonzero(first.mask.any(1))
    # 50.4,65.4,200.2,116.8 in the stored image; the crop takes a margin of 2 (1.5, rounded to even)
    assert (x[0], y[0], x[-1] + 1, y[-1] + 1) == (50 - 2, 65 - 2, 200 - 2, 117 - 2)
    assert first.region == "boxes"
    areas = [example(source, preset, index).mask.mean() for index in range(100)]
    assert 0.2 < np.mean(areas) < 0.7
    assert all(source.mask(index).any() for index in range(100, 300))
