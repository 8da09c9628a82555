from __future__ import annotations

import pytest

from core.data.source import layout_of, open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError
from tests.core.data.trees import LABELS, flat_val, refused, val_name

LINES = "".join(f"{val_name(number)} {label}\n" for number, label in enumerate(LABELS, start=1))


def listed(tmp_path, text=LINES, beside=True):
    folder = flat_val(tmp_path / "val")
    table = (tmp_path if beside else folder) / "val.txt"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def refusal(tmp_path, text):
    with pytest.raises(BrokenDataError) as caught:
        open_source(str(listed(tmp_path, text)))
    assert refused(caught.value, BrokenDataError, "val.txt")
    return caught.value.given


@pytest.mark.parametrize("beside", [False, True])
def test_a_list_in_the_folder_or_beside_it(tmp_path, beside):
    folder = listed(tmp_path, beside=beside)
    assert layout_of(str(folder))[0].name == "list"
    source = open_source(str(folder), imagenet_names())
    assert source.ids == tuple(map(val_name, range(1, 7)))
    assert source.labels.tolist() == LABELS
    assert len(source.classes) == 1000
    assert source.notes == ()


def test_tabs_blank_lines_and_windows_lines_are_lines_too(tmp_path):
    source = open_source(str(listed(tmp_path, f"{val_name(1)}\t3\r\n\r\n  {val_name(2)}   4  \r\n")))
    assert source.labels.tolist() == [3, 4]
    assert source.notes == ("4 images not in val.txt: left out",)


def test_a_running_number_is_no_class(tmp_path):
    numbered = "".join(f"ILSVRC2012_val_{number:08d} {number}\n" for number in range(1, 51))
    assert "says nothing of classes" in refusal(tmp_path, numbered)


def test_an_absent_image(tmp_path):
    assert f"line 7 names {val_name(9)}" in refusal(tmp_path, LINES + f"{val_name(9)} 3\n")


def test_an_image_listed_twice(tmp_path):
    assert f"{val_name(1)} twice, on lines 1 and 7" in refusal(tmp_path, LINES + f"./{val_name(1)} 3\n")


@pytest.mark.parametrize("line", [f"{val_name(1)} 100000", f"{val_name(1)} -1", f"{val_name(1)} cat", "../up.png 3"])
def test_a_line_that_cannot_be(tmp_path, line):
    assert "line 1" in refusal(tmp_path, f"{line}\n{val_name(2)} 3\n")


def test_a_line_without_index(tmp_path):
    assert "line 2 is" in refusal(tmp_path, f"{val_name(1)} 1\n{val_name(2)}\n")


def test_a_list_that_is_no_text(tmp_path):
    assert "is no text" in refusal(tmp_path, b"\xff\xfe\x00\x01")
