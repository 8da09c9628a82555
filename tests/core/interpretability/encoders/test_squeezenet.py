from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torchvision.models import squeezenet1_1

from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from core.interpretability.encoders.registry import load_encoder, resolved_encoding
from core.networks.network import IMAGENET_NORMALISATION
from core.units.study import Encoding
from tests.reference import REFERENCE, needs_reference

WEIGHTS = "weights/squeezenet1_1.safetensors"


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return squeezenet1_1().state_dict()


@pytest.fixture
def file(tmp_path, state):
    return saved(tmp_path, state)


def saved(folder, state):
    path = folder / "squeezenet.safetensors"
    save_file(state, path)
    return str(path)


def pictures(size=224, images=2):
    return np.random.default_rng(0).integers(0, 256, (images, size, size, 3), dtype=np.uint8)


def embed(encoding, pixels):
    return load_encoder(resolved_encoding(encoding), None, "cpu").embed(pixels)


def expected(state, pixels):
    network = squeezenet1_1()
    network.load_state_dict(state)
    with torch.no_grad():
        rows = network.features(IMAGENET_NORMALISATION(torch.from_numpy(pixels))).mean((2, 3)).double()
    return (rows / rows.norm(dim=1, keepdim=True)).numpy()


def test_embeddings_are_the_pooled_features_of_torchvisions_network(file, state):
    rows = embed(Encoding("squeezenet", file), pictures())
    assert rows.shape == (2, 512)
    assert np.allclose(rows, expected(state, pictures()), atol=1e-5)


def test_small_pictures_are_seen_at_the_size_it_was_trained_for(file):
    small = pictures(16)
    large = small.repeat(14, axis=1).repeat(14, axis=2)
    rows = [embed(Encoding("squeezenet", file), pixels) for pixels in (small, large)]
    assert (rows[0] * rows[1]).sum(1).min() > 0.9


def test_weights_are_known_whatever_the_file_is_called(file, state, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    one, other = (
        resolved_encoding(Encoding("squeezenet", path)) for path in (file, saved(tmp_path / "elsewhere", state))
    )
    assert one.sha == other.sha
    assert len(one.sha) == 64


def test_without_a_file_it_says_what_is_wanted():
    with pytest.raises(InvalidSettingError, match=r"without a file.*torchvision's key names.*name its weights file"):
        resolved_encoding(Encoding("squeezenet"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"nowhere\.safetensors"):
        resolved_encoding(Encoding("squeezenet", str(tmp_path / "nowhere.safetensors")))


FAULTS = {
    "1 keys are missing, unknown or of another shape .classifier.1.bias": lambda state: state.pop("classifier.1.bias"),
    "1 keys are missing, unknown or of another shape .extra": lambda state: state.update(extra=torch.zeros(1)),
    "of another shape .features.0.bias": lambda state: state.update({"features.0.bias": torch.zeros(3)}),
    "not finite in 1 of its tensors .features.0.bias": lambda state: state["features.0.bias"].fill_(float("nan")),
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_file_that_holds_something_else_is_refused(tmp_path, state, message):
    broken = {name: value.clone() for name, value in state.items()}
    FAULTS[message](broken)
    with pytest.raises(BrokenDataError, match=message):
        resolved_encoding(Encoding("squeezenet", saved(tmp_path, broken)))


def test_a_file_that_changed_since_is_refused(file, state, tmp_path):
    resolved = resolved_encoding(Encoding("squeezenet", file))
    saved(tmp_path, {name: value + 1 for name, value in state.items()})
    with pytest.raises(BrokenDataError, match="has changed"):
        load_encoder(resolved, None, "cpu")
    with pytest.raises(BrokenDataError, match="has changed"):
        resolved_encoding(resolved)


@needs_reference(WEIGHTS)
def test_trained_weights_find_a_picture_like_itself_mirrored():
    coarse = torch.rand((4, 3, 12, 12), generator=torch.Generator().manual_seed(1))
    soft = torch.nn.functional.interpolate(coarse, size=224, mode="bicubic").clamp(0, 1).mul(255).byte()
    pixels = soft.permute(0, 2, 3, 1).contiguous().numpy()
    encoding = Encoding("squeezenet", str(REFERENCE / WEIGHTS))
    rows, turned = embed(encoding, pixels), embed(encoding, np.ascontiguousarray(pixels[:, :, ::-1]))
    assert np.allclose(rows, expected(load_file(REFERENCE / WEIGHTS), pixels), atol=1e-5)
    assert (rows @ turned.T).argmax(1).tolist() == [0, 1, 2, 3]
