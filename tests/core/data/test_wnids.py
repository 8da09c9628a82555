from __future__ import annotations

import csv

import numpy as np
import pytest

from core.data.source import open_source
from core.data.wnids import imagenet_index, imagenet_wnids, is_wnid
from core.errors import BrokenDataError
from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from tests.core.data.images import save
from tests.reference import REFERENCE, needs_reference

TEN = ("n01440764", "n02102040", "n02979186", "n03000684", "n03028079")
TEN += ("n03394916", "n03417042", "n03425413", "n03445777", "n03888257")
PLACES = [0, 217, 482, 491, 497, 566, 569, 571, 574, 701]  # of Imagenette's ten among the 1,000


def folders(folder, *names):
    for name in names:
        save(folder / name / "a.png")
    return str(folder)


def test_the_list_is_a_thousand_wnids_in_order():
    wnids = imagenet_wnids()
    assert len(set(wnids)) == 1000
    assert list(wnids) == sorted(wnids)
    assert all(map(is_wnid, wnids))
    assert not any(map(is_wnid, ("n0144076", "n014407644", "x01440764", "tench", "n01440764 ")))


def test_imagenettes_ten_have_their_places(tmp_path):
    assert [imagenet_index(name, tmp_path) for name in TEN] == PLACES


def test_a_few_wnid_folders_are_classes_of_a_network_of_a_thousand(tmp_path):
    source = open_source(folders(tmp_path, *TEN[:3]), classes=1000)
    assert source.classes == imagenet_wnids()
    assert source.labels.tolist() == PLACES[:3]
    assert source.ids == tuple(f"{name}/a.png" for name in TEN[:3])


@pytest.mark.parametrize("classes", [None, 3, 999])
def test_for_any_other_network_they_are_numbered_as_they_come(tmp_path, classes):
    source = open_source(folders(tmp_path, *TEN[:3]), classes=classes)
    assert source.classes == TEN[:3]
    assert source.labels.tolist() == [0, 1, 2]


def test_a_whole_tree_is_what_it_was_without_the_list(tmp_path):
    text = folders(tmp_path, *TEN[:2])
    for name in imagenet_wnids():
        (tmp_path / name).mkdir(exist_ok=True)
    known, plain = open_source(text, classes=1000), open_source(text)
    assert known.classes == plain.classes
    assert known.labels.tolist() == plain.labels.tolist() == PLACES[:2]
    assert known.identity() == plain.identity()


@pytest.mark.parametrize("stranger", ["n99999999", "mug", "N01440764"])
def test_a_folder_that_is_none_of_them_is_named(tmp_path, stranger):
    with pytest.raises(BrokenDataError) as caught:
        open_source(folders(tmp_path, *TEN[:2], stranger), classes=1000)
    assert stranger in caught.value.given and stranger in caught.value.mend and caught.value.allowed


def test_a_folder_without_images_is_no_stranger(tmp_path):
    (tmp_path / "notes").mkdir()
    assert open_source(folders(tmp_path, *TEN[:2]), classes=1000).labels.tolist() == PLACES[:2]


def test_one_class_is_still_too_few(tmp_path):
    with pytest.raises(BrokenDataError, match=f"one class only .{TEN[4]}"):
        open_source(folders(tmp_path, TEN[4]), classes=1000)


def test_a_thousand_other_folders_are_a_thousand_other_classes(tmp_path):
    text = folders(tmp_path, "a", "b")
    assert open_source(text, classes=1000).classes == ("a", "b")


@needs_reference("imagenet/labels.csv")
def test_the_list_numbers_the_classes_as_imagenets_labels_do():
    with (REFERENCE / "imagenet" / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2000
    assert all(imagenet_wnids()[int(row["class_index"])] == row["wnid"] for row in rows)


@needs_reference("imagenette/val", "weights/googlenet_bvlc.safetensors")
def test_imagenette_suits_a_network_of_imagenet(tmp_path):
    weights = str(REFERENCE / "weights" / "googlenet_bvlc.safetensors")
    subject = find_subject(ExperimentSpec("googlenet-bvlc", weights, str(REFERENCE / "imagenette" / "val")), tmp_path)
    assert len(subject.source.classes) == len(subject.network.classes) == 1000
    assert np.flatnonzero(np.bincount(subject.source.labels)).tolist() == PLACES
    assert [subject.network.classes[place] for place in PLACES[:2]] == ["tench", "English springer"]
