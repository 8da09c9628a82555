from __future__ import annotations

import argparse
import json

import pytest
import torch
from torch.nn.utils import prune
from torchvision.models import GoogLeNet

from core.errors import BrokenDataError
from core.networks.checkpoint import UnfittingKeysError, not_finite, read_googlenet
from core.networks.conventions import IMAGENET_CLASSES
from core.networks.googlenet import googlenet
from core.networks.registry import load_network
from core.pruning.description import describe
from tests.core.networks.checkpoints import bvlc_state, in_caffes_layout, saved, small_state
from tests.reference import REFERENCE, needs_reference


@pytest.fixture(scope="module")
def state():
    return small_state()


def same(found, expected):
    return found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.backbone."])
def test_a_prefix_is_taken_off(state, tmp_path, prefix):
    found = read_googlenet(saved({prefix + name: value for name, value in state.items()}, tmp_path / "a.safetensors"))
    assert same(found.state, state)
    assert found.keys.prefix == prefix


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "net"])
def test_a_training_checkpoint_is_unwrapped(state, tmp_path, wrapper):
    more = {"optimizer": {"state": {}, "lr": 0.1}, "epoch": 3, "args": argparse.Namespace(lr=0.1)}
    torch.save({wrapper: state, **more}, tmp_path / "a.pth")
    found = read_googlenet(tmp_path / "a.pth")
    assert same(found.state, state)
    assert found.wrapper == wrapper


@pytest.mark.parametrize("wrapper", ["model.state_dict", "state_dict.model", "net.model_state_dict"])
def test_a_state_dict_is_found_in_two_wrappers(state, tmp_path, wrapper):
    outer, inner = wrapper.split(".")
    torch.save({outer: {inner: state, "classes": ["x", "y", "z"]}, "epoch": 3, "size": 96}, tmp_path / "a.pth")
    found = read_googlenet(tmp_path / "a.pth")
    assert same(found.state, state)
    assert (found.wrapper, found.about.classes, found.about.size) == (wrapper, ("x", "y", "z"), 96)


def test_other_weights_in_a_file_are_told(state, tmp_path):
    """torchvision's scripts keep a moving average beside the network: the better one of the two."""
    average = {f"module.{name}": value for name, value in state.items()} | {"n_averaged": torch.tensor(3)}
    torch.save({"model": state, "model_ema": average, "epoch": 3}, tmp_path / "a.pth")
    found = read_googlenet(tmp_path / "a.pth")
    assert found.others == ("model_ema",)
    assert any("other weights too, under 'model_ema'" in warning for warning in describe(tmp_path / "a.pth").warnings)


@pytest.mark.parametrize("outputs", [1, 2, 21_841])
def test_any_number_of_classes(tmp_path, outputs):
    network = load_network(str(saved(small_state(outputs), tmp_path / "a.safetensors")))
    assert len(network.classes) == outputs
    assert network.module(torch.zeros(1, 3, 64, 64)).shape == (1, outputs)


def test_data_parallel_training_of_a_compiled_network_with_heads(tmp_path):
    """All at once, as a training script leaves it behind."""
    torch.manual_seed(0)
    theirs = GoogLeNet(3, aux_logits=True, init_weights=False)
    weights = {f"module._orig_mod.{name}": value for name, value in theirs.state_dict().items()}
    torch.save({"model": weights, "epoch": 1}, tmp_path / "a.pth")
    found = read_googlenet(tmp_path / "a.pth")
    assert same(found.state, {k: v for k, v in theirs.state_dict().items() if not k.startswith("aux")})
    assert len(found.keys.dropped) == sum(name.startswith("aux") for name in theirs.state_dict())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_precisions(state, tmp_path, dtype, suffix):
    path = tmp_path / f"a{suffix}"
    stored = {name: value.to(dtype) for name, value in state.items() if value.is_floating_point()}
    _ = saved(stored, path) if suffix == ".safetensors" else torch.save(stored, path)
    found = read_googlenet(path)
    assert found.dtypes == (str(dtype).removeprefix("torch."),)
    assert all(torch.equal(found.state[name], value.float()) for name, value in stored.items())


