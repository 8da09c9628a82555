"""What a run is made on: exactly the data that *Data* shows as matched, with the labels that it shows."""

from __future__ import annotations

import pytest

from core.data.recognise import recognise
from core.data.scenes import CLASSES
from core.data.source import AmbiguousDataError, open_source
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.store.database import open_store
from core.store.queue import OPEN
from tests.core.data.images import save
from tests.core.data.trees import shard, tabled


def folders(folder, *names):
    for place, name in enumerate(names):
        save(folder / str(name) / "a.png", place)
    return str(folder)


TREES = {
    "all names": lambda to: folders(to, *CLASSES),
    "some names": lambda to: folders(to, *CLASSES[5:9]),
    "names written otherwise": lambda to: folders(to, *(name.upper().replace(" ", "_") for name in CLASSES[5:9])),
    "a stranger": lambda to: folders(to, *CLASSES[:3], "cat"),
    "other names": lambda to: folders(to, *(f"thing {place:02d}" for place in range(24))),
    "too few other names": lambda to: folders(to, "cat", "dog"),
    "wnids": lambda to: folders(to, "n01440764", "n02102040"),
    "numbers": lambda to: folders(to, 0, 5, 23),
    "numbers from 1": lambda to: folders(to, *range(1, 25)),
    "numbers beyond": lambda to: folders(to, 0, 24),
    "table": lambda to: tabled(to, "0,", "23,"),
    "table of other words": lambda to: tabled(to, "0,cat", "23,dog"),
    "table of wrong names": lambda to: tabled(to, f"0,{CLASSES[1]}", f"1,{CLASSES[0]}"),
    "table from 1": lambda to: tabled(to, *(f"{number}," for number in range(1, 25))),
    "names in another order": lambda to: str(shard(to / "x.parquet", range(24), names=CLASSES[::-1])),
    "labels without names": lambda to: str(shard(to / "x.parquet", range(10))),
    "all labels without names": lambda to: str(shard(to / "x.parquet", range(24))),
}


@pytest.mark.parametrize("tree", TREES)
def test_a_run_is_refused_exactly_where_data_says_that_classes_do_not_match(tmp_path, tree):
    text = TREES[tree](tmp_path / "val")
    spec = ExperimentSpec(data=text)
    try:
        found = recognise(text, CLASSES)
    except AmbiguousDataError as question:
        with pytest.raises(AmbiguousDataError) as asked:
            find_subject(spec, tmp_path)
        assert asked.value.ways == question.ways
        return
    if found.mapping.unmatched:
        with pytest.raises(InvalidSettingError, match="the page Data") as refused:
            find_subject(spec, tmp_path)
        assert found.mapping.unmatched[0].why in refused.value.given
        return
    own, source = open_source(text), find_subject(spec, tmp_path).source
    index = {one.place: one.index for one in found.mapping.matched}
    assert source.labels.tolist() == [index[label] for label in own.labels.tolist()]
    assert len(source.classes) == 24


def outcome(tmp_path, tree):
    try:
        return len(recognise(TREES[tree](tmp_path / tree), CLASSES).mapping.unmatched)
    except AmbiguousDataError as question:
        return tuple(way.partition(":")[0] for way in question.ways)


def test_what_each_of_these_trees_is_to_the_demo_network(tmp_path):
    assert {tree: outcome(tmp_path, tree) for tree in TREES} == {
        "all names": 0,
        "some names": 0,
        "names written otherwise": 0,
        "a stranger": 1,
        "other names": ("folders",),
        "too few other names": 2,
        "wnids": 2,
        "numbers": ("numbers",),
        "numbers from 1": ("folders", "from1"),
        "numbers beyond": 1,
        "table": ("labels",),
        "table of other words": ("labels",),
        "table of wrong names": 2,
        "table from 1": 1,
        "names in another order": 0,
        "labels without names": ("parquet",),
        "all labels without names": ("parquet",),
    }


def test_nothing_is_queued_on_data_that_do_not_match(tmp_path):
    queue = Executor(open_store(tmp_path / "store"))
    for tree in ("a stranger", "other names", "numbers from 1"):
        with pytest.raises(InvalidSettingError):
            queue.submit([ExperimentSpec(data=TREES[tree](tmp_path / tree))], Extent(2))
    assert queue.list(OPEN) == []


def test_the_answer_to_a_question_is_part_of_the_datas_name(tmp_path):
    text = TREES["other names"](tmp_path / "val")
    source = find_subject(ExperimentSpec(data=f"folders:{text}"), tmp_path).source
    assert source.name == f"folders:{text}"
    assert source.labels.tolist() == list(range(24))
    assert any("by order alone" in note for note in source.notes)
