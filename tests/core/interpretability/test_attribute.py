"""What every method promises, whatever it computes."""

from __future__ import annotations

import copy
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import BrokenDataError, InvalidSettingError
from core.interpretability.attribution.attribute import attribute
from core.interpretability.attribution.checks import check_query
from core.interpretability.attribution.method import Query
from core.interpretability.attribution.passes import passes_at_once
from core.interpretability.attribution.registry import METHODS
from core.networks.googlenet import googlenet, googlenet_bvlc
from core.networks.network import IMAGENET_NORMALISATION
from core.paths import ROOT
from tests.core.interpretability.small import SMALL

pytestmark = pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")

each_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture
def images(pixels):
    """Two small ones: all methods go through every test here."""
    return IMAGENET_NORMALISATION(pixels[:2, ::2, ::2])


@pytest.fixture
def black(images, pixels):
    return IMAGENET_NORMALISATION(torch.zeros_like(pixels[:2, ::2, ::2]))


@pytest.fixture
def targets():
    return torch.tensor([2, 9])


@pytest.fixture
def explain(network, images, targets, black):
    def maps(method, *, module=network, inputs=images, classes=targets, baselines=black, **parameters):
        return attribute(module, inputs, classes, method, baselines=baselines, **SMALL.get(method, {}) | parameters)

    return maps


def off(maps, others):
    return float((maps - others).norm() / others.norm())


def hooks(module):
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, kind)) for part in module.modules() for kind in kinds)


@each_method
def test_maps_are_float32_on_the_cpu_one_per_image_and_signed_as_announced(explain, images, method):
    maps = explain(method)
    assert maps.shape == (2, 32, 32)
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
def test_the_same_question_has_the_same_answer_whatever_is_drawn_elsewhere(explain, method):
    first = explain(method)
    torch.manual_seed(2), np.random.seed(2), random.seed(2)
    before = torch.get_rng_state(), np.random.get_state()[1], random.getstate()
    assert torch.equal(explain(method), first)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]


@each_method
def test_another_seed_matters_to_random_methods_alone(explain, method):
    assert torch.equal(explain(method, seed=1), explain(method)) != METHODS[method].random


@each_method
def test_another_class_has_another_map(explain, targets, method):
    tiny = 0.01 if method in ("guided", "deconv") else 0.1  # these hardly depend on the class
    assert off(explain(method), explain(method, classes=(targets + 1) % 16)) > tiny


@each_method
def test_the_bar_goes_from_nothing_to_all_passes_batch_by_batch(explain, method):
    told = []
    explain(method, progress=lambda *news: told.append(news))
    done, totals, titles = zip(*told, strict=True)
    entry = METHODS[method]
    total = 2 * entry.cost(entry.settings(SMALL.get(method))).forward
    assert done[0] == 0
    assert done[-1] == total
    assert list(done) == sorted(done)
    assert set(totals) == {total}
    assert set(titles) == {entry.title}
    assert not entry.one_by_one or len(set(done)) > 2


@each_method
@pytest.mark.parametrize("when", [0, 2])
def test_a_cancel_leaves_nothing_behind(explain, network, method, when):
    class Cancel(BaseException):
        """As Streamlit stops a script: not an Exception."""

    calls = []

    def progress(*news):
        calls.append(news)
        if len(calls) > when:
            raise Cancel

    with pytest.raises(Cancel):
        explain(method, progress=progress)
    assert hooks(network) == 0
    assert not any(hasattr(part, name) for part in network.modules() for name in ("input", "output"))
    assert torch.is_grad_enabled()
    assert torch.equal(explain(method), explain(method))


def test_out_of_memory_the_batch_is_halved_and_the_work_goes_on(explain, network, method="ig"):
    sizes, told = [], []

    def small_device(module, inputs):
        sizes.append(len(inputs[0]))
        if len(inputs[0]) > 2:
            raise torch.OutOfMemoryError

    expected = explain(method, steps=12)
    hook = network.register_forward_pre_hook(small_device)
    try:
        found = explain(method, steps=12, progress=lambda *news: told.append(news))
    finally:
        hook.remove()
    assert off(found, expected) < 1e-3
    assert sizes == [12, 8, 4] + 12 * [2]
    assert [done for done, _, _ in told] == [0, *range(0, 24, 2), 24]
    assert told[-1][2] == "Integrated Gradients (memory is short: 2 images at once)"


@each_method
def test_where_not_even_one_image_fits_it_is_said_how_to_mend_it(explain, network, method):
    def no_device(*_):
        raise torch.OutOfMemoryError

    hook = network.register_forward_pre_hook(no_device)
    try:
        with pytest.raises(InvalidSettingError, match=r"32 x 32 pixels does not fit .* of cpu;.*smaller"):
            explain(method)
    finally:
        hook.remove()
    assert hooks(network) == 0


def test_larger_images_go_in_smaller_batches():
    sizes = (64, 224, 448, 1024, 4096)
    assert [passes_at_once(torch.empty(1, 3, size, size)) for size in sizes] == [16, 16, 4, 1, 1]


