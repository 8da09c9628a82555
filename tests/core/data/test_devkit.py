from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from scipy.io import savemat

from core.data import devkit as module
from core.data.source import layout_of, open_source
from core.data.wnids import imagenet_names, imagenet_wnids
from core.errors import BrokenDataError, InvalidSettingError
from tests.core.data.images import make_tree, save
from tests.core.data.trees import DEVKIT, LABELS, TRUTH, devkit, flat_val, refused, truth, val_name
from tests.reference import REFERENCE, needs_reference


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("beside", [False, True])
def test_classes_are_found_by_wnid_and_not_by_the_devkits_numbers(tmp_path, packed, beside):
    folder = flat_val(tmp_path / "val")
    devkit(tmp_path if beside else folder, packed)
    assert layout_of(str(folder))[0].name == "devkit"
    source = open_source(str(folder), imagenet_names())
    assert source.ids == tuple(map(val_name, range(1, 7)))
    assert source.labels.tolist() == LABELS
    assert source.classes == imagenet_wnids()
    assert any("by their wnids" in note for note in source.notes)
    assert any("4 images of the devkit's 10 not here" in note for note in source.notes)


def test_some_of_the_images_keep_their_labels(tmp_path):
    for number in (2, 5):
        save(tmp_path / val_name(number))
    source = open_source(str(devkit(tmp_path)), imagenet_names())
    assert source.labels.tolist() == [LABELS[1], LABELS[4]]


def test_the_shards_names_with_wnids_are_the_same_images(tmp_path):
    for number in (1, 2):
        save(tmp_path / f"ILSVRC2012_val_{number:08d}_n01440764.JPEG")
    assert open_source(str(devkit(tmp_path))).labels.tolist() == LABELS[:2]


def test_a_devkit_beside_other_images_is_not_theirs(tmp_path):
    devkit(tmp_path)
    assert layout_of(str(make_tree(tmp_path / "pets")))[0].name == "numbers"
    for name in ("a.png", "b.png"):
        save(tmp_path / "flat" / name)
    (tmp_path / "flat" / "labels.csv").write_text("file,class_index\na.png,0\nb.png,1\n")
    assert layout_of(str(tmp_path / "flat"))[0].name == "labels"


def test_a_devkit_and_a_table_are_two_ways_and_either_can_be_named(tmp_path):
    folder = flat_val(tmp_path / "val", 2)
    devkit(tmp_path)
    (tmp_path / "labels.csv").write_text(f"file,class_index\n{val_name(1)},3\n{val_name(2)},4\n")
    with pytest.raises(InvalidSettingError) as caught:
        open_source(str(folder), imagenet_names())
    assert refused(caught.value, InvalidSettingError, f"labels:{folder}", f"devkit:{folder}")
    assert open_source(f"labels:{folder}", imagenet_names()).labels.tolist() == [3, 4]
    assert open_source(f"devkit:{folder}", imagenet_names()).labels.tolist() == LABELS[:2]


def refusal(tmp_path, packed=False, **changed):
    folder = flat_val(tmp_path / "val", 3)
    devkit(tmp_path, packed, **changed)
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(folder))
    assert refused(caught.value, BrokenDataError)
    return caught.value.given


def test_a_stranger_among_the_images(tmp_path):
    save(tmp_path / "val" / "mine.png")
    assert "mine.png" in refusal(tmp_path)


def test_an_image_beyond_the_ground_truth(tmp_path):
    save(tmp_path / "val" / val_name(11))
    assert val_name(11) in refusal(tmp_path)


def test_an_image_that_is_there_twice(tmp_path):
    save(tmp_path / "val" / val_name(2).replace("JPEG", "png"))
    assert "image 2 twice" in refusal(tmp_path)


@pytest.mark.parametrize("line", [b"0", b"1001", b"1500", b"cat", b"\xff\xfe"])
def test_a_class_that_is_none_of_the_thousand(tmp_path, line):
    assert TRUTH in refusal(tmp_path, **{TRUTH: truth() + line + b"\n"})


@pytest.mark.parametrize("meta", [b"", b"no mat file at all" * 100])
def test_a_meta_mat_that_is_none(tmp_path, meta):
    assert "meta.mat cannot be read" in refusal(tmp_path, **{"data/meta.mat": meta})


def test_a_meta_mat_of_something_else(tmp_path):
    file = io.BytesIO()
    savemat(file, {"others": np.arange(3)})
    assert "meta.mat cannot be read" in refusal(tmp_path, **{"data/meta.mat": file.getvalue()})


def test_an_archive_that_is_none(tmp_path):
    (tmp_path / f"{DEVKIT}.tar.gz").write_bytes(b"none")
    flat_val(tmp_path / "val", 3)
    with pytest.raises(BrokenDataError, match="cannot be unpacked"):
        open_source(str(tmp_path / "val"))


def test_an_archive_that_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    flat_val(tmp_path / "val", 3)
    (tmp_path / f"{DEVKIT}.tar.gz").write_bytes(gzip.compress(bytes(20_000)))
    with pytest.raises(BrokenDataError, match="more than 10,000 bytes"):
        open_source(str(tmp_path / "val"))


@needs_reference("imagenet/val", "imagenet/labels.csv")
def test_real_images_have_the_labels_that_their_table_gives(tmp_path):
    table = open_source(str(REFERENCE / "imagenet" / "val"), imagenet_names())
    (tmp_path / "val").mkdir()
    for name in table.ids[:40]:
        (tmp_path / "val" / name).write_bytes((REFERENCE / "imagenet" / "val" / name).read_bytes())
    devkit(tmp_path, packed=True, **{TRUTH: truth(table.labels.tolist(), len(table))})
    source = open_source(str(tmp_path / "val"), imagenet_names())
    assert np.array_equal(source.labels, table.labels[:40])
    assert np.array_equal(np.asarray(source.image(7)), np.asarray(table.image(7)))
