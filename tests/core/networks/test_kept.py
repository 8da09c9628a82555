from __future__ import annotations

import pickle

import pytest
import torch

from core.errors import BrokenDataError
from core.networks.kept import forget_network, keep_network, kept_networks
from core.networks.registry import load_network
from tests.core.networks.checkpoints import saved, small_state


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return saved(small_state(), tmp_path_factory.mktemp("own") / "own.safetensors").read_bytes()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))
    return tmp_path / "networks"


def test_an_upload_is_a_network_from_then_on(data):
    path = keep_network("own.safetensors", data)
    assert path.read_bytes() == data
    assert load_network(str(path)).title == "own"
    assert kept_networks() == (path,)
    assert keep_network("copy.safetensors", data) == path
    assert kept_networks() == (path,)


def test_what_is_said_of_it_is_kept_with_it(data):
    path = keep_network("own.safetensors", data, {"classes": ["a", "b", "c"], "transform_input": False, "size": None})
    network = load_network(str(path))
    assert network.classes == ("a", "b", "c")
    assert not network.module.transform_input
    keep_network("own.safetensors", data, {"transform_input": True})
    assert load_network(str(path)).module.transform_input
    assert kept_networks() == (path,)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", {}), (pickle.dumps(print), {}), (None, {"classes": ["a"]}), (None, {"mean": [1]})],
    ids=["empty", "a pickle", "too few classes", "no normalisation"],
)
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_what_is_no_network_is_not_kept(data, folder, content, said):
    with pytest.raises(BrokenDataError):
        keep_network("own.pth", data if content is None else content, said)
    assert kept_networks() == ()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "stem"),
    [("../../up.pth", "up"), ("C:\\a\\b.pth", "b"), ("a b\n.pth", "a_b_"), ("", "network"), ("x" * 300, "x" * 80)],
)
def test_names_stay_within_the_folder(data, folder, name, stem):
    path = keep_network(name, data)
    assert path.parent.parent == folder
    assert path.stem == stem
    assert load_network(str(path)).classes == ("class 0", "class 1", "class 2")


def test_forgetting(data, tmp_path):
    path = keep_network("own.safetensors", data)
    other = tmp_path / "other.pth"
    torch.save({}, other)
    forget_network(other)
    assert other.exists()
    forget_network(path)
    assert kept_networks() == ()
