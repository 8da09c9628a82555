from __future__ import annotations

import json
import pickle
import random
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data import decode, processes, tables
from core.data.pack import pack
from core.data.preset import Preset
from core.data.source import layout_of, open_source
from core.data.tables import MAX_IMAGES
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError
from tests.core.data.images import noise, truncate
from tests.core.data.trees import IMAGE, png, refused, shard
from tests.reference import REFERENCE, needs_reference

NAMES = ("tench, Tinca tinca", "goldfish", "shark")
PRESET = Preset(40, 32)


@pytest.fixture
def folder(tmp_path):
    """Two validation shards, of 7 and 4 images in row groups of 3."""
    shard(tmp_path / "data" / "validation-00000-of-00002.parquet", [2, 0, 1, 1, 0, 2, 2], names=NAMES)
    shard(tmp_path / "data" / "validation-00001-of-00002.parquet", [0, 0, 1, 2], names=NAMES)
    return tmp_path / "data"


def pixels(source, place):
    return np.asarray(source.image(place))


def test_shards_are_read_in_their_order(folder):
    assert layout_of(str(folder))[0].name == "parquet"
    source = open_source(str(folder), NAMES)
    assert source.labels.tolist() == [2, 0, 1, 1, 0, 2, 2, 0, 0, 1, 2]
    assert source.classes == NAMES
    assert source.ids[0] == "validation-00000-of-00002_0.png"
    assert source.ids[7] == "validation-00001-of-00002_0.png"
    assert source.notes == ()
    for place in range(11):
        assert np.array_equal(pixels(source, place), np.asarray(noise(place if place < 7 else place - 7)))


def test_rows_are_read_in_any_order_and_by_any_number_of_threads(folder):
    source = open_source(str(folder))
    places = random.Random(1).choices(range(11), k=120)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda place: pixels(source, place), places))
    assert all(np.array_equal(one, noise(place % 7)) for one, place in zip(found, places, strict=True))


def test_one_row_group_of_all_rows_is_read_forwards_and_back(tmp_path):
    source = open_source(str(shard(tmp_path / "one.parquet", [0, 1] * 20, group=1_000_000)))
    for place in (0, 1, 30, 39, 5, 4):
        assert np.array_equal(pixels(source, place), np.asarray(noise(place)))


def test_images_without_paths_are_known_by_their_places(tmp_path):
    pq.write_table(pa.table({"image": [{"bytes": png(1)}, {"bytes": png(2)}], "label": [0, 1]}), tmp_path / "x.parquet")
    source = open_source(str(tmp_path / "x.parquet"))
    assert source.ids == ("x/0.0", "x/0.1")
    assert np.array_equal(pixels(source, 1), np.asarray(noise(2)))


@pytest.mark.parametrize("helpers", [False, True])
def test_a_pack_of_shards_is_that_of_the_files(folder, tmp_path, monkeypatch, helpers):
    source = open_source(str(folder))
    (tmp_path / "flat").mkdir()
    lines = ["file,class_index,class_name"]
    for place, name in enumerate(source.ids):
        (tmp_path / "flat" / name).write_bytes(source.shelf.read(name))
        label = source.labels[place]
        lines.append(f'{name},{label},"{NAMES[label]}"')
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    monkeypatch.setattr(processes, "HELPERS_START", -1.0 if helpers else float("inf"))
    monkeypatch.setattr(decode, "CHUNK_IMAGES", 2)
    made = pack(source, PRESET, cache=tmp_path / "cache")
    assert made.batch(range(len(made))).shape == made.shape
    plain = pack(open_source(str(tmp_path / "flat")), PRESET, cache=tmp_path / "other")
    assert made.file.read_bytes() == plain.file.read_bytes()
    assert made.fingerprint == plain.fingerprint


def test_splits_are_asked_about_and_named(folder):
    shard(folder / "train-00000-of-00001.parquet", [0, 1], names=NAMES)
    with pytest.raises(InvalidSettingError) as caught:
        open_source(str(folder))
    assert refused(caught.value, InvalidSettingError, f"{folder}/train-*.parquet", f"{folder}/validation-*.parquet")
    with pytest.raises(BrokenDataError, match="2 splits"):
        open_source(f"parquet:{folder}")
    assert len(open_source(f"{folder}/train-*.parquet")) == 2
    assert len(open_source(f"{folder}/validation-*.parquet")) == 11
    with pytest.raises(MissingFileError):
        open_source(f"{folder}/test-*.parquet")
    with pytest.raises(InvalidSettingError, match=r"train-\*\.parquet"):
        open_source(str(folder.parent / "data"))


