"""Files that are no checkpoints, or mean harm: refused with the reason, and nothing in them runs."""

from __future__ import annotations

import pickle
import resource
import struct
import time
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from core.networks import files
from core.networks.about import NAMES, read_about
from core.networks.checkpoint import read_googlenet
from core.networks.googlenet import googlenet
from core.networks.registry import load_network
from core.pruning.description import describe
from tests.core.networks.checkpoints import saved, small_state


class Trap:
    """An object that, unpickled, would write a file."""

    def __init__(self, sprung):
        self.sprung = sprung

    def __reduce__(self):
        return (Path.touch, (self.sprung,))


def torch_file(trap, path):
    torch.save({"state_dict": {"conv1.conv.weight": torch.zeros(1)}, "extra": trap}, path)


def old_torch_file(trap, path):
    torch.save({"a": trap}, path, _use_new_zipfile_serialization=False)


def bare_pickle(trap, path):
    path.write_bytes(pickle.dumps(trap))


def old_pickle(trap, path):
    path.write_bytes(pickle.dumps(trap, protocol=2))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("write", [torch_file, old_torch_file, bare_pickle, old_pickle])
@pytest.mark.parametrize("name", ["trap.pth", "trap.safetensors", "trap"])
def test_a_pickle_that_runs_code_is_not_run(tmp_path, write, name):
    sprung = tmp_path / "sprung"
    write(Trap(sprung), tmp_path / name)
    with pytest.raises(BrokenDataError, match=r"weights alone.*save_file\(network\.state_dict"):
        read_googlenet(tmp_path / name)
    assert not sprung.exists()
    with (tmp_path / name).open("rb") as file:  # it is a trap indeed
        _ = pickle.load(file) if write in (bare_pickle, old_pickle) else torch.load(file, weights_only=False)
    assert sprung.exists()


def test_a_whole_network_is_refused_with_how_to_save_it_again(tmp_path):
    torch.save(googlenet(3), tmp_path / "whole.pth")
    with pytest.raises(BrokenDataError, match=r"objects of [\w.]+.*save the weights alone") as caught:
        read_googlenet(tmp_path / "whole.pth")
    assert "safetensors.torch.save_file(network.state_dict()" in caught.value.mend


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_program_is_refused(tmp_path):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "program.pt")
    with pytest.raises(BrokenDataError, match="TorchScript"):
        read_googlenet(tmp_path / "program.pt")


@pytest.mark.parametrize("claimed", [5 * 10**9, 2**63, 2**64 - 1, 99_000_000])
@pytest.mark.parametrize("held", [64, 900_000_000])
def test_a_header_of_5_gb_is_not_read(tmp_path, claimed, held):
    """Neither is it allocated, in a small file or in a large one (a hole, which takes no space)."""
    with (tmp_path / "a.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", claimed) + b'{"a":')
        file.truncate(held)
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BrokenDataError, match="not a whole safetensors file"):
        read_googlenet(tmp_path / "a.safetensors")
    assert time.perf_counter() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB


@pytest.mark.parametrize(
    "path", ["~nobody-of-this-name/a.pth", "a" * 5000 + ".pth", "\0.pth", "/dev/zero", "/dev/null"]
)
def test_paths_that_are_no_files(path):
    with pytest.raises((InvalidSettingError, MissingFileError)) as refused:
        load_network(path if "." in path else f"{path}/.pth")
    assert len(str(refused.value)) < 500
    with pytest.raises((InvalidSettingError, MissingFileError)):
        describe(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.999])
def test_truncated_files(tmp_path, suffix, share):
    path = tmp_path / f"cut{suffix}"
    state = {"conv1.conv.weight": torch.randn(64, 3, 7, 7)}
    _ = saved(state, path) if suffix == ".safetensors" else torch.save(state, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(BrokenDataError, match="cut"):
        read_googlenet(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ""])
