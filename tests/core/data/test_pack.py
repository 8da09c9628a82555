from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from core.data import decode, processes
from core.data.order import stratified_order
from core.data.pack import data_fingerprint, find_pack, pack, pack_cost
from core.data.packed import DamagedPackError, Pack
from core.data.preset import Preset, cropped
from core.data.scenes import ScenesSource
from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError, CancelledError, StorageError
from tests.core.data.images import make_tree, noise, save, truncate
from tests.core.data.trees import here, shard
from tests.reference import REFERENCE, needs_reference

PRESET = Preset(40, 32)
STOPS = [span.stop for span in decode.spans(0, 150, PRESET)]  # where the chunks of 150 images end


@pytest.fixture
def tree(tmp_path):
    """150 images of 3 classes: three chunks."""
    return make_tree(tmp_path / "tree", classes=3, images=50)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def as_folders(folder, images):
    return make_tree(folder / "tree", classes=3, images=images)


def as_archive(folder, images):
    """The same images, in a tar archive with a table beside it."""
    files = sorted(make_tree(folder / "trees", classes=3, images=images).glob("*/*.png"))
    lines = ["file,class_index,class_name"]
    with tarfile.open(folder / "x.tar", "w") as archive:
        for place, file in enumerate(files):
            archive.add(file, f"{place}.png")
            lines.append(f"{place}.png,{file.parent.name[-1]},{file.parent.name}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder / "x.tar"


def as_shards(folder, images):
    """Other images, in parquet shards."""
    names = ["class0", "class1", "class2"]
    for number, share in enumerate((images, 2 * images)):
        labels = [place % 3 for place in range(share)]
        shard(folder / "shards" / f"validation-{number:05d}-of-00002.parquet", labels, names=names, group=25)
    return folder / "shards"


LAYOUTS = [as_folders, as_archive, as_shards]


def packed(tree, cache, preset=PRESET, **options):
    return pack(open_source(str(tree)), preset, cache=cache, **options)


def interrupted(tree, cache, chunks=2):
    """Stop packing 150 images after some chunks; return the folder of what was begun."""
    seen = []
    with pytest.raises(CancelledError):
        packed(
            tree, cache, progress=lambda done, *_: seen.append(done), cancelled=lambda: seen[-1] >= STOPS[chunks - 1]
        )
    return next((cache / "packs").glob("*/journal.jsonl")).parent


def start_of_packing(told):
    """How many images were there when packing went on."""
    return next(done for done, _, what in told if what.startswith("packing"))


def everything(made):
    """All pixels of a pack; DamagedPackError if one is not what was packed."""
    return made.batch(range(len(made)))


def same(one: Pack, other: Pack) -> bool:
    return one.fingerprint == other.fingerprint and one.file.read_bytes() == other.file.read_bytes()


# what a pack holds


def test_a_pack_holds_the_presets_pixels_in_the_sources_order(tree, cache):
    source = open_source(str(tree))
    made = pack(source, PRESET, cache=cache)
    pixels = everything(made)
    assert pixels.shape == made.shape == (150, 32, 32, 3)
    for place in (0, 63, 64, 149):
        assert np.array_equal(pixels[place], np.asarray(cropped(source.image(place), PRESET)))
    assert np.array_equal(made.labels, source.labels)
    assert (made.ids, made.classes, made.skipped) == (source.ids, source.classes, ())
    assert (made.source, made.title) == (source.name, source.title)
    assert np.array_equal(made.order, stratified_order(source.labels))


def test_a_batch_copies_the_images_asked_for(tree, cache):
    made = packed(tree, cache)
    places = [5, 149, 5, 0, -1]
    batch = made.batch(places)
    assert np.array_equal(batch, everything(made)[places])
    batch[:] = 0
    assert made.batch([5]).any()
    assert made.batch([]).shape == (0, 32, 32, 3)
    assert np.array_equal(np.asarray(made.image(7)), everything(made)[7])
    with pytest.raises(IndexError):
        made.batch([150])


def test_a_pack_is_found_again_and_not_made_again(tree, cache):
    assert find_pack(open_source(str(tree)), PRESET, cache) is None
    made = packed(tree, cache)
    before = made.file.stat()
    again = packed(tree, cache, progress=lambda *_: pytest.fail("nothing is to be done"))
    found = find_pack(open_source(str(tree)), PRESET, cache)
    assert found is not None
    assert again.file.stat() == before
    for other in (again, found):
        assert (other.ids, other.fingerprint, other.preset) == (made.ids, made.fingerprint, made.preset)


def test_each_preset_has_its_own_pack(tree, cache):
    presets = [PRESET, PRESET.without_resize(), Preset(48, 32), Preset(40, 24)]
    assert len({packed(tree, cache, preset).fingerprint for preset in presets}) == 4


def test_the_cost_is_the_size_of_the_file(tree, cache):
    cost = pack_cost(open_source(str(tree)), PRESET)
    assert cost.images == 150
    assert packed(tree, cache).file.stat().st_size == cost.bytes


def test_the_cost_of_a_pack_that_is_begun_is_what_it_lacks(tree, cache):
    source = open_source(str(tree))
    whole = pack_cost(source, PRESET, cache)
    interrupted(tree, cache)
    left = pack_cost(source, PRESET, cache)
    with next(cache.glob("packs/*/pixels.bin")).open("ab") as ahead:
        ahead.truncate(whole.bytes)  # as other processes may have done that were ahead
    assert pack_cost(source, PRESET, cache) == left
    assert (whole.images, left.images) == (150, 150 - STOPS[1])
    assert left.bytes == (150 - STOPS[1]) * 32 * 32 * 3
    packed(tree, cache)
    assert pack_cost(source, PRESET, cache).images == 0


def test_classes_without_images_are_kept(tmp_path, cache):
    for seed, name in enumerate(("a.png", "b.png")):
        save(tmp_path / "flat" / name, seed)
    (tmp_path / "flat" / "labels.csv").write_text("file,class_index\na.png,7\nb.png,993\n")
    made = pack(open_source(f"labels:{tmp_path / 'flat'}", imagenet_names()), PRESET, cache=cache)
    assert len(made.classes) == 1000
    assert made.labels.tolist() == [7, 993]


# fingerprints


def test_the_fingerprint_is_that_of_the_content_wherever_it_lies(tree, cache, tmp_path):
    made = packed(tree, cache)
    copy = shutil.copytree(tree, tmp_path / "copy", copy_function=shutil.copyfile)
    assert packed(copy, cache).fingerprint == made.fingerprint
    assert packed(copy, cache).folder != made.folder


@pytest.mark.parametrize("change", ["pixels", "label", "id"])
def test_the_fingerprint_tells_changes_apart(tree, cache, change):
    known = packed(tree, cache).fingerprint
    file = tree / "class1" / "7.png"
    if change == "pixels":
        image = np.array(Image.open(file))
        image[15, 20] ^= 255
        Image.fromarray(image).save(file)
    else:
        file.rename(tree / ("class2/77.png" if change == "label" else "class1/7x.png"))
    assert packed(tree, cache).fingerprint != known


def test_the_fingerprint_of_files_is_known_once_they_are_packed(tree, cache):
    source = open_source(str(tree))
    assert data_fingerprint(source, PRESET, cache) is None
    assert pack(source, PRESET, cache=cache).fingerprint == data_fingerprint(source, PRESET, cache)


def test_the_fingerprint_of_generated_images_is_known_without_drawing_any(cache):
    source, preset = ScenesSource(count=5), Preset(None, 128)
    known = data_fingerprint(source, preset, cache)
    assert not cache.exists()
    assert pack(source, preset, cache=cache).fingerprint == known
    others = [(ScenesSource(count=6), preset), (ScenesSource("training", 5), preset), (source, Preset(None, 64))]
    assert known not in {data_fingerprint(*other, cache) for other in others}


def test_the_scenes_masks_are_found_by_a_packs_indices(cache):
    source, preset = ScenesSource(count=5), Preset(None, 128)
    made = pack(source, preset, cache=cache)
    scene = source.scene(int(made.indices[3]))
    assert np.array_equal(made.batch([3])[0], scene.image)
    assert made.labels[3] == scene.label


# broken images


def test_broken_images_are_skipped_and_named(tree, cache):
    truncate(save(tree / "class0" / "cut.jpg", size=(200, 200)))
    save(tree / "class1" / "empty.png").write_bytes(b"")
    save(tree / "class2" / "text.jpg").write_text("not an image")
    save(tree / "class2" / "long.png", size=(1, 60_000))
    source = open_source(str(tree))
    made = pack(source, PRESET, cache=cache)
    assert len(made) == 150
    assert {one.id for one in made.skipped} == {
        "class0/cut.jpg",
        "class1/empty.png",
        "class2/text.jpg",
        "class2/long.png",
    }
    assert all(one.reason and source.ids[one.index] == one.id for one in made.skipped)
    assert np.array_equal(made.labels, source.labels[made.indices])
    for place in (0, 49, 50, 149):
        image = source.image(int(made.indices[place]))
        assert np.array_equal(made.batch([place])[0], np.asarray(cropped(image, PRESET)))
    assert find_pack(source, PRESET, cache).skipped == made.skipped


@pytest.mark.parametrize("broken", [range(STOPS[0]), range(STOPS[0], STOPS[1]), range(STOPS[-2], 150), [149]])
def test_chunks_without_a_whole_image(tree, cache, broken):
    source = open_source(str(tree))
    for index in broken:
        (tree / source.ids[index]).write_bytes(b"")
    made = packed(tree, cache)
    assert [one.index for one in made.skipped] == list(broken)
    before = everything(made).copy()
    flip_pixel(made.folder)
    with suppress(DamagedPackError):
        everything(made)
    assert np.array_equal(everything(packed(tree, cache)), before)


def test_the_last_image_alone_in_its_chunk_is_broken(tmp_path, cache):
    tree = make_tree(tmp_path / "tree", classes=2, images=STOPS[1] // 2)
    save(tree / "class1" / "z.png").write_bytes(b"")
    made = packed(tree, cache)
    assert (len(made), [one.index for one in made.skipped]) == (STOPS[1], [STOPS[1]])


def test_nothing_but_broken_images(tree, cache):
    for file in tree.glob("*/*.png"):
        truncate(file)
    with pytest.raises(BrokenDataError, match="none of the 150 images"):
        packed(tree, cache)
    assert find_pack(open_source(str(tree)), PRESET, cache) is None


# interruption


def test_progress_goes_from_nothing_to_all(tree, cache):
    told = []
    packed(tree, cache, progress=lambda done, total, what: told.append((done, total, what)))
    done = [done for done, _, _ in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 150)
    assert {total for _, total, _ in told} == {150}
    assert told[-1][2] == "packing " + open_source(str(tree)).title


@pytest.mark.parametrize("chunks", [1, 2])
def test_packing_goes_on_from_where_it_was_stopped(tree, cache, tmp_path, chunks):
    interrupted(tree, cache, chunks)
    assert find_pack(open_source(str(tree)), PRESET, cache) is None
    told = []
    again = packed(tree, cache, progress=lambda *what: told.append(what))
    assert start_of_packing(told) == STOPS[chunks - 1]
    assert same(again, packed(tree, tmp_path / "undisturbed"))


def test_checking_what_is_packed_tells_how_far_it_is_and_can_be_cancelled(tree, cache):
    folder = interrupted(tree, cache)
    before = (folder / "pixels.bin").read_bytes()
    told = []
    with pytest.raises(CancelledError):
        packed(tree, cache, progress=lambda *what: told.append(what), cancelled=lambda: told[-1][0] == STOPS[0])
    assert told[-1] == (STOPS[0], 150, f"checking what is packed of {open_source(str(tree)).title}")
    assert (folder / "pixels.bin").read_bytes() == before
    told.clear()
    packed(tree, cache, progress=lambda *what: told.append(what))
    assert start_of_packing(told) == STOPS[1]


def cut_pixels(folder):
    os.truncate(folder / "pixels.bin", (folder / "pixels.bin").stat().st_size - 1000)


def add_pixels(folder):
    with (folder / "pixels.bin").open("ab") as file:
        file.write(b"half a chunk" * 1000)


def flip_pixel(folder):
    with (folder / "pixels.bin").open("r+b") as file:
        file.seek((STOPS[1] - 1) * 32 * 32 * 3)
        file.write(bytes([file.read(1)[0] ^ 1]))


def cut_journal(folder):
    truncate(folder / "journal.jsonl", 0.9)


def spoil_journal(folder):
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(b'\xff\n{"stop": 3}\n')


def lose_pixels(folder):
    (folder / "pixels.bin").unlink()


def lose_journal(folder):
    (folder / "journal.jsonl").unlink()


@pytest.mark.parametrize(
    "harm", [cut_pixels, add_pixels, flip_pixel, cut_journal, spoil_journal, lose_pixels, lose_journal]
)
def test_packing_goes_on_from_what_is_sound(tree, cache, tmp_path, harm):
    harm(interrupted(tree, cache))
    again = packed(tree, cache)
    everything(again)
    assert same(again, packed(tree, tmp_path / "undisturbed"))


SCRIPT = """
import sys
from pathlib import Path
from core.data import processes
from core.data.pack import pack
from core.data.preset import Preset
from core.data.source import open_source

processes.HELPERS_START = float(sys.argv[3])
source, cache = open_source(sys.argv[1]), Path(sys.argv[2])
made = pack(source, Preset(40, 32), cache=cache, progress=lambda *told: print(*told, flush=True))
print(made.fingerprint)
"""


def packer(tree, cache, helpers=False, limit=""):
    """Start a process that packs the tree and prints its progress, then the fingerprint."""
    words = [sys.executable, "-c", limit + SCRIPT, str(tree), str(cache), "-1" if helpers else "inf"]
    return subprocess.Popen(words, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True)


def kill_on(process, lines, delay=0.0):
    """Kill -9 after some lines of progress; return whether it was still at work."""
    for _ in range(lines):
        process.stdout.readline()
    time.sleep(delay)
    process.kill()
    process.stdout.close()
    return process.wait() == -signal.SIGKILL


def children(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def is_running(process_id):
    status = Path(f"/proc/{process_id}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_killed_packer_loses_one_chunk_at_most(cache, tmp_path, layout):
    tree = layout(tmp_path, 50)
    assert kill_on(packer(tree, cache), lines=4)
    told = []
    again = packed(tree, cache, progress=lambda *what: told.append(what))
    assert start_of_packing(told) >= STOPS[1]
    assert same(again, packed(tree, tmp_path / "undisturbed"))


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("helpers", [False, True])
def test_a_packer_killed_at_many_moments(tmp_path, cache, helpers, layout):
    tree = layout(tmp_path, 300)
    chance = random.Random(7)
    for _ in range(10):
        kill_on(packer(tree, cache, helpers), lines=chance.randint(0, 5), delay=chance.random() / 10)
    again = packed(tree, cache)
    everything(again)
    assert same(again, packed(tree, tmp_path / "undisturbed"))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_helper_processes_end_with_a_killed_packer(tmp_path, cache):
    tree = make_tree(tmp_path / "tree", classes=3, images=300)
    process = packer(tree, cache, helpers=True)
    for _ in range(5):  # the first chunk is decoded before helpers are started
        process.stdout.readline()
    helpers = children(process)
    if processes.available_cores() > 1:
        assert helpers
    assert kill_on(process, lines=0)
    deadline = time.monotonic() + 20
    while any(map(is_running, helpers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, helpers))


# several at once


def test_helper_processes_make_the_same_pack(tree, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "HELPERS_START", -1.0)
    monkeypatch.setattr(decode, "CHUNK_IMAGES", 7)
    made = packed(tree, cache)
    monkeypatch.undo()
    assert same(made, packed(tree, tmp_path / "alone"))


def test_two_packers_at_once_make_one_pack(tree, cache):
    processes = [packer(tree, cache), packer(tree, cache)]
    outputs = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    made = packed(tree, cache)
    assert [output[-1] for output in outputs] == [made.fingerprint] * 2
    assert sum(any(line.startswith(f"{STOPS[0]} 150 packing") for line in output) for output in outputs) == 1


def test_waiting_for_another_packer_can_be_cancelled(tree, cache):
    folder = interrupted(tree, cache)
    with FileLock(folder.with_suffix(".lock")), ThreadPoolExecutor(1) as thread:
        began = time.monotonic()
        waiting = thread.submit(packed, tree, cache, cancelled=lambda: time.monotonic() > began + 0.2)
        with pytest.raises(CancelledError):
            waiting.result(timeout=30)


# the disk


def test_too_little_space_is_refused_before_anything_is_decoded(tree, cache):
    with pytest.raises(StorageError, match="MB") as caught:
        packed(tree, cache, Preset(None, 10**7))
    assert caught.value.allowed
    assert caught.value.mend


def test_a_cache_that_cannot_be_written(tree, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        packed(tree, tmp_path / "file")


def test_a_disk_that_fills_up_keeps_what_is_packed(tree, cache, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
    process = packer(tree, cache, limit=limit)
    process.communicate(timeout=60)
    assert process.returncode == 1
    told = []
    again = packed(tree, cache, progress=lambda *what: told.append(what))
    assert start_of_packing(told) == max(stop for stop in STOPS if stop * 32 * 32 * 3 <= 300_000)
    assert same(again, packed(tree, tmp_path / "undisturbed"))


# memory

READ_ALL = """
import hashlib
import sys
from pathlib import Path
import numpy as np
from core.data.packed import Pack, row_bytes
from core.data.preset import Preset

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

n, preset = 5_000, Preset(256, 224)
digests = hashlib.sha256(bytes(row_bytes(preset))).digest() * n
made = Pack(Path(sys.argv[1]), "", "", preset, (), np.zeros(n, np.int64), ("",) * n, np.arange(n), (), "", digests)
with made.file.open("wb") as file:
    file.truncate(n * row_bytes(preset))
made.batch(made.order[:64])
before = peak()
for start in range(0, n, 64):
    made.batch(made.order[start : start + 64])
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_reading_a_whole_pack_takes_the_memory_of_a_batch(tmp_path):
    grown = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(grown.stdout) < 50e6


PACK_MANY = """
import sys
from pathlib import Path
from core.data.pack import pack
from core.data.preset import Preset
from core.data.source import open_source

print(len(pack(open_source(sys.argv[1]), Preset(40, 32), cache=Path(sys.argv[2]))))
"""


def resident(process_id):
    """The bytes that a process has in memory, 0 of one that has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)
    return 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_packing_50_000_images_keeps_all_processes_together_under_2_gb(tmp_path, cache):
    """Hard links to ten small JPEGs, at a small preset: 150 MB on the disk in place of 7.5 GB.

    So it sees what grows with the number of images. Pixels in memory do not: they are a few chunks of CHUNK_BYTES at
    most for each process, 32 images of 224 pixels or fewer.
    """
    for number in range(50_000):
        folder = tmp_path / "tree" / f"class{number % 10}"
        first = folder / f"{number % 10}.jpg"
        if number < 10:
            noise(number).resize((60, 50)).save(here(folder) / first.name)
        else:
            (folder / f"{number}.jpg").hardlink_to(first)
    process = subprocess.Popen(
        [sys.executable, "-c", PACK_MANY, str(tmp_path / "tree"), str(cache)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    most = helpers = 0
    while process.poll() is None:
        own = children(process) if is_running(process.pid) else []
        most, helpers = max(most, sum(map(resident, [process.pid, *own]))), max(helpers, len(own))
        time.sleep(0.05)
    assert process.stdout.read() == "50000\n"
    assert helpers == (processes.available_cores() if processes.available_cores() > 1 else 0)
    assert 50e6 < most < 2e9


# the reference images


@needs_reference("imagenet/val", "imagenet/labels.csv")
def test_imagenets_images_are_packed_exactly(tmp_path, cache):
    rows = (REFERENCE / "imagenet" / "labels.csv").read_text().splitlines()[:201]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    (tmp_path / "val").mkdir()
    for row in rows[1:]:
        name = row.split(",")[0]
        shutil.copyfile(REFERENCE / "imagenet" / "val" / name, tmp_path / "val" / name)
    source = open_source(str(tmp_path / "val"), imagenet_names())
    for preset in (Preset(256, 224), Preset(None, 224)):
        made = pack(source, preset, cache=cache)
        everything(made)
        assert (len(made), len(made.classes), made.skipped) == (200, 1000, ())
        for place in range(0, 200, 20):
            assert np.array_equal(made.image(place), cropped(source.image(place), preset))


@needs_reference("imagenette/val")
def test_imagenettes_images_are_packed_exactly(cache):
    source = open_source(str(REFERENCE / "imagenette" / "val"))
    made = pack(source, Preset(None, 224), cache=cache)
    everything(made)
    assert (len(made), len(made.classes), made.skipped) == (500, 10, ())
    assert np.bincount(made.labels[made.order[:100]]).tolist() == [10] * 10
    assert np.array_equal(made.image(321), cropped(source.image(321), Preset(None, 224)))