def test_files_are_recognised_by_content_not_by_suffix(state, tmp_path):
    torch.save(state, tmp_path / "torch.safetensors")
    saved(state, tmp_path / "safetensors.pth")
    torch.save(state, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    assert all(same(read_googlenet(path).state, state) for path in tmp_path.iterdir())


def test_pruned_parameters_of_torch_are_multiplied_out(tmp_path):
    torch.manual_seed(0)
    network = googlenet(3, initialise=True)
    conv = network.inception3a.branch1.conv
    prune.ln_structured(conv, "weight", 0.5, 1, 0)
    prune.l1_unstructured(network.fc, "weight", 0.25)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    found = read_googlenet(tmp_path / "a.pth")
    assert torch.equal(found.state["inception3a.branch1.conv.weight"], conv.weight)
    assert torch.equal(found.state["fc.weight"], network.fc.weight)
    assert set(found.keys.masked) == {"inception3a.branch1.conv.weight", "fc.weight"}


def test_counters_of_batches_may_be_absent(state, tmp_path):
    few = {name: value for name, value in state.items() if "num_batches" not in name}
    assert read_googlenet(saved(few, tmp_path / "a.safetensors")).state.keys() == state.keys()


def test_every_key_that_does_not_fit_is_listed(state, tmp_path):
    wrong = {name: value for name, value in state.items() if not name.startswith("inception5b.branch1")}
    wrong |= {"fc.weight": torch.zeros(3, 7), "head.weight": torch.zeros(1), "fc.bias": torch.zeros(3, dtype=torch.int)}
    with pytest.raises(UnfittingKeysError) as caught:
        read_googlenet(saved(wrong, tmp_path / "a.safetensors"))
    faults = caught.value.faults
    assert len(faults["missing"]) == 6
    assert faults["unknown"] == ("head.weight",)
    assert faults["of another shape"] == ("fc.weight 3x7 instead of 3x1024",)
    assert faults["of another type"] == ("fc.bias torch.int32",)
    assert "6 missing (inception5b.branch1.conv.weight, " in caught.value.given


def test_another_network_is_none(tmp_path):
    path = saved({"layer1.0.conv1.weight": torch.zeros(64, 64, 3, 3)}, tmp_path / "resnet.safetensors")
    with pytest.raises(UnfittingKeysError, match="not a GoogLeNet"):
        read_googlenet(path)


def test_a_network_whose_channels_were_taken_out_is_told_apart(state, tmp_path):
    smaller = {**state, "conv1.conv.weight": torch.zeros(32, 3, 7, 7)}
    with pytest.raises(UnfittingKeysError, match=r"channels were taken out"):
        read_googlenet(saved(smaller, tmp_path / "a.safetensors"))


def test_two_networks_in_one_file_are_asked_about(state, tmp_path):
    both = {f"{who}.{name}": value.clone() for who in ("student", "teacher") for name, value in state.items()}
    with pytest.raises(BrokenDataError, match=r"2 networks.*'student\.', 'teacher\.'"):
        read_googlenet(saved(both, tmp_path / "a.safetensors"))
    torch.save({"model": state, "net": state}, tmp_path / "a.pth")
    with pytest.raises(BrokenDataError, match="weights under model and net"):
        read_googlenet(tmp_path / "a.pth")


def test_weights_that_are_not_finite_are_named(state, tmp_path):
    odd = {**state, "fc.bias": torch.tensor([1, torch.nan, torch.inf])}
    found = read_googlenet(saved(odd, tmp_path / "a.safetensors"))
    assert not_finite(found.state) == "2 values of fc.bias"
    assert not_finite(state) == ""


@pytest.mark.parametrize("separator", ["/", "_"])
def test_caffes_layout_is_recognised_and_its_colours_turned(tmp_path, separator):
    state = bvlc_state()
    stored = {name.replace("/", separator): value for name, value in in_caffes_layout(state).items()}
    stored["loss1/fc.weight"] = torch.zeros(2, 2)
    found = read_googlenet(saved(stored, tmp_path / "a.safetensors"))
    assert same(found.state, state)
    assert (found.architecture, found.keys.layout, found.flipped) == ("googlenet-bvlc", "caffe", True)
    assert found.keys.dropped == ("loss1/fc.weight",)


def test_blobs_of_old_caffe_files_have_four_dimensions(tmp_path):
    state = bvlc_state()
    stored = {
        (name.removesuffix(".weight") + ".0" if name.endswith(".weight") else name.removesuffix(".bias") + ".1"): value
        for name, value in in_caffes_layout(state).items()
    }
    old = {name: value[(None,) * (4 - value.ndim)] for name, value in stored.items()}
    assert same(read_googlenet(saved(old, tmp_path / "a.safetensors")).state, state)


@pytest.mark.parametrize(("said", "flipped"), [("rgb", False), ("bgr", True)])
def test_the_order_of_colours_can_be_said(tmp_path, said, flipped):
    stored = in_caffes_layout(bvlc_state())
    found = read_googlenet(saved(stored, tmp_path / "a.safetensors", channels=said))
    first = stored["conv1/7x7_s2.weight"]
    assert torch.equal(found.state["conv1.conv.weight"], first[:, [2, 1, 0]] if flipped else first)


@needs_reference("weights/googlenet_bvlc.safetensors")
def test_the_real_network_of_2014_is_the_same_from_caffes_layout(tmp_path):
    path = REFERENCE / "weights" / "googlenet_bvlc.safetensors"
    ours = load_network("googlenet-bvlc", path)
    theirs = load_network(str(saved(in_caffes_layout(ours.module.state_dict()), tmp_path / "caffe.safetensors")))
    pixels = torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(ours.module(ours.inputs(pixels)), theirs.module(theirs.inputs(pixels)))
    assert theirs.sha256 == ours.sha256
    assert theirs.classes == IMAGENET_CLASSES


@pytest.mark.parametrize(
    ("outputs", "heads", "said", "expected"),
    [
        (1000, True, {}, True),
        (1000, False, {}, True),
        (3, False, {}, True),
        (3, True, {}, False),
        (3, False, {"transform_input": False}, False),
        (3, True, {"transform_input": True}, True),
        (3, False, {"mean": [0.5] * 3, "std": [0.5] * 3}, False),
    ],
)
def test_whether_inputs_are_transformed(tmp_path, outputs, heads, said, expected):
    weights = small_state(outputs) | ({"aux1.fc1.weight": torch.zeros(2, 2)} if heads else {})
    network = load_network(str(saved(weights, tmp_path / "a.safetensors", **said)))
    assert network.module.transform_input is expected


def test_what_is_said_beside_a_file_is_honoured_and_noticed_when_it_changes(state, tmp_path):
    path = str(saved(state, tmp_path / "own.safetensors", classes=["x", "y", "z"], mean=[0, 0, 0], std=[1, 1, 1]))
    beside = tmp_path / "own.json"
    beside.write_text(json.dumps({"mean": [0.5, 0.4, 0.3], "size": 96, "resize": 110, "unit": 1, "log": "unrelated"}))
    first = load_network(path)
    assert first.normalisation.mean == (0.5, 0.4, 0.3)
    assert (first.normalisation.unit, first.preset.resize, first.preset.crop) == (1.0, 110, 96)
    assert first.classes == ("x", "y", "z")
    beside.write_text(json.dumps({"transform_input": True}))
    assert load_network(path).module.transform_input


def test_the_same_weights_fed_otherwise_are_another_network(state, tmp_path):
    how = ({}, {"transform_input": False}, {"mean": [0, 0, 0], "std": [1, 1, 1]}, {"mean": [0, 0, 0], "std": [1, 1, 2]})
    files = [saved(state, tmp_path / f"{place}.safetensors", **said) for place, said in enumerate(how)]
    assert len({load_network(str(file)).sha256 for file in files}) == len(how)


def test_class_names(state, tmp_path):
    path = saved(state, tmp_path / "own.safetensors")
    assert load_network(str(path)).classes == ("class 0", "class 1", "class 2")
    (tmp_path / "classes.txt").write_text("one\ntwo\n")
    assert load_network(str(path)).classes == ("class 0", "class 1", "class 2")
    (tmp_path / "classes.txt").write_text("one\ntwo\nthree\n")
    assert load_network(str(path)).classes == ("one", "two", "three")
    (tmp_path / "own.classes.txt").write_text("\ufeffeins\nzwei\ndrei", encoding="utf-8")
    assert load_network(str(path)).classes == ("eins", "zwei", "drei")
    (tmp_path / "own.classes.txt").write_text("eins")
    with pytest.raises(BrokenDataError, match="1 classes and has 3 outputs"):
        load_network(str(path))


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"mean": [0.5, 0.5, 0.5]}, "std"),
        ({"mean": [0.5, 0.5], "std": [1, 1, 1]}, "mean"),
        ({"mean": ["a", 0, 0], "std": [1, 1, 1]}, "mean"),
        ({"mean": [0, 0, 0], "std": [1, 0, 1]}, "std"),
        ({"mean": [0, 0, 0], "std": [1, 1, 1], "unit": -1}, "unit"),
        ({"size": 100_000}, "size"),
        ({"size": "large"}, "size"),
        ({"transform_input": "perhaps"}, "transform_input"),
        ({"channels": "cmyk"}, "channels"),
        ({"classes": {"0": "cat"}}, "classes"),
        ({"classes": []}, "classes"),
        ({"classes": ["a", " ", "c"]}, "classes"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_named(state, tmp_path, said, named):
    path = saved(state, tmp_path / "own.safetensors", **said)
    with pytest.raises(BrokenDataError, match=f"said to have {named} "):
        load_network(str(path))


@pytest.mark.parametrize("said", [{"size": 224, "resize": 200}, {"resize": 200}, {"size": 96, "resize": 95}], ids=str)
def test_more_pixels_than_resizing_leaves_are_refused(state, tmp_path, said):
    """What lies beyond would be padded with black, without a word."""
    path = saved(state, tmp_path / "own.safetensors", **said)
    with pytest.raises(BrokenDataError, match=r"resize \d+ and to be shown \d+ pixels.*or more.*own\.json beside it"):
        load_network(str(path))


@pytest.mark.parametrize("where", ["in it", "own.classes.txt", "classes.txt"])
def test_two_classes_of_one_name_are_refused_with_their_numbers(state, tmp_path, where):
    names = ["cat", "dog", "cat"]
    path = saved(state, tmp_path / "own.safetensors", **({"classes": names} if where == "in it" else {}))
    if where != "in it":
        (tmp_path / where).write_text("\n".join(names))
    with pytest.raises(BrokenDataError, match="several classes 'cat': 0 and 2 "):
        load_network(str(path))


def test_namesakes_of_imagenet_are_taken_with_a_warning_where_imagenet_has_them(tmp_path):
    """Many lists of ImageNet's names have "crane" and "maillot" twice."""
    names = [f"name {number}" for number in range(1000)]
    names[134] = names[517] = "crane"
    names[638] = names[639] = "maillot"
    path = saved(small_state(1000), tmp_path / "own.safetensors", classes=names)
    assert load_network(str(path)).classes == tuple(names)
    warning = "its classes 134 and 517 are both 'crane' and 638 and 639 are both 'maillot'"
    assert any(one.startswith(warning) for one in describe(path).warnings)
    names[7] = "crane"
    with pytest.raises(BrokenDataError, match="several classes 'crane': 7, 134 and 517 "):
        load_network(str(saved(small_state(1000), tmp_path / "odd.safetensors", classes=names)))


def test_many_classes_of_many_names_are_not_listed_at_length(tmp_path):
    names = ["x" * 500] * 500 + ["y"] * 500
    path = saved(small_state(1000), tmp_path / "own.safetensors", classes=names)
    with pytest.raises(BrokenDataError, match=r"0, 1, 2 and others .*1 more name twice") as refused:
        load_network(str(path))
    assert len(str(refused.value)) < 500 + len(str(path)) * 2


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000], ids=["cut", "not UTF-8", "deep"])
def test_a_malformed_file_beside_it_is_named(state, tmp_path, text):
    path = saved(state, tmp_path / "own.safetensors")
    (tmp_path / "own.json").write_bytes(text)
    with pytest.raises(BrokenDataError, match=r"own\.json"):
        load_network(str(path))


def test_a_buffer_of_a_wrapper_does_not_pass_for_a_weight(state, tmp_path):
    """What is no part of a GoogLeNet is never dropped without a word, but for the heads."""
    with pytest.raises(UnfittingKeysError, match=r"1 unknown \(n_averaged\)"):
        read_googlenet(saved({**state, "n_averaged": torch.tensor(3)}, tmp_path / "a.safetensors"))
