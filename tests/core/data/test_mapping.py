"""Which class of a network each class of the data is: right, or refused, or asked about, and never silently wrong."""

from __future__ import annotations

import random

import pytest

from core.data.mapping import map_classes, remarks
from core.data.names import folded as whole
from core.data.names import in_imagenets_order
from core.data.recognise import recognise
from core.data.source import AmbiguousDataError, open_source
from core.data.wnids import imagenet_names, imagenet_wnids
from core.errors import BrokenDataError, InvalidSettingError
from tests.core.data.images import save
from tests.core.data.trees import devkit, flat_val, here, numbered_names, refused, shard, tabled, val_name

NAMES, WNIDS = imagenet_names(), imagenet_wnids()
# Other lists of ImageNet's names: as Keras writes them, with all synonyms, and as ImageNet itself calls its cranes.
KERAS = tuple(name.replace(" ", "_") for name in NAMES)
SYNSETS = tuple({134: "crane", 639: "maillot, tank suit"}.get(place, f"{name}, so") for place, name in enumerate(NAMES))
PETS = ("cat", "dog", "fox")


def folded(name):
    """The first synonym as it is compared."""
    return whole(name.partition(",")[0])


def indices(mapping):
    return {one.name: one.index for one in mapping.matched}


def why(mapping):
    return {one.name: one.why for one in mapping.unmatched}


def turned(names, seed):
    """Return the names in another order, and which of them stands in each place."""
    order = list(range(len(names)))
    random.Random(seed).shuffle(order)
    return tuple(names[place] for place in order), order


# names


@pytest.mark.parametrize(
    ("classes", "network"),
    [
        (PETS, ("fox", "cat", "dog")),
        (("English springer", "tench"), ("tench", "English_Springer")),
        (("great_white-shark", "GOLDFISH"), ("Goldfish, Carassius auratus", "hen", "great white shark, white shark")),
        (("tench, Tinca tinca",), ("a", "b", "Tench")),
        (("n01440764", "n01443537"), ("goldfish", "tench")),
        (("n01440764", "n01443537"), ("n01443537", "n01440764")),
        (("goldfish", "tench"), ("n01440764", "n01443537")),
        (("Cardigan", "cardigan"), ("cardigan", "mug", "Cardigan")),
        (("crane", "crane bird"), NAMES),
        (("n02012849", "n03126707"), NAMES),
    ],
)
@pytest.mark.parametrize("numbering", ["folders", "list"])
def test_names_are_found_wherever_they_stand_and_however_they_are_written(classes, network, numbering):
    found = map_classes(classes, numbering, network)
    words = dict(zip(WNIDS, NAMES, strict=True))
    plain = [folded(words.get(name, name)) for name in network]
    assert (found.unmatched, found.asks) == ((), False)
    for name, index in indices(found).items():
        assert plain[index] == folded(words.get(name, name))
    assert len(set(indices(found).values())) == len(classes)


@pytest.mark.parametrize(
    ("classes", "network", "lost"),
    [
        (PETS, ("dog", "cat", "emu"), {"fox": "no class of that name"}),
        (("crane", "crow"), ("crane", "crow", "crane"), {"crane": "2 classes of that name, 0 and 2"}),
        (("crane", "tench"), NAMES, {"crane": "2 classes of that name, 134 and 517"}),
        (("cardigan", "tench"), NAMES, {"cardigan": "2 classes of that name, 264 and 474"}),
        (("Tench", "tench", "hen"), NAMES, {"Tench": "one of several"}),
        (("n01440764", "n99999999"), NAMES, {"n99999999": "none of ImageNet's 1,000 wnids"}),
        (PETS, NAMES, dict.fromkeys(PETS, "one of 3 classes, and the network tells 1,000 apart")),
    ],
)
def test_a_name_that_is_nobodys_or_several_is_unmatched_and_says_why(classes, network, lost):
    found = map_classes(classes, "folders", network)
    assert why(found).keys() == lost.keys()
    assert all(lost[name] in told for name, told in why(found).items())


# ImageNet


@pytest.mark.parametrize("names", [NAMES, KERAS, SYNSETS, tuple(map(folded, NAMES)), WNIDS])
def test_wnids_are_classes_in_their_order_of_a_network_that_has_imagenets_names_so(names):
    found = map_classes(WNIDS, "folders", names)
    assert list(indices(found).values()) == list(range(1000))
    assert (found.by, found.asks, remarks(found)) == ("wnid", False, ())
    assert in_imagenets_order(names)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("names", [NAMES, KERAS, SYNSETS, tuple(map(folded, NAMES)), WNIDS])
