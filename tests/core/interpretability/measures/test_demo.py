"""What the measures say of the demo network: it looks at the object, and a network that knows nothing does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.example import example
from core.data.scenes import ScenesSource
from core.evaluation.statistics import bootstrap_mean
from core.interpretability.attribution.attribute import attribute
from core.interpretability.measures.agreement import spearman
from core.interpretability.measures.localisation import area, localisation
from core.interpretability.measures.randomisation import randomised_copy
from core.networks.registry import load_network

SCENES = 24


@pytest.fixture(scope="module")
def network():
    return load_network("demo")


@pytest.fixture(scope="module")
def scenes(network):
    source = ScenesSource(count=SCENES)
    return [example(source, network.preset, index) for index in range(SCENES)]


@pytest.fixture(scope="module")
def gradcam(network, scenes):
    """Grad-CAM of a module for the true classes of the scenes: (n, h, w)."""
    inputs = network.inputs(torch.from_numpy(np.stack([each.pixels for each in scenes])))
    targets = torch.tensor([each.label for each in scenes])
    return lambda module: attribute(module, inputs, targets, "gradcam").numpy()


@pytest.fixture(scope="module")
def of_the_demo(network, gradcam):
    return gradcam(network.module)


@pytest.fixture(scope="module")
def masks(scenes):
    return np.stack([each.mask for each in scenes])


def gains(maps, masks):
    """How much more the maps score than uniform ones would, scene by scene."""
    return {name: score - area(masks) for name, score in localisation(maps, masks).items()}


def test_the_demo_network_s_grad_cam_lies_on_the_object(of_the_demo, masks):
    found = gains(of_the_demo, masks)
    assert bootstrap_mean(found["inside"]).low > 0.02
    assert bootstrap_mean(found["pointing"]).low > 0.2


def test_those_of_networks_that_know_nothing_do_not(network, gradcam, of_the_demo, masks):
    maps = [gradcam(randomised_copy(network.module, seed)) for seed in range(3)]
    known, unknown = gains(of_the_demo, masks), [gains(each, masks) for each in maps]
    for name in known:
        assert abs(np.nanmean([found[name] for found in unknown])) < known[name].mean() / 4
    assert max(abs(np.nanmean(spearman(each, of_the_demo))) for each in maps) < 0.3


def test_the_demo_network_s_grad_cam_does_not_lie_on_another_scene_s_object(of_the_demo, masks):
    own, other = (np.mean(localisation(of_the_demo, each)["pointing"]) for each in (masks, np.roll(masks, 1, 0)))
    assert own > other + 0.2
