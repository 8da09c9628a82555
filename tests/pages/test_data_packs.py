"""The packs of this cache on the page Data."""

from __future__ import annotations

import shutil

import pytest

from core.data.packs import kept_packs
from core.data.scenes import CLASSES
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from tests.core.data.images import save


@pytest.fixture
def spec(checkpoint, tmp_path):
    folder = tmp_path / "listed"
    for number in range(4):
        save(folder / f"{number}.png", seed=number)
    (folder / "labels.csv").write_text(
        "file,class_index,class_name\n" + "".join(f"{n}.png,{n},{CLASSES[n]}\n" for n in range(4))
    )
    return ExperimentSpec(str(checkpoint), data=str(folder))


def words(page):
    return " ".join(one.value for one in (*page.markdown, *page.caption, *page.warning)).replace("\\", "")


def parts(page):
    return [one.label for one in page.expander]


@pytest.fixture
def look(visit, checkpoint):
    return lambda: visit("pages/data.py", data_network="file", data_checkpoint=str(checkpoint))


def labels(page):
    return [one.label for one in page.button]


def button(page, label):
    return next(one for one in page.button if one.label == label)


def asking_to_delete(store, page):
    """Tick the first pack and press Delete."""
    key = "kept_packs " + " ".join(one.id for one in kept_packs(store.folder))
    page.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()
    return button(page, "Delete …").click().run()


def test_where_nothing_is_packed_it_says_how_packs_come_about(empty_store, look):
    page = look()
    assert not page.exception
    assert "Packed images on this disk: none" in parts(page)
    assert "Nothing is packed yet" in words(page)


def test_packs_are_listed_with_what_they_take(empty_store, look, spec):
    pack = find_subject(spec, empty_store.folder).pack()
    page = look()
    assert not page.exception
    (table,) = [one.value for one in page.dataframe if "state" in one.value]
    (row,) = table.to_dict("records")
    assert (row["source"], row["state"], row["images"], row["of"]) == (spec.data, "ready", 4, 4)
    assert row["MB"] == pytest.approx(sum(file.stat().st_size for file in pack.folder.iterdir()) / 1e6)
    assert "free on the disk" in words(page)
    assert button(page, "Delete …").disabled


@pytest.mark.parametrize("free", [10**9, 1000])
def test_the_disk_that_packing_takes_is_said_and_too_little_is_not_offered(
    empty_store, visit, checkpoint, spec, monkeypatch, free
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - free, free))
    page = visit("pages/data.py", data_network="file", data_checkpoint=str(checkpoint), data=spec.data)
    assert not page.exception
    assert "Not packed yet. It takes 1 MB" in words(page)
    assert button(page, "Pack").disabled == (free == 1000)
    assert ("Make room" in words(page)) == (free == 1000)


def test_before_a_pack_is_deleted_it_is_said_what_goes_and_what_stays(empty_store, look, spec):
    pack = find_subject(spec, empty_store.folder).pack()
    page = asking_to_delete(empty_store, look())
    assert pack.folder.exists()
    assert f"{spec.data}, resize128-crop128: 1 MB" in words(page)
    assert "1 pack will be gone, 1 MB" in words(page)
    assert "all that was measured stay" in words(page)
    assert {"Delete 1 pack", "Keep them"} <= set(labels(page))


def test_a_pack_that_a_job_uses_is_not_deleted(empty_store, look, spec):
    pack = find_subject(spec, empty_store.folder).pack()
    Executor(empty_store).submit([spec], Extent(4))
    page = asking_to_delete(empty_store, look())
    assert "queued or running work" in words(page)
    assert "Delete 1 pack" not in labels(page)
    assert pack.folder.exists()
