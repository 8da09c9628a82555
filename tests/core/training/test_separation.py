from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import numpy as np
import pytest

from core.data.scenes import ScenesSource
from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError, InvalidSettingError
from core.paths import ROOT
from core.training.images import first
from core.training.separation import check_classes, check_separate, digests
from tests.core.data.images import make_tree, noise, save
from tests.core.training.tiny import Pictures


def test_other_images_are_separate(tmp_path):
    check_separate(Pictures(12), Pictures(12, seed=1), tmp_path)
    check_separate(ScenesSource("training", 12), ScenesSource("validation", 12), tmp_path)


def test_copies_are_found_and_listed(tmp_path):
    training, validation = Pictures(40), Pictures(12, seed=1)
    training.pixels[3:15] = validation.pixels
    with pytest.raises(InvalidSettingError) as raised:
        check_separate(training, validation, tmp_path)
    assert "12 of the 40 training images" in str(raised.value)
    assert "picture-0-3, picture-0-4" in str(raised.value)
    assert "and 2 more" in str(raised.value)
    check_separate(first(training, 2), validation, tmp_path)


def test_neither_another_name_nor_another_format_hides_a_copy(tmp_path):
    make_tree(tmp_path / "train", classes=2, images=3)
    save(tmp_path / "train" / "class0" / "photo.jpg", seed=7)
    make_tree(tmp_path / "val", classes=2, images=1)
    for file in (tmp_path / "val").rglob("*.png"):
        noise(sum(file.parent.name.encode())).save(file)
    source = open_source(str(tmp_path / "train"))
    check_separate(source, open_source(str(tmp_path / "val")), tmp_path / "cache")
    source.image(source.ids.index("class0/photo.jpg")).save(tmp_path / "val" / "class1" / "hidden.png")
    with pytest.raises(InvalidSettingError, match="1 of the 7 training images") as raised:
        check_separate(source, open_source(str(tmp_path / "val")), tmp_path / "cache")
    assert "class0/photo.jpg" in str(raised.value)


def test_what_was_read_is_not_read_again_and_damage_is_noticed(tmp_path):
    source = Pictures(12)
    found = digests(source, tmp_path)
    told = []
    assert np.array_equal(digests(source, tmp_path, lambda *what: told.append(what)), found)
    assert told == []
    (file,) = (tmp_path / "digests").iterdir()
    file.write_bytes(file.read_bytes()[:-7])
    assert np.array_equal(digests(source, tmp_path, lambda *what: told.append(what)), found)
    assert told[-1][:2] == (12, 12)


def test_digests_written_several_times_at_once_are_whole_and_leave_nothing_behind(tmp_path):
    source, writers, rounds = Pictures(2), 8, range(20)
    together = Barrier(writers)

    def write(place):
        together.wait()
        return digests(source, tmp_path / str(place))

    with ThreadPoolExecutor(writers) as threads:
        found = [one for place in rounds for one in threads.map(write, [place] * writers)]
    assert all(np.array_equal(one, found[0]) for one in found)
    assert len(list(tmp_path.rglob("*.npy"))) == len(rounds)


FULL = """
import resource, sys
from pathlib import Path
from core.errors import StorageError
from core.training.separation import digests
from tests.core.training.tiny import Pictures
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    digests(Pictures(12), Path(sys.argv[1]))
except StorageError as error:
    print(error.given, error.allowed, error.mend, sep=" | ")
"""


def test_a_full_disk_is_told_and_nothing_half_written_is_left(tmp_path):
    arguments = [sys.executable, "-c", FULL, tmp_path]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "could not be written" in done.stdout, done.stderr
    assert "make room" in done.stdout
    assert list((tmp_path / "digests").iterdir()) == []


def test_a_broken_training_image_is_named(tmp_path):
    make_tree(tmp_path / "train", classes=2, images=6)
    source = open_source(str(tmp_path / "train"))
    (tmp_path / "train" / source.ids[2]).write_bytes(b"no image")
    with pytest.raises(BrokenDataError, match=r"1 training images of .* cannot be decoded") as raised:
        check_separate(open_source(str(tmp_path / "train")), Pictures(), tmp_path / "cache")
    assert source.ids[2] in str(raised.value)


def test_classes_without_training_images_are_refused_with_the_list():
    training, validation = Pictures(12), Pictures(12, seed=1)
    check_classes(training, validation)
    training.labels = np.zeros(12, dtype=np.int64)
    with pytest.raises(InvalidSettingError, match="no image of 2 of the classes that are evaluated: green, blue"):
        check_classes(training, validation)
    check_classes(validation, training)


def folders(folder, names):
    for place, name in enumerate(names):
        save(folder / name / "0.png", seed=place)
    return folder


def opened(folder, *names, network=None):
    return open_source(str(folders(folder, names)), network)


def labelled(folder, *names):
    """Images 0.png, 1.png, ... of classes 0, 1, ... with names, or none ("")."""
    lines = [f"{place}.png,{place},{name}" for place, name in enumerate(names)]
    for place in range(len(names)):
        save(folder / f"{place}.png", seed=place)
    (folder / "labels.csv").write_text("\n".join(["file,class_index,class_name", *lines]))
    return open_source(str(folder))


def test_classes_of_other_names_are_refused_with_the_list(tmp_path):
    validation = opened(tmp_path / "val", "cat", "dog", "fox")
    check_classes(opened(tmp_path / "train", "cat", "dog", "fox"), validation)
    with pytest.raises(InvalidSettingError, match="not the classes of the evaluated images") as raised:
        check_classes(opened(tmp_path / "other", "ant", "cat", "dog"), validation)
    assert raised.value.given.endswith("; missing: fox; too many: ant")
    assert raised.value.allowed and raised.value.mend


def test_classes_in_another_order_are_refused(tmp_path):
    validation = opened(tmp_path / "val", "cat", "dog", "fox")
    with pytest.raises(InvalidSettingError, match="another order, dog for cat, cat for dog"):
        check_classes(labelled(tmp_path / "train", "dog", "cat", "fox"), validation)


def test_fewer_classes_are_told_before_classes_without_images(tmp_path):
    validation = opened(tmp_path / "val", "cat", "dog", "fox")
    training = opened(tmp_path / "train", "cat", "dog")
    with pytest.raises(InvalidSettingError, match=r"train has 2 classes, .*val have 3; missing: fox"):
        check_classes(training, validation)
    with pytest.raises(InvalidSettingError, match=r"val has 3 classes, .*train have 2; too many: fox"):
        check_classes(validation, training)


def test_numbers_are_no_names_but_among_numbers(tmp_path):
    named = opened(tmp_path / "named", "cat", "dog", "fox")
    unnamed = labelled(tmp_path / "unnamed", "", "", "")
    check_classes(unnamed, named)
    check_classes(named, unnamed)
    check_classes(opened(tmp_path / "padded", "000", "001", "002"), unnamed)
    with pytest.raises(InvalidSettingError, match="missing: 0; too many: 3"):
        check_classes(opened(tmp_path / "from-one", "1", "2", "3"), opened(tmp_path / "from-zero", "0", "1", "2"))


def test_folders_named_by_wnid_are_classes_of_imagenet_under_any_other_names(tmp_path):
    wnids = "n01440764", "n02102040"
    one, other = (opened(tmp_path / name, *wnids, network=imagenet_names()) for name in ("train", "val"))
    check_classes(one, other)
    words = replace(other, classes=("tench", *map(str, range(1, 1000))))
    check_classes(one, words)
    check_classes(words, one)
    check_classes(ScenesSource("training", 24), ScenesSource("validation", 24))
