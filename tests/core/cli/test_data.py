from __future__ import annotations

import json
import shutil
import tarfile

import pytest
from PIL import Image

from core.data.imagenette import ARCHIVE
from core.data.scenes import CLASSES
from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from tests.core.data.images import make_tree, save, truncate
from tests.core.data.trees import add, devkit, flat_val, here, png, shard, tar_of, val_name
from tests.reference import REFERENCE, needs_reference

FIELDS = {"path", "layout", "images", "classes", "mapped", "unmatched", "packed"}


def about(shell, *words):
    """Return what one source is said to be: one object."""
    status, out, err = shell("data", *words, "--json")
    assert status == 0, err
    (line,) = out.splitlines()
    found = json.loads(line)
    assert set(found) >= FIELDS
    return found


def kinds(folder, **how):
    """Class folders of names that are no network's, and no numbers."""
    make_tree(folder, **how)
    for one in sorted(folder.iterdir()):
        one.rename(folder / one.name.replace("class", "kind"))
    return folder


def test_the_networks_own_classes_are_packed_on_request(shell, tmp_path):
    lines = [f"{place}.png,{place},{name}" for place, name in enumerate(CLASSES)]
    for place in range(len(CLASSES)):
        save(tmp_path / "flat" / f"{place}.png", seed=place, size=(140, 130))
    (tmp_path / "labels.csv").write_text("\n".join(["file,class_index,class_name", *lines]))
    folder = tmp_path / "flat"
    found = about(shell, folder)
    assert (found["layout"], found["images"], found["classes"], found["mapped"]) == ("labels", 24, 24, 24)
    assert (found["unmatched"], found["packed"], found["fingerprint"]) == ([], False, None)
    packed = about(shell, folder, "--pack")
    assert (packed["packed"], packed["skipped"]) == (True, [])
    assert about(shell, folder)["fingerprint"] == packed["fingerprint"]


def test_the_disk_that_packing_takes_is_said_before_and_too_little_is_refused(shell, tmp_path, monkeypatch):
    for place in range(3):
        save(tmp_path / "flat" / f"{place}.png", seed=place)
    (tmp_path / "labels.csv").write_text(
        "file,class_index,class_name\n" + "".join(f"{n}.png,{n},{CLASSES[n]}\n" for n in range(3))
    )
    needed = about(shell, tmp_path / "flat")["bytes_to_pack"]
    assert needed == 3 * 128 * 128 * 3
    little = shutil._ntuple_diskusage(10**9, 10**9 - needed + 1, needed - 1)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: little)
        status, _, err = shell("data", tmp_path / "flat", "--pack")
    assert status == 1
    assert "MB of free space" in err
    status, _, err = shell("data", tmp_path / "flat", "--pack", "--json")
    assert status == 0
    assert "packing takes 1 MB of the" in err
    assert about(shell, tmp_path / "flat")["bytes_to_pack"] == 0


def test_classes_that_are_not_the_networks_are_told_and_not_packed(shell, tmp_path):
    folder = kinds(tmp_path / "pets")
    found = about(shell, folder)
    assert (found["mapped"], found["packed"]) == (0, False)
    assert [one["class"] for one in found["unmatched"]] == ["kind0", "kind1", "kind2"]
    assert all("24" in one["why"] for one in found["unmatched"])
    status, _, err = shell("data", folder, "--pack")
    assert status == 2
    assert "3 classes" in err


def test_folders_with_the_networks_names_are_its_classes_in_its_order(shell, tmp_path):
    for name in CLASSES[5:9]:
        save(tmp_path / "shapes" / name / "a.png", size=(140, 130))
    found = about(shell, tmp_path / "shapes", "--pack")
    assert (found["classes"], found["mapped"], found["unmatched"], found["packed"]) == (4, 4, [], True)
    source = find_subject(ExperimentSpec(data=str(tmp_path / "shapes")), tmp_path).source
    assert source.classes == CLASSES
    assert [CLASSES[label] for label in source.labels] == sorted(CLASSES[5:9])


