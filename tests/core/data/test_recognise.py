from __future__ import annotations

import pytest

from core.data.layouts import LAYOUTS
from core.data.recognise import recognise
from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError, InvalidSettingError
from tests.core.data.images import make_tree, save
from tests.core.data.trees import DEVKIT, devkit, flat_val, here, refused, shard, tar_of, val_name
from tests.reference import REFERENCE, needs_reference

WORDS = imagenet_names()
PETS = ("cat", "dog", "fox")


def pets(folder, *names):
    for name in names or PETS:
        save(folder / name / "a.png")
    return str(folder)


# one description a layout


def wnids(folder):
    return pets(folder, "n01440764", "n02102040")


def numbers(folder):
    for name in range(1000):
        (folder / f"{name}").mkdir(parents=True)
    return pets(folder, "0", "112", "999")


def listed(folder):
    (folder.parent / "val.txt").write_text(f"{val_name(1)} 0\n{val_name(2)} 4\n")
    return str(flat_val(folder, 2))


def tabled(folder):
    (folder.parent / "labels.csv").write_text(f"file,class_index\n{val_name(1)},0\n{val_name(2)},4\n")
    return str(flat_val(folder, 2))


def kitted(folder):
    return str(devkit(flat_val(folder, 2), packed=True))


def tarred(folder):
    return str(tar_of(flat_val(folder, 2), devkit(here(folder.parent / "tar")) / "ILSVRC2012_img_val.tar"))


def sharded(folder):
    shard(folder / "validation-00000-of-00001.parquet", [3, 4], names=WORDS)
    return str(folder)


@pytest.mark.parametrize(
    ("make", "layout", "classes", "by", "present"),
    [
        (wnids, "wnids", 2, "wnid", (0, 217)),
        (numbers, "numbers", 1000, "number", (0, 112, 999)),
        (listed, "list", 5, "number", (0, 4)),
        (tabled, "labels", 5, "number", (0, 4)),
        (kitted, "devkit", 1000, "wnid", (2, 985)),
        (tarred, "tar-devkit", 1000, "wnid", (2, 985)),
        (sharded, "parquet", 1000, "name", (3, 4)),
    ],
)
def test_each_layout_is_recognised_for_a_network_of_imagenets_classes(tmp_path, make, layout, classes, by, present):
    text = make(here(tmp_path / "val"))
    found = recognise(text, WORDS)
    assert (found.path, found.layout, len(found.classes)) == (text, layout, classes)
    assert found.layout_title == LAYOUTS[layout].title
    assert (found.mapping.by, found.mapping.unmatched) == (by, ())
    assert found.present == present == tuple(sorted(set(open_source(text, WORDS).labels.tolist())))
    assert found.images == len(present)
    assert sum(found.counts) == found.images
    assert f"images of {len(present)} of the network's 1,000 classes" in found.notes


def test_own_classes_are_described(tmp_path):
    found = recognise(pets(tmp_path), PETS)
    assert (found.layout, found.classes, found.present) == ("folders", PETS, (0, 1, 2))
    assert found.notes == ()


def test_the_scenes_are_described():
    classes = open_source("scenes").classes
    found = recognise("scenes", classes)
    assert (found.layout, found.images, len(found.mapping.matched)) == ("scenes", 2000, len(classes))


def test_pictures_beside_class_folders_are_told(tmp_path):
    save(tmp_path / "stray.png")
    assert "1 image beside the class folders: left out" in recognise(pets(tmp_path), PETS).notes


# what does not match


def test_a_wnid_that_is_none_of_the_thousand_is_no_error_here(tmp_path):
    found = recognise(pets(tmp_path, "n01440764", "n02102040", "n99999999"), WORDS)
    assert [one.name for one in found.mapping.unmatched] == ["n99999999"]
    assert found.present == (0, 217)
    with pytest.raises(InvalidSettingError, match="n99999999"):
        open_source(str(tmp_path), WORDS)


def test_folders_for_a_network_of_more_classes_match_nothing(tmp_path):
    found = recognise(pets(tmp_path), WORDS)
    assert (found.mapping.matched, found.present) == ((), ())
    assert "3 classes" in found.mapping.unmatched[0].why


@pytest.mark.parametrize("network", [("dog", "cat", "fox"), ("yak", "fox", "dog", "ant", "cat")])
def test_folders_with_the_networks_names_are_its_classes_in_any_order(tmp_path, network):
    found = recognise(pets(tmp_path), network)
    source = open_source(str(tmp_path), network)
    assert (found.mapping.by, found.mapping.unmatched) == ("name", ())
    assert set(source.classes) == set(network)
    assert [network[label] for label in source.labels] == ["cat", "dog", "fox"]
    assert found.present == tuple(sorted(source.labels.tolist()))


