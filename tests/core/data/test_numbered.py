from __future__ import annotations

import pytest

from core.data.source import layout_of, open_source
from core.errors import BrokenDataError, InvalidSettingError
from tests.core.data.images import save
from tests.core.data.trees import refused


def numbered(folder, names):
    for name in names:
        save(folder / str(name) / "a.png", seed=int(name))
    return str(folder)


def test_imagenet_v2s_folders_are_class_indices_and_not_sorted_as_names(tmp_path):
    text = numbered(tmp_path, [0, 1, 2, 10, 100, 112, 999])
    assert layout_of(text, 1000)[0].name == "numbers"
    source = open_source(text, classes=1000)
    assert source.labels.tolist() == [0, 1, 2, 10, 100, 112, 999]
    assert source.ids == tuple(f"{name}/a.png" for name in (0, 1, 2, 10, 100, 112, 999))
    assert len(source.classes) == 1000
    assert source.classes[112] == "112"


def test_a_thousand_folders_are_imagenets_whatever_the_network(tmp_path):
    for name in range(1000):
        (tmp_path / str(name)).mkdir()
    text = numbered(tmp_path, [2, 112])
    assert layout_of(text)[0].name == "numbers"
    assert open_source(text).labels.tolist() == [2, 112]


def test_where_both_readings_agree_nothing_is_asked(tmp_path):
    text = numbered(tmp_path, range(10))
    assert layout_of(text, 10)[0].name == "folders"
    assert open_source(text, classes=10).labels.tolist() == list(range(10))


def test_where_they_differ_it_is_asked_and_either_can_be_named(tmp_path):
    text = numbered(tmp_path, range(12))
    with pytest.raises(InvalidSettingError) as caught:
        open_source(text, classes=12)
    assert refused(caught.value, InvalidSettingError, f"numbers:{text}", f"folders:{text}")
    assert open_source(f"numbers:{text}", classes=12).labels.tolist() == list(range(12))
    assert open_source(f"folders:{text}", classes=12).classes[:4] == ("0", "1", "10", "11")
    assert open_source(f"folders:{text}", classes=12).name == f"folders:{text}"


def test_some_of_a_networks_classes_can_only_be_numbers(tmp_path):
    source = open_source(numbered(tmp_path, [3, 10, 20]), classes=24)
    assert source.labels.tolist() == [3, 10, 20]
    assert len(source.classes) == 24


def test_counting_from_one_can_only_be_an_order(tmp_path):
    assert open_source(numbered(tmp_path, range(1, 13)), classes=12).classes[:2] == ("1", "10")


def test_padded_numbers_are_names(tmp_path):
    assert layout_of(numbered(tmp_path, ["00", "01", "02"]), 3)[0].name == "folders"


@pytest.mark.parametrize(("names", "told"), [([1, 30], "class 30"), (["1", "02"], "02")])
def test_folders_that_cannot_be_classes_by_number(tmp_path, names, told):
    with pytest.raises(BrokenDataError) as caught:
        open_source(f"numbers:{numbered(tmp_path, names)}", classes=24)
    assert refused(caught.value, BrokenDataError, told)
