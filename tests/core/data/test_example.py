from __future__ import annotations

import numpy as np
import pytest

from core.data.example import example, find_image, region_of
from core.data.preset import Preset, pixels
from core.data.scenes import SIZE, ScenesSource
from core.data.source import open_source
from core.errors import InvalidSettingError
from tests.core.data.images import make_tree

SCENES = ScenesSource(count=30)
AS_DRAWN = Preset(SIZE, SIZE)


def test_an_example_is_the_image_as_the_network_is_shown_it():
    preset = Preset(96, 80)
    shown = example(SCENES, preset, 7)
    assert np.array_equal(shown.pixels, pixels(SCENES.image(7), preset).permute(1, 2, 0).numpy())
    assert (shown.id, shown.label) == (SCENES.ids[7], SCENES.labels[7])


def test_the_mask_is_the_source_s_own_where_nothing_is_resized():
    shown = example(SCENES, AS_DRAWN, 3)
    assert np.array_equal(shown.mask, SCENES.mask(3))
    assert shown.region == "mask"


def test_the_mask_is_resized_and_cropped_with_the_image():
    whole, half = example(SCENES, AS_DRAWN, 3).mask, example(SCENES, Preset(SIZE // 2, SIZE // 2), 3).mask
    assert half.shape == (SIZE // 2, SIZE // 2)
    agreement = half == whole[::2, ::2]
    assert agreement.mean() > 0.97


def test_a_folder_of_images_knows_no_masks(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        SCENES.image(0).save(tmp_path / name / "one.png")
    shown = example(open_source(str(tmp_path)), AS_DRAWN, 1)
    assert shown.mask is None
    assert shown.region == ""


def test_boxes_are_resized_and_cropped_with_the_image(tmp_path):
    folder = make_tree(tmp_path)  # images of 40 x 30 pixels
    (folder / "boxes.csv").write_text("file,x0,y0,x1,y1\nclass1/0.png,10,0,25,15\n")
    source = open_source(str(folder))
    shown = example(source, Preset(60, 50), source.ids.index("class1/0.png"))  # 80 x 60, less 15 and 5 pixels a side
    expected = np.zeros((50, 50), bool)
    expected[:25, 5:35] = True
    assert np.array_equal(shown.mask, expected)
    assert shown.region == "boxes"


def test_an_image_without_a_box_knows_no_region(tmp_path):
    folder = make_tree(tmp_path)
    (folder / "boxes.csv").write_text("file,x0,y0,x1,y1\nclass1/0.png,10,0,25,15\n")
    source = open_source(str(folder))
    shown = example(source, Preset(60, 50), source.ids.index("class1/1.png"))
    assert (shown.mask, shown.region) == (None, "")
    assert region_of(source) == "boxes"


def test_a_source_says_what_it_knows_of_regions(tmp_path):
    assert region_of(SCENES) == "mask"
    assert region_of(open_source(str(make_tree(tmp_path)))) == ""


@pytest.mark.parametrize("index", [-1, 30])
def test_a_place_that_the_source_does_not_have_is_refused(index):
    with pytest.raises(InvalidSettingError, match=str(index)):
        example(SCENES, AS_DRAWN, index)


def test_an_image_is_found_by_its_id():
    assert find_image(SCENES, SCENES.ids[11]) == 11
    with pytest.raises(InvalidSettingError, match="scene-x"):
        find_image(SCENES, "scene-x")
