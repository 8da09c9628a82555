"""Methods that take pieces of the image away: Occlusion, ablation and Kernel SHAP."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from captum.attr import FeatureAblation, Occlusion

from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.features import Features, grid, superpixels
from core.interpretability.attribution.kernel_shap import coalitions, shapley_values
from core.interpretability.attribution.method import Query
from tests.core.interpretability.compare import close, gradients


@pytest.fixture
def exact(linear, images, targets, black):
    """What each pixel of the linear network adds to the rise from black."""
    return ((images - black) * gradients(linear, images, targets)).sum(1)


def pieces(images, index, most):
    """Return the superpixels of one image, (h, w)."""
    return superpixels(Query(None, images[index : index + 1], None), most)


@pytest.mark.parametrize(("steps", "window"), [(4, 1), (4, 2), (5, 3), (2, 4), (32, 1)])
def test_on_a_linear_network_occlusion_sums_to_the_rise(linear, images, targets, black, exact, steps, window):
    maps = attribute(linear, images, targets, "occlusion", baselines=black, grid=steps, window=window)
    close(maps.sum((1, 2)), exact.sum((1, 2)), 1e-4)


def test_occlusion_without_overlap_is_captums_spread_over_the_window(network, images, targets, black):
    expected = Occlusion(network).attribute(images, (3, 16, 16), (3, 16, 16), black, targets).sum(1) / 3 / 16**2
    close(attribute(network, images, targets, "occlusion", baselines=black, grid=4, window=1), expected)


def test_a_window_is_seen_where_it_lies(images, black):
    """A network that sees the upper left quarter alone has a map there and nowhere else."""
    corner = torch.nn.Sequential(
        torch.nn.ZeroPad2d((0, -32, 0, -32)), torch.nn.Flatten(), torch.nn.Linear(3 * 32**2, 2)
    )
    target = torch.tensor([1, 0, 1])
    maps = attribute(corner.eval(), images, target, "occlusion", baselines=black, grid=8, window=1)
    nothing = 1e-5 * maps.abs().amax()
    assert maps[:, :32, :32].abs().mean((1, 2)).gt(nothing).all()
    assert maps[:, 32:].abs().max() < nothing
    assert maps[:, :, 32:].abs().max() < nothing


@pytest.mark.parametrize("method", ["ablation", "kernelshap"])
def test_on_an_additive_network_superpixels_get_their_exact_contributions(
    linear, images, targets, black, exact, method
):
    maps = attribute(linear, images, targets, method, baselines=black, superpixels=12)
    for index in range(3):
        features = pieces(images, index, 12)
        parts = torch.zeros(features.count).index_add_(0, features.labels.flatten(), exact[index].flatten())
        close(maps[index], (parts / features.sizes)[features.labels].float(), 1e-3)


def test_ablation_is_captums_spread_over_the_superpixels(network, images, targets, black):
    features = pieces(images, 1, 9)
    asked = images[1:2], black[1:2], targets[1:2]
    expected = FeatureAblation(network).attribute(*asked, feature_mask=features.labels[None, None])[:, 0]
    maps = attribute(network, asked[0], asked[2], "ablation", baselines=asked[1], superpixels=9)
    close(maps, expected / features.sizes[features.labels], 1e-3)


@pytest.mark.parametrize("kind", ["soft", "noise", "one colour"])
@pytest.mark.parametrize(("size", "most"), [((64, 64), 30), ((16, 17), 50), ((33, 50), 2), ((15, 15), 300)])
def test_superpixels_are_numbered_through_and_no_more_than_asked_for(images, kind, size, most):
    picture = {
        "soft": images[:1, :, : size[0], : size[1]],
        "noise": torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(1)),
        "one colour": torch.ones((1, 3, *size)),
    }[kind]
    found = superpixels(Query(None, picture, None), most)
    assert found.labels.shape == picture.shape[2:]
    assert found.labels.unique().tolist() == list(range(found.count))
    assert 1 <= found.count <= most
    assert size != (64, 64) or found.count >= most // 2


@pytest.mark.parametrize(("size", "cells"), [((64, 64), 4), ((50, 33), 7), ((5, 9), 8)])
def test_a_grid_cuts_an_image_into_nearly_equal_cells(size, cells):
    found = grid(torch.zeros(1, 3, *size), cells)
    assert found.sizes.sum() == size[0] * size[1]
    rows = found.labels[:, 0].div(cells, rounding_mode="floor").bincount(minlength=cells)
    assert rows.max() - rows.min() <= 1


def test_spreading_keeps_the_sum():
    features = Features(torch.tensor([[0, 0, 1], [0, 2, 2]]), 3)
    torch.testing.assert_close(
        features.spread(torch.tensor([3.0, -1.0, 4.0]).double()), torch.tensor([[[1.0, 1.0, -1.0], [1.0, 2.0, 2.0]]])
    )


def test_coalitions_come_with_their_complements_and_are_never_none_nor_all():
    drawn = coalitions(7, 400, seed=3)
    assert drawn.shape == (400, 7)
    assert torch.equal(drawn[::2], ~drawn[1::2])
    assert drawn.any(1).all()
    assert not drawn.all(1).any()
    assert torch.equal(drawn, coalitions(7, 400, seed=3))
    assert not torch.equal(drawn, coalitions(7, 400, seed=4))
    assert coalitions(7, 5, seed=3).shape == (5, 7)
    assert coalitions(1, 5, seed=3).all()


def test_sizes_of_coalitions_follow_the_shapley_kernel_and_players_are_alike():
    drawn = coalitions(6, 20_000, seed=0)
    kernel = torch.tensor([1 / (k * (6 - k)) for k in range(1, 6)])
    shares = drawn.sum(1).bincount(minlength=6)[1:] / len(drawn)
    torch.testing.assert_close(shares, kernel / kernel.sum(), atol=0.02, rtol=0)
    torch.testing.assert_close(drawn.float().mean(0), torch.full((6,), 0.5), atol=1e-6, rtol=0)
    assert (drawn[::2].float().mean(0) - 0.5).abs().max() < 0.02


def test_the_fit_finds_the_shapley_values_of_a_game_with_interactions():
    generator = torch.Generator().manual_seed(2)
    pairs = torch.randn((5, 5), generator=generator, dtype=torch.float64)

    def worth(members):
        members = members.double()
        return torch.einsum("...i,ij,...j->...", members, pairs, members)

    values = torch.zeros(5).double()
    for order in (orders := list(permutations(range(5)))):
        members = torch.zeros(5)
        for player in order:
            before, members[player] = worth(members), 1
            values[player] += (worth(members) - before) / len(orders)
    drawn = coalitions(5, 4000, seed=1)
    found = shapley_values(drawn, worth(drawn), worth(torch.ones(5)))
    torch.testing.assert_close(found, values, atol=0.05, rtol=0)
    torch.testing.assert_close(found.sum(), values.sum())


def test_fewer_coalitions_than_players_still_sum_to_the_rise():
    drawn = coalitions(20, 6, seed=1)
    found = shapley_values(drawn, drawn.sum(1).double() / 20, torch.tensor(1.0).double())
    torch.testing.assert_close(found.sum(), torch.tensor(1.0).double())
    torch.testing.assert_close(found, torch.full((20,), 0.05).double())


def test_more_coalitions_come_closer_to_the_limit(network, images, targets, black):
    asked = network, images[:1], targets[:1], "kernelshap"
    few, many, limit = (
        attribute(*asked, baselines=black[:1], superpixels=6, samples=samples, seed=seed)
        for samples, seed in ((8, 1), (60, 1), (200, 2))
    )
    assert (many - limit).norm() < (few - limit).norm()
