"""Masks are held; what is promised of a retraining holds for all of it."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import torch

from core.errors import InvalidSettingError, PrunescopeError
from core.layer_names import INCEPTION_CONVS
from core.pruning.masks import apply_masks, groups, joined_masks, make_masks, pruned_copy, sparsity
from core.pruning.schedule import SPACINGS, stages
from core.pruning.scopes import SCOPES
from core.pruning.settings import Pruning
from core.pruning.techniques import TECHNIQUES
from core.training import watch
from core.training.history import History
from core.training.parallel import Ranks
from core.training.plan import make_plan
from core.training.retraining import OPTIMISERS, PRECISIONS
from core.training.stages import require_held, stage_masks, weights_sparsity
from tests.core.training.tiny import HALF, QUICK, Pictures, same_weights, thin_network, trained

TRAINERS = [name for name in OPTIMISERS if name != "none"]


@pytest.fixture(scope="module")
def network():
    return thin_network()


def zeros_by_layer(module) -> dict[str, int]:
    parameters = dict(module.named_parameters())
    return {name: int((parameters[f"{name}.weight"] == 0).sum()) for name in INCEPTION_CONVS}


# --- masks held


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("optimiser", TRAINERS)
@pytest.mark.parametrize("technique", TECHNIQUES)
def test_sparsity_after_retraining_is_that_before_in_every_layer(tmp_path, network, technique, optimiser, precision):
    pruning = Pruning(technique, rate=0.5)
    masks = make_masks(network.module, pruning)
    found = trained(
        tmp_path, pruning, network, Pictures(8), epochs=1, batch=3, optimiser=optimiser, precision=precision
    )
    before = pruned_copy(network.module, masks)
    assert zeros_by_layer(found.module) == zeros_by_layer(before)
    assert found.masks.keys() == masks.keys()
    assert all(torch.equal(found.masks[name], mask) for name, mask in masks.items())
    assert not same_weights(found.module, before)


def removed_groups(masks, technique: str) -> dict[str, int]:
    weights = {name: mask for name, mask in masks.items() if mask.ndim == 4}
    return {name: int((~groups(mask, technique)).sum()) for name, mask in weights.items()}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_each_step_adds_to_what_the_steps_before_removed(technique, spacing, scope, network):
    """Exactly as much as is asked, even where weights that are left have become zero by themselves."""
    module, masks = network.copy(), {}
    for stage in stages(Pruning(technique, "l2", scope, rate=0.6), 3, spacing):
        wider = stage_masks(module, stage, masks)
        counts, expected = (removed_groups(found, technique) for found in (wider, make_masks(network.module, stage)))
        assert sum(counts.values()) == sum(expected.values())
        assert scope == "global" or counts == expected
        assert all(not (wider[name] & ~mask).any() for name, mask in masks.items())
        masks = wider
        apply_masks(module, masks)
        for parameter in module.parameters():
            parameter.mul_(torch.rand(parameter.shape) < 0.5)


def test_removed_groups_are_removed_first_whatever_the_criterion(network):
    earlier = make_masks(network.module, Pruning("structured", "random", rate=0.25, seed=1))
    pruning = Pruning("structured", "random", rate=0.5, seed=2)
    wider, free = stage_masks(network.module, pruning, earlier), make_masks(network.module, pruning)
    assert all(not (wider[name] & ~mask).any() for name, mask in earlier.items())
    assert not all((free[name] | mask).all() for name, mask in earlier.items())
    assert removed_groups(wider, "structured") == removed_groups(free, "structured")


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_iterative_ends_at_the_rate_that_one_shot_has(tmp_path, network, technique):
    pruning = Pruning(technique, rate=0.5)
    found = trained(tmp_path, pruning, network, Pictures(8), epochs=1, steps=2, spacing="cubic")
    expected = make_masks(network.module, pruning)
    assert sparsity(found.module, found.masks) == sparsity(network.module, expected)
    rates = [row.sparsity for row in found.history.rows]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(sparsity(network.module, expected).prunable)


def test_a_weight_that_came_back_is_not_passed_over(network):
    masks = make_masks(network.module, HALF)
    module = pruned_copy(network.module, masks)
    require_held(module, masks)
    name = next(iter(masks))
    dict(module.named_parameters())[name].masked_fill_(~masks[name], 1e-30)
    with pytest.raises(PrunescopeError, match=rf"removed values came back in {name}"):
        require_held(module, masks)


def test_masks_that_are_not_held_grow_back_and_the_history_says_so(tmp_path, network):
    found = trained(tmp_path, Pruning("connection", rate=0.5), network, epochs=1, held=False)
    before, after = (row.sparsity for row in found.history.rows)
    assert before == pytest.approx(0.5, abs=0.05)
    assert after < 0.1
    assert weights_sparsity(found.module) == pytest.approx(sparsity(found.module, found.masks).prunable)


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize(
    ("technique", "rate", "steps"), [("unstructured", 0.0, 1), ("structured", 0.5, 1), ("connection", 0.6, 2)]
)
def test_zeros_with_which_a_network_came_stay(tmp_path, technique, rate, steps, held):
    """Through one step and several, of the control as well, and where the masks made here are not held."""
    network = thin_network()
    own = make_masks(network.module, Pruning(rate=0.4))
    apply_masks(network.module, own)
    pruning = Pruning(technique, rate=rate) if rate else Pruning()
    found = trained(tmp_path, pruning, network, Pictures(8), epochs=1, steps=steps, held=held)
    require_held(found.module, own)
    assert not any((found.masks[name] & ~mask).any() for name, mask in own.items())
    assert not same_weights(found.module, network.module)
    if held:
        both = joined_masks(own, make_masks(network.module, pruning)) if steps == 1 else found.masks
        assert sparsity(found.module, found.masks) == sparsity(network.module, both)
        assert weights_sparsity(found.module) == pytest.approx(sparsity(found.module, found.masks).prunable)


def test_recalibration_alone_keeps_the_zeros_with_which_a_network_came(tmp_path):
    network = thin_network()
    own = make_masks(network.module, Pruning("structured", rate=0.4))
    apply_masks(network.module, own)
    found = trained(tmp_path, Pruning(), network, Pictures(8), epochs=0, optimiser="none")
    assert sparsity(found.module, found.masks) == sparsity(network.module, own)


# --- what comes out


def test_the_network_that_was_given_is_not_touched(tmp_path):
    network = thin_network()
    found = trained(tmp_path, network=network, epochs=1)
    assert same_weights(network.module, thin_network().module)
    assert not found.module.training
    assert not any(parameter.requires_grad for parameter in found.module.parameters())


def test_training_learns(tmp_path):
    """Three tints, told apart after a few epochs by a network of which half is gone."""
    found = trained(tmp_path, images=Pictures(48), epochs=8, batch=12, learning_rate=0.03, schedule="cosine")
    first, last = found.history.rows[0], found.history.rows[-1]
    assert last.held_out_loss < 0.5 * first.held_out_loss
    assert last.top1 > 0.8


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tmp_path, network):
    ways = {"one": {}, "two": {}, "other": {"seed": 1}}
    one, two, other = (trained(tmp_path / name, network=network, epochs=1, **way) for name, way in ways.items())
    assert same_weights(one.module, two.module)
    assert not same_weights(one.module, other.module)


def test_torchs_random_state_is_left_alone(tmp_path, network):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    trained(tmp_path, network=network, epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_history_has_a_row_for_each_epoch_and_one_before_each_step(tmp_path, network):
    told: list[History] = []
    found = trained(tmp_path, network=network, epochs=2, steps=2, told=told.append)
    rows = found.history.rows
    assert [(row.step, row.epoch) for row in rows] == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
    assert [row.rate for row in rows] == [0.25] * 3 + [0.5] * 3
    assert all((row.loss is None) == (row.epoch == 0) for row in rows)
    assert (found.history.images, found.history.held_out) == (12, 4)
    assert [len(history.rows) for history in told] == [2, 3, 5, 6]
    assert History.from_json(found.history.to_json()) == found.history
    assert found.history.seconds == sum(row.seconds for row in rows) > 0


def test_images_left_over_by_the_last_step_are_not_counted_as_trained_on(tmp_path, network):
    found = trained(tmp_path / "1", network=network, images=Pictures(16), epochs=1, batch=5)
    row = found.history.rows[-1]
    assert (found.history.images, found.history.held_out) == (10, 4)
    assert row.images_per_second * row.seconds == pytest.approx(found.history.images)
    calibrated = trained(tmp_path / "2", network=network, epochs=0, optimiser="none", recalibrate=True, batch=5)
    assert (calibrated.history.images, calibrated.history.held_out) == (15, 0)


def test_progress_counts_the_images_that_are_seen(tmp_path, network, monkeypatch):
    """Also where all images are fewer than a step would take."""
    monkeypatch.setattr(watch, "TELL_EVERY", 0.0)
    told = []
    found = trained(
        tmp_path, network=network, images=Pictures(8), epochs=2, batch=16, progress=lambda *what: told.append(what)
    )
    assert told[-1][:2] == (2 * found.history.images,) * 2 == (12, 12)


def test_the_dense_control_is_trained_and_loses_nothing(tmp_path, network):
    found = trained(tmp_path, Pruning(), network, epochs=1)
    assert found.masks == {}
    assert all(row.sparsity == 0 for row in found.history.rows)
    assert not same_weights(found.module, network.module)


# --- what the images are shown as


@pytest.mark.parametrize(
    "settings", [{"epochs": 1, "crop": 1.0}, {"epochs": 0, "optimiser": "none", "recalibrate": True}]
)
def test_images_are_shown_as_the_evaluation_shows_them(tmp_path, network, settings):
    """Cropped by the evaluation's preset, training knows no more than the part of the image that is evaluated."""
    cropped = network.preset.without_resize()
    margin = (40 - cropped.crop) // 2
    images, others = Pictures(), Pictures()
    for pixels in (others.pixels[:, :margin], others.pixels[:, -margin:]):
        pixels[:] = 255 - pixels
    one, other = (
        trained(tmp_path / str(place), network=network, images=given, preset=cropped, **settings)
        for place, given in enumerate((images, others))
    )
    assert same_weights(one.module, other.module)
    assert [row.held_out_loss for row in one.history.rows] == [row.held_out_loss for row in other.history.rows]
    whole = trained(tmp_path / "whole", network=network, images=images, **settings)
    assert not same_weights(whole.module, one.module)


