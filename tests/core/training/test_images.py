from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.imagenette import ARCHIVE
from core.data.scenes import CLASSES, ScenesSource
from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import InvalidSettingError
from core.training.images import drawn_once, first, parts, training_source
from core.training.retraining import Retraining
from tests.core.data.images import make_tree, save
from tests.core.training.tiny import Pictures

HOW = Retraining(images=48)
TWO = ("class0", "class1")


def test_the_training_scenes_belong_to_the_scenes():
    source = training_source(HOW, "scenes", CLASSES)
    assert (source.name, len(source)) == ("scenes:training", 48)
    assert np.bincount(source.labels).tolist() == [2] * len(CLASSES)
    whole = training_source(replace(HOW, images=None), "scenes", CLASSES)
    assert (len(whole), whole.identity()) == (24_000, open_source("scenes:training").identity())


def test_the_folder_beside_val_belongs_to_it(tmp_path):
    make_tree(tmp_path / "train", classes=2, images=4)
    make_tree(tmp_path / "val", classes=2, images=4)
    source = training_source(HOW, str(tmp_path / "val"), TWO)
    assert source.name == str(tmp_path / "train")
    assert training_source(replace(HOW, data=str(tmp_path / "val")), "scenes", TWO).name == str(tmp_path / "val")


def test_a_layout_that_is_named_is_that_of_the_training_images_too(tmp_path):
    for split in ("train", "val"):
        make_tree(tmp_path / split, classes=2, images=4)
    source = training_source(HOW, f"folders:{tmp_path}/val", ("a", "b"))
    assert (source.name, source.labels.tolist()) == (f"folders:{tmp_path}/train", [0] * 4 + [1] * 4)
    with pytest.raises(InvalidSettingError, match="order or number"):
        training_source(HOW, str(tmp_path / "val"), ("a", "b"))


def test_imagenettes_training_images_belong_to_its_validation_images(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))
    for place, wnid in enumerate(("n01440764", "n02102040")):
        for split in ("train", "val"):
            save(tmp_path / "downloads" / ARCHIVE.folder / split / wnid / "1.JPEG", place)
    source = training_source(HOW, "imagenette:val", imagenet_names())
    assert (source.name, source.labels.tolist()) == ("imagenette:train", [0, 217])


def test_where_nothing_belongs_to_the_data_one_has_to_say(tmp_path):
    make_tree(tmp_path / "val", classes=2, images=4)
    for data in (str(tmp_path / "val"), "scenes:training"):
        with pytest.raises(InvalidSettingError, match="no training images belong to") as raised:
            training_source(HOW, data, TWO)
        assert "--train-data" in raised.value.mend


def test_the_first_images_are_balanced_always_the_same_and_part_of_more():
    source = Pictures(40)
    few, more = first(source, 9), first(source, 20)
    assert np.bincount(few.labels).tolist() == [3, 3, 3]
    assert set(few.ids) < set(more.ids) < set(source.ids)
    assert first(source, 9).identity() == few.identity() != more.identity()
    assert np.array_equal(np.asarray(few.image(4)), source.pixels[source.ids.index(few.ids[4])])
    assert first(source, 40) is first(source, None) is source


def test_generated_images_are_drawn_once(tmp_path):
    source = first(ScenesSource("training", 12), 5)
    drawn = drawn_once(source, tmp_path)
    assert (drawn.identity(), drawn.ids, drawn.name) == (source.identity(), source.ids, source.name)
    assert all(np.array_equal(np.asarray(drawn.image(i)), np.asarray(source.image(i))) for i in range(5))
    told = []
    drawn_once(source, tmp_path, lambda *what: told.append(what))
    assert told == []
    pictures = Pictures()
    assert drawn_once(pictures, tmp_path) is pictures


@pytest.mark.parametrize(
    ("images", "step", "held_out"), [(2400, 64, 120), (24_000, 64, 500), (400, 64, 64), (64, 64, 16), (8, 64, 2)]
)
def test_a_small_part_is_held_out_balanced_and_apart(images, step, held_out):
    labels = np.arange(images) % 4
    found = parts(labels, step)
    assert len(found.held_out) == held_out
    assert sorted([*found.training, *found.held_out]) == list(range(images))
    counts = np.bincount(labels[found.held_out], minlength=4)
    assert max(counts) - min(counts) <= 1