def test_numbered_images_of_a_tar_and_of_shards(shell, tmp_path):
    (here(tmp_path / "tar") / "labels.csv").write_text(
        f"file,class_index,class_name\n{val_name(1)},3,{CLASSES[3]}\n{val_name(2)},23,{CLASSES[23]}\n"
    )
    archive = tar_of(flat_val(tmp_path / "val", 2), tmp_path / "tar" / "ILSVRC2012_img_val.tar")
    found = about(shell, archive, "--pack")
    assert (found["layout"], found["images"], found["packed"], found["present"]) == ("tar-labels", 2, True, 2)
    found = about(shell, shard(tmp_path / "x.parquet", [0, 5, 23], names=CLASSES), "--pack")
    assert (found["layout"], found["classes"], found["packed"], found["present"]) == ("parquet", 24, True, 3)


def test_a_dozen_images_are_drawn_with_their_class_names(shell, tmp_path):
    for number in range(20):
        save(tmp_path / "shapes" / CLASSES[number % 4] / f"{number}.png", seed=number, size=(140, 130))
    truncate(tmp_path / "shapes" / CLASSES[0] / "0.png")
    found = about(shell, tmp_path / "shapes", "--sheet", tmp_path / "new" / "sheet.png")
    assert found["sheet"] == str(tmp_path / "new" / "sheet.png")
    with Image.open(found["sheet"]) as drawn:
        assert drawn.format == "PNG"
        width, height = drawn.size
    fewer = about(shell, kinds(tmp_path / "pets", classes=2, images=1), "--sheet", tmp_path / "pets.png")
    with Image.open(fewer["sheet"]) as drawn:  # of other classes than the network's: two pictures in one row
        assert (drawn.width < 0.6 * width, round(height / drawn.height)) == (True, 3)


def test_a_sheet_that_cannot_be_drawn_or_written_says_so(shell, tmp_path):
    folder = kinds(tmp_path / "pets", classes=2, images=1)
    for file in (folder / "kind0" / "0.png" / "x.png", folder):
        status, _, err = shell("data", folder, "--sheet", file)
        assert status == 1
        assert "cannot be written" in err
    for image in folder.rglob("*.png"):
        truncate(image)
    status, _, err = shell("data", folder, "--sheet", tmp_path / "x.png")
    assert status == 1
    assert "no image of" in err


def test_a_terminal_is_told_in_words(shell, tmp_path):
    status, out, _ = shell("data", kinds(tmp_path / "pets", classes=5))
    assert status == 0
    assert "kind0: one of 5 classes, and the network tells 24 apart" in out
    assert "and 2 more" in out


def test_a_root_with_splits_is_asked_about(shell, tmp_path):
    for split in ("train", "val"):
        kinds(tmp_path / split)
    status, _, err = shell("data", tmp_path, "--json")
    assert status == 2
    assert f"{tmp_path}/train and {tmp_path}/val" in err


@pytest.mark.parametrize("member", ["../up.JPEG", "/etc/abs.JPEG"])
def test_a_hostile_archive_is_refused_in_one_line(shell, tmp_path, member):
    with tarfile.open(devkit(tmp_path) / "x.tar", "w") as archive:
        add(archive, member, png())
    status, out, err = shell("data", tmp_path / "x.tar", "--json")
    assert (status, out) == (1, "")
    assert member in err
    assert "Traceback" not in err


def test_imagenette_says_how_to_get_it(shell, cache):
    status, _, err = shell("data", "imagenette:val")
    assert status == 1
    assert all(word in err for word in (ARCHIVE.url, "--fetch", str(cache / "downloads" / ARCHIVE.name)))


def test_only_imagenette_is_fetched(shell, tmp_path):
    status, _, err = shell("data", kinds(tmp_path / "pets"), "--fetch")
    assert status == 2
    assert "--fetch" in err


@needs_reference("imagenette/val", "imagenet/val", "weights/googlenet_bvlc.safetensors")
@pytest.mark.parametrize(
    ("folder", "layout", "classes", "present"),
    [("imagenette/val", "wnids", 10, 10), ("imagenet/val", "labels", 1000, 868)],
)
def test_the_reference_images(shell, folder, layout, classes, present):
    weights = REFERENCE / "weights" / "googlenet_bvlc.safetensors"
    found = about(shell, REFERENCE / folder, "--network", "googlenet-bvlc", "--weights", weights)
    assert (found["layout"], found["classes"], found["present"]) == (layout, classes, present)
    assert (found["mapped"], found["unmatched"]) == (classes, [])
