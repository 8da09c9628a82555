from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from core.data.source import layout_of, open_source
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from tests.core.data.images import claim_size, make_tree, noise, save, truncate
from tests.reference import REFERENCE, needs_reference


def refusal(kind, text, **options):
    """Return the error, which must say all three parts."""
    with pytest.raises(kind) as caught:
        open_source(str(text), **options)
    error = caught.value
    assert error.given and error.allowed and error.mend
    return error


def test_class_folders_are_classes_in_sorted_order(tmp_path):
    for name in ("zebra", "n01440764", "Ape"):
        save(tmp_path / name / "a.png")
    source = open_source(str(tmp_path))
    assert source.classes == ("Ape", "n01440764", "zebra")
    assert source.ids == ("Ape/a.png", "n01440764/a.png", "zebra/a.png")
    assert source.labels.tolist() == [0, 1, 2]
    assert len(source) == 3
    assert source.name == str(tmp_path)


def test_folders_are_said_to_be_what_they_are_matched_by(tmp_path):
    for name in ("zebra", "ape"):
        save(tmp_path / name / "a.png")
    title = layout_of(str(tmp_path))[0].title
    assert "named after the class" in title and "order" not in title
    assert open_source(str(tmp_path), ("zebra", "gnu", "ape")).labels.tolist() == [2, 0]


def test_images_are_recognised_by_their_suffix_whatever_its_case(tmp_path):
    for name in ("a.jpg", "b.jpeg", "c.JPEG", "d.JPG", "e.png", "f.PNG"):
        save(tmp_path / "one" / name)
    for name in ("notes.txt", ".hidden.png", "g.gif"):
        (tmp_path / "one" / name).touch()
    (tmp_path / "one" / "folder.png").mkdir()
    save(tmp_path / "two" / "a.jpg")
    save(tmp_path / ".cache" / "a.jpg")
    source = open_source(str(tmp_path))
    assert len(source) == 7
    assert source.classes == ("one", "two")


def test_an_image_is_the_file_in_rgb(tmp_path):
    make_tree(tmp_path)
    Image.fromarray(np.full((5, 6), 77, dtype=np.uint8)).save(tmp_path / "class0" / "0.png")
    source = open_source(str(tmp_path))
    assert np.array_equal(np.asarray(source.image(0)), np.full((5, 6, 3), 77))
    assert np.array_equal(np.asarray(source.image(1)), np.asarray(noise(1)))


def test_a_class_folder_without_images_keeps_its_index(tmp_path):
    make_tree(tmp_path, classes=2)
    (tmp_path / "class0b").mkdir()
    source = open_source(str(tmp_path))
    assert source.classes == ("class0", "class0b", "class1")
    assert set(source.labels.tolist()) == {0, 2}


def test_the_identity_is_that_of_names_classes_and_files_and_not_of_the_place(tmp_path):
    first = make_tree(tmp_path / "first")
    known = open_source(str(first)).identity()
    assert open_source(str(first)).identity() == known
    moved = first.rename(tmp_path / "second")
    assert open_source(str(moved)).identity() == known
    os.utime(moved / "class1" / "1.png", (1, 1))
    touched = open_source(str(moved)).identity()
    (moved / "class1" / "1.png").rename(moved / "class1" / "9.png")
    assert len({known, touched, open_source(str(moved)).identity()}) == 3


def test_a_missing_folder(tmp_path):
    assert str(tmp_path / "absent") in refusal(MissingFileError, tmp_path / "absent").given


@pytest.mark.parametrize("path", ["x" * 5000, "~nobody-of-this-name/val"])
def test_a_path_where_nothing_can_be(path):
    assert "cannot be looked up" in refusal(InvalidSettingError, path).given


def test_nothing_named():
    refusal(InvalidSettingError, "  ")


def test_a_file_in_place_of_a_folder(tmp_path):
    assert "is a file" in refusal(BrokenDataError, save(tmp_path / "a.png")).given


def test_an_empty_folder(tmp_path):
    assert "is empty" in refusal(BrokenDataError, tmp_path).given


def test_a_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").touch()
    assert "holds no images" in refusal(BrokenDataError, tmp_path).given


def test_the_folder_above_the_class_folders_names_the_right_one(tmp_path):
    below = make_tree(tmp_path / "val")
    assert str(below) in refusal(BrokenDataError, tmp_path).mend


def test_images_without_classes(tmp_path):
    save(tmp_path / "a.png")
    assert "which class" in refusal(BrokenDataError, tmp_path).given


def test_one_class_only(tmp_path):
    make_tree(tmp_path, classes=1)
    assert "one class only (class0)" in refusal(BrokenDataError, tmp_path).given


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path):
    make_tree(tmp_path)
    (tmp_path / "class1").chmod(0)
    refusal(MissingFileError, tmp_path)


def broken(tmp_path, name):
    make_tree(tmp_path)
    source = open_source(str(tmp_path))
    place = source.ids.index(name)
    with pytest.raises(BrokenDataError) as caught:
        source.image(place)
    assert name.split("/")[1] in caught.value.given
    return caught.value.given


def test_a_truncated_image_is_broken_and_never_half_grey(tmp_path):
    truncate(save(tmp_path / "class0" / "t.jpg", size=(200, 200)), 0.7)
    assert "truncated" in broken(tmp_path, "class0/t.jpg")


def test_an_empty_file_is_broken(tmp_path):
    save(tmp_path / "class0" / "e.png").write_bytes(b"")
    assert "empty" in broken(tmp_path, "class0/e.png")


def test_something_else_under_an_images_name_is_broken(tmp_path):
    save(tmp_path / "class0" / "s.png").write_bytes(b"#!/bin/sh\n" * 50)
    assert "not an image" in broken(tmp_path, "class0/s.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 50_000])
def test_a_bomb_of_pixels_is_broken_before_it_is_decoded(tmp_path, side):
    claim_size(save(tmp_path / "class0" / "b.png"), side)
    assert "pixels" in broken(tmp_path, "class0/b.png")


def test_an_image_that_vanished_is_missing_and_not_broken(tmp_path):
    source = open_source(str(make_tree(tmp_path)))
    (tmp_path / "class0" / "0.png").unlink()
    with pytest.raises(MissingFileError):
        source.image(0)


def test_the_scenes_are_a_source():
    source = open_source("scenes")
    assert source.generated
    assert len(source) == len(source.labels) == len(set(source.ids))
    assert source.image(0).size[0] > 0


@needs_reference("imagenette/val")
def test_wnid_folders():
    source = open_source(str(REFERENCE / "imagenette" / "val"))
    assert len(source.classes) == 10
    assert source.classes[0] == "n01440764"
    assert np.bincount(source.labels).tolist() == [50] * 10
    assert source.title == "imagenette/val"