def test_a_missing_shard_is_told(folder):
    (folder / "validation-00000-of-00002.parquet").unlink()
    assert open_source(str(folder)).notes == ("1 of 2 shards are not here",)


def test_one_file_is_enough(folder):
    assert len(open_source(str(folder / "validation-00001-of-00002.parquet"))) == 4


def test_names_of_classes_are_free_of_what_cannot_be_printed(tmp_path):
    shard(tmp_path / "x.parquet", [0, 1], names=["\x1b[31mcat", "d\u202eog"])
    assert open_source(str(tmp_path)).classes == ("[31mcat", "dog")


def test_without_names_classes_are_numbers_and_ids_are_places(tmp_path):
    source = open_source(str(shard(tmp_path / "x.parquet", [0, 3, 0, 3], paths=False)))
    assert source.classes == ("0", "1", "2", "3")
    assert source.ids == ("x/0.0", "x/0.1", "x/0.2", "x/1.0")
    assert len(open_source(f"parquet:{tmp_path}/x.parquet", imagenet_names()).classes) == 1000


def test_it_can_be_sent_to_another_process(folder):
    source = open_source(str(folder))
    source.image(0)
    copy = pickle.loads(pickle.dumps(source))
    assert np.array_equal(pixels(copy, 8), pixels(source, 8))
    assert copy.identity() == source.identity()


# hostile files


def claims(file, rows, *, cell=None):
    """A small shard of many rows that are all alike."""
    cells = pa.nulls(rows, IMAGE) if cell is None else pa.array([cell] * rows, IMAGE)
    labels = pa.array(np.arange(rows) % 2)
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"image": cells, "label": labels}), file)
    return file


def test_more_rows_than_any_set_of_images_has_are_refused_before_they_are_read(tmp_path):
    file = claims(tmp_path / "x.parquet", MAX_IMAGES + 1)
    assert file.stat().st_size < 3_000_000
    tracemalloc.start()
    told = refusal(file)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert f"{MAX_IMAGES + 1:,}" in told


def test_the_rows_of_all_shards_together_are_bounded(folder, monkeypatch):
    monkeypatch.setattr(tables, "MAX_IMAGES", 10)  # of 7 and 4
    assert "lists at least 11 images" in refusal(folder)


def test_a_picture_that_lies_once_in_the_file_is_not_in_memory_for_every_row(tmp_path):
    """Parquet stores what repeats once: this file of 20 kB has cells of 300 MB."""
    file = claims(tmp_path / "x.parquet", 1000, cell={"bytes": bytes(200_000), "path": "p" * 100_000})
    assert file.stat().st_size < 50_000
    source, most = open_source(str(file)), 0
    for place in range(0, 1000, 100):
        with pytest.raises(BrokenDataError, match="not an image"):
            source.image(place)
        most = max(most, pa.total_allocated_bytes())
    assert most < 10_000_000


def test_a_file_that_counts_its_rows_in_two_ways(tmp_path):
    """The footer says of all rows what its row groups do not add up to."""
    file = shard(tmp_path / "x.parquet", [0, 1, 0, 1, 0, 1, 1], group=7)
    data = file.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[start:].replace(bytes([0x16, 14]), bytes([0x16, 12]), 1)  # Thrift's 7 and 6, in zigzag
    file.write_bytes(data[:start] + footer)
    assert "counts its rows in two ways" in refusal(file)


def refusal(path, **options):
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(path), **options)
    assert refused(caught.value, BrokenDataError)
    return caught.value.given


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"image": [b"x"], "label": [1]}, "no column image"),
        ({"picture": [{"bytes": b"x", "path": "a"}], "label": [1]}, "no column image"),
        ({"image": [{"path": "a"}], "label": [1]}, "no column image"),
        ({"image": [{"bytes": b"x", "path": "a"}]}, "no column label"),
        ({"image": [{"bytes": b"x", "path": "a"}], "label": ["cat"]}, "no column label"),
    ],
)
def test_missing_columns(tmp_path, columns, told):
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    assert told in refusal(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("names", "told"), [(("image", "label", "label"), "label"), (("image", "image", "label"), "image")]
)
def test_two_columns_of_one_name(tmp_path, names, told):
    arrays = {
        "image": pa.array([{"bytes": png(), "path": "a"}, {"bytes": png(), "path": "b"}]),
        "label": pa.array([0, 1]),
    }
    pq.write_table(pa.Table.from_arrays([arrays[name] for name in names], list(names)), tmp_path / "x.parquet")
    assert refusal(tmp_path / "x.parquet").endswith(f"has several columns {told}")


