"""A pack that queued or running work needs is not deleted, however that work spells where its images are."""

from __future__ import annotations

import os

import pytest

from core.data.packs import kept_packs
from core.data.scenes import CLASSES
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.packs import delete_unused_pack, users_of
from core.jobs.subject import find_subject
from core.store.database import open_store
from tests.core.data.images import save

LIST = "".join(f"{number}.png,{number},{CLASSES[number]}\n" for number in range(4))


def images(folder):
    """A few images of the demo's classes."""
    for number in range(4):
        save(folder / f"{number}.png", seed=number)
    (folder / "labels.csv").write_text("file,class_index,class_name\n" + LIST)
    return folder


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


@pytest.fixture
def folder(tmp_path, store):
    """Images that are packed."""
    folder = images(tmp_path / "listed")
    find_subject(ExperimentSpec(data=str(folder)), store.folder).pack()
    return folder


def link(folder):
    (folder.parent / "link").symlink_to(folder)
    return folder.parent / "link"


SPELT = {
    "as it is": str,
    "with a layout": lambda folder: f"labels:{folder}",
    "with a slash": lambda folder: f"{folder}/",
    "by a detour": lambda folder: f"{folder}/../{folder.name}",
    "relative": os.path.relpath,
    "by a link": lambda folder: str(link(folder)),
}


@pytest.mark.parametrize("spelt", SPELT)
@pytest.mark.parametrize("gone", [False, True])
def test_a_pack_is_in_use_however_its_images_are_spelt(store, folder, spelt, gone):
    Executor(store).submit([ExperimentSpec(data=SPELT[spelt](folder))], Extent(4))
    if gone and spelt != "by a link":
        folder.rename(folder.with_name("moved"))
    for pack in kept_packs(store.folder):
        with pytest.raises(InvalidSettingError, match="is used by"):
            delete_unused_pack(store, pack)
        assert pack.folder.is_dir()


def test_a_pack_that_does_not_say_its_source_is_known_by_its_folder(store, folder, tmp_path):
    Executor(store).submit([ExperimentSpec(data=str(folder))], Extent(4))
    (pack,) = kept_packs(store.folder)
    (pack.folder / "about.json").unlink()
    (pack.folder / "manifest.json").unlink()
    (pack,) = kept_packs(store.folder)
    assert pack.source == ""
    assert users_of(store, pack)
    folder.rename(tmp_path / "moved")
    assert users_of(store, pack)  # it cannot be told


def test_a_pack_of_images_that_changed_since_is_in_use_by_the_work_on_them(store, folder):
    Executor(store).submit([ExperimentSpec(data=str(folder))], Extent(4))
    save(folder / "0.png", seed=9)
    (pack,) = kept_packs(store.folder)
    assert users_of(store, pack)


def test_work_on_other_images_does_not_count(store, folder, tmp_path):
    Executor(store).submit([ExperimentSpec(data=str(images(tmp_path / "others")))], Extent(4))
    (pack,) = kept_packs(store.folder)
    assert users_of(store, pack) == ()
    delete_unused_pack(store, pack)
    assert kept_packs(store.folder) == ()
