from __future__ import annotations

import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from core.data import decode, processes
from core.data.pack import pack
from core.data.preset import Preset
from core.data.source import layout_of, open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError
from tests.core.data.images import claim_size, save, truncate
from tests.core.data.trees import LABELS, add, devkit, flat_val, here, png, refused, tar_of, val_name, xml
from tests.reference import REFERENCE, needs_reference

NAME = "ILSVRC2012_img_val.tar"
PRESET = Preset(40, 32)


@pytest.fixture
def archive(tmp_path):
    """The archive with the devkit beside it."""
    flat_val(tmp_path / "val")
    return tar_of(tmp_path / "val", devkit(here(tmp_path / "original"), packed=True) / NAME)


def test_the_archive_is_the_folder_without_unpacking(archive, tmp_path):
    assert layout_of(str(archive))[0].name == "tar-devkit"
    devkit(tmp_path)
    folder, source = open_source(str(tmp_path / "val"), imagenet_names()), open_source(str(archive), imagenet_names())
    assert (source.ids, source.classes, source.title) == (folder.ids, folder.classes, f"original/{NAME}")
    assert source.labels.tolist() == LABELS
    for place in range(6):
        assert np.array_equal(np.asarray(source.image(place)), np.asarray(folder.image(place)))
    assert {path.name for path in archive.parent.iterdir()} == {NAME, "ILSVRC2012_devkit_t12.tar.gz"}


@pytest.mark.parametrize("table", ["labels.csv", "val.txt"])
def test_tables_beside_the_archive(tmp_path, table):
    flat_val(tmp_path / "val", 2)
    archive = tar_of(tmp_path / "val", here(tmp_path / "tar") / NAME)
    lines = {"labels.csv": f"file,class_index\n{val_name(1)},3\n{val_name(2)},0\n"}
    lines["val.txt"] = f"{val_name(1)} 3\n{val_name(2)} 0\n"
    (archive.parent / table).write_text(lines[table])
    assert open_source(str(archive), imagenet_names()).labels.tolist() == [3, 0]


def test_boxes_beside_the_archive(archive):
    xml(archive.parent / "ILSVRC2012_bbox_val_v3" / "val" / "ILSVRC2012_val_00000002.xml", [(100, 75, 200, 150)])
    source = open_source(str(archive))
    assert source.region == "boxes"
    assert source.mask(0) is None
    assert np.argwhere(source.mask(1)).min(0).tolist() == [6, 8]  # of 30 x 40 pixels, where 375 x 500 were


@pytest.mark.parametrize("helpers", [False, True])
def test_a_pack_of_the_archive_is_that_of_the_files(archive, tmp_path, monkeypatch, helpers):
    devkit(tmp_path)
    monkeypatch.setattr(processes, "HELPERS_START", -1.0 if helpers else float("inf"))
    monkeypatch.setattr(decode, "CHUNK_IMAGES", 2)
    made = pack(open_source(str(archive), imagenet_names()), PRESET, cache=tmp_path / "one")
    plain = pack(open_source(str(tmp_path / "val"), imagenet_names()), PRESET, cache=tmp_path / "other")
    assert made.batch(range(len(made))).shape == made.shape
    assert made.fingerprint == plain.fingerprint
    assert made.file.read_bytes() == plain.file.read_bytes()


def test_the_identity_changes_with_the_archive(archive):
    known = open_source(str(archive)).identity()
    assert pickle.loads(pickle.dumps(open_source(str(archive)))).identity() == known
    os.utime(archive, (1, 1))
    assert open_source(str(archive)).identity() != known


def test_broken_images_in_it_are_skipped_and_named(tmp_path):
    folder = flat_val(tmp_path / "val")
    truncate(folder / val_name(2))
    (folder / val_name(3)).write_bytes(b"")
    claim_size(save(tmp_path / "bomb.png"), 50_000).rename(folder / val_name(4))
    archive = tar_of(folder, devkit(here(tmp_path / "original")) / NAME)
    made = pack(open_source(str(archive)), PRESET, cache=tmp_path / "cache")
    assert [one.id for one in made.skipped] == [val_name(2), val_name(3), val_name(4)]
    assert "pixels" in made.skipped[2].reason


