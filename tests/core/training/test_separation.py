from __future__ import annotations

import numpy as np
import pytest

from core.data.scenes import ScenesSource
from core.data.source import open_source
from core.errors import BrokenDataError, InvalidSettingError
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