@each_method
def test_flags_of_the_parameters_stay_as_they_are(explain, network, method):
    trainable = copy.deepcopy(network)
    trainable.conv1.requires_grad_(True)
    explain(method, module=trainable)
    assert [name for name, value in trainable.named_parameters() if value.requires_grad] == [
        name for name, _ in trainable.named_parameters() if name.startswith("conv1.")
    ]
    assert all(parameter.grad is None for parameter in trainable.parameters())


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
        if output.requires_grad:
            output.register_hook(broken)

    if moment == "backward" and not METHODS[method].cost(METHODS[method].settings()).backward:
        pytest.skip("it needs no gradient")
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
    stated = entry.cost(entry.settings(SMALL.get(method))).forward * len(images)
    fewer = {"ablation": len(images), "deepliftshap": stated // 2}  # of the superpixels and of the draws
    assert stated - fewer.get(method, 0) <= sum(seen) <= stated


@each_method
def test_a_network_of_zeros_has_maps_of_zeros(explain, network, method):
    nothing = copy.deepcopy(network)
    for parameter in nothing.parameters():
        parameter.zero_()
    assert explain(method, module=nothing).eq(0).all()


@each_method
def test_an_image_that_is_its_own_baseline_has_a_map_of_zeros_where_there_is_a_baseline(explain, images, method):
    if METHODS[method].baseline is not None:
        assert explain(method, baselines=images).eq(0).all()


@each_method
@pytest.mark.parametrize("level", [0.0, 1.5])
def test_an_image_of_one_colour_is_no_error(explain, method, level):
    plain = torch.full((1, 3, 32, 32), level)
    for baselines in (plain, plain - 1):
        maps = explain(method, inputs=plain, classes=torch.tensor([1]), baselines=baselines)
        assert maps.isfinite().all()


@each_method
def test_maps_that_are_not_finite_are_refused(explain, network, method):
    broken = copy.deepcopy(network)
    broken.fc.weight.fill_(float("nan"))
    with pytest.raises(BrokenDataError, match=r"not a finite number for image 0 \(2 of 2 images\)"):
        explain(method, module=broken)


@each_method
@pytest.mark.parametrize("size", [(16, 17), (33, 50)])
def test_any_size_the_network_takes(explain, method, size):
    tiny = torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(0))
    maps = explain(method, inputs=tiny, classes=torch.tensor([1]), baselines=torch.zeros_like(tiny))
    assert maps.shape == (1, *size)


@pytest.mark.parametrize(("build", "smallest"), [(googlenet, 15), (googlenet_bvlc, 31)])
def test_an_image_too_small_for_the_network_is_refused_with_the_smallest_size(build, smallest):
    module, target = build(5).eval(), torch.tensor([0])
    assert attribute(module, torch.zeros(1, 3, smallest, smallest), target, "saliency").shape[1:] == (
        smallest,
        smallest,
    )
    for size in ((smallest - 1, 100), (1, 1)):
        told = f"{size[0]} x {size[1]} pixels; allowed: at least {smallest} x {smallest} pixels"
        with pytest.raises(InvalidSettingError, match=told):
            attribute(module, torch.zeros(1, 3, *size), target, "saliency")


def test_an_image_too_large_for_the_memory_is_refused_before_any_work(network):
    huge = torch.zeros(1, 3, 1, 1).expand(1, 3, 8000, 8000)
    with pytest.raises(InvalidSettingError, match=r"8,000 x 8,000 pixels; allowed: at most .* scale the image down"):
        check_query(Query(network, huge, torch.tensor([0])), METHODS["saliency"])


def test_more_images_than_fit_in_one_pass(explain, images, targets):
    many = explain("saliency", inputs=images.repeat(9, 1, 1, 1), classes=targets.repeat(9))
    assert many.shape == (18, 32, 32)
    assert off(many[16:], explain("saliency")) < 1e-3


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"classes": torch.tensor([2, 16])}, "target class 16; allowed: 0 to 15"),
        ({"classes": torch.tensor([2, -1])}, "target class -1"),
        ({"classes": torch.tensor([2, 0, 1])}, "targets of shape"),
        ({"classes": torch.tensor([2.0, 0.0])}, "targets of shape"),
        ({"inputs": torch.full((2, 3, 32, 32), float("nan"))}, "NaN or infinite"),
        ({"inputs": torch.zeros((3, 32, 32))}, "inputs of shape"),
        ({"inputs": torch.zeros((0, 3, 32, 32)), "classes": torch.zeros(0, dtype=torch.int64)}, "inputs of shape"),
        ({"inputs": torch.zeros((2, 3, 32, 32), dtype=torch.uint8)}, "inputs of shape"),
        ({"baselines": None}, "no baseline for Integrated Gradients"),
        ({"baselines": torch.zeros((2, 3, 16, 16))}, "baselines of shape"),
        ({"baselines": torch.zeros((2, 2, 3, 32, 32))}, "baselines of shape"),
        ({"baselines": torch.full((2, 3, 32, 32), float("inf"))}, "baselines of shape"),
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


@pytest.mark.parametrize("method", ["gradshap", "deepliftshap"])
@pytest.mark.parametrize("shape", [(2, 0, 3, 32, 32), (2, 2, 3, 16, 16), (3, 2, 3, 32, 32), (32, 32)])
def test_a_distribution_of_the_wrong_shape_is_refused(explain, method, shape):
    with pytest.raises(InvalidSettingError, match="baselines of shape"):
        explain(method, baselines=torch.zeros(shape))


def test_an_unknown_method_or_layer_is_refused(explain, network):
    with pytest.raises(InvalidSettingError, match="no attribution method 'lrp'; allowed: saliency"):
        explain("lrp")
    for method in ("gradcam", "layercam", "guidedgradcam"):
        with pytest.raises(InvalidSettingError, match="layer 'conv1'; allowed: inception3a"):
            explain(method, layer="conv1")
    headless = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 16)).eval()
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
        "assert METHODS; sys.exit(any(name in sys.modules for name in ('torch', 'captum', 'skimage', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