def test_without_labels_it_says_what_is_missing(tmp_path):
    archive = tar_of(flat_val(tmp_path / "val"), here(tmp_path / "original") / NAME)
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(archive))
    assert refused(caught.value, BrokenDataError, "which class", "devkit", str(archive.parent))


def test_a_folder_with_the_archive_names_it(archive):
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(archive.parent))
    assert str(archive) in caught.value.mend


# hostile archives


def hostile(tmp_path, *members, format=tarfile.PAX_FORMAT):
    """An archive with the devkit beside it, of one good image and these members."""
    file = devkit(tmp_path) / NAME
    with tarfile.open(file, "w", format=format) as archive:
        add(archive, val_name(1), png())
        for name, about in members:
            add(archive, name, about.pop("data", b""), **about)
    return file


def refusal(file):
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(file))
    assert refused(caught.value, BrokenDataError, str(file))
    return caught.value.given


@pytest.mark.parametrize("name", ["../../up.JPEG", "a/../../up.JPEG", "/etc/abs.JPEG", ".."])
def test_a_path_out_of_the_archive(tmp_path, name):
    assert "leads out of it" in refusal(hostile(tmp_path, (name, {"data": png()})))
    assert not (tmp_path.parent / "up.JPEG").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices(tmp_path, kind):
    assert "a link or a device" in refusal(hostile(tmp_path, ("x.JPEG", {"type": kind, "linkname": "/etc/passwd"})))


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_name_without_end(tmp_path, format):
    assert "3,005 letters" in refusal(hostile(tmp_path, ("x" * 3000 + ".JPEG", {"data": png()}), format=format))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_header_that_claims_gigabytes_is_not_read(tmp_path, kind):
    file = hostile(tmp_path)
    claim = tarfile.TarInfo("long")
    claim.size, claim.type = 2**33 - 1, kind
    with file.open("r+b") as stream:
        stream.write(claim.tobuf(tarfile.GNU_FORMAT))
        stream.truncate(2**33)
    assert "a header of" in refusal(file)


def test_a_name_that_is_no_utf8(tmp_path):
    member = ("caf\udce9.JPEG", {"data": png()})
    assert "not UTF-8" in refusal(hostile(tmp_path, member, format=tarfile.GNU_FORMAT))


def test_a_name_twice(tmp_path):
    assert "twice" in refusal(hostile(tmp_path, ("./" + val_name(1), {"data": png(1)})))


def test_an_archive_that_is_none(tmp_path):
    file = hostile(tmp_path)
    file.write_bytes(b"none at all" * 1000)
    assert "no tar archive" in refusal(file)
    file.write_bytes(b"")
    assert "no tar archive" in refusal(file)


def test_an_archive_cut_short(archive):
    truncate(archive, 0.5)
    assert "a damaged one" in refusal(archive)


def test_a_damaged_header_is_not_taken_for_the_end(archive):
    with tarfile.open(archive) as members:
        offset = members.getmembers()[3].offset
    with archive.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * 300)
    assert "a damaged one" in refusal(archive)


def test_an_archive_of_archives(tmp_path):
    file = devkit(tmp_path) / NAME
    with tarfile.open(file, "w") as archive:
        add(archive, "n01440764.tar", io.BytesIO().getvalue())
    assert "no images" in refusal(file)


@needs_reference("imagenet/val", "imagenet/labels.csv")
def test_real_images_are_packed_exactly_out_of_an_archive(tmp_path):
    plain = open_source(str(REFERENCE / "imagenet" / "val"), imagenet_names())
    rows = (REFERENCE / "imagenet" / "labels.csv").read_text().splitlines()[:41]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    with tarfile.open(tmp_path / NAME, "w") as archive:
        for name in plain.ids[:40]:
            archive.add(REFERENCE / "imagenet" / "val" / name, name)
    made = pack(open_source(str(tmp_path / NAME), imagenet_names()), Preset(256, 224), cache=tmp_path / "cache")
    for place in range(0, 40, 5):
        assert np.array_equal(made.image(place), decode.pixel_row(plain.image(place), Preset(256, 224)))
    assert made.labels.tolist() == plain.labels[:40].tolist()
