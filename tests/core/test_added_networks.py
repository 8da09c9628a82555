from __future__ import annotations

import json

import pytest
import torch

from core.added_networks import add_file, add_upload, names_in
from core.errors import BrokenDataError, MissingFileError
from core.networks.checkpoint import UnfittingKeysError
from core.networks.kept import kept_networks
from core.networks.registry import load_network
from tests.core.networks.checkpoints import saved, small_state


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return saved(small_state(), tmp_path_factory.mktemp("own") / "own.safetensors")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    said = {"classes": ["a", "b", "c"], "mean": [0.5, 0.5, 0.5], "std": [0.2, 0.2, 0.2], "size": 96}
    return load_network(str(saved(small_state(), tmp_path_factory.mktemp("base") / "base.safetensors", **said)))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))


def test_an_upload_gets_the_name_that_is_given(file):
    path = add_upload("own.safetensors", file.read_bytes(), "mine")
    assert path.name == "mine.safetensors"
    assert load_network(str(path)).classes == ("class 0", "class 1", "class 2")


def test_made_from_another_it_is_the_same_network_as_that_one(file, base):
    found = load_network(str(add_upload("own.safetensors", file.read_bytes(), like=base)))
    assert found.sha256 == base.sha256
    assert (found.classes, found.preset, found.normalisation) == (base.classes, base.preset, base.normalisation)


def test_a_thousand_classes_are_called_as_by_the_network_that_it_was_made_from(tmp_path):
    """ImageNet's names are a guess from the number alone."""
    names = tuple(f"species {number}" for number in range(1000))
    file = saved(small_state(1000), tmp_path / "own.safetensors")
    base = load_network(str(saved(small_state(1000), tmp_path / "base.safetensors", classes=names)))
    assert load_network(str(add_upload("own.safetensors", file.read_bytes(), like=base))).classes == names
    assert load_network(str(add_file(file, like=base))).classes == names


def test_class_names_that_are_given_come_before_those_of_the_other(file, base):
    path = add_upload("own.safetensors", file.read_bytes(), classes=("x", "y", "z"), like=base)
    assert load_network(str(path)).classes == ("x", "y", "z")


def test_a_file_comes_with_what_is_said_beside_it(tmp_path, file):
    own = tmp_path / "files" / "own.safetensors"
    own.parent.mkdir()
    own.write_bytes(file.read_bytes())
    (own.parent / "classes.txt").write_text("x\ny\nz\n")
    own.with_suffix(".json").write_text(json.dumps({"transform_input": False, "size": 64}))
    path = add_file(own)
    assert path in kept_networks()
    found, there = load_network(str(path)), load_network(str(own))
    assert (found.sha256, found.classes, found.preset) == (there.sha256, ("x", "y", "z"), there.preset)


def test_what_is_no_network_is_refused_by_its_own_name_and_not_kept(tmp_path, file, base):
    state = {name: value for name, value in small_state().items() if name != "fc.bias"}
    torch.save(state | {"conv9": torch.zeros(1)}, tmp_path / "bad.pth")
    with pytest.raises(UnfittingKeysError) as refused:
        add_upload("bad.pth", (tmp_path / "bad.pth").read_bytes(), like=base)
    assert refused.value.given.startswith("bad.pth is not a GoogLeNet")
    assert refused.value.faults == {"missing": ("fc.bias",), "unknown": ("conv9",)}
    with pytest.raises(MissingFileError):
        add_file(tmp_path / "nowhere.pth")
    with pytest.raises(BrokenDataError, match="2 classes and has 3 outputs"):
        add_upload("own.safetensors", file.read_bytes(), classes=("x", "y"))
    assert kept_networks() == ()


def test_names_are_read_from_a_text():
    assert names_in("names.txt", b"\xef\xbb\xbfcat\r\n\n dog \n") == ("cat", "dog")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe", b"a\0b", b"a" * 1_000_001])
def test_what_is_no_list_of_names_is_refused(data):
    with pytest.raises(BrokenDataError, match="names no classes"):
        names_in("names.txt", data)
