from __future__ import annotations

import csv

import numpy as np
import pytest

from core.data.annotations import find_annotations
from core.data.boxes import Box, union
from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError
from tests.core.data.images import save
from tests.core.data.trees import devkit, flat_val, here, refused, val_name, xml
from tests.reference import REFERENCE, needs_reference

NUMBER = "ILSVRC2012_val_00000002.xml"


@pytest.mark.parametrize(
    ("images", "annotations"),
    [
        ("val", "ILSVRC2012_bbox_val_v3/val"),
        ("val", "ILSVRC2012_bbox_val_v3"),
        ("val", "val/ILSVRC2012_bbox_val_v3/val"),
        ("ILSVRC/Data/CLS-LOC/val", "ILSVRC/Annotations/CLS-LOC/val"),
    ],
)
def test_boxes_are_scaled_from_the_original_to_the_image_as_it_is_stored(tmp_path, images, annotations):
    folder = devkit(flat_val(tmp_path / images))
    xml(tmp_path / annotations / NUMBER, [(100, 75, 300, 150), (50, 300, 100, 375)])
    source = open_source(str(folder))
    assert source.region == "boxes"
    expected = union([Box(8, 6, 24, 12), Box(4, 24, 8, 30)], 40, 30)  # 500 x 375 became 40 x 30
    assert np.array_equal(source.mask(1), expected)
    assert source.mask(0) is None


def test_class_folders_have_annotations_by_the_images_name(tmp_path):
    for wnid, number in (("n01440764", 1), ("n01443537", 2)):
        save(tmp_path / "val" / wnid / val_name(number))
    xml(tmp_path / "ILSVRC2012_bbox_val_v3" / NUMBER, [(0, 0, 40, 15)], size=(40, 30))
    source = open_source(str(tmp_path / "val"))
    assert source.mask(1).mean() == 0.5


def test_annotations_of_other_images_are_not_theirs(tmp_path):
    xml(tmp_path / "ILSVRC2012_bbox_val_v3" / "ILSVRC2012_val_00000099.xml", [(0, 0, 40, 15)])
    assert open_source(str(devkit(flat_val(tmp_path / "val")))).region == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<annotation>",
        "not xml",
        "<annotation><object><bndbox/></object></annotation>",
        "<a><size><width>0</width><height>9</height></size><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax>"
        "<ymax>2</ymax></bndbox></a>",
        "<a><size><width>9</width><height>9</height></size><bndbox><xmin>5</xmin><ymin>1</ymin><xmax>2</xmax>"
        "<ymax>2</ymax></bndbox></a>",
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>',
        "<annotation>" + " " * 2**20 + "</annotation>",
    ],
)
def test_an_annotation_that_is_none(tmp_path, text):
    folder = devkit(flat_val(tmp_path / "val"))
    (here(tmp_path / "ILSVRC2012_bbox_val_v3") / NUMBER).write_text(text)
    source = open_source(str(folder))
    assert source.image(1)
    with pytest.raises(BrokenDataError) as caught:
        source.mask(1)
    assert refused(caught.value, BrokenDataError, NUMBER)


@needs_reference("imagenet/val", "imagenet/boxes.csv")
def test_real_boxes_are_the_same_from_annotations(tmp_path):
    """The table gives pixels of 227 x 227 images; the originals were 500 x 375, say."""
    table = open_source(str(REFERENCE / "imagenet" / "val"), imagenet_names())
    with (REFERENCE / "imagenet" / "boxes.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] == table.ids[0]]
    corners = [tuple(float(row[side]) for side in ("x0", "y0", "x1", "y1")) for row in rows]
    original = [(x0 * 500 / 227, y0 * 375 / 227, x1 * 500 / 227, y1 * 375 / 227) for x0, y0, x1, y1 in corners]
    xml(tmp_path / "ILSVRC2012_bbox_val_v3" / "ILSVRC2012_val_00000001.xml", original)
    found = find_annotations(here(tmp_path / "val"), table.ids[:1])
    assert np.array_equal(found.mask(table.ids[0], lambda: table.image(0)), table.mask(0))