@pytest.mark.parametrize("classes", [WNIDS, NAMES, KERAS, SYNSETS])
def test_in_any_other_order_each_is_found_or_told_to_be_two(classes, names, seed):
    network, order = turned(names, seed)
    assert not in_imagenets_order(network)
    for numbering in ("folders", "list"):
        found = map_classes(classes, numbering, network)
        assert all(order[one.index] == one.place for one in found.matched)
        assert len(found.unmatched) <= 6 and not found.asks
        assert all("classes of that name" in told for told in why(found).values())


@pytest.mark.parametrize("seed", range(3))
def test_some_of_imagenets_folders_are_never_taken_for_others(seed):
    chance = random.Random(seed)
    for names in (NAMES, KERAS, SYNSETS):
        network, order = turned(names, seed)
        some = sorted({134, 264, 474, 517, 638, 639, *chance.sample(range(1000), 20)})
        for way in (WNIDS.__getitem__, NAMES.__getitem__, lambda place: folded(NAMES[place])):
            classes = {way(place): place for place in some}
            found = map_classes(tuple(classes), "folders", network)
            assert all(order[one.index] == classes[one.name] for one in found.matched if one.name not in CASELESS)


CASELESS = {"cardigan", "crane", "maillot"}  # folded, these are the names of two classes


def test_the_folded_name_of_two_classes_is_taken_for_neither():
    for name in ("cardigan", "crane"):
        assert map_classes((name, "tench", "goldfish"), "folders", NAMES).unmatched[0].name == name


def test_a_network_of_a_thousand_other_names_has_none_of_imagenets_classes():
    own = tuple(f"my {place}" for place in range(1000))
    found = map_classes(WNIDS[:3], "folders", own)
    assert found.matched == ()
    assert "ImageNet's 'tench'" in why(found)["n01440764"]
    asked = map_classes(WNIDS[1:3], "folders", own, by_order=True)
    assert (indices(asked), asked.by) == ({WNIDS[1]: 1, WNIDS[2]: 2}, "order")


def test_a_network_of_a_thousand_without_names_may_have_imagenets_order():
    for network in (numbered_names(1000), tuple(map(str, range(1000)))):
        found = map_classes(WNIDS[1:3], "folders", network)
        assert (indices(found), found.by, found.asks) == ({WNIDS[1]: 1, WNIDS[2]: 2}, "order", True)


# tables


def test_a_number_is_that_class_unless_its_name_is_that_of_another():
    found = map_classes(("cat", "1", "Dog", "pooch", "5"), "index", ("cat", "emu", "fish", "ape", "dog"))
    assert indices(found) == {"cat": 0, "1": 1, "pooch": 3, "5": 4}
    assert why(found) == {"Dog": "number 2, which the network calls 'fish'; 'dog' is its 4"}
    assert remarks(found) == ("1 class called otherwise by the network, such as 'pooch', its 'ape'",)


@pytest.mark.parametrize("names", [KERAS, SYNSETS, WNIDS, tuple(map(str, range(1000)))])
def test_other_spellings_and_synonyms_are_no_other_names(names):
    found = map_classes(names, "index", NAMES)
    assert (found.unmatched, found.asks, remarks(found)) == ((), False, ())
    assert [one.index for one in found.matched] == list(range(1000))


def test_synonyms_are_no_other_words():
    found = map_classes(("Tinca tinca",), "index", ("tench, Tinca tinca", "b"))
    assert (indices(found), remarks(found)) == ({"Tinca tinca": 0}, ())


@pytest.mark.parametrize(("highest", "asked"), [(3, True), (5, False), (1, None)])
def test_a_number_beyond_the_networks_is_unmatched_and_one_beyond_looks_counted_from_1(highest, asked):
    found = map_classes(tuple(map(str, range(highest + 1))), "index", PETS)
    assert len(found.matched) == min(3, highest + 1)
    assert asked is None or all(("counted from 1?" in told) == asked for told in why(found).values())
    assert all("3 classes" in told for told in why(found).values())


def test_numbers_without_names_are_asked_about_where_imagenets_names_stand_in_another_order():
    network, _ = turned(NAMES, 1)
    assert map_classes(("0", "1", "2"), "index", network).asks
    assert not map_classes(("0", "1", "2"), "index", network, by_order=True).asks
    assert not map_classes(network[:3], "index", network).asks


# order