# --- steps of the optimiser


def test_accumulating_two_batches_is_one_batch_of_both_without_batch_norm(tmp_path):
    """And without dropout: the gradient of a mean over six images is that of two means over three."""
    network = thin_network("googlenet-bvlc", dropout=0.0)
    whole = trained(tmp_path / "1", network=network, batch=6, accumulate=1)
    halves = trained(tmp_path / "2", network=network, batch=3, accumulate=2)
    whole_rows = [row.loss for row in whole.history.rows if row.loss]
    assert whole_rows == pytest.approx([row.loss for row in halves.history.rows if row.loss], rel=1e-4)
    assert all(
        torch.allclose(one, other, rtol=1e-3, atol=1e-5)
        for one, other in zip(whole.module.state_dict().values(), halves.module.state_dict().values(), strict=True)
    )


def test_weight_decay_makes_weights_smaller(tmp_path, network):
    free = trained(tmp_path / "0", network=network, weight_decay=0.0)
    decayed = trained(tmp_path / "1", network=network, weight_decay=0.5)

    def size(found) -> float:
        return sum(parameter.square().sum().item() for parameter in found.module.parameters())

    assert size(decayed) < 0.9 * size(free)


def test_patience_ends_a_step_early_with_its_best_weights(tmp_path, network):
    """The learning rate rises until training only spoils; what is kept is what a shorter training ends with."""
    settings = {"network": network, "learning_rate": 2.0, "warm_up": 8.0, "images": Pictures(8), "batch": 3}
    early = trained(tmp_path / "1", epochs=9, patience=2, **settings)
    losses = [row.held_out_loss for row in early.history.rows[1:]]
    best = losses.index(min(losses))
    assert best + 2 == len(losses) - 1 < 8
    assert same_weights(early.module, trained(tmp_path / "2", epochs=best + 1, **settings).module)