@pytest.mark.parametrize("content", [b"\x00" * 99, b"PK\x03\x04" + b"x" * 99, b"\x80\x02" + b"\xff" * 99, b"text"])
def test_other_bytes(tmp_path, suffix, content):
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(content)
    with pytest.raises(BrokenDataError, match="odd"):
        read_googlenet(path)


def test_nothing_at_all(tmp_path):
    (tmp_path / "empty.pth").touch()
    with pytest.raises(BrokenDataError, match="is empty"):
        read_googlenet(tmp_path / "empty.pth")
    with pytest.raises(BrokenDataError, match="is a folder"):
        read_googlenet(tmp_path)
    with pytest.raises(MissingFileError):
        read_googlenet(tmp_path / "none.pth")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_far_too_large_is_not_read(tmp_path, suffix):
    path = tmp_path / f"huge{suffix}"
    with path.open("wb") as file:
        file.truncate(5 * 10**9)  # a hole, which takes no space
    with pytest.raises(BrokenDataError, match=r"5\.0 GB"):
        read_googlenet(path)


def test_an_archive_that_grows_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 10_000_000)
    path = tmp_path / "grows.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/data/0", bytes(20_000_000))
    assert path.stat().st_size < files.MOST_BYTES
    with pytest.raises(BrokenDataError, match="20 MB"):
        read_googlenet(path)


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(1).expand(10**12),  # a terabyte of four bytes
        torch.zeros(3, device="meta"),
        torch.zeros(64, 3, 7, 7).to_sparse(),
    ],
    ids=["expanded", "meta", "sparse"],
)
def test_tensors_that_are_not_what_they_claim(tmp_path, value):
    torch.save({"conv1.conv.weight": value}, tmp_path / "odd.pth")
    with pytest.raises(BrokenDataError, match=r"conv1\.conv\.weight"):
        read_googlenet(tmp_path / "odd.pth")


@pytest.mark.parametrize(
    "content", [{}, [], 3, {"state_dict": {}}, {"a": 1}, {"state_dict": {3: torch.zeros(1)}}], ids=str
)
def test_files_without_weights(tmp_path, content):
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(BrokenDataError, match="no state dict"):
        read_googlenet(tmp_path / "odd.pth")


@pytest.mark.parametrize("shape", [(0, 1024), (3,), (), (3, 1024, 1, 1)])
def test_a_classifier_of_another_shape(tmp_path, shape):
    odd = {**small_state(), "fc.weight": torch.zeros(shape)}
    with pytest.raises(BrokenDataError, match=r"of another shape .*fc\.weight"):
        read_googlenet(saved(odd, tmp_path / "odd.safetensors"))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("kind", ["zip", "old", "safetensors"])
@given(places=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_are_refused_whatever_they_are(tmp_path, kind, places):
    path = tmp_path / "damaged.pth"
    state = {"conv1.conv.weight": torch.zeros(4, 3, 2, 2), "fc.weight": torch.zeros(2, 3)}
    if kind == "safetensors":
        saved(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    content = bytearray(path.read_bytes())
    for place, value in places:
        content[place % len(content)] = value
    path.write_bytes(content)
    with pytest.raises(BrokenDataError, match=r"damaged\.pth"):
        read_googlenet(path)


def doubled(times):
    """A list that is small in memory, for it holds itself twice at each level, and endless when written out."""
    found = ["name"]
    for _ in range(times):
        found = [found, found]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_a_file_says_is_never_written_out_at_length(name, tmp_path):
    began = time.monotonic()
    with pytest.raises(BrokenDataError, match=name):
        read_about(tmp_path / "a.pth", {name: doubled(60)})
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("name", "value"), [("unit", 10**400), ("mean", [10**400, 0, 0]), ("size", 10**400)])
def test_a_number_that_no_float_holds_is_refused(name, value, tmp_path):
    with pytest.raises(BrokenDataError, match=name):
        read_about(tmp_path / "a.pth", {name: value})