@pytest.mark.parametrize(
    ("classes", "numbering", "network", "asks"),
    [
        (PETS, "folders", ("Felis", "Canis", "Vulpes"), True),
        (PETS, "list", ("Felis", "Canis", "Vulpes"), True),
        (PETS, "folders", ("class 0", "class 1", "class 2"), False),
        (PETS, "list", ("0", "1", "2"), False),
        (("0", "1", "2"), "list", PETS, True),
        (("0", "1"), "list", numbered_names(3), True),
        (tuple(map(str, range(10))), "list", NAMES, True),
        (tuple(map(str, range(1000))), "list", NAMES, False),
        (WNIDS[:3], "folders", PETS, True),
        (WNIDS[:3], "folders", numbered_names(3), False),
    ],
)
def test_order_is_asked_about_unless_the_network_has_no_names(classes, numbering, network, asks):
    for by_order in (False, True):
        found = map_classes(classes, numbering, network, by_order=by_order)
        assert [one.index for one in found.matched] == list(range(len(classes)))
        assert (found.by, found.asks) == ("order", asks and not by_order)
        assert "by order alone" in remarks(found)[0]


def test_who_asks_for_order_gets_it_only_where_no_name_contradicts_it():
    assert list(indices(map_classes(PETS, "folders", ("cat", "Canis", "Vulpes"), by_order=True)).values()) == [0, 1, 2]
    assert indices(map_classes(PETS, "folders", ("fox", "cat", "dog"), by_order=True)) == {"cat": 1, "dog": 2, "fox": 0}
    assert why(map_classes(PETS, "folders", ("Felis", "Canis", "cat"), by_order=True)).keys() == {"dog", "fox"}


# whole sources: what is described is what is opened


def pets(folder, *names):
    for place, name in enumerate(names or PETS):
        save(folder / name / "a.png", place)
    return str(folder)


def listed(folder):
    (folder / "val.txt").write_text(f"{val_name(1)} 0\n{val_name(2)} 2\n")
    return str(flat_val(folder, 2))


TREES = {
    "folders": pets,
    "some folders": lambda folder: pets(folder, "cat", "fox"),
    "other folders": lambda folder: pets(folder, "cat", "gnu"),
    "wnids": lambda folder: pets(folder, *WNIDS[:3]),
    "far wnids": lambda folder: pets(folder, WNIDS[0], WNIDS[999]),
    "numbers": lambda folder: pets(folder, "0", "2"),
    "numbers from 1": lambda folder: pets(folder, "1", "2", "3"),
    "high numbers": lambda folder: pets(folder, "0", "3"),
    "named table": lambda folder: tabled(folder, "0,cat", "1,dog", "2,fox"),
    "numbered table": lambda folder: tabled(folder, "0,", "2,"),
    "table from 1": lambda folder: tabled(folder, "1,", "2,", "3,"),
    "val.txt": listed,
    "devkit": lambda folder: str(devkit(flat_val(folder, 2))),
    "shards": lambda folder: str(shard(folder / "x.parquet", [0, 1, 2], names=PETS)),
    "numbered shards": lambda folder: str(shard(folder / "x.parquet", [0, 1, 2])),
    "some shards": lambda folder: str(shard(folder / "x.parquet", [0, 1])),
}
NETWORKS = {
    "pets": PETS,
    "turned": ("fox", "cat", "dog"),
    "Latin": ("Felis", "Canis", "Vulpes"),
    "some": ("cat", "Canis", "fox"),
    "numbered": numbered_names(3),
    "four": (*PETS, "gnu"),
    "ImageNet": NAMES,
    "turned ImageNet": turned(NAMES, 7)[0],
    "a thousand": tuple(f"my {place}" for place in range(1000)),
    "a thousand numbers": numbered_names(1000),
}


@pytest.mark.parametrize("tree", TREES)
def test_a_source_is_opened_exactly_where_it_is_described_as_matched_and_with_these_labels(tmp_path, tree):
    text = TREES[tree](here(tmp_path / "val"))
    own = open_source(text)
    for network in NETWORKS.values():
        try:
            found = recognise(text, network)
        except AmbiguousDataError as asked:
            with pytest.raises(AmbiguousDataError):
                open_source(text, network)
            for way in asked.ways:
                assert not recognise(way, network).mapping.unmatched
                assert len(open_source(way, network).classes) == len(network)
            continue
        if found.mapping.unmatched:
            with pytest.raises(InvalidSettingError) as caught:
                open_source(text, network)
            assert refused(caught.value, InvalidSettingError, *found.mapping.unmatched[0].why.split("; ")[:1])
            continue
        source, index = open_source(text, network), {one.place: one.index for one in found.mapping.matched}
        assert source.labels.tolist() == [index[label] for label in own.labels.tolist()]
        assert (source.ids, len(source.classes)) == (own.ids, len(network))
        assert found.present == tuple(sorted(set(source.labels.tolist())))
        assert all(source.classes[index[label]] == own.classes[label] for label in own.labels.tolist())


