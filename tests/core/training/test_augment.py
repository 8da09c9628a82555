from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import ks_2samp
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.functional import resized_crop

from core.data.decode import pixel_row
from core.data.preset import Preset
from core.training.augment import RATIO, Augmentation, augmented, window

PRESET = Preset(40, 32)


@pytest.fixture(scope="module")
def picture():
    random = np.random.default_rng(0)
    return Image.fromarray(random.integers(0, 256, (50, 70, 3), dtype=np.uint8))


def generator(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=100)
@given(st.integers(8, 600), st.integers(8, 600), st.floats(0.05, 1), st.integers(0, 1000))
def test_a_window_lies_in_the_image_and_has_the_share_and_the_ratio_that_are_allowed(width, height, least, seed):
    left, top, right, bottom = window(width, height, least, generator(seed))
    w, h = right - left, bottom - top
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    slack = 1.0 / min(w, h)  # sides are whole numbers
    assert RATIO[0] * (1 - 2 * slack) <= w / h <= RATIO[1] * (1 + 2 * slack)
    elongated = max(width, height) > min(width, height) * RATIO[1]
    assert elongated or w * h >= least * width * height * (1 - 2 * slack) or w == width or h == height


def test_windows_are_spread_as_torchvisions_are():
    torch.manual_seed(0)
    blank = torch.zeros(1, 1000, 1000)
    theirs = [RandomResizedCrop.get_params(blank, [0.1, 1.0], list(RATIO))[2:] for _ in range(3000)]
    ours = [window(1000, 1000, 0.1, generator(0, seed)) for seed in range(3000)]
    sides = np.array([(bottom - top, right - left) for left, top, right, bottom in ours])
    for measure in (lambda x: x.prod(1), lambda x: x[:, 0] / x[:, 1]):
        assert ks_2samp(measure(sides), measure(np.array(theirs))).pvalue > 0.01


def test_the_pixels_are_torchvisions_resized_crop(picture):
    how = Augmentation(PRESET, 24, 0.3, flip=False)
    for seed in range(5):
        left, top, right, bottom = window(*picture.size, 0.3, generator(seed))
        expected = resized_crop(picture, top, left, bottom - top, right - left, [24, 24])
        assert np.array_equal(augmented(picture, how, generator(seed)), np.asarray(expected))


def test_without_crops_and_flips_training_sees_what_the_evaluation_sees(picture):
    how = Augmentation(PRESET, PRESET.crop, 1.0, flip=False)
    assert np.array_equal(augmented(picture, how, generator(0)), pixel_row(picture, PRESET))
    small = augmented(picture, Augmentation(PRESET, 16, 1.0, flip=False), generator(0))
    assert np.array_equal(small, pixel_row(picture, Preset(20, 16)))


def test_images_that_are_not_resized_are_made_smaller_with_the_training_size_alone(picture):
    preset = PRESET.without_resize()
    whole = augmented(picture, Augmentation(preset, preset.crop, 1.0, flip=False), generator(0))
    assert np.array_equal(whole, pixel_row(picture, preset))
    half = augmented(picture, Augmentation(preset, preset.crop // 2, 1.0, flip=False), generator(0))
    assert np.array_equal(half, pixel_row(picture.resize((35, 25), Image.Resampling.BILINEAR), Preset(None, 16)))


def test_half_of_the_views_are_mirrored(picture):
    how = Augmentation(PRESET, PRESET.crop, 1.0, flip=True)
    straight = pixel_row(picture, PRESET)
    mirrored = [not np.array_equal(augmented(picture, how, generator(seed)), straight) for seed in range(200)]
    assert 70 < sum(mirrored) < 130
    views = {augmented(picture, how, generator(seed)).tobytes() for seed in range(20)}
    assert views == {straight.tobytes(), straight[:, ::-1].tobytes()}


def test_views_can_become_tensors(picture):
    view = augmented(picture, Augmentation(PRESET, 24, 0.3, flip=True), generator(1))
    assert torch.from_numpy(np.stack([view, view])).shape == (2, 24, 24, 3)
