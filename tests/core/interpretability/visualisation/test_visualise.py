from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lucent.optvis import transform
from lucent.optvis.param import spatial

from core.data.example import example
from core.errors import BrokenDataError, CancelledError, InvalidSettingError
from core.experiment import ExperimentSpec
from core.interpretability.inspection import subject
from core.interpretability.units.maps import unit_maps
from core.interpretability.visualisation.failures import is_flat
from core.interpretability.visualisation.lucent import Dice, lent
from core.interpretability.visualisation.visualise import ANOTHER_SEED, visualise
from core.jobs.subject import find_subject
from core.networks.registry import load_network
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning
from core.visualisation import Visualisation
from tests.core.interpretability.conftest import BVLC

PLACE, UNIT = "inception4c.branch1.conv", 17  # live in the dense network, removed by `REMOVING`
REMOVING = Pruning("structured", rate=0.2)
ASKED = Visualisation(PLACE, UNIT, steps=12, size=64)


def network_of(pruning):
    demo = load_network("demo")
    masks = make_masks(demo.module, pruning)
    return subject(demo, pruned_copy(demo.module, masks), masks)


@pytest.fixture(scope="module")
def dense():
    return network_of(Pruning())


@pytest.fixture(scope="module")
def sparse():
    return network_of(Pruning("unstructured", rate=0.5))


@pytest.fixture(scope="module")
def removed():
    return network_of(REMOVING)


@pytest.fixture(scope="module")
def up(dense):
    return visualise(dense, ASKED)


def hooks_of(module):
    return sum(len(part._forward_hooks) + len(part._backward_hooks) for part in module.modules())


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others(dense, up):
    np.random.rand()  # whatever was drawn elsewhere
    torch.rand(3)
    assert (visualise(dense, ASKED).frames == up.frames).all()
    assert (visualise(dense, replace(ASKED, seed=1)).frames[-1] != up.frames[-1]).any()


def test_no_random_state_but_its_own_is_read_or_changed(dense):
    def states():
        return np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), spatial.device, transform.device

    before = states()
    visualise(dense, replace(ASKED, steps=4))
    assert states() == before


def test_dense_and_pruned_begin_from_the_same_noise_and_end_elsewhere(sparse, up):
    other = visualise(sparse, ASKED)
    assert (other.frames[0] == up.frames[0]).all()
    assert (other.frames[-1] != up.frames[-1]).any()


def test_frames_are_pictures_with_the_activation_that_each_reaches(dense, up):
    assert up.frames.shape == (len(ASKED.frames), 1, 64, 64, 3)
    assert up.steps == ASKED.frames
    by_maps = [unit_maps(dense, frame, PLACE, UNIT).mean() for frame in up.frames]
    np.testing.assert_allclose(up.activations[:, 0], by_maps, rtol=1e-3, atol=1e-4)
    assert (up.seed, up.attempts) == (0, 1)


def test_a_live_unit_is_driven_beyond_the_start_and_every_scene(dense, tmp_path):
    reached = visualise(dense, replace(ASKED, steps=32))
    shown = find_subject(ExperimentSpec(), tmp_path)
    pixels = np.stack([example(shown.source, shown.preset, index).pixels for index in range(100)])
    scenes = unit_maps(dense, pixels, PLACE, UNIT).mean((1, 2))
    assert reached.reached > scenes.max() > reached.activations[0, 0]


def test_driven_down_it_ends_below_the_start_and_what_driven_up_reaches(dense, up):
    down = visualise(dense, replace(ASKED, sign=-1, transforms="none"))
    assert down.reached < down.activations[0, 0] < up.reached


@pytest.mark.parametrize("place", ["conv1.conv", "inception3b", "fc"])
def test_layers_blocks_and_logits_have_units(dense, place):
    found = visualise(dense, replace(ASKED, place=place, unit=3))
    assert found.reached > found.activations[0, 0]


@pytest.mark.parametrize("how", [{"objective": "neuron"}, {"transforms": "none"}])
def test_other_objectives_and_transforms_drive_the_unit_too(dense, up, how):
    found = visualise(dense, replace(ASKED, **how))
    assert found.reached > found.activations[0, 0]
    assert (found.frames[-1] != up.frames[-1]).any()


