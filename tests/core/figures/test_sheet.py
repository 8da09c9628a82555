from __future__ import annotations

import io
import json
import math
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.figures.agreement import OTHER, RANDOMISED, agreement_chart
from core.figures.closeup import closeup
from core.figures.colours import rgb
from core.figures.export import file_name, npz, png, zipped
from core.figures.sheet import Scale, font, sheet
from core.figures.theme import palette
from core.interpretability.measures.agreement import AGREEMENT

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
MAP = np.random.default_rng(1).normal(size=(20, 30)).astype(np.float32)
SCALE = Scale(0.25, True, "logit")


def test_a_sheet_grows_with_its_caption_and_its_panels():
    one = sheet([("Picture", PICTURE)], ["short"], SCALE, dark=False)
    two = sheet([("Picture", PICTURE), ("Map", PICTURE)], ["short"], SCALE, dark=False)
    long = sheet([("Picture", PICTURE)], ["word " * 100], SCALE, dark=False)
    bare = sheet([("Picture", PICTURE)], ["short"], None, dark=False)
    assert two.shape[1] > one.shape[1]
    assert long.shape[0] > one.shape[0] > bare.shape[0]
    assert long.shape[1] == one.shape[1], "a long caption is wrapped, not cut"


@pytest.mark.parametrize("dark", [False, True])
def test_a_sheet_has_the_theme_s_ground_and_words_on_it(dark):
    page = sheet([("Picture", PICTURE)], ["A caption"], SCALE, dark=dark)
    ground = rgb(palette(dark).background)
    assert tuple(page[0, 0]) == ground
    caption = page[-48:-20].astype(int)
    assert np.abs(caption - ground).max() > 80


def test_nothing_of_a_sheet_is_drawn_beyond_its_margin():
    page = sheet([("A title", PICTURE)] * 3, ["words " * 200, "Über – × 95 %"], SCALE, dark=False)
    border = np.concatenate([page[:, :12].reshape(-1, 3), page[:, -12:].reshape(-1, 3), page[-8:].reshape(-1, 3)])
    assert (border == rgb(palette(False).background)).all()


def test_the_font_has_signs_beyond_ascii():
    def drawn(sign):
        return font(16).getmask(sign).getbbox(), bytes(font(16).getmask(sign))

    assert len({drawn(sign) for sign in "üé×–µ"}) == 5, "a missing sign is drawn as a box like every other"


def test_a_png_is_the_picture_and_an_npz_gives_back_all_that_went_in():
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(PICTURE)))), PICTURE)
    with np.load(io.BytesIO(npz(MAP, PICTURE, 3, {"question": "{}"}))) as file:
        assert np.array_equal(file["map"], MAP)
        assert np.array_equal(file["picture"], PICTURE)
        assert int(file["target"]) == 3
        assert json.loads(str(file["about"])) == {"question": "{}"}


def test_a_zip_holds_its_files_and_is_the_same_each_time():
    files = {"a.txt": b"one", "b.txt": b"two"}
    assert zipped(files) == zipped(files)
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_file_names_have_only_signs_that_every_system_takes():
    assert file_name("val/n01/ü 1.JPEG", "gradcam", "Structured 0.15") == "val-n01-1.JPEG_gradcam_Structured-0.15"
    assert file_name("..", "///") == "x_x"


def test_a_close_up_tells_the_value_under_the_pointer_over_the_picture_and_over_the_map():
    figure = closeup(PICTURE, PICTURE, MAP, titles=("Picture", "Map"), dark=False)
    assert len(figure.data) == len(figure.layout.images) == 2
    for layer in figure.data:
        assert np.array_equal(layer.z, MAP)
        assert layer.opacity == 0
        assert "%{z" in layer.hovertemplate


SCORES = dict(zip(AGREEMENT, (0.8, -0.9, math.nan, 1.0), strict=True))


def marks(figure):
    return {trace.hovertemplate.split(":")[0]: trace for trace in figure.data if trace.mode == "markers"}


def test_agreement_stands_beside_its_yardsticks_with_its_true_numbers():
    low = dict.fromkeys(AGREEMENT, 0.1)
    figure = agreement_chart(SCORES, {RANDOMISED: low, OTHER: low}, dark=False)
    found = marks(figure)
    assert set(found) == {"this network", RANDOMISED, OTHER}
    assert list(found["this network"].customdata) == [0.8, -0.9, 1.0], "what is not defined has no mark"
    assert list(found["this network"].y) == [0, 1, 3]
    assert [note.text for note in figure.layout.annotations] == ["0.80", "−0.90", "–", "1.00"]
    low_end, high_end = figure.layout.xaxis.range
    assert all(low_end < x < high_end for trace in found.values() for x in trace.x), "nothing leaves the chart"


def test_the_chart_of_agreement_is_as_high_whatever_is_known():
    none, all_ = agreement_chart(None, {}, dark=True), agreement_chart(SCORES, {RANDOMISED: SCORES}, dark=True)
    assert none.layout.height == all_.layout.height
    assert not marks(none)
