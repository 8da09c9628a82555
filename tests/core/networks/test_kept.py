from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import load

from core.errors import BrokenDataError, PrunescopeError
from core.networks.kept import forget_network, keep_network, kept_networks, same_weights
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


@pytest.mark.parametrize(
    "said",
    [{"classes": ["a", "b", "c"]}, {"transform_input": False}, {"size": 96}, {"mean": [0, 0, 0], "std": [1, 1, 1]}],
    ids=str,
)
def test_the_same_weights_described_otherwise_are_a_network_of_their_own(data, said):
    """Runs were made of the first: what is said of it may not change under them."""
    first = keep_network("own.safetensors", data)
    before = load_network(str(first))
    second = keep_network("own.safetensors", data, said)
    assert set(kept_networks()) == {first, second}
    assert same_weights(first) == (second,)
    assert (first.stem, second.stem) == ("own", "own-2")
    after = load_network(str(first))
    assert (after.classes, after.sha256, after.preset) == (before.classes, before.sha256, before.preset)
    assert keep_network("again.safetensors", data, said) == second
    assert keep_network("again.safetensors", data) == first


def test_the_same_network_in_another_format_is_there_already(data, tmp_path):
    first = keep_network("own.safetensors", data)
    torch.save({"state_dict": load(data)}, tmp_path / "own.pth")
    assert keep_network("own.pth", (tmp_path / "own.pth").read_bytes()) == first
    assert same_weights(first) == ()


def test_class_names_that_count_where_nothing_names_them(data):
    path = keep_network("own.safetensors", data, classes=("a", "b", "c"))
    assert load_network(str(path)).classes == ("a", "b", "c")
    other = keep_network("own.safetensors", data, {"classes": ["x", "y", "z"]}, ("a", "b", "c"))
    assert load_network(str(other)).classes == ("x", "y", "z")
    numbered = keep_network("own.safetensors", data, classes=("a", "b"))
    assert load_network(str(numbered)).classes == ("class 0", "class 1", "class 2")


def test_a_hundred_uploads_at_once(data, folder):
    """Whatever they are, each is kept or refused by itself, and nothing else is left behind."""
    uploads = [("own.safetensors", data, {"size": 96 + number % 2}) for number in range(4)]
    uploads += [(f"{number}.pth", bytes([number]) * number, {}) for number in range(96)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(_kept_or_refused, uploads))
    assert {path.stem for path in found if path} == {"own", "own-2"}
    assert sum(path is None for path in found) == 96
    assert sorted(folder.iterdir()) == sorted(path.parent for path in kept_networks())


def _kept_or_refused(upload):
    try:
        return keep_network(*upload)
    except PrunescopeError:
        return None


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
    [
        ("../../up.pth", "up"),
        ("C:\\a\\b.pth", "b"),
        ("a b\n.pth", "a_b_"),
        ("", "network"),
        ("x" * 300, "x" * 80),
        ("\U00020000" * 80 + ".pth", "\U00020000" * 50),
        ("a.json", "a"),
        ("a." + "\u00e9" * 300, "a"),
    ],
)
def test_names_stay_within_the_folder(data, folder, name, stem):
    path = keep_network(name, data)
    assert path.parent.parent == folder
    assert path.stem == stem
    assert len(path.with_name(f"{path.stem}.classes.txt").name.encode()) < 255
    assert load_network(str(path)).classes == ("class 0", "class 1", "class 2")


def test_forgetting(data, tmp_path):
    path = keep_network("own.safetensors", data)
    other = tmp_path / "other.pth"
    torch.save({}, other)
    forget_network(other)
    assert other.exists()
    forget_network(path)
    assert kept_networks() == ()
