from __future__ import annotations

import json
from shutil import copyfile

import pytest
import torch
from safetensors.torch import save_file

from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from core.evaluation.accuracy import accuracy
from core.evaluation.predict import Predictor, predict
from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from core.networks.checkpoint import read_googlenet
from core.networks.conventions import IMAGENET_CLASSES
from core.networks.googlenet import googlenet, googlenet_bvlc
from core.networks.network import weights_sha256
from core.networks.registry import load_network
from tests.reference import REFERENCE, needs_reference

META = {"mean": "[0.5, 0.5, 0.5]", "std": "[0.2, 0.2, 0.2]", "size": "96", "classes": json.dumps(["a", "b", "c"])}


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return googlenet(3, initialise=True).state_dict()


def saved(state, path, **metadata):
    save_file({name: value.contiguous() for name, value in state.items()}, path, metadata=metadata or None)
    return path


def test_a_checkpoint_of_our_own_says_its_classes_size_and_normalisation(state, tmp_path):
    network = load_network(str(saved(state, tmp_path / "own.safetensors", **META)))
    assert network.classes == ("a", "b", "c")
    assert (network.preset.resize, network.preset.crop) == (96, 96)
    pixels = torch.randint(0, 256, (2, 4, 5, 3), dtype=torch.uint8)
    expected = (pixels.permute(0, 3, 1, 2) / 255 - 0.5) / 0.2
    assert torch.allclose(network.inputs(pixels), expected)
    assert not network.module.training
    assert not any(parameter.requires_grad for parameter in network.module.parameters())


def test_the_fingerprint_is_of_the_values_not_of_the_file(state, tmp_path):
    half = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    full = {name: value.float() if value.is_floating_point() else value for name, value in half.items()}
    first = load_network(str(saved(half, tmp_path / "half.safetensors", **META)))
    second = load_network(str(saved(full, tmp_path / "full.safetensors", **META)))
    assert first.sha256 == second.sha256
    changed = {**full, "fc.bias": full["fc.bias"] + 1e-3}
    assert weights_sha256(changed) != weights_sha256(full)


def test_a_network_is_told_from_others_by_its_class_names_and_its_size_too(state, tmp_path):
    told = [META, META | {"classes": json.dumps(["b", "a", "c"])}, META | {"size": "64"}]
    found = [
        load_network(str(saved(state, tmp_path / f"{place}.safetensors", **one))) for place, one in enumerate(told)
    ]
    assert len({one.sha256 for one in found}) == 1
    assert len({one.key for one in found}) == 3
    again = load_network(str(saved(state, tmp_path / "again.safetensors", **META)))
    assert again.key == found[0].key


def test_imagenets_weights_bring_torchvisions_input_transform_and_names(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "imagenet.pth"
    torch.save(googlenet(1000, initialise=True).state_dict(), path)
    network = load_network(str(path))
    assert network.module.transform_input
    assert network.classes == IMAGENET_CLASSES
    assert (network.preset.resize, network.preset.crop) == (256, 224)


def test_auxiliary_heads_are_left_out(state, tmp_path):
    more = {**state, "aux1.fc1.weight": torch.zeros(2, 2)}
    assert "aux1.fc1.weight" not in read_googlenet(saved(more, tmp_path / "aux.safetensors")).state


def test_the_network_of_2014_is_recognised_by_its_biases(tmp_path):
    torch.manual_seed(0)
    network = load_network(str(saved(googlenet_bvlc().state_dict(), tmp_path / "old.safetensors")))
    pixels = torch.full((1, 2, 2, 3), 123, dtype=torch.uint8)
    assert network.inputs(pixels)[0, :, 0, 0].tolist() == [0.0, 6.0, 19.0]


def test_a_file_of_something_else_lists_its_keys(state, tmp_path):
    wrong = {name: value for name, value in state.items() if name != "fc.bias"}
    wrong["fc.weight"] = torch.zeros(3, 7)
    wrong["head.weight"] = torch.zeros(1)
    path = saved(wrong, tmp_path / "wrong.safetensors", **META)
    with pytest.raises(
        BrokenDataError, match=r"missing \(fc.bias\).*unknown \(head.weight\).*another shape \(fc.weight"
    ):
        load_network(str(path))


def test_a_pickle_that_runs_code_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    torch.save({"fc.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(BrokenDataError, match="safetensors"):
        load_network(str(tmp_path / "trap.pth"))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\xff" * 64])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_named(tmp_path, content, suffix):
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content)
    with pytest.raises(BrokenDataError, match="damaged"):
        load_network(str(path))


def test_unknown_names_and_missing_files(tmp_path):
    with pytest.raises(InvalidSettingError, match="resnet"):
        load_network("resnet")
    with pytest.raises(MissingFileError, match="gone"):
        load_network("demo", tmp_path / "gone.safetensors")


@needs_reference("weights/googlenet_bvlc.safetensors", "imagenet/val", "imagenet/labels.csv")
def test_the_real_network_of_2014_tells_real_images_apart(tmp_path):
    """68.2 % top-1 is known for images 1-5000 by centre crop; 96 of them may be off by chance, not by a half."""
    weights = REFERENCE / "weights" / "googlenet_bvlc.safetensors"
    images = tmp_path / "imagenet" / "val"
    images.mkdir(parents=True)
    names = [path.name for path in sorted((REFERENCE / "imagenet" / "val").iterdir())[:96]]
    lines = (REFERENCE / "imagenet" / "labels.csv").read_text().splitlines()
    chosen = [line for line in lines[1:] if line.split(",")[0] in names]
    (images / "labels.csv").write_text("\n".join([lines[0], *chosen]))
    for name in names:
        copyfile(REFERENCE / "imagenet" / "val" / name, images / name)
    spec = ExperimentSpec("googlenet-bvlc", str(weights), str(images), "crop")
    subject = find_subject(spec, tmp_path)
    predictor = Predictor.of(subject.network, subject.network.module, torch.device("cpu"))
    packed = subject.pack()
    figures = accuracy(predict(predictor, packed, packed.order))
    assert figures["top1_low"] < 0.682 < figures["top1_high"]
