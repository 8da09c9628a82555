from __future__ import annotations

import csv

import numpy as np
import pytest

from core.data.source import open_source
from core.data.wnids import imagenet_names, imagenet_wnids, is_wnid, wnid_places
from core.errors import BrokenDataError, InvalidSettingError
from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from core.networks.conventions import IMAGENET_CLASSES
from tests.core.data.images import save
from tests.core.data.trees import numbered_names, refused
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


def test_their_names_are_those_of_the_networks_of_imagenet():
    assert imagenet_names() == IMAGENET_CLASSES
    assert [imagenet_names()[place] for place in PLACES[:3]] == ["tench", "English springer", "cassette player"]


def test_imagenettes_ten_have_their_places():
    assert [wnid_places()[name] for name in TEN] == PLACES


def test_a_few_wnid_folders_are_classes_of_a_network_of_imagenet(tmp_path):
    source = open_source(folders(tmp_path, *TEN[:3]), imagenet_names())
    assert source.classes == imagenet_wnids()
    assert source.labels.tolist() == PLACES[:3]
    assert source.ids == tuple(f"{name}/a.png" for name in TEN[:3])


@pytest.mark.parametrize("network", [None, numbered_names(3)])
def test_without_names_they_are_numbered_as_they_come(tmp_path, network):
    source = open_source(folders(tmp_path, *TEN[:3]), network)
    assert source.classes == TEN[:3]
    assert source.labels.tolist() == [0, 1, 2]


def test_a_whole_tree_is_what_it_was_without_a_network(tmp_path):
    text = folders(tmp_path, *TEN[:2])
    for name in imagenet_wnids():
        (tmp_path / name).mkdir(exist_ok=True)
    known, plain = open_source(text, imagenet_names()), open_source(text)
    assert known.classes == plain.classes
    assert known.labels.tolist() == plain.labels.tolist() == PLACES[:2]
    assert known.identity() == plain.identity()


@pytest.mark.parametrize("stranger", ["n99999999", "my mug", "N01440764"])
def test_a_folder_that_is_none_of_them_is_named(tmp_path, stranger):
    with pytest.raises(InvalidSettingError) as caught:
        open_source(folders(tmp_path, *TEN[:2], stranger), imagenet_names())
    assert refused(caught.value, InvalidSettingError, repr(stranger))


def test_a_folder_without_images_is_no_stranger(tmp_path):
    (tmp_path / "notes").mkdir()
    source = open_source(folders(tmp_path, *TEN[:2]), imagenet_names())
    assert (source.labels.tolist(), source.classes) == (PLACES[:2], imagenet_wnids())


def test_one_class_is_still_too_few(tmp_path):
    with pytest.raises(BrokenDataError, match=f"one class only .{TEN[4]}"):
        open_source(folders(tmp_path, TEN[4]), imagenet_names())


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
