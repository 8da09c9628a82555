"""Pixels that are not what was packed are never given out, and a damaged pack is brought back to what it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from core.data import decode
from core.data.manifest import load_manifest
from core.data.pack import data_fingerprint, delete_pack, find_pack, pack, pack_cost
from core.data.packed import DamagedPackError
from core.data.packs import kept_packs
from core.data.preset import Preset
from core.data.source import open_source
from core.errors import CancelledError, StorageError
from core.paths import ROOT
from tests.core.data.images import make_tree, save, truncate

PRESET = Preset(40, 32)
STOPS = [span.stop for span in decode.spans(0, 150, PRESET)]  # where the chunks of 150 images end
ROW = 32 * 32 * 3


@pytest.fixture
def tree(tmp_path):
    """150 images of 3 classes: in chunks, see `STOPS`; the 80th image is broken."""
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
    state, offset = made.file.stat(), made.indices[place] * ROW + at
    with made.file.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))
    os.utime(made.file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (made.file.stat().st_size, made.file.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)


@pytest.mark.parametrize(("place", "at"), [(0, 0), (7, ROW - 1), (8, 7), (148, ROW - 1)])
def test_a_flipped_bit_is_never_given_out_and_is_mended(tree, tmp_path, made, place, at):
    sound = made.file.read_bytes()
    flip(made, place, at)
    others = [one for one in range(len(made)) if one != place]
    assert found(tree, tmp_path).batch(others).tobytes() == rows(sound)[made.indices[others]].tobytes()
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
    assert decoded == [place + 1]  # only the row itself


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


def test_rows_that_follow_each_other_without_the_broken_ones_come_to_their_places(tree, tmp_path, made):
    """So packs were written once."""
    sound = made.file.read_bytes()
    made.file.write_bytes(rows(sound)[made.indices].tobytes())
    assert found(tree, tmp_path) is None
    mended = again(tree, tmp_path)
    assert mended.fingerprint == made.fingerprint
    assert everything(mended).tobytes() == rows(sound)[made.indices].tobytes()


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


def write(content):
    return lambda folder: (folder / "manifest.json").write_text(content)


def signed(**changed):
    """Change a manifest and its own hash with it."""

    def harm(folder):
        body = {**json.loads((folder / "manifest.json").read_text()), **changed}
        del body["check"]
        check = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(body | {"check": check}))

    return harm


def folder_for_manifest(folder):
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").mkdir()


BAD_MANIFESTS = [
    cut_manifest,
    change_manifest,
    folder_for_manifest,
    *map(write, ["", "{}", "[]", '"a"', "3", "null", "[" * 200_000, '{"check": ' + "[" * 200_000]),
    signed(preset={"resize": 40, "crop": 0}),
    signed(preset={"resize": "40", "crop": 32}),
    signed(labels=[]),
    signed(labels=[7] * 149),
    signed(ids=["one"]),
    signed(skipped=[[-3, "x", "y"]]),
    signed(skipped=[[10**30, "x", "y"]]),
    signed(chunks=[[149, 3], [-1, ""]]),
    signed(chunks=[]),
]


def told_of(tree, tmp_path):
    told = []
    return again(tree, tmp_path, progress=lambda *what: told.append(what)), told


@pytest.mark.parametrize("harm", BAD_MANIFESTS)
def test_a_damaged_manifest_is_made_again_without_decoding_an_image(tree, tmp_path, made, harm):
    sound = (made.folder / "manifest.json").read_bytes()
    harm(made.folder)
    assert found(tree, tmp_path) is None
    source = open_source(str(tree))
    assert data_fingerprint(source, PRESET, tmp_path / "cache") is None
    assert pack_cost(source, PRESET, tmp_path / "cache").images <= 1  # the broken one
    assert len(kept_packs(tmp_path / "cache")) == 1
    mended, told = told_of(tree, tmp_path)
    assert [done for done, _, what in told if what.startswith("packing")] == [150]
    assert everything(mended).shape == made.shape
    assert (made.folder / "manifest.json").read_bytes() == sound
    assert list((tmp_path / "cache" / "packs").glob("*.damaged")) == []


@pytest.mark.parametrize("broken", [0, 1])
def test_without_a_journal_the_manifest_is_made_of_the_hashes_of_rows_if_they_are_all(tree, tmp_path, broken):
    """Packs made before the journal was kept."""
    if not broken:
        (tree / "class1" / "4.png").unlink()
    made = again(tree, tmp_path)
    (made.folder / "journal.jsonl").unlink()
    sound = (made.folder / "manifest.json").read_bytes()
    cut_manifest(made.folder)
    cost = pack_cost(open_source(str(tree)), PRESET, tmp_path / "cache")
    mended, told = told_of(tree, tmp_path)
    assert cost.images == 150 * broken
    assert next(done for done, _, what in told if what.startswith("packing")) == 149 * (1 - broken)
    assert mended.fingerprint == made.fingerprint
    assert (made.folder / "manifest.json").read_bytes() == sound
    assert made.folder.with_name(made.folder.name + ".damaged").is_dir() == bool(broken)


def test_what_is_set_aside_goes_before_the_disk_is_too_small(tree, tmp_path, made, monkeypatch):
    (made.folder / "journal.jsonl").unlink()
    cut_manifest(made.folder)
    aside = made.folder.with_name(made.folder.name + ".damaged")

    def usage(_):
        free = 100 * ROW if aside.exists() else 200 * ROW
        return shutil._ntuple_diskusage(10**9, 10**9 - free, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert again(tree, tmp_path).fingerprint == made.fingerprint
    assert not aside.exists()


def test_a_disk_too_small_is_told_with_what_can_be_deleted(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 0))
    with pytest.raises(StorageError, match="packs --delete") as caught:
        again(tree, tmp_path)
    assert "takes 0.5 MB more" in caught.value.given
    assert "has 0.0 MB left" in caught.value.given


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_journal_that_was_changed_is_not_believed(tree, tmp_path, made, line):
    journal = made.folder / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace('"stop": ', '"stop": 1')
    journal.write_text("".join(lines))
    cut_manifest(made.folder)
    mended, told = told_of(tree, tmp_path)
    assert next(done for done, _, what in told if what.startswith("packing")) == [0, *STOPS][line]
    assert (mended.fingerprint, mended.ids) == (made.fingerprint, made.ids)


def spoil_image(tree, name="class0/5.png"):
    """Damage an image so that its size and time do not tell; return what makes it whole again."""
    file = tree / name
    state, content = file.stat(), file.read_bytes()

    def put(data):
        file.write_bytes(data)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    put(content[:-40] + bytes(40))
    return lambda: put(content)


def test_an_image_that_is_lost_does_not_matter_while_its_own_pixels_are_sound(tree, tmp_path, made):
    sound = made.file.read_bytes()
    spoil_image(tree)
    flip(made, made.ids.index("class0/5.png") + 1)
    with pytest.raises(DamagedPackError):
        everything(made)
    mended = again(tree, tmp_path)
    assert (mended.fingerprint, mended.file.read_bytes()) == (made.fingerprint, sound)


@pytest.mark.parametrize("lose", [lambda folder: None, lose_hashes])
def test_where_the_source_does_not_give_the_pixels_again_the_pack_stays_what_it_is(tree, tmp_path, made, lose):
    sound = made.file.read_bytes()
    put_back = spoil_image(tree)
    lost = made.ids.index("class0/5.png")
    for place in (lost, 100):
        flip(made, place)
    with pytest.raises(DamagedPackError):
        made.batch([lost])
    lose(made.folder)
    for _ in range(2):
        with pytest.raises(DamagedPackError, match=r"class0/5\.png does not give them again") as caught:
            again(tree, tmp_path)
        assert "put class0/5.png back" in caught.value.mend
        assert made.folder.name in caught.value.mend
        assert rows(made.file.read_bytes())[100].tobytes() == rows(sound)[100].tobytes()  # the rest is mended
        assert data_fingerprint(open_source(str(tree)), PRESET, tmp_path / "cache") == made.fingerprint
    put_back()
    mended = again(tree, tmp_path)
    assert (mended.fingerprint, mended.file.read_bytes()) == (made.fingerprint, sound)


def test_a_pack_that_is_deleted_is_made_of_the_images_as_they_are(tree, tmp_path, made):
    spoil_image(tree)
    delete_pack(made)
    mended = again(tree, tmp_path)
    assert mended.fingerprint != made.fingerprint
    assert "class0/5.png" in {one.id for one in mended.skipped}


@pytest.mark.parametrize("harm", HARMS)
def test_the_fingerprint_of_a_damaged_pack_is_known(tree, tmp_path, made, harm):
    harm(made.folder)
    for manifest in ("manifest.json", "manifest.doubted.json"):
        (made.folder / "manifest.json").exists() and (made.folder / "manifest.json").replace(made.folder / manifest)
        assert data_fingerprint(open_source(str(tree)), PRESET, tmp_path / "cache") == made.fingerprint


MENDER = """
import sys
from pathlib import Path
from core.data.pack import pack
from core.data.preset import Preset
from core.data.source import open_source

pack(open_source(sys.argv[1]), Preset(40, 32), cache=Path(sys.argv[2]), progress=lambda *told: print(*told, flush=True))
"""


@pytest.mark.parametrize("after", ["checking", "mending"])
def test_killed_while_it_mends_it_is_mended_the_next_time(tree, tmp_path, made, after):
    sound = made.file.read_bytes()
    zero_half(made.folder)
    lose_hashes(made.folder)
    words = [sys.executable, "-c", MENDER, str(tree), str(tmp_path / "cache")]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert next(line for line in process.stdout if after in line)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    mended = again(tree, tmp_path)
    assert (mended.fingerprint, mended.file.read_bytes()) == (made.fingerprint, sound)
    assert everything(mended).shape == made.shape


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
