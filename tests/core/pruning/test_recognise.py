from __future__ import annotations

import pytest
import torch

from core.layer_names import INCEPTION_CONVS
from core.networks.registry import load_network
from core.pruning.masks import apply_masks, make_masks, pruned_copy, sparsity
from core.pruning.recognise import recognise_pruning
from core.pruning.settings import Pruning
from tests.reference import REFERENCE, needs_reference

GLOBAL_AND_LOCAL = [("unstructured", "global"), ("structured", "local"), ("connection", "global")]
LOCAL_AND_GLOBAL = [("unstructured", "local"), ("structured", "global"), ("connection", "local")]
RATES = (0.01, 0.5, 0.98)


@pytest.fixture(scope="module")
def trained():
    """A network whose weights are those of a training: their zeros fall other than random ones."""
    return load_network("demo").module


def half(module):
    """What a network is after it was stored in half precision: of its smallest weights zeros are made."""
    return module.half().float()


def assert_recognised(module, pruning, stored=lambda pruned: pruned):
    masks = make_masks(module, pruning)
    found = recognise_pruning(stored(pruned_copy(module, masks)))
    assert found.technique == pruning.technique
    assert found.masks.keys() == masks.keys()
    assert found.sparsity.prunable == pytest.approx(sparsity(module, masks).prunable, abs=1e-5)
    if pruning.technique != "unstructured":
        assert all(torch.equal(found.masks[name], masks[name]) for name in masks)
        assert found.sparsity == sparsity(module, masks)
    return found


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("technique", "scope"), GLOBAL_AND_LOCAL)
def test_what_was_pruned_is_recognised(trained, technique, scope, rate):
    assert_recognised(trained, Pruning(technique=technique, scope=scope, rate=rate))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("technique", "scope"), LOCAL_AND_GLOBAL)
def test_what_was_pruned_is_recognised_after_half_precision(trained, technique, scope, rate):
    assert_recognised(trained, Pruning(technique=technique, scope=scope, rate=rate), half)


@pytest.mark.parametrize("form", ["clean", "published"])
@pytest.mark.parametrize("network", ["trained", "bvlc"])
def test_the_form_of_structured_pruning_is_recognised(request, network, form):
    module = request.getfixturevalue(network)
    found = assert_recognised(module, Pruning(technique="structured", rate=0.3, form=form))
    assert found.form == form
    assert all((one.silent > 0) == (form == "clean") for one in found.layers if one.zero_filters)


def test_filters_of_either_form_are_neither(trained):
    pruned = pruned_copy(trained, make_masks(trained, Pruning(technique="structured", rate=0.3, form="published")))
    more = Pruning(technique="structured", rate=0.1, exclude=INCEPTION_CONVS[10:])
    apply_masks(pruned, make_masks(trained, more))
    assert recognise_pruning(pruned).form == "mixed"


def test_stem_and_classifier_are_seen(trained):
    found = assert_recognised(trained, Pruning(rate=0.2, stem=True, fc=True))
    assert found.pruned == tuple(one.name for one in found.layers)
    few = assert_recognised(trained, Pruning(technique="connection", rate=0.2, exclude=INCEPTION_CONVS[5:]))
    assert set(few.pruned) == set(INCEPTION_CONVS[:5])


@pytest.mark.parametrize("stored", [lambda dense: dense, half], ids=["as it is", "stored in half precision"])
def test_nothing_is_recognised_in_a_dense_network(trained, stored):
    found = recognise_pruning(stored(pruned_copy(trained, {})))
    assert (found.technique, found.form, found.masks, found.pruned) == ("none", "", {}, ())
    assert found.sparsity == sparsity(trained, {})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Pruning(technique="structured", rate=0.5), Pruning(technique="connection", rate=0.5)),
        (Pruning(technique="structured", rate=0.5), Pruning(technique="unstructured", rate=0.5)),
        (Pruning(technique="connection", rate=0.1), Pruning(technique="unstructured", rate=0.3)),
        (
            Pruning(technique="structured", rate=0.3, exclude=INCEPTION_CONVS[:27]),
            Pruning(technique="unstructured", rate=0.3, exclude=INCEPTION_CONVS[27:]),
        ),
    ],
    ids=["filters and inputs", "filters and weights", "inputs and weights", "another technique in other layers"],
)
def test_two_techniques_are_none_of_them(trained, first, second):
    pruned = pruned_copy(trained, make_masks(trained, first))
    apply_masks(pruned, make_masks(trained, second))
    found = recognise_pruning(pruned)
    assert found.technique == "mixed"
    assert found.pruned


def test_masks_take_nothing_away_that_is_there(trained):
    pruned = half(pruned_copy(trained, make_masks(trained, Pruning(rate=0.7))))
    again = pruned_copy(pruned, recognise_pruning(pruned).masks)
    assert all(map(torch.equal, pruned.state_dict().values(), again.state_dict().values()))


def test_layers_count_their_zeros(trained):
    pruning = Pruning(technique="connection", rate=0.25)
    found = recognise_pruning(pruned_copy(trained, make_masks(trained, pruning)))
    layer = next(one for one in found.layers if one.name == "inception3a.branch2.1.conv")
    assert (layer.inputs, layer.zero_inputs, layer.zero_filters) == (96, 24, 0)
    assert layer.sparsity == pytest.approx(0.25, abs=1e-4)


@needs_reference("weights/googlenet_bvlc.safetensors")
@pytest.mark.parametrize("technique", ["unstructured", "structured", "connection"])
def test_the_real_network_of_2014(technique):
    module = load_network("googlenet-bvlc", REFERENCE / "weights" / "googlenet_bvlc.safetensors").module
    assert recognise_pruning(module).technique == "none"
    for rate in RATES:
        assert_recognised(module, Pruning(technique=technique, rate=rate), half)