@pytest.mark.parametrize(
    "said", [{"1": "cat", "0": "dog"}, "ab", [1, 0], None, [["cat"], ["dog"]]], ids=lambda said: type(said).__name__
)
def test_class_names_that_are_no_list_of_names_are_none(tmp_path, said):
    about = {"info": {"features": {"label": {"names": said}}}}
    assert open_source(str(described(tmp_path, json.dumps(about).encode()))).classes == ("0", "1")


def test_metadata_of_any_depth_says_nothing(tmp_path):
    assert open_source(str(described(tmp_path, b"[" * 200_000))).classes == ("0", "1")


def described(folder, metadata):
    """Shards of two classes with Hugging Face's metadata as these bytes."""
    file = shard(folder / "x.parquet", [0, 1])
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata({b"huggingface": metadata}), file)
    return file


def test_a_cell_that_is_small_on_disk_alone_is_refused_before_it_is_read(tmp_path):
    cells = [{"bytes": png(), "path": "a"}, {"bytes": bytes(80_000_000), "path": "b"}, {"bytes": png(), "path": "c"}]
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": pa.array(cells, IMAGE), "label": [0, 1, 1]}), file, compression="zstd")
    assert file.stat().st_size < 100_000
    del cells
    before = pa.total_allocated_bytes()
    told = refusal(file)
    assert "bytes of image.bytes in 3 rows" in told
    assert pa.total_allocated_bytes() - before < 1_000_000


@pytest.mark.parametrize("labels", [[0, -1, 1], [0, 1, None]])
def test_images_without_labels(tmp_path, labels):
    assert "label" in refusal(shard(tmp_path / "test-00000-of-00001.parquet", labels))


def test_a_label_beyond_the_datas_own_classes(tmp_path):
    assert "the label 5" in refusal(shard(tmp_path / "y.parquet", [0, 5], names=NAMES))


def test_one_class_only(tmp_path):
    assert "one class only" in refusal(shard(tmp_path / "x.parquet", [4, 4]))


def test_shards_of_two_data_sets(folder):
    shard(folder / "validation-00002-of-00002.parquet", [0, 1], names=NAMES[::-1])
    assert "name their classes differently" in refusal(folder)


def test_a_file_that_is_none(tmp_path, folder):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing more PAR1")
    assert "no parquet file" in refusal(tmp_path / "x.parquet")
    assert "no parquet file" in refusal(truncate(folder / "validation-00000-of-00002.parquet"))


def test_cells_that_hold_no_image_are_skipped_and_named(tmp_path):
    data = png(), None, b"", png()[:50], png()
    cells = [*({"bytes": one, "path": f"{place}.png"} for place, one in enumerate(data)), None]
    file = shard(tmp_path / "x.parquet", [0, 1, 0, 1, 1, 0], rows=cells)
    made = pack(open_source(str(file)), PRESET, cache=tmp_path / "cache")
    assert made.indices.tolist() == [0, 4]
    assert [one.index for one in made.skipped] == [1, 2, 3, 5]


def test_damaged_pages_are_broken_images(folder):
    file = folder / "validation-00000-of-00002.parquet"
    data = bytearray(file.read_bytes())
    data[100:3000] = bytes(2900)
    source = open_source(str(folder / "validation-00001-of-00002.parquet"))
    file.write_bytes(data)
    source = open_source(str(folder))
    with pytest.raises(BrokenDataError):
        source.image(0)
    assert np.array_equal(pixels(source, 7), np.asarray(noise(0)))


@needs_reference("imagenet/val", "imagenet/labels.csv")
def test_real_images_are_packed_exactly_out_of_shards(tmp_path):
    plain = open_source(str(REFERENCE / "imagenet" / "val"), imagenet_names())
    data = [(REFERENCE / "imagenet" / "val" / name).read_bytes() for name in plain.ids[:40]]
    cells = [{"bytes": one, "path": name} for one, name in zip(data, plain.ids, strict=False)]
    table = {"image": pa.array(cells, IMAGE), "label": plain.labels[:40]}
    pq.write_table(pa.table(table), tmp_path / "validation-00000-of-00001.parquet", row_group_size=15)
    made = pack(open_source(f"parquet:{tmp_path}", imagenet_names()), Preset(256, 224), cache=tmp_path / "cache")
    for place in range(0, 40, 5):
        assert np.array_equal(made.image(place), decode.pixel_row(plain.image(place), Preset(256, 224)))
    assert (made.ids, made.labels.tolist()) == (plain.ids[:40], plain.labels[:40].tolist())
