"""Pixels that are not what was packed are never given out, and a damaged pack is brought back to what it was."""

from __future__ import annotations

import os

import numpy as np
import pytest

from core.data.manifest import load_manifest
from core.data.pack import find_pack, pack
from core.data.packed import DamagedPackError
from core.data.preset import Preset
from core.data.source import open_source
from core.errors import CancelledError
from tests.core.data.images import make_tree, save, truncate

PRESET = Preset(40, 32)
ROW = 32 * 32 * 3


@pytest.fixture
def tree(tmp_path):
    """150 images of 3 classes: chunks of 64, 64 and 22 images; the 80th image is broken."""
    tree = make_tree(tmp_path / "tree", classes=3, images=50)
    save(tree / "class1" / "4.png").write_bytes(b"")
    return tree


@pytest.fixture
def made(tree, tmp_path):
    return again(tree, tmp_path)


def again(tree, tmp_path, **options):
    return pack(open_source(str(tree)), PRESET, cache=tmp_path / "cache", **options)


def found(tree, tmp_path):
    return find_pack(open_source(str(tree)), PRESET, tmp_path / "cache")


def everything(made):
    return made.batch(range(len(made)))


def flip(made, place, at=0):
    """Change one bit of a row; size and time of the file stay what they were."""
    state = made.file.stat()
    with made.file.open("r+b") as file:
        file.seek(place * ROW + at)
        byte = file.read(1)[0]
        file.seek(place * ROW + at)
        file.write(bytes([byte ^ 1]))
    os.utime(made.file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (made.file.stat().st_size, made.file.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)


@pytest.mark.parametrize(("place", "at"), [(0, 0), (63, ROW - 1), (64, 7), (148, ROW - 1)])
def test_a_flipped_bit_is_never_given_out_and_is_mended(tree, tmp_path, made, place, at):
    sound = made.file.read_bytes()
    flip(made, place, at)
    others = [one for one in range(len(made)) if one != place]
    assert found(tree, tmp_path).batch(others).tobytes() == np.delete(rows(sound), place, axis=0).tobytes()
    with pytest.raises(DamagedPackError) as caught:
        found(tree, tmp_path).batch([*others, place])
    assert made.ids[place] in str(caught.value)
    assert caught.value.allowed
    assert caught.value.mend
    assert found(tree, tmp_path) is None
    told = []
    mended = again(tree, tmp_path, progress=lambda *what: told.append(what))
    assert mended.file.read_bytes() == sound
    assert (mended.fingerprint, mended.ids, mended.skipped) == (made.fingerprint, made.ids, made.skipped)
    decoded = [done for done, _, what in told if what.startswith("mending")]
    assert len(decoded) == 1  # only the chunk in which it lies


def rows(content):
    return np.frombuffer(content, np.uint8).reshape(-1, ROW)


def cut_pixels(folder):
    os.truncate(folder / "pixels.bin", 70 * ROW + 100)


def add_pixels(folder):
    with (folder / "pixels.bin").open("ab") as file:
        file.write(b"more" * 1000)


def lose_pixels(folder):
    (folder / "pixels.bin").unlink()


def zero_half(folder):
    with (folder / "pixels.bin").open("r+b") as file:
        file.write(bytes(75 * ROW))


def cut_hashes(folder):
    truncate(folder / "rows.sha256")


def change_hashes(folder):
    with (folder / "rows.sha256").open("r+b") as file:
        file.write(b"another")


def lose_hashes(folder):
    (folder / "rows.sha256").unlink()


HARMS = [cut_pixels, add_pixels, lose_pixels, zero_half, cut_hashes, change_hashes, lose_hashes]


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_damaged_is_mended_in_place(tree, tmp_path, made, harm):
    names = ("pixels.bin", "rows.sha256", "manifest.json")
    sound = [(made.folder / name).read_bytes() for name in names]
    harm(made.folder)
    if harm is zero_half:
        with pytest.raises(DamagedPackError):
            everything(made)
    assert found(tree, tmp_path) is None
    mended = again(tree, tmp_path)
    assert everything(mended).shape == made.shape
    assert [(mended.folder / name).read_bytes() for name in names] == sound
    assert not mended.folder.with_name(mended.folder.name + ".damaged").exists()


def cut_manifest(folder):
    truncate(folder / "manifest.json")


def change_manifest(folder):
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"labels": [0', '"labels": [1'))


@pytest.mark.parametrize("harm", [cut_manifest, change_manifest])
def test_where_nothing_says_what_was_packed_it_is_set_aside_and_made_anew(tree, tmp_path, made, harm):
    harm(made.folder)
    assert found(tree, tmp_path) is None
    mended = again(tree, tmp_path)
    assert everything(mended).shape == made.shape
    assert mended.fingerprint == made.fingerprint
    assert made.folder.with_name(made.folder.name + ".damaged").is_dir()


def test_where_the_source_gives_other_pixels_it_is_made_anew_under_another_name(tree, tmp_path, made):
    file = tree / "class0" / "5.png"
    state = file.stat()
    place = made.ids.index("class0/5.png")
    file.write_bytes(file.read_bytes()[:-40] + bytes(40))  # damaged too, though its size and time do not tell
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    flip(made, place)
    with pytest.raises(DamagedPackError):
        made.batch([place])
    mended = again(tree, tmp_path)
    assert mended.fingerprint != made.fingerprint
    assert "class0/5.png" in {one.id for one in mended.skipped}
    assert made.folder.with_name(made.folder.name + ".damaged").is_dir()


def test_mending_can_be_stopped_and_gone_on_with(tree, tmp_path, made):
    sound = made.file.read_bytes()
    zero_half(made.folder)
    with pytest.raises(DamagedPackError):
        everything(made)
    for after in ("checking", "mending"):
        told = []
        with pytest.raises(CancelledError):
            again(
                tree,
                tmp_path,
                progress=lambda *what: told.append(what),  # noqa: B023
                cancelled=lambda: told[-1][2].startswith(after),  # noqa: B023
            )
        assert found(tree, tmp_path) is None
    assert again(tree, tmp_path).file.read_bytes() == sound


def test_a_pack_whose_file_is_gone_while_in_use_is_noticed(tree, tmp_path, made):
    lose_pixels(made.folder)
    with pytest.raises(DamagedPackError, match="cannot be read"):
        made.batch([3])
    assert everything(again(tree, tmp_path)).shape == made.shape


def test_a_pack_cut_short_while_in_use_is_noticed(tree, tmp_path, made):
    cut_pixels(made.folder)
    with pytest.raises(DamagedPackError, match="damaged"):
        made.batch([148])
    assert load_manifest(made.folder) is None
