"""All packs of a cache, and what is deleted of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from core.data.pack import find_pack, pack
from core.data.packed import DamagedPackError
from core.data.packs import BEGUN, DOUBTFUL, SET_ASIDE, WHOLE, delete_pack, kept_packs
from core.data.preset import Preset
from core.data.source import open_source
from core.errors import CancelledError, InvalidSettingError
from core.paths import ROOT
from tests.core.data.images import make_tree, save, truncate

PRESET = Preset(40, 32)


@pytest.fixture
def source(tmp_path):
    tree = make_tree(tmp_path / "tree", classes=3, images=30)
    save(tree / "class1" / "4.png").write_bytes(b"")
    return open_source(str(tree))


def test_a_cache_without_packs(tmp_path):
    assert kept_packs(tmp_path) == ()


def test_a_pack_is_listed_with_what_it_is_of_and_what_it_takes(source, tmp_path):
    made = pack(source, PRESET, cache=tmp_path)
    (one,) = kept_packs(tmp_path)
    assert (one.state, one.source, one.title) == (WHOLE, source.name, source.title)
    assert (one.images, one.of, one.preset) == (89, 90, PRESET.name)
    assert one.bytes == sum(file.stat().st_size for file in made.folder.iterdir())
    assert one.folder == made.folder
    assert abs(one.made - time.time()) < 60
    assert one.used >= one.made


def test_the_last_used_comes_first(source, tmp_path):
    for preset in (PRESET, Preset(48, 32)):
        pack(source, preset, cache=tmp_path)
        time.sleep(0.02)  # the system's clock ticks
    assert [one.preset for one in kept_packs(tmp_path)] == ["resize48-crop32", "resize40-crop32"]
    pack(source, PRESET, cache=tmp_path)
    assert [one.preset for one in kept_packs(tmp_path)] == ["resize40-crop32", "resize48-crop32"]


def test_one_that_is_begun_says_how_far_it_is(source, tmp_path):
    with pytest.raises(CancelledError):
        pack(source, PRESET, cache=tmp_path, cancelled=lambda: any(tmp_path.glob("packs/*/pixels.bin")))
    (one,) = kept_packs(tmp_path)
    assert (one.state, one.images, one.of, one.source) == (BEGUN, 8, 90, source.name)


def test_damaged_ones_are_told_apart(source, tmp_path):
    made = pack(source, PRESET, cache=tmp_path)
    made.file.write_bytes(bytes(made.file.stat().st_size))
    with pytest.raises(DamagedPackError):
        made.batch([0])
    assert [one.state for one in kept_packs(tmp_path)] == [DOUBTFUL]
    truncate(made.folder / "manifest.doubted.json")
    (made.folder / "journal.jsonl").unlink()
    pack(source, PRESET, cache=tmp_path)
    states = {one.id: one.state for one in kept_packs(tmp_path)}
    assert states == {made.folder.name: WHOLE, f"{made.folder.name}.damaged": SET_ASIDE}
    assert {one.source for one in kept_packs(tmp_path)} == {source.name}


def noted(text='"x"', images="90", preset='{"resize": 40, "crop": 32}'):
    return f'{{"source": {text}, "title": {text}, "images": {images}, "preset": {preset}}}'


NOTES = [
    '{"source": 3}',
    "[]",
    '"a"',
    "[" * 200_000,
    noted(preset='{"resize": 40, "crop": 0}'),
    noted(preset='{"resize": 40, "crop": 1e999}'),
    noted(preset='{"resize": -1, "crop": 32}'),
    noted(images="1e999"),
    noted(images="-1"),
    noted(images="1" + "0" * 40),
    noted(text='"\\ud800"'),
]


@pytest.mark.parametrize(
    "harm", [lambda file: file.unlink(), truncate, *(partial(Path.write_text, data=text) for text in NOTES)]
)
def test_where_the_note_is_gone_the_manifest_says_it(source, tmp_path, harm):
    made = pack(source, PRESET, cache=tmp_path)
    harm(made.folder / "about.json")
    (one,) = kept_packs(tmp_path)
    assert (one.state, one.source, one.images, one.of) == (WHOLE, source.name, 89, 90)
    (made.folder / "manifest.json").write_text("[" * 200_000)
    (one,) = kept_packs(tmp_path)
    assert (one.state, one.source, one.title, one.images) == (DOUBTFUL, "", made.folder.name, 0)


def test_a_deleted_pack_is_gone_and_can_be_made_again(source, tmp_path):
    made = pack(source, PRESET, cache=tmp_path)
    delete_pack(kept_packs(tmp_path)[0])
    assert kept_packs(tmp_path) == ()
    assert find_pack(source, PRESET, tmp_path) is None
    assert pack(source, PRESET, cache=tmp_path).fingerprint == made.fingerprint


def test_one_that_is_being_made_is_not_deleted(source, tmp_path):
    made = pack(source, PRESET, cache=tmp_path)
    with FileLock(made.folder.with_suffix(".lock")), pytest.raises(InvalidSettingError, match="being packed"):
        delete_pack(made)
    assert find_pack(source, PRESET, tmp_path) is not None


def test_listing_loads_no_torch():
    code = "import sys, core.data.packs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_what_is_noted_is_plain_json(source, tmp_path):
    made = pack(source, PRESET, cache=tmp_path)
    assert json.loads((made.folder / "about.json").read_bytes())["preset"] == {"resize": 40, "crop": 32}
