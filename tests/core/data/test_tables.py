"""Tables that claim more than there can be, whichever table it is: none is read without end."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from scipy.io import savemat

from core.data import tables
from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError
from tests.core.data.images import make_tree, save
from tests.core.data.trees import devkit, flat_val, refused

HEADERS = {"labels.csv": "file,class_index\n", "val.txt": "", "boxes.csv": "file,x0,y0,x1,y1\n"}
LINES = {"labels.csv": "a.png,0\nb.png,1\n", "val.txt": "a.png 0\nb.png 1\n", "boxes.csv": "a.png,0,0,1,1\n"}
NAMES = sorted(HEADERS)


@pytest.fixture(params=NAMES)
def table(request, tmp_path):
    """A table beside its images: two that it labels, or a tree of classes with boxes."""
    if request.param == "boxes.csv":
        make_tree(tmp_path / "images", classes=2, images=1)
    for name in ("a.png", "b.png"):
        save(tmp_path / "images" / name)
    return tmp_path / "images" / request.param


def refusal(table, *told):
    """Open the images, and where boxes are it that are broken, ask for one: they do not keep from opening."""
    tracemalloc.start()
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(table.parent)).mask(0)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert refused(caught.value, BrokenDataError, str(table), *told)


def test_a_table_of_more_bytes_than_any_is_not_read(table):
    table.write_text(HEADERS[table.name])
    with table.open("r+b") as file:
        file.truncate(200_000_000)  # sparse: it takes no room on the disk
    refusal(table, "200,000,000 bytes")


def test_a_line_without_end(table):
    table.write_text(HEADERS[table.name] + "x" * 1_000_000)
    refusal(table, "4,096 letters")


def test_a_first_line_without_end(table):
    table.write_bytes(bytes(100_000_000))
    refusal(table, "line 1")


def test_more_lines_than_any_set_of_images_has(table, monkeypatch):
    monkeypatch.setattr(tables, "MAX_IMAGES", 100)
    table.write_text(HEADERS[table.name] + LINES[table.name] * 1000)
    refusal(table, "at least 101 images")


def test_a_name_that_is_no_utf8(table):
    table.write_bytes(HEADERS[table.name].encode() + b"caf\xe9.png 0\n")
    refusal(table, "UTF-8")


@pytest.mark.parametrize("name", ["data/ILSVRC2012_validation_ground_truth.txt", "data/meta.mat"])
def test_a_devkit_of_more_bytes_than_any_is_not_read(tmp_path, name):
    flat_val(tmp_path / "val", 2)
    kit = devkit(tmp_path) / "ILSVRC2012_devkit_t12"
    with (kit / name).open("r+b") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(tmp_path / "val"), imagenet_names())
    assert refused(caught.value, BrokenDataError, str(kit), "more than")


def test_a_devkit_that_unpacks_without_end(tmp_path):
    flat_val(tmp_path / "val", 2)
    file = io.BytesIO()
    savemat(file, {"synsets": np.zeros(100_000_000, np.uint8)}, do_compression=True)
    assert len(file.getvalue()) < 200_000
    devkit(tmp_path, **{"data/meta.mat": file.getvalue()})
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(tmp_path / "val"), imagenet_names())
    assert refused(caught.value, BrokenDataError, "unpacks to more than")
