from __future__ import annotations

import numpy as np
import pytest

from core.data.source import open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError
from tests.core.data.images import noise, save
from tests.reference import REFERENCE, needs_reference

ROWS = "file,class_index\na.png,0\nb.png,2\nc.png,2\n"


def flat(tmp_path, table=ROWS, beside=False):
    folder = tmp_path / "val"
    for seed, name in enumerate(("a.png", "b.png", "c.png")):
        save(folder / name, seed)
    (tmp_path / "labels.csv" if beside else folder / "labels.csv").write_bytes(
        table if isinstance(table, bytes) else table.encode()
    )
    return str(folder)


def refusal(tmp_path, table):
    """Return what is wrong with the table; the error must say all three parts."""
    with pytest.raises(BrokenDataError) as caught:
        open_source(flat(tmp_path, table))
    error = caught.value
    assert error.given and error.allowed and error.mend
    return error.given


@pytest.mark.parametrize("beside", [False, True])
def test_labels_lie_in_the_folder_or_beside_it(tmp_path, beside):
    source = open_source(flat(tmp_path, beside=beside))
    assert source.ids == ("a.png", "b.png", "c.png")
    assert source.labels.tolist() == [0, 2, 2]
    assert np.array_equal(np.asarray(source.image(1)), np.asarray(noise(1)))


def test_labels_in_the_folder_come_before_those_beside_it(tmp_path):
    flat(tmp_path, "file,class_index\na.png,0\nb.png,9\n", beside=True)
    assert len(open_source(flat(tmp_path)).classes) == 3


def test_labels_beside_a_tree_of_class_folders_are_not_its_labels(tmp_path):
    for name in ("one", "two"):
        save(tmp_path / "val" / name / "a.png")
    (tmp_path / "labels.csv").write_text(ROWS)
    assert open_source(str(tmp_path / "val")).classes == ("one", "two")


def test_there_are_as_many_classes_as_the_highest_index_says(tmp_path):
    assert open_source(flat(tmp_path)).classes == ("0", "1", "2")


def test_there_are_as_many_classes_as_the_network_tells_apart(tmp_path):
    source = open_source(f"labels:{flat(tmp_path)}", imagenet_names())
    assert len(source.classes) == 1000
    assert source.labels.tolist() == [0, 2, 2]


def test_class_names_come_from_the_table(tmp_path):
    table = "class_name,wnid,file,class_index\nape,n1,a.png,0\nbee,n3,b.png,2\nbee,n3,c.png,2\n"
    assert open_source(flat(tmp_path, table)).classes == ("ape", "1", "bee")


def test_a_table_from_a_spreadsheet(tmp_path):
    table = '\ufefffile, class_index,class_name\r\na.png, 0,"ape, great"\r\n\r\nb.png,1 ,bee\r\n'
    assert open_source(flat(tmp_path, table)).classes == ("ape, great", "bee")


def test_classes_change_the_identity(tmp_path):
    folder = flat(tmp_path)
    known = open_source(folder).identity()
    (tmp_path / "val" / "labels.csv").write_text(ROWS.replace("c.png,2", "c.png,1"))
    assert open_source(folder).identity() != known


def test_a_missing_column(tmp_path):
    given = refusal(tmp_path, "name,class_index\na.png,0\n")
    assert "no column file" in given
    assert "name,class_index" in given


def test_an_empty_table(tmp_path):
    assert "no column file and no column class_index" in refusal(tmp_path, "")


def test_a_table_without_lines(tmp_path):
    assert "0 images of 0 classes" in refusal(tmp_path, "file,class_index\n")


def test_one_class(tmp_path):
    assert "2 images of 1 class" in refusal(tmp_path, "file,class_index\na.png,3\nb.png,3\n")


def test_a_missing_file(tmp_path):
    given = refusal(tmp_path, ROWS + "d.png,1\ne.png,1\n")
    assert "line 5 names d.png" in given
    assert "2 files are missing in all" in given


@pytest.mark.parametrize("index", ["-1", "999999999999"])
def test_an_index_out_of_any_range(tmp_path, index):
    assert "out of range" in refusal(tmp_path, ROWS + f"a.png,{index}\n")


@pytest.mark.parametrize("index", ["", "cat", "1.0", "1_0", "0x1", "٣", "9" * 40])
def test_an_index_that_is_no_whole_number(tmp_path, index):
    assert "no whole number" in refusal(tmp_path, f"file,class_index\na.png,{index}\n")


def test_a_line_cut_short(tmp_path):
    assert "line 2 has the class_index '', which is no whole number" in refusal(tmp_path, "file,class_index\na.png\n")


def test_a_file_listed_twice(tmp_path):
    assert "a.png twice, on lines 2 and 5" in refusal(tmp_path, ROWS + "./a.png,1\n")


@pytest.mark.parametrize("file", ["", "../a.png", "/etc/passwd", "x/../../a.png"])
def test_a_file_outside_the_folder(tmp_path, file):
    assert repr(file) in refusal(tmp_path, f"file,class_index\n{file},0\nb.png,1\n")


def test_two_names_for_one_class(tmp_path):
    table = "file,class_index,class_name\na.png,0,ape\nb.png,1,bee\nc.png,1,cat\n"
    assert "calls class 1 'cat', before 'bee'" in refusal(tmp_path, table)


@pytest.mark.parametrize("table", [b"\xff\xfe\x00", b"file,class_index\na\xe9.png,0\n", b'"' + b"x" * 200_000])
def test_a_table_that_is_none(tmp_path, table):
    assert "labels.csv" in refusal(tmp_path, table)


@needs_reference("imagenet/val", "imagenet/labels.csv")
def test_imagenets_first_validation_images():
    source = open_source(str(REFERENCE / "imagenet" / "val"))
    assert len(source) == 2000
    assert len(source.classes) == 1000
    assert source.ids[0] == "ILSVRC2012_val_00000001.JPEG"
    assert source.classes[source.labels[0]] == "sea snake"
    assert source.image(0).size == (227, 227)
    assert source.identity() == open_source(str(REFERENCE / "imagenet" / "val"), imagenet_names()).identity()
