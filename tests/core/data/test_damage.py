"""Whatever happens to a file, what is raised is the project's own error, and what is left can be read."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.source import open_source
from core.errors import BrokenDataError, PrunescopeError
from tests.core.data.trees import DEVKIT, devkit, flat_val, here, png, refused, shard, tar_of


def damaged(data, chance):
    """Some bytes changed, and one file in five cut short."""
    found = bytearray(data)
    for _ in range(chance.choice([1, 3, 20])):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found[: chance.randrange(len(found))] if chance.random() < 0.2 else found)


def read_all(path):
    """Open a source and read all its images; return how many could be read."""
    try:
        source = open_source(str(path))
    except PrunescopeError as error:
        assert refused(error, PrunescopeError)
        return 0
    return sum(is_readable(source, place) for place in range(len(source)))


def is_readable(source, place):
    try:
        return source.image(place) is not None
    except PrunescopeError as error:
        return not refused(error, PrunescopeError)


def archive(folder):
    flat_val(folder / "val", 3)
    return tar_of(folder / "val", devkit(folder, packed=True) / "x.tar"), folder / "x.tar"


def shards(folder):
    file = shard(folder / "x.parquet", [0, 1, 2, 0, 1])
    return file, file


def kit(folder):
    flat_val(folder / "val", 3)
    return devkit(folder, packed=True) / f"{DEVKIT}.tar.gz", folder / "val"


@pytest.mark.parametrize("make", [archive, shards, kit])
def test_damaged_files_raise_nothing_but_our_own_errors(tmp_path, make):
    file, path = make(here(tmp_path / "data"))
    data, chance = file.read_bytes(), random.Random(3)
    whole = read_all(path)
    found = set()
    for _ in range(40):
        file.write_bytes(damaged(data, chance))
        found.add(read_all(path))
    assert max(found) <= whole
    assert min(found) == 0 < whole
    file.write_bytes(data)
    assert read_all(path) == whole


def test_names_in_shards_that_are_no_utf8(tmp_path):
    paths = pa.array([b"\xff.png", b"b.png"]).view(pa.string())
    image = pa.StructArray.from_arrays([pa.array([png(1), png(2)]), paths], ["bytes", "path"])
    pq.write_table(pa.table({"image": image, "label": pa.array([0, 1])}), tmp_path / "x.parquet")
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(tmp_path / "x.parquet"))
    assert refused(caught.value, BrokenDataError, "x.parquet")