@pytest.mark.parametrize("tree", ["folders", "some folders", "wnids", "far wnids", "named table", "devkit", "shards"])
@pytest.mark.parametrize("seed", range(4))
def test_for_any_order_of_a_networks_names_labels_are_the_true_ones_or_it_is_refused(tmp_path, tree, seed):
    text = TREES[tree](here(tmp_path / "val"))
    own = open_source(text)
    word = dict(zip(WNIDS, NAMES, strict=True))
    true = [word.get(own.classes[label], own.classes[label]) for label in own.labels.tolist()]
    for names in (PETS, (*PETS, "gnu"), NAMES, NAMES[:3]):
        network, _ = turned(names, seed)
        if tree == "named table" and "cat" not in network:
            continue  # its numbers are the network's, under whatever words
        try:
            labels = open_source(text, network).labels.tolist()
        except InvalidSettingError:  # refused or asked about
            continue
        assert [network[label] for label in labels] == true


def test_where_nothing_changes_numbers_a_source_is_what_it_is_without_a_network(tmp_path):
    text = pets(tmp_path)
    for network in (PETS, numbered_names(3)):
        assert open_source(text, network).identity() == open_source(text).identity()


def test_generated_scenes_are_for_networks_with_their_classes_in_their_order():
    own = open_source("scenes")
    assert open_source("scenes", own.classes).identity() == own.identity()
    assert open_source("scenes", numbered_names(24)).labels.tolist() == own.labels.tolist()
    for network in (own.classes[::-1], own.classes[:-1], (*own.classes, "more"), tuple(f"my {i}" for i in range(24))):
        with pytest.raises(InvalidSettingError):
            open_source("scenes", network)
        assert len(recognise("scenes", network).mapping.unmatched) > 0


def test_a_refusal_names_the_first_class_how_many_why_and_the_mend(tmp_path):
    with pytest.raises(InvalidSettingError) as caught:
        open_source(pets(tmp_path), ("cat", "Canis", "Vulpes"))
    error = caught.value
    assert "3 classes, and 'dog' and 1 more cannot be matched" in error.given
    assert error.given.endswith("the network has no class of that name")
    assert "the page Data" in error.mend and f"folders:{tmp_path}" in error.mend


# namesakes, commas, numbers in words, foreign tables


STYLES = (WNIDS.__getitem__, NAMES.__getitem__, KERAS.__getitem__, lambda place: NAMES[place].lower())


@pytest.mark.parametrize("seed", range(4))
def test_any_few_of_imagenets_classes_are_the_true_ones_of_any_few_others_or_unmatched(seed):
    chance, wordy = random.Random(seed), [134, 264, 474, 517, 638, 639]
    for _ in range(150):
        own = list(dict.fromkeys([*chance.sample(wordy, 1), *chance.sample(range(1000), 5)]))
        places = list(dict.fromkeys([*chance.sample(wordy, chance.choice([1, 2])), *own[1:], *range(2)]))
        chance.shuffle(places)
        theirs, ours = chance.choice(STYLES), chance.choice(STYLES)
        found = map_classes([ours(place) for place in own], "folders", [theirs(place) for place in places])
        assert all(places[one.index] == own[one.place] for one in found.matched)
        assert {place for place in own if place in places and place not in wordy} <= {
            own[one.place] for one in found.matched
        }


@pytest.mark.parametrize(
    ("classes", "network", "right"),
    [
        (("lamp, floor", "lamp, table", "bag"), ("bag", "lamp, table", "lamp, floor"), [2, 1, 0]),
        (("a b", "a-b", "c"), ("a-b", "a b", "c"), [1, 0, 2]),
        (("lamp, floor", "bag"), ("bag", "lamp, table"), [None, 0]),
        (("lamp", "bag"), ("lamp, table", "lamp, floor", "bag"), [None, 2]),
        (("cafe\u0301", "b"), ("b", "caf\u00e9"), [1, 0]),
        (("c\u202ead", "b"), ("b", "cad"), [1, 0]),
        (("crane", "tench"), ("crane bird", "tench"), [None, 1]),
        (("Cardigan", "tench"), ("cardigan", "tench"), [None, 1]),
        (("cardigan", "mug"), ("mug", "cardigan"), [1, 0]),
        (("n03126707", "tench"), ("crane bird", "tench"), [None, 1]),
        (("class_1", "10"), ("class 10", "class 1", "word"), [1, 0]),
    ],
)
def test_the_very_name_comes_first_and_no_likeness_overrides_it(classes, network, right):
    found = {one.place: one.index for one in map_classes(classes, "list", network).matched}
    assert [found.get(place) for place in range(len(classes))] == right