def test_a_class_folder_without_images_is_no_matter(tmp_path):
    (tmp_path / "notes").mkdir()
    found = recognise(pets(tmp_path), PETS)
    assert (len(found.mapping.matched), found.mapping.unmatched) == (3, ())


def test_order_is_told_where_it_alone_decides(tmp_path):
    for text, network in ((pets(tmp_path), ("class 0", "class 1", "class 2")), (f"folders:{tmp_path}", tuple("abc"))):
        found = recognise(text, network)
        assert [(one.name, one.index) for one in found.mapping.matched] == [("cat", 0), ("dog", 1), ("fox", 2)]
        assert f"matched by order alone: 'cat' is the network's class 0, {network[0]!r}" in found.notes


@pytest.mark.parametrize(
    ("numbers", "noted"), [((1, 2, 3), True), ((0, 1, 2), False), ((1, 3), False), ((2, 3), False)]
)
def test_a_table_that_has_every_number_but_0_is_noted(tmp_path, numbers, noted):
    for number in numbers:
        save(tmp_path / f"{number}.png")
    (tmp_path / "labels.csv").write_text("file,class_index\n" + "".join(f"{one}.png,{one}\n" for one in numbers))
    assert any("counted from 1?" in note for note in recognise(f"labels:{tmp_path}", tuple("abcd")).notes) == noted


# what is asked about


def test_splits_are_asked_about(tmp_path):
    for split in ("train", "val"):
        make_tree(tmp_path / split)
    with pytest.raises(InvalidSettingError) as caught:
        recognise(str(tmp_path), PETS)
    assert refused(caught.value, InvalidSettingError, f"{tmp_path}/train and {tmp_path}/val")


def test_a_download_is_asked_about(tmp_path):
    """The archive, the devkit and what was unpacked, as they lie in many a folder."""
    devkit(tmp_path, packed=True)
    tar_of(flat_val(tmp_path / "val"), tmp_path / "ILSVRC2012_img_val.tar")
    with pytest.raises(InvalidSettingError) as caught:
        recognise(str(tmp_path), WORDS)
    assert refused(caught.value, InvalidSettingError, f"{tmp_path}/val", f"{tmp_path}/ILSVRC2012_img_val.tar")
    assert DEVKIT not in caught.value.allowed


def test_flat_splits_are_no_classes(tmp_path):
    for name in ("test", "val"):
        save(tmp_path / name / "a.png")
    with pytest.raises(BrokenDataError, match="holds no images"):
        open_source(str(tmp_path))
    (tmp_path / "val.txt").write_text("a.png 1\n")
    with pytest.raises(InvalidSettingError) as caught:
        open_source(str(tmp_path))
    assert refused(caught.value, InvalidSettingError, f"{tmp_path}/test and {tmp_path}/val")
    assert open_source(f"folders:{tmp_path}").classes == ("test", "val")


def test_class_folders_and_a_table_of_their_images_are_asked_about(tmp_path):
    folder = make_tree(tmp_path)
    (folder / "labels.csv").write_text("file,class_index\nclass0/0.png,1\nclass1/0.png,0\n")
    with pytest.raises(InvalidSettingError) as caught:
        open_source(str(folder))
    assert refused(caught.value, InvalidSettingError, f"labels:{folder}", f"numbers:{folder}")
    assert open_source(f"labels:{folder}").labels.tolist() == [1, 0]
    assert len(open_source(f"folders:{folder}")) == 12


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_that_a_path_does_not_have_is_refused(tmp_path, layout):
    save(tmp_path / "a.png")
    with pytest.raises(Exception) as caught:
        open_source(f"{layout}:{tmp_path}", WORDS)
    assert refused(caught.value, type(caught.value), str(tmp_path))


@needs_reference("imagenet/val", "imagenet/labels.csv", "imagenette/val")
def test_the_reference_images():
    flat = recognise(str(REFERENCE / "imagenet" / "val"), WORDS)
    assert (flat.layout, flat.images, flat.region, flat.mapping.unmatched) == ("labels", 2000, "boxes", ())
    ten = recognise(str(REFERENCE / "imagenette" / "val"), WORDS)
    assert (ten.layout, ten.images, ten.mapping.by) == ("wnids", 500, "wnid")
    assert ten.present == (0, 217, 482, 491, 497, 566, 569, 571, 574, 701)
    with pytest.raises(InvalidSettingError, match="imagenette/train and"):
        recognise(str(REFERENCE / "imagenette"), WORDS)
