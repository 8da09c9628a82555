from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.scenes import ScenesSource
from core.data.scenes.drawing import draw_scenes
from core.training.views import Phase, order, views


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return draw_scenes(ScenesSource("training", 12), tmp_path_factory.mktemp("scenes"))


def test_every_epoch_shows_every_scene_once():
    places = order(10, seed=3, start=0, stop=30).reshape(3, 10)
    assert all(sorted(epoch) == list(range(10)) for epoch in places.tolist())
    assert not np.array_equal(places[0], places[1])


def test_the_order_does_not_depend_on_where_one_begins():
    whole = order(10, seed=3, start=0, stop=40)
    assert np.array_equal(order(10, seed=3, start=7, stop=23), whole[7:23])
    assert np.array_equal(order(10, seed=3, start=10, stop=20), whole[10:20])


def test_views_have_the_size_of_their_phase_and_the_scenes_labels(scenes):
    pictures, labels = views(scenes, np.arange(12), Phase(48, 12, 0.5), np.random.default_rng(0))
    assert pictures.shape == (12, 3, 48, 48)
    assert pictures.dtype == torch.uint8
    assert labels.tolist() == scenes.labels.tolist()


def test_the_whole_scene_at_its_own_size_is_itself_up_to_a_flip(scenes):
    pictures, _ = views(scenes, np.arange(12), Phase(128, 12, 1.0), np.random.default_rng(0))
    for picture, pixels in zip(pictures.permute(0, 2, 3, 1).numpy(), scenes.pixels, strict=True):
        assert any(np.array_equal(picture[::down, ::across], pixels) for down in (1, -1) for across in (1, -1))


def test_a_window_holds_the_whole_target(scenes):
    """Targets painted white on black keep their area, scaled by the window's side squared: none is cut."""
    white = np.zeros_like(scenes.pixels)
    for picture, (x0, y0, x1, y1) in zip(white, scenes.boxes, strict=True):
        picture[y0:y1, x0:x1] = 255
    marked = type(scenes)(white, scenes.boxes, scenes.labels)
    pictures, _ = views(marked, np.arange(12), Phase(128, 12, 0.3, 0.6), np.random.default_rng(0))
    for picture, (x0, y0, x1, y1) in zip(pictures[:, 0].numpy(), scenes.boxes, strict=True):
        rows, columns = (picture.max(axis) > 127 for axis in (1, 0))
        assert rows.sum() / columns.sum() == pytest.approx((y1 - y0) / (x1 - x0), rel=0.06)
        assert columns.sum() >= (x1 - x0) / 0.6 - 2
