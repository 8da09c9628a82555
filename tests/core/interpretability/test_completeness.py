"""The parts add up to the whole, for every method that says so (SCIENCE: completeness)."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import interpolate

from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.completeness import completeness_error, logit_rise
from core.interpretability.attribution.registry import METHODS

PARAMETERS = {
    "ig": {"steps": 25},
    "gradshap": {"samples": 25},
    "deepliftshap": {"draws": 3},
    "kernelshap": {"superpixels": 8, "samples": 30},
}
# Quadrature, and the mean of a sample, converge; the others are exact but for rounding.
TOLERANCE = {"ig": 0.15, "gradshap": 0.3}
EXACT = 2e-5


def test_all_complete_methods_are_here():
    assert {name for name, entry in METHODS.items() if entry.complete} == {*PARAMETERS, "deeplift"}


def error(subject, method, baselines=None, **parameters):
    baselines = subject.black if baselines is None else baselines
    asked = subject.module, subject.images, subject.targets
    maps = attribute(*asked, method, baselines=baselines, **PARAMETERS.get(method, {}) | parameters)
    return completeness_error(subject.module, subject.images, baselines, subject.targets, maps)


@pytest.mark.parametrize("method", [*PARAMETERS, "deeplift"])
def test_a_map_sums_to_the_rise_of_the_logit(subject, method):
    assert error(subject, method).max() < TOLERANCE.get(method, EXACT)


@pytest.mark.parametrize("method", ["gradshap", "deepliftshap"])
def test_a_map_sums_to_the_rise_from_the_mean_over_many_baselines(subject, method):
    draws = subject.black[:, None] + torch.rand((1, 3, 3, 64, 64), generator=torch.Generator().manual_seed(2))
    assert error(subject, method, draws).max() < TOLERANCE.get(method, EXACT)


@pytest.mark.parametrize("size", [(97, 64), (80, 111)])
def test_deeplift_is_complete_at_sizes_that_poolings_cut_off(subject, size):
    images, target = interpolate(subject.images[:1], size=size), subject.targets[:1]
    start = interpolate(subject.black, size=size)
    maps = attribute(subject.module, images, target, "deeplift", baselines=start)
    assert completeness_error(subject.module, images, start, target, maps).max() < 2e-4


@pytest.mark.slow
def test_ig_is_complete_and_the_more_so_the_more_steps(subject):
    fine = error(subject, "ig", steps=100)
    assert fine.max() < 0.02
    assert fine.mean() < error(subject, "ig", steps=10).mean() / 3


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1, 6])
def test_gradient_shap_is_complete_in_expectation_within_its_standard_error(subject, samples):
    draws = subject.black[:, None] + torch.rand((1, 4, 3, 64, 64), generator=torch.Generator().manual_seed(2))
    asked = subject.module, subject.images, subject.targets
    sums = torch.stack(
        [
            attribute(*asked, "gradshap", baselines=draws, samples=samples, seed=seed).double().sum((1, 2))
            for seed in range(96 // samples)
        ]
    )
    rise = logit_rise(subject.module, subject.images, draws, subject.targets)
    standard_error = sums.std(0) / len(sums) ** 0.5
    assert ((sums.mean(0) - rise).abs() < 4 * standard_error).all()
    assert (standard_error < 0.5 * rise.abs()).all()


def test_completeness_error_is_the_gap_as_a_share_of_the_rise(linear, images, targets):
    zero = torch.zeros_like(images)
    maps = attribute(linear, images, targets, "ixg")
    assert completeness_error(linear, images, zero, targets, maps).max() < 1e-4
    torch.testing.assert_close(
        completeness_error(linear, images, zero, targets, 1.25 * maps),
        torch.full((3,), 0.25).double(),
        rtol=1e-3,
        atol=0,
    )
    assert completeness_error(linear, zero, zero, targets, maps).eq(float("inf")).all()


def test_the_rise_from_many_baselines_is_the_rise_from_their_mean_logit(network, images, targets):
    draws = torch.rand((3, 2, 3, 64, 64), generator=torch.Generator().manual_seed(2))
    rises = [logit_rise(network, images, draws[:, i], targets) for i in range(2)]
    torch.testing.assert_close(
        logit_rise(network, images, draws, targets), (rises[0] + rises[1]) / 2, rtol=1e-3, atol=1e-5
    )
    one_for_all = logit_rise(network, images, draws[:1], targets)
    torch.testing.assert_close(one_for_all[:1], logit_rise(network, images, draws, targets)[:1], rtol=1e-3, atol=1e-5)
