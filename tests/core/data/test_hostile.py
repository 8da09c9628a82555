"""Every kind of strange picture, through every way in: what is converted, and what is refused without harm."""

from __future__ import annotations

import tarfile
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from core.data.pack import pack
from core.data.preset import Preset
from core.data.source import open_source
from core.errors import BrokenDataError, MissingFileError
from core.uploads.photos import read_photos
from tests.core.data.images import noise
from tests.core.data.trees import IMAGE, add, here
from tests.core.uploads.pictures import claiming, encoded

PRESET = Preset(None, 24)
DEEP = Image.fromarray(np.linspace(0, 65535, 900).astype(np.uint16).reshape(30, 30))


def frames(kind):
    return encoded(noise(1), kind, save_all=True, append_images=[noise(2)])


SOUND = {  # as (name, bytes): whatever they are, they are pictures
    "plain.png": encoded(noise(0)),
    "jpeg in truth.png": encoded(noise(0), "JPEG"),
    "png in truth.jpg": encoded(noise(0)),
    "cmyk.jpg": encoded(noise(0).convert("CMYK"), "JPEG"),
    "16 bits.png": encoded(DEEP),
    "palette.png": encoded(noise(0).convert("P")),
    "apng.png": frames("PNG"),
}
REFUSED = {
    "bomb.png": claiming(50_000),
    "empty.png": b"",
    "truncated.png": encoded(noise(0))[:1000],
    "truncated.jpg": encoded(noise(0), "JPEG")[:400],
    "gif.png": frames("GIF"),
    "heic.jpg": b"\0\0\0\x20ftypheic" + bytes(400),
    "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "text.jpg": b"no picture",
}
ONLY_UPLOADED = {"webp.png": encoded(noise(0), "WEBP"), "animated webp.png": frames("WEBP")}
FILES = SOUND | REFUSED | ONLY_UPLOADED


@pytest.mark.parametrize("name", ["a" * 300, "a" * 3000, "b" * 250 + "/" + "c" * 300])
@pytest.mark.parametrize(("table", "line"), [("labels.csv", "{},1"), ("val.txt", "{} 1")])
def test_a_table_that_names_a_file_no_disk_can_hold_is_told_of_it(tmp_path, name, table, line):
    for place in range(2):
        (here(tmp_path / "images") / f"{place}.png").write_bytes(SOUND["plain.png"])
    header = ["file,class_index"] if table == "labels.csv" else []
    lines = [*header, line.format("0.png").replace("1", "0"), line.format(name), line.format("1.png")]
    (tmp_path / "images" / table).write_text("\n".join(lines))
    with pytest.raises(BrokenDataError, match="which is not in") as caught:
        open_source(str(tmp_path / "images"))
    assert name[:100] in caught.value.given
    assert len(caught.value.given) < 500


@pytest.mark.parametrize(
    "lines",
    [
        ["0.png,0,{}", "1.png,1,a", "2.png,0,b"],
        ["0.png,0,{}x", "1.png,1,a", "2.png,0,{}y"],
        ["0.png,{},a", "1.png,1,b"],
        ["/{},0,a", "1.png,1,b"],
        ["{},0,a", "{},1,b"],
    ],
)
def test_no_error_of_a_table_repeats_a_text_of_any_length(tmp_path, lines):
    for place in range(3):
        (here(tmp_path / "images") / f"{place}.png").write_bytes(SOUND["plain.png"])
    table = "\n".join(["file,class_index,class_name", *lines]).replace("{}", "z" * 2000)
    (tmp_path / "images" / "labels.csv").write_text(table)
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(tmp_path / "images"))
    assert "zzz" in str(caught.value)
    assert len(str(caught.value)) < 800


def test_an_image_whose_name_is_as_long_as_can_be_has_no_mask(tmp_path):
    for place in range(2):
        (here(tmp_path / f"class{place}") / ("a" * 251 + ".png")).write_bytes(SOUND["plain.png"])
    (tmp_path / "class0" / "b.mask.png").write_bytes(SOUND["plain.png"])
    (tmp_path / "class0" / "b.png").write_bytes(SOUND["plain.png"])
    source = open_source(str(tmp_path))
    assert source.mask(source.ids.index(f"class0/{'a' * 251}.png")) is None


def test_of_a_path_that_is_not_there_it_is_said_in_one_line(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        open_source(str(tmp_path / "imagenet" / "vall"))
    assert str(caught.value).startswith(
        f"there is no folder or file {tmp_path}/imagenet/vall; allowed: one that is there; check the spelling"
    )


def as_folders(path):
    for place, (name, data) in enumerate(FILES.items()):
        (here(path / "images" / f"class{place % 2}") / name).write_bytes(data)
    return path / "images"


def table(path):
    lines = [f"{name},{place % 2}" for place, name in enumerate(FILES)]
    (path / "labels.csv").write_text("\n".join(["file,class_index", *lines]))


def as_list(path):
    table(path)
    for name, data in FILES.items():
        (here(path / "images") / name).write_bytes(data)
    return path / "images"


def as_tar(path):
    table(path)
    with tarfile.open(path / "images.tar", "w") as archive:
        for name, data in FILES.items():
            add(archive, name, data)
    return path / "images.tar"


def as_parquet(path):
    cells = pa.array([{"bytes": data, "path": name} for name, data in FILES.items()], IMAGE)
    pq.write_table(pa.table({"image": cells, "label": [place % 2 for place in range(len(FILES))]}), path / "x.parquet")
    return path / "x.parquet"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("layout", [as_folders, as_list, as_tar, as_parquet])
def test_a_source_packs_what_is_a_picture_and_names_the_others(tmp_path, layout):
    source = open_source(str(layout(tmp_path)))
    tracemalloc.start()
    made = pack(source, PRESET, cache=tmp_path / "cache")
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()
    kept = {identity.rpartition("/")[2] for identity in made.ids}
    skipped = {one.id.rpartition("/")[2]: one.reason for one in made.skipped}
    assert kept == set(SOUND)
    assert set(skipped) == {*REFUSED, *ONLY_UPLOADED}
    assert all(skipped.values())


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_upload_takes_what_is_a_picture_and_names_the_others():
    tracemalloc.start()
    found = read_photos(list(FILES.items()))
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()
    assert {name for name, _ in found.refused} == set(REFUSED)
    assert all(error.given and error.allowed and error.mend for _, error in found.refused)
    once = {"png in truth.jpg"}  # the same bytes as those of plain.png
    assert {photo.title for photo in found.photos} == {*SOUND, *ONLY_UPLOADED} - once


def test_a_name_that_is_no_utf8_is_shown_without_what_cannot_be():
    found = read_photos([("caf\udce9.png", encoded(noise(0))), ("\udce9\n", b"")])
    assert [photo.title for photo in found.photos] == ["caf.png"]
    assert [name for name, _ in found.refused] == ["a picture"]
