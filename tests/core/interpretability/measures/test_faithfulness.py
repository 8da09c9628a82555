from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import BrokenDataError, CancelledError, InvalidSettingError
from core.interpretability.measures.faithfulness import BATCH, FAITHFULNESS, Faithfulness, faithfulness

SIDE = 6
PIXELS = SIDE * SIDE


@pytest.fixture(scope="module")
def linear() -> nn.Module:
    """Two classes whose logits are opposite weighted sums of the pixels."""
    weights = torch.randn((1, 3 * PIXELS), generator=torch.Generator().manual_seed(0)) / 6
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * PIXELS, 2, bias=False)).eval().requires_grad_(False)
    module[1].weight.copy_(torch.cat([weights, -weights]))
    return module


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn((3, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def targets() -> torch.Tensor:
    return torch.tensor([0, 1, 0])


def contributions(module, images, targets, reference):
    weights = module[1].weight[targets].view(images.shape)
    return (weights * (images - reference)).sum(1).numpy()


def measured(module, images, targets, maps, deleted=None, blurred=None, **options):
    zero = torch.zeros_like(images[:1])
    deleted, blurred = (zero if each is None else each for each in (deleted, blurred))
    return faithfulness(module, images, targets, maps, deleted=deleted, blurred=blurred, **options)


def noise(seed, count=3):
    return np.random.default_rng(seed).normal(size=(count, SIDE, SIDE))


def test_curves_begin_and_end_at_the_image_and_at_the_references(linear, images, targets):
    deleted, blurred = torch.randn((2, *images.shape), generator=torch.Generator().manual_seed(2))
    found = measured(linear, images, targets, noise(0), deleted, blurred, steps=5)
    chosen = [linear(each).double().softmax(1)[range(3), targets].numpy() for each in (images, deleted, blurred)]
    np.testing.assert_allclose(found.deletion[:, [0, -1]].T, [chosen[0], chosen[1]], rtol=1e-5)
    np.testing.assert_allclose(found.insertion[:, [0, -1]].T, [chosen[2], chosen[0]], rtol=1e-5)


def test_batches_of_any_size_fit_together(linear, images, targets):
    whole = measured(linear, images, targets, noise(0), steps=BATCH)
    alone = measured(linear, images[:1], targets[:1], noise(0)[:1], steps=BATCH)  # one picture more than a batch
    np.testing.assert_allclose(alone.deletion[0], whole.deletion[0], rtol=1e-5)


def test_on_a_linear_network_no_order_beats_that_of_the_contributions(linear, images, targets):
    zero = torch.zeros_like(images)
    best = measured(linear, images, targets, contributions(linear, images, targets, zero), steps=PIXELS)
    for seed in range(20):
        other = measured(linear, images, targets, noise(seed), steps=PIXELS)
        assert (best.deletion <= other.deletion + 1e-6).all()  # at each point, so also in the area
        assert (best.insertion >= other.insertion - 1e-6).all()
        assert (best.deletion_auc < other.deletion_auc).all()
        assert (best.insertion_auc > other.insertion_auc).all()


def test_pixels_change_one_by_one_in_the_order_of_the_map(linear, images, targets):
    maps, zero = noise(3), torch.zeros_like(images)
    found = measured(linear, images, targets, maps, steps=PIXELS)
    for i in range(3):
        shown = images[i].clone()
        for step, place in enumerate(np.argsort(-maps[i].ravel()), start=1):
            shown.view(3, -1)[:, place] = zero[i].view(3, -1)[:, place]
            expected = linear(shown[None]).softmax(1)[0, targets[i]].item()
            assert found.deletion[i, step] == pytest.approx(expected, rel=1e-5)


def test_deleting_and_inserting_are_the_same_walk_seen_from_both_ends(linear, images, targets):
    """What is left when the first k are deleted is what is there when the last pixels of the reversed map are in."""
    maps = noise(4)
    there, back = (measured(linear, images, targets, each, steps=9) for each in (maps, -maps))
    np.testing.assert_allclose(there.deletion, back.insertion[:, ::-1], rtol=1e-5)


def test_only_the_order_of_the_map_counts(linear, images, targets):
    maps = noise(5)
    plain, bent = (measured(linear, images, targets, each, steps=7) for each in (maps, np.exp(2 * maps)))
    np.testing.assert_array_equal(plain.deletion, bent.deletion)


def test_a_constant_map_goes_from_left_to_right_and_top_to_bottom(linear, images, targets):
    falling = -np.arange(PIXELS, dtype=float).reshape(1, SIDE, SIDE).repeat(3, 0)
    constant, ordered = (measured(linear, images, targets, each, steps=6) for each in (np.zeros((3, 6, 6)), falling))
    np.testing.assert_array_equal(constant.deletion, ordered.deletion)
    np.testing.assert_array_equal(constant.insertion, ordered.insertion)


def test_where_nothing_changes_the_area_is_the_probability(linear, images, targets):
    found = measured(linear, images, targets, noise(6), images, images, steps=5)
    chosen = linear(images).softmax(1)[range(3), targets].numpy()
    np.testing.assert_allclose(found.deletion_auc, chosen, rtol=1e-5)
    np.testing.assert_allclose(found.insertion_auc, chosen, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 5, 7, 36])
def test_steps_are_even_up_to_whole_pixels(linear, images, targets, steps):
    found = measured(linear, images, targets, noise(7), steps=steps)
    assert found.insertion.shape == found.deletion.shape == (3, steps + 1)
    np.testing.assert_allclose(found.shares, np.linspace(0, 1, steps + 1), atol=0.5 / PIXELS)
    assert (found.shares * PIXELS == np.round(found.shares * PIXELS)).all()


def test_the_area_is_the_trapezoids_over_the_share_of_the_pixels():
    curves = np.array([[1.0, 0.5, 0.0]])
    found = Faithfulness(np.array([0, 0.5, 1]), curves, np.full((1, 3), 0.3))
    assert found.insertion_auc[0] == pytest.approx(0.5)
    assert found.deletion_auc[0] == pytest.approx(0.3)
    assert FAITHFULNESS["insertion"].compute(found) == found.insertion_auc
    assert FAITHFULNESS["deletion"].compute(found) == found.deletion_auc
    assert Faithfulness(np.array([0, 0.25, 1]), curves, curves).insertion_auc[0] == pytest.approx(0.375)


def test_an_image_s_curves_do_not_hang_on_the_images_beside_it(linear, images, targets):
    maps = noise(8)
    together = measured(linear, images, targets, maps, steps=11)
    for i in range(3):
        alone = measured(linear, images[i : i + 1], targets[i : i + 1], maps[i : i + 1], steps=11)
        np.testing.assert_allclose(together.deletion[i], alone.deletion[0], rtol=1e-5)


def test_progress_is_told_of_each_batch_and_may_stop_the_work(linear, images, targets):
    told, sizes = [], []
    hook = linear.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    measured(linear, images, targets, noise(9), steps=30, progress=lambda done, total, _: told.append((done, total)))
    hook.remove()
    assert told[-1] == (2 * 3 * 31, 2 * 3 * 31)
    assert [done for done, _ in told] == np.cumsum(sizes).tolist()
    assert max(sizes) == BATCH

    def stop(done, total, what):
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        measured(linear, images, targets, noise(9), progress=stop)


def test_no_graph_is_built_and_nothing_is_changed(linear, images, targets):
    asked = images.clone().requires_grad_()
    before = images.clone()
    with torch.no_grad():
        inside = measured(linear, images, targets, noise(10), steps=4)
    np.testing.assert_array_equal(measured(linear, asked, targets, noise(10), steps=4).deletion, inside.deletion)
    assert torch.equal(images, before)


@pytest.mark.parametrize("steps", [0, -1, PIXELS + 1])
def test_there_are_as_many_steps_as_pixels_at_most(linear, images, targets, steps):
    with pytest.raises(InvalidSettingError, match=f"{steps} steps"):
        measured(linear, images, targets, noise(0), steps=steps)


def test_shapes_must_fit(linear, images, targets):
    for asked in (
        (images, targets, noise(0, 2)),
        (images, targets[:2], noise(0)),
        (images[0], targets, noise(0)),
        (images, targets, noise(0)[:, :3]),
    ):
        with pytest.raises(InvalidSettingError, match="shapes"):
            measured(linear, *asked, torch.zeros_like(images), torch.zeros_like(images))
    with pytest.raises(InvalidSettingError, match="references"):
        measured(linear, images, targets, noise(0), images[:2])


def test_broken_maps_are_refused(linear, images, targets):
    with pytest.raises(BrokenDataError, match="NaN"):
        measured(linear, images, targets, np.full((3, SIDE, SIDE), np.nan))