@pytest.mark.parametrize("names", [("2", "1", "0"), ("class 2", "class 1", "class 0")])
def test_a_list_of_numbers_in_another_order_is_asked_about(names):
    for network in (numbered_names(3), ("0", "1", "2")):
        assert map_classes(names, "list", network).asks


@pytest.mark.parametrize(
    ("rows", "network", "lost"),
    [
        (("domestic dog, dog", "domestic cat, cat"), ("cat", "dog"), 2),
        (("lamp, table", "lamp, floor"), ("lamp, floor", "lamp, table"), 2),
        (("class 1", "class 0"), numbered_names(2), 2),
    ],
)
def test_a_table_that_contradicts_itself_in_any_synonym_is_unmatched(rows, network, lost):
    assert len(map_classes(rows, "index", network).unmatched) == lost


@pytest.mark.parametrize(
    ("names", "network", "present", "asks"),
    [
        (("beagle", "persian"), ("cat", "dog"), (0, 1), True),
        (("alpha", "1"), NAMES, (0,), True),
        (("0", "1"), ("cat", "dog"), (0, 1), True),
        (("0", "1"), numbered_names(2), (0, 1), False),
        (("0", "1"), PETS, (0, 1), True),
        (("0", "1", "2"), NAMES, (0, 2), True),
        (tuple(map(str, range(1000))), NAMES, tuple(range(1000)), False),
        (tuple(map(str, range(1000))), NAMES, tuple(range(999)), True),
        (("0", "1", "2"), NAMES, (1, 2), True),
        (("0", NAMES[1], NAMES[2]), NAMES, (1, 2), False),
        (("0", "1", "2"), numbered_names(3), (1, 2), True),
        (WNIDS, numbered_names(1000), (5, 7), False),
        (("0", "1"), ("1", "0"), (0, 1), True),
    ],
)
def test_a_tables_numbers_are_asked_about_unless_names_or_imagenets_whole_confirm_them(names, network, present, asks):
    assert map_classes(names, "index", network, present=present).asks == asks
    assert not map_classes(names, "index", network, present=present, by_order=True).asks


def test_a_table_of_numbers_alone_is_no_networks_with_names_and_the_answer_is_its_name(tmp_path):
    text = tabled(tmp_path, "0,", "1,", "2,")
    with pytest.raises(AmbiguousDataError) as caught:
        open_source(text, PETS)
    assert caught.value.ways == {
        f"labels:{text}": "the table's numbers are the network's: '0' is the network's class 0, 'cat'"
    }
    assert open_source(f"labels:{text}", PETS).labels.tolist() == [0, 1, 2]
    assert open_source(text, numbered_names(3)).labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("table", ["labels.csv", "val.txt"])
@pytest.mark.parametrize(("own", "network", "asks"), [(False, NAMES, True), (True, NAMES, False), (True, PETS, True)])
def test_numbers_alone_are_imagenets_only_of_images_that_are_its_own(tmp_path, table, own, network, asks):
    names = [val_name(number) if own else f"{number}.JPEG" for number in (1, 2)]
    for name in names:
        save(tmp_path / name)
    comma, header = (",", "file,class_index\n") if table == "labels.csv" else (" ", "")
    (tmp_path / table).write_text(header + "".join(f"{name}{comma}{2 * at}\n" for at, name in enumerate(names)))
    if asks:
        with pytest.raises(AmbiguousDataError):
            open_source(str(tmp_path), network)
    else:
        assert open_source(str(tmp_path), network).labels.tolist() == [0, 2]


def test_a_column_named_twice_is_refused(tmp_path):
    text = tabled(tmp_path, "0,cat", "1,dog")
    (tmp_path / "labels.csv").write_text("file,class_index,class_index\n0.png,0,1\n1.png,1,0\n")
    with pytest.raises(BrokenDataError, match="class_index 2 times"):
        open_source(text)