def test_mixed_precision_on_a_cpu_is_warned_of(tmp_path, network, caplog):
    with caplog.at_level(logging.WARNING):
        trained(tmp_path, network=network, epochs=1, precision="mixed")
    assert "slower than float32" in caplog.text


# --- refusals


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("scope", ["local", "global"])
def test_a_rate_below_what_the_network_has_already_is_refused(tmp_path, technique, scope):
    network = thin_network()
    apply_masks(network.module, make_masks(network.module, Pruning(technique, rate=0.5)))
    with pytest.raises(InvalidSettingError, match=r"rate 0\.25, but [45]\d\.\d% of the .* are zero already"):
        trained(tmp_path, Pruning(technique, scope=scope, rate=0.25), network)
    with pytest.raises(InvalidSettingError, match=r"rate 0\.30"):
        trained(tmp_path, Pruning(technique, scope=scope, rate=0.6), network, steps=2)


def test_images_of_other_classes_are_refused(tmp_path, network):
    images = Pictures()
    images.classes = ("red", "green")
    with pytest.raises(InvalidSettingError, match="has 2 classes, Thin tells 3 apart"):
        trained(tmp_path, network=network, images=images)


def test_too_few_images_are_refused(tmp_path, network):
    with pytest.raises(InvalidSettingError, match="7 training images"):
        trained(tmp_path, network=network, images=Pictures(7))


def test_a_loss_that_is_no_number_stops_the_training_and_names_the_checkpoint(tmp_path, network):
    with pytest.raises(PrunescopeError, match=r"diverged in epoch 1 of step 1 at a learning rate of 10; no checkpoint"):
        trained(tmp_path / "1", network=network, learning_rate=10.0, optimiser="sgd", weight_decay=1.0, epochs=40)


@pytest.mark.parametrize(
    ("kind", "batch", "ranks", "words"),
    [
        ("googlenet", 1, 1, "batches of 1 image for 1 process; allowed: 2 images a batch or more: 2 a process"),
        ("googlenet", 5, 3, "batches of 5 images for 3 processes; allowed: 6 images a batch"),
        ("googlenet-bvlc", 2, 3, "batches of 2 images for 3 processes; allowed: 3 images a batch"),
    ],
)
def test_batches_too_small_for_all_ranks_are_refused(kind, batch, ranks, words):
    """Batch norm takes a variance, which one image of one pixel has not."""
    several, how = Ranks(torch.device("cpu"), rank=0, count=ranks), replace(QUICK, batch=batch)
    with pytest.raises(InvalidSettingError, match=words):
        make_plan(thin_network(kind), HALF, how, Pictures(), several)


def test_the_smallest_batches_that_are_allowed_can_be_trained_on(tmp_path):
    for kind, batch in (("googlenet", 2), ("googlenet-bvlc", 1)):
        network = thin_network(kind)
        found = trained(tmp_path / kind, network=network, images=Pictures(8), epochs=1, batch=batch)
        assert found.history.rows[-1].loss > 0
