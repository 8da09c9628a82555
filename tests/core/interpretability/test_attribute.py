"""What every method promises, whatever it computes."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from core.errors import BrokenDataError, InvalidSettingError
from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.registry import METHODS
from core.paths import ROOT

FEW = {"ig": {"steps": 4}, "smoothgrad": {"samples": 3}}

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")

each_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture
def explain(network, images, targets, black):
    def maps(method, *, module=network, inputs=images, classes=targets, baselines=black, **parameters):
        return attribute(module, inputs, classes, method, baselines=baselines, **FEW.get(method, {}) | parameters)

    return maps


def off(maps, others):
    return float((maps - others).norm() / others.norm())


def hooks(module):
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, kind)) for part in module.modules() for kind in kinds)


@each_method
def test_maps_are_float32_on_the_cpu_one_per_image_and_signed_as_announced(explain, images, method):
    maps = explain(method)
    assert maps.shape == (3, 64, 64)
    assert maps.dtype == torch.float32
    assert maps.device.type == "cpu"
    assert not maps.requires_grad
    assert maps.abs().amax((1, 2)).gt(0).all()
    assert bool(maps.lt(0).any()) == METHODS[method].signed


@each_method
def test_a_batch_equals_one_by_one_at_any_position(explain, images, targets, black, method):
    together = explain(method)
    backwards = explain(method, inputs=images.flip(0), classes=targets.flip(0)).flip(0)
    parts = [image_by_image.split(1) for image_by_image in (images, targets, black)]
    alone = [explain(method, inputs=i, classes=t, baselines=b) for i, t, b in zip(*parts, strict=True)]
    assert off(backwards, together) < 1e-3
    assert off(torch.cat(alone), together) < 1e-3


@each_method
def test_the_same_question_has_the_same_answer(explain, method):
    torch.manual_seed(1)
    first = explain(method)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert torch.equal(explain(method), first)
    assert torch.equal(torch.get_rng_state(), before)


@each_method
def test_another_class_has_another_map(explain, targets, method):
    tiny = 0.01 if method == "guided" else 0.1  # guided backprop hardly depends on the class
    assert off(explain(method), explain(method, classes=(targets + 1) % 16)) > tiny


@each_method
def test_nothing_is_left_in_the_network_or_the_inputs(explain, network, images, method):
    weights = copy.deepcopy(network.state_dict())
    pixels = images.clone()
    explain(method)
    assert hooks(network) == 0
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in network.parameters())
    assert torch.equal(images, pixels)
    assert not images.requires_grad


@each_method
@pytest.mark.parametrize("moment", ["forward", "backward"])
def test_hooks_are_gone_after_an_error(explain, network, method, moment):
    class BrokenError(Exception):
        pass

    def broken(*_):
        raise BrokenError

    def broken_later(module, inputs, output):
        output.register_hook(broken)

    hook = network.fc.register_forward_hook(broken if moment == "forward" else broken_later)
    try:
        with pytest.raises(BrokenError):
            explain(method)
    finally:
        hook.remove()
    assert hooks(network) == 0


@each_method
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_it_works_where_gradients_are_off(explain, images, targets, black, method, mode):
    expected = explain(method)
    with mode():
        maps = explain(method, inputs=images.clone(), classes=targets.clone(), baselines=black.clone())
    assert torch.equal(maps, expected)


@each_method
def test_the_cost_is_the_number_of_passes(explain, network, images, method):
    seen = []
    hook = network.register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0])))
    try:
        explain(method)
    finally:
        hook.remove()
    entry = METHODS[method]
    assert sum(seen) == entry.cost(entry.settings(FEW.get(method))).forward * len(images)


@each_method
def test_a_network_of_zeros_has_maps_of_zeros(explain, network, method):
    nothing = copy.deepcopy(network)
    for parameter in nothing.parameters():
        parameter.zero_()
    assert explain(method, module=nothing).eq(0).all()


@each_method
def test_maps_that_are_not_finite_are_refused(explain, network, method):
    broken = copy.deepcopy(network)
    broken.fc.weight.fill_(float("nan"))
    with pytest.raises(BrokenDataError, match=r"not a finite number for image 0 \(3 of 3 images\)"):
        explain(method, module=broken)


@each_method
@pytest.mark.parametrize("size", [(16, 16), (33, 70)])
def test_any_size_the_network_takes(explain, method, size):
    tiny = torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(0))
    maps = explain(method, inputs=tiny, classes=torch.tensor([1]), baselines=torch.zeros_like(tiny))
    assert maps.shape == (1, *size)


def test_more_images_than_fit_in_one_pass(explain, images, targets):
    many = explain("saliency", inputs=images.repeat(7, 1, 1, 1), classes=targets.repeat(7))
    assert many.shape == (21, 64, 64)
    assert off(many[18:], explain("saliency")) < 1e-3


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"classes": torch.tensor([2, 16, 0])}, "target class 16; allowed: 0 to 15"),
        ({"classes": torch.tensor([2, -1, 0])}, "target class -1"),
        ({"classes": torch.tensor([2, 0])}, "targets of shape"),
        ({"classes": torch.tensor([2.0, 0.0, 1.0])}, "targets of shape"),
        ({"inputs": torch.full((3, 3, 64, 64), float("nan"))}, "NaN or infinite"),
        ({"inputs": torch.zeros((3, 64, 64))}, "inputs of shape"),
        ({"inputs": torch.zeros((0, 3, 64, 64)), "classes": torch.zeros(0, dtype=torch.int64)}, "inputs of shape"),
        ({"inputs": torch.zeros((3, 3, 64, 64), dtype=torch.uint8)}, "inputs of shape"),
        ({"baselines": None}, "no baseline for Integrated Gradients"),
        ({"baselines": torch.zeros((3, 3, 32, 32))}, "baselines of shape"),
        ({"steps": 1}, "steps 1; allowed: a whole number from 2 to 500"),
        ({"steps": 2.5}, "steps 2.5"),
        ({"steps": "many"}, "steps 'many'"),
        ({"steps": True}, "steps True"),
        ({"samples": 5}, "no parameter 'samples'; allowed: steps"),
        ({"module": nn.Conv2d(3, 3, 1).eval()}, "no linear layer"),
        ({"module": nn.Linear(3, 3)}, "training mode"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(explain, wrong, reason):
    with pytest.raises(InvalidSettingError, match=reason) as refusal:
        explain("ig", **wrong)
    assert refusal.value.allowed
    assert refusal.value.mend


def test_an_unknown_method_or_layer_is_refused(explain, network):
    with pytest.raises(InvalidSettingError, match="no attribution method 'lrp'; allowed: saliency"):
        explain("lrp")
    with pytest.raises(InvalidSettingError, match="layer 'conv1'; allowed: inception3a"):
        explain("gradcam", layer="conv1")
    headless = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 16)).eval()
    with pytest.raises(InvalidSettingError, match="the network has no layer 'inception5b'"):
        explain("gradcam", module=headless)


@each_method
def test_every_entry_says_what_a_reader_needs(method):
    entry = METHODS[method]
    assert entry.name == method
    assert all((entry.title, entry.meaning, entry.limits, entry.unit))
    assert entry.settings() == {each.name: each.default for each in entry.parameters}
    assert all(each.title and each.meaning for each in entry.parameters)


def test_the_methods_are_listed_without_loading_torch():
    code = (
        "import sys; from core.interpretability.attribution.registry import METHODS; "
        "assert METHODS; sys.exit('torch' in sys.modules or 'captum' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
