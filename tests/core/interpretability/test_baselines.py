from __future__ import annotations

import pytest
import torch

from core.interpretability.attribution.baselines import BASELINES

each = pytest.mark.parametrize("baseline", BASELINES.values(), ids=lambda baseline: baseline.name)


@pytest.fixture
def pictures():
    return torch.randint(0, 256, (2, 40, 60, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@each
def test_a_baseline_is_a_picture_of_the_same_kind_and_leaves_the_image_alone(baseline, pictures):
    before = pictures.clone()
    made = baseline.make(pictures, 0)
    assert (made.shape, made.dtype, made.device) == (pictures.shape, pictures.dtype, pictures.device)
    assert made.is_contiguous()
    assert torch.equal(pictures, before)
    assert baseline.meaning


@each
def test_a_baseline_does_not_depend_on_the_rest_of_the_batch_nor_touch_the_global_generator(baseline, pictures):
    state = torch.get_rng_state()
    alone = torch.cat([baseline.make(picture[None], 3) for picture in pictures])
    assert torch.equal(baseline.make(pictures, 3), alone)
    assert torch.equal(torch.get_rng_state(), state)


@each
def test_the_seed_matters_to_random_baselines_alone(baseline, pictures):
    assert torch.equal(baseline.make(pictures, 0), baseline.make(pictures, 1)) != baseline.random


def test_black_is_a_picture_without_light(pictures):
    assert BASELINES["black"].make(pictures, 0).eq(0).all()


def test_mean_is_one_colour_a_picture_the_mean(pictures):
    made = BASELINES["mean"].make(pictures, 0).float()
    assert made.flatten(1, 2).std(1).eq(0).all()
    assert (made.mean((1, 2)) - pictures.float().mean((1, 2))).abs().max() <= 0.5


def test_blurred_keeps_the_light_and_loses_the_edges(pictures):
    made = BASELINES["blurred"].make(pictures, 0).float()
    assert (made.mean((1, 2)) - pictures.float().mean((1, 2))).abs().max() < 4
    assert made.diff(dim=1).abs().max() < 25
    assert pictures.float().diff(dim=1).abs().max() > 200


@pytest.mark.parametrize("name", ["mean", "blurred"])
def test_a_picture_of_one_colour_is_its_own_mean_and_blur(name):
    plain = torch.full((1, 9, 7, 3), 77, dtype=torch.uint8)
    assert torch.equal(BASELINES[name].make(plain, 0), plain)


def test_noise_has_all_colours(pictures):
    made = BASELINES["noise"].make(pictures, 0)
    assert (made.min(), made.max()) == (0, 255)
    assert made.float().mean() == pytest.approx(127.5, abs=5)