@pytest.mark.parametrize("place", [PLACE, "fc"])
def test_diverse_pictures_all_drive_the_unit_and_are_not_the_same(dense, place):
    found = visualise(dense, replace(ASKED, place=place, diversity=2))
    assert found.frames.shape[1] == 2
    assert (found.activations[-1] > found.activations[0]).all()
    assert np.abs(found.frames[-1, 0].astype(int) - found.frames[-1, 1]).mean() > 5


@pytest.mark.parametrize("stop_at", [1, 5])
def test_nothing_stays_behind_in_the_network_also_when_cancelled(stop_at):
    network = network_of(Pruning())
    asking = network.module.conv2.conv.weight.requires_grad_(True)
    heard = []

    def cancel(done, total, what):
        heard.append((done, total))
        if done == stop_at:
            raise CancelledError("cancelled")

    with pytest.raises(CancelledError):
        visualise(network, ASKED, cancel)
    assert heard == [(step, ASKED.steps) for step in range(1, stop_at + 1)]
    assert hooks_of(network.module) == 0
    assert [one for one in network.module.parameters() if one.requires_grad] == [asking]
    assert asking.grad is None
    visualise(network, replace(ASKED, steps=4))
    assert hooks_of(network.module) == 0
    assert asking.requires_grad


def test_a_removed_filter_is_refused_by_name(removed):
    with pytest.raises(InvalidSettingError, match=f"{PLACE} {UNIT} was removed"):
        visualise(removed, ASKED)


def test_a_unit_that_never_changes_is_refused_as_constant(removed):
    heard = []
    with pytest.raises(InvalidSettingError, match=f"inception4c {UNIT} is constant"):  # the block's, of that filter
        visualise(removed, replace(ASKED, place="inception4c"), lambda done, total, what: heard.append(what))
    assert len(set(heard)) == 3  # attempts


@pytest.mark.parametrize("place", [PLACE, "inception4c", "fc"])
def test_a_unit_that_there_is_not_is_refused_with_those_that_there_are(dense, place):
    with pytest.raises(InvalidSettingError) as refused:
        visualise(dense, replace(ASKED, place=place, unit=1024))
    assert "1,024" in refused.value.given
    assert refused.value.allowed.startswith("0 to ")


def test_what_stays_grey_is_tried_again_with_another_seed(dense):
    silent = replace(
        ASKED, place="inception4c", unit=4, transforms="none"
    )  # a ReLU keeps it at zero on all that is grey
    found = visualise(dense, silent)
    assert found.attempts > 1
    assert found.seed == (found.attempts - 1) * ANOTHER_SEED
    assert found.reached > found.activations[0, 0]


def test_a_network_of_broken_numbers_is_named_not_painted():
    network = network_of(Pruning())
    network.module.conv3.bn.weight.data[0] = float("nan")
    with pytest.raises(BrokenDataError, match="not a finite number"):
        visualise(network, replace(ASKED, steps=4))


def test_errors_of_the_network_are_raised():
    network = network_of(Pruning())
    network.module.inception3a.branch1 = torch.nn.Linear(2, 2)
    with pytest.raises(RuntimeError):
        visualise(network, ASKED)


def test_grey_is_told_from_a_picture():
    noise = np.random.RandomState(0)
    grey = 128 + noise.randint(0, 2, (2, 8, 8, 3)).astype(np.uint8)
    picture = noise.randint(0, 255, (2, 8, 8, 3)).astype(np.uint8)
    assert is_flat(grey)
    assert not is_flat(picture)
    assert is_flat(np.stack([picture[0], grey[0]]))  # one of several


def test_dice_go_on_where_they_were():
    dice, device = Dice(3), torch.device("cpu")
    with lent(dice, device):
        first = np.random.rand(2), torch.rand(2)
    with lent(dice, device):
        second = np.random.rand(2), torch.rand(2)
    again = Dice(3)
    with lent(again, device):
        both = np.random.rand(4), torch.rand(4)
    np.testing.assert_array_equal(both[0], np.concatenate([first[0], second[0]]))
    assert torch.equal(both[1], torch.cat([first[1], second[1]]))


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.skipif(not BVLC.is_file(), reason="needs the reference weights")
def test_the_network_of_2014_with_its_own_normalisation_is_driven():
    network = load_network("googlenet-bvlc", BVLC)
    of_2014 = subject(network, network.copy(), {})
    found = visualise(of_2014, replace(ASKED, steps=32))
    assert found.reached > 2 * abs(found.activations[0, 0])
