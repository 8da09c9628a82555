"""Folders named by number: counted from 0, counted from 1, or names in alphabetical order."""

from __future__ import annotations

import pytest

from core.data.source import AmbiguousDataError, layout_of, open_source
from core.data.wnids import imagenet_names
from core.errors import BrokenDataError, InvalidSettingError
from tests.core.data.images import save
from tests.core.data.trees import here, numbered_names, refused

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
MONTHS += ("October", "November", "December")


def numbered(folder, names):
    for name in names:
        save(folder / str(name) / "a.png", seed=int(name))
    return str(folder)


def pictured(folder, names):
    for seed, name in enumerate(names):
        save(folder / name / "a.png", seed=seed)
    return str(folder)


def by_folder(source):
    return {int(name.partition("/")[0]): int(label) for name, label in zip(source.ids, source.labels, strict=True)}


def ways(text, network):
    """Return the names of the ways that are asked about."""
    with pytest.raises(AmbiguousDataError) as caught:
        open_source(text, network)
    assert refused(caught.value, InvalidSettingError, *caught.value.ways)
    return [way.removesuffix(f":{text}") for way in caught.value.ways]


def test_imagenet_v2s_folders_are_class_indices_and_not_sorted_as_names(tmp_path):
    text = numbered(tmp_path, [0, 1, 2, 10, 100, 112, 999])
    assert layout_of(text)[0].name == "numbers"
    assert "numbers" in ways(text, imagenet_names())  # for they are a few of the thousand, or of something else
    source = open_source(f"numbers:{text}", imagenet_names())
    assert source.labels.tolist() == [0, 1, 2, 10, 100, 112, 999]
    assert source.ids == tuple(f"{name}/a.png" for name in (0, 1, 2, 10, 100, 112, 999))
    assert len(source.classes) == 1000
    assert source.classes[112] == "112"


def test_all_thousand_are_imagenets_classes_and_of_other_thousands_it_is_asked(tmp_path):
    for name in range(1000):
        (tmp_path / str(name)).mkdir()
    text = numbered(tmp_path, [2, 112])
    assert open_source(text, imagenet_names()).labels.tolist() == [2, 112]
    for network in (numbered_names(1000), tuple(f"my {place}" for place in range(1000))):
        assert ways(text, network) == ["numbers", "folders"]


def test_numbers_are_the_networks_own_only_on_request_where_its_names_are_imagenets_in_another_order(tmp_path):
    text, turned = numbered(tmp_path, [2, 112]), imagenet_names()[1:] + imagenet_names()[:1]
    assert ways(text, turned) == ["numbers", "from1"]
    assert by_folder(open_source(f"numbers:{text}", turned)) == {2: 2, 112: 112}


@pytest.mark.parametrize("names", [range(10), [0, 4, 5]])
def test_where_all_readings_agree_only_a_network_with_names_is_asked_about(tmp_path, names):
    text = numbered(tmp_path, names)
    assert by_folder(open_source(text, numbered_names(10))) == {name: name for name in names}
    assert "numbers" in ways(text, MONTHS[:10])


@pytest.mark.parametrize("network", [numbered_names(10), MONTHS[:10], imagenet_names()])
@pytest.mark.parametrize("names", [[3, 9], [1, 2, 3, 4, 6, 7, 8, 9], [1, 2, 3, 5]])
def test_without_a_0_it_is_asked_whether_numbers_are_counted_from_1(tmp_path, names, network):
    text = numbered(tmp_path, names)
    assert ways(text, network) == ["numbers", "from1"]
    assert by_folder(open_source(f"from1:{text}", network)) == {name: name - 1 for name in names}


def test_nine_of_nine_counted_from_one_are_the_alphabetical_order_too(tmp_path):
    text = numbered(tmp_path, range(1, 10))
    assert ways(text, MONTHS[:9]) == ["folders", "from1"]
    found = open_source(text, numbered_names(9))
    assert by_folder(found) == {name: name - 1 for name in range(1, 10)}
    assert found.classes == tuple("123456789")


def test_where_they_differ_it_is_asked_and_either_can_be_named(tmp_path):
    text = numbered(tmp_path, range(12))
    assert ways(text, numbered_names(12)) == ways(text, MONTHS) == ["numbers", "folders"]
    assert by_folder(open_source(f"numbers:{text}", MONTHS)) == {name: name for name in range(12)}
    assert open_source(f"folders:{text}", MONTHS).classes[:4] == ("0", "1", "10", "11")
    assert by_folder(open_source(f"folders:{text}", MONTHS))[10] == 2
    assert open_source(f"folders:{text}", MONTHS).name == f"folders:{text}"


