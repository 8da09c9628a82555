from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from core.data.preset import Preset
from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.registry import METHODS
from core.interpretability.inspection import (
    attributions,
    completeness,
    one_at_a_time,
    probabilities,
    subject,
)
from core.interpretability.question import Question
from core.networks.network import IMAGENET_NORMALISATION, Network
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning
from tests.core.interpretability.small import SMALL


@pytest.fixture(scope="module")
def dense(network):
    classes = tuple(f"class {i}" for i in range(16))
    return Network("x", "x", network, classes, Preset(64, 64), IMAGENET_NORMALISATION, "0" * 64)


def looked_into(dense, pruning=None):
    masks = make_masks(dense.module, pruning or Pruning())
    return subject(dense, pruned_copy(dense.module, masks), masks)


@pytest.fixture
def picture(pixels):
    return pixels[0].contiguous().numpy()


def test_probabilities_are_those_of_the_network_itself(dense, picture):
    expected = dense.module(dense.inputs(torch.from_numpy(picture[None]))).softmax(1)[0].numpy()
    found = probabilities(looked_into(dense), picture[None])[0]
    assert np.allclose(found, expected, atol=1e-5)
    assert found.sum() == pytest.approx(1, abs=1e-5)


def test_looking_into_a_pruned_network_leaves_the_dense_one_as_it_was(dense, picture):
    before = {name: value.clone() for name, value in dense.module.state_dict().items()}
    pruned = looked_into(dense, Pruning(rate=0.5))
    attributions(pruned, picture[None], [3], Question("saliency"))[0]
    assert all(torch.equal(value, before[name]) for name, value in dense.module.state_dict().items())
    assert pruned.sparsity.prunable == pytest.approx(0.5, abs=1e-4)
    assert not any(parameter.requires_grad for parameter in pruned.module.parameters())


def test_the_shared_dense_network_itself_is_not_taken_over(dense):
    with pytest.raises(ValueError, match="copied"):
        subject(dense, dense.module, {})


def test_what_is_looked_into_is_the_module_that_is_given_with_the_sparsity_of_its_masks(dense, picture):
    masks = make_masks(dense.module, Pruning(rate=0.5))
    module = pruned_copy(dense.module, masks)
    module.fc.weight.data.mul_(2)
    expected = module(dense.inputs(torch.from_numpy(picture[None]))).softmax(1)[0].numpy()
    other = subject(dense, module, masks)
    assert np.allclose(probabilities(other, picture[None])[0], expected, atol=1e-5)
    assert not np.allclose(probabilities(looked_into(dense, Pruning(rate=0.5)), picture[None])[0], expected, atol=1e-3)
    assert other.sparsity.prunable == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_the_method_s_own_from_the_question_s_baseline_on(dense, picture, method):
    inspected, small = looked_into(dense, Pruning(rate=0.2)), SMALL.get(method, {})
    inputs = dense.inputs(torch.from_numpy(picture[None]))
    black = dense.inputs(torch.zeros((1, *picture.shape), dtype=torch.uint8))
    expected = attribute(inspected.module, inputs, torch.tensor([5]), method, baselines=black, **small)[0].numpy()
    question = Question(method, baseline="black", parameters=tuple(small.items()))
    assert np.array_equal(attributions(inspected, picture[None], [5], question)[0], expected)
    assert expected.shape == picture.shape[:2]


def test_methods_that_want_many_baselines_get_as_many_draws_of_a_random_one(dense, picture):
    inspected = looked_into(dense)
    pixels = torch.from_numpy(picture[None])
    draws = [dense.inputs(BASELINES["noise"].make(pixels, seed)) for seed in (6, 7, 8)]
    asked = inspected.module, dense.inputs(pixels), torch.tensor([5])
    one_by_one = [attribute(*asked, "deeplift", baselines=draw)[0].numpy() for draw in draws]
    question = Question("deepliftshap", baseline="noise", seed=2, parameters=(("draws", 3),))
    found = attributions(inspected, picture[None], [5], question)[0]
    assert np.allclose(found, np.mean(one_by_one, 0), atol=1e-4 * np.abs(found).max())


@pytest.mark.parametrize("baseline", ["noise", "mean"])
@pytest.mark.parametrize("method", ["deeplift", "deepliftshap", "kernelshap"])
def test_of_complete_methods_one_learns_how_well_the_parts_add_up(dense, picture, method, baseline):
    inspected = looked_into(dense)
    question = Question(method, baseline=baseline, parameters=tuple(SMALL.get(method, {}).items()))
    found = attributions(inspected, picture[None], [5], question)[0]
    rise, error = completeness(inspected, picture[None], [5], question, found[None])
    assert error < 1e-4
    assert found.sum(dtype=np.float64) == pytest.approx(rise[0], rel=1e-4)
    assert completeness(inspected, picture[None], [5], question, 2 * found[None])[1] == pytest.approx(1, rel=1e-3)
    assert completeness(inspected, picture[None], [5], Question("saliency"), found[None]) is None


def test_pruning_changes_where_a_network_looks(dense, picture):
    maps = [
        attributions(looked_into(dense, Pruning(rate=rate)), picture[None], [3], Question("saliency"))[0]
        for rate in (0.0, 0.5)
    ]
    assert not np.allclose(*maps)


def test_only_one_computes_on_a_device_at_a_time(dense, picture):
    inspected, done = looked_into(dense), threading.Event()
    waiting = threading.Thread(target=lambda: (probabilities(inspected, picture[None]), done.set()))
    with one_at_a_time("cpu"):
        waiting.start()
        assert not done.wait(0.3)
    assert done.wait(30)
    waiting.join()