def test_twelve_counted_from_one_are_asked_about_with_an_example_of_each(tmp_path):
    text = numbered(tmp_path, range(1, 13))
    with pytest.raises(AmbiguousDataError) as caught:
        open_source(text, MONTHS)
    told = caught.value.ways
    assert list(told) == [f"folders:{text}", f"from1:{text}"]
    assert told[f"from1:{text}"] == "numbers counted from 1: '10' is the network's class 9, 'October'"
    assert told[f"folders:{text}"].endswith("alphabetical order: '10' is the network's class 1, 'February'")
    assert by_folder(open_source(f"from1:{text}", MONTHS)) == {name: name - 1 for name in range(1, 13)}
    assert by_folder(open_source(f"folders:{text}", MONTHS)) == {1: 0, 10: 1, 11: 2, 12: 3} | {
        name: name + 2 for name in range(2, 10)
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [([1, 2, 3], ["numbers", "from1"]), (range(1, 12), ["numbers", "from1"]), ([3, 12], ["from1"])],
)
def test_what_looks_counted_from_one_is_asked_about(tmp_path, names, expected):
    assert ways(numbered(tmp_path, names), MONTHS) == expected


def test_some_of_a_networks_classes_can_only_be_numbers(tmp_path):
    source = open_source(numbered(tmp_path, [0, 10, 20]), numbered_names(24))
    assert source.labels.tolist() == [0, 10, 20]
    assert len(source.classes) == 24


def test_numbers_that_are_the_networks_names_are_names(tmp_path):
    text = numbered(tmp_path, [1, 2, 12])
    network = tuple(str(place) for place in range(1, 13))
    assert by_folder(open_source(text, network)) == {1: 0, 2: 1, 12: 11}


@pytest.mark.parametrize("words", ["{}", "class {}", "class_{}", "Class{}", "{:02d}"])
@pytest.mark.parametrize("network", [numbered_names(12), tuple(map(str, range(12))), MONTHS])
def test_numbers_are_the_same_however_they_are_written(tmp_path, words, network):
    text = pictured(tmp_path, [words.format(number) for number in range(12)])
    assert layout_of(text)[0].name == "numbers"
    found = open_source(f"numbers:{text}", network)
    assert [found.classes[label] for label in found.labels] == [words.format(number) for number in range(12)]
    assert found.labels.tolist() == list(range(12))
    if words == "{:02d}" and network != MONTHS:  # sorted as numbers are
        assert open_source(text, network).labels.tolist() == list(range(12))
    else:
        assert "numbers" in ways(text, network)


@pytest.mark.parametrize("names", [("0", "09", "1", "10", "2"), ("0", "1", "02", "10"), ("1", "02", "10")])
def test_mixed_leading_zeros_are_asked_about(tmp_path, names):
    text = pictured(tmp_path, names)
    for network in (numbered_names(len(names)), numbered_names(11), imagenet_names()):
        try:
            found = open_source(text, network)
        except InvalidSettingError:
            continue
        assert all(int(name.partition("/")[0]) == label for name, label in zip(found.ids, found.labels, strict=True))


@pytest.mark.parametrize(
    "network", [tuple(map(str, range(1, 11))), tuple("43210"), ("class 1", "class 2", "class 0"), tuple("9876543210")]
)
def test_a_networks_names_that_are_numbers_are_compared_as_names_first(tmp_path, network):
    for names in (range(10), range(5), range(1, 11), (0, 2), (1, 2)):
        text = numbered(here(tmp_path / f"{names}"), names)
        try:
            found = open_source(text, network)
        except InvalidSettingError:
            continue
        told = [int(network[label].split()[-1]) for label in found.labels]
        assert told == [int(name.partition("/")[0]) for name in found.ids]


def test_numbers_longer_than_a_class_can_have_are_names(tmp_path):
    assert layout_of(pictured(tmp_path, ["20240131", "20240201"]))[0].name == "folders"


@pytest.mark.parametrize("layout", ["", "numbers:", "from1:"])
def test_numbers_beyond_the_networks_classes_are_refused(tmp_path, layout):
    text = layout + numbered(here(tmp_path / "val"), [0, 1, 30])
    with pytest.raises(InvalidSettingError) as caught:
        open_source(text, numbered_names(24))
    assert refused(caught.value, InvalidSettingError, "24 classes")


@pytest.mark.parametrize("layout", ["numbers", "from1"])
def test_other_folders_are_no_numbers(tmp_path, layout):
    with pytest.raises(BrokenDataError) as caught:
        open_source(f"{layout}:{pictured(tmp_path, ['1', '02', 'tench'])}", numbered_names(24))
    assert refused(caught.value, BrokenDataError, "tench")


def test_a_number_written_twice_is_refused(tmp_path):
    with pytest.raises(BrokenDataError, match="1"):
        open_source(f"numbers:{pictured(tmp_path, ['1', '01', '2'])}", numbered_names(24))


def test_without_a_network_the_classes_are_the_folders_by_number(tmp_path):
    assert open_source(numbered(tmp_path, [1, 2, 10])).classes == ("1", "2", "10")
