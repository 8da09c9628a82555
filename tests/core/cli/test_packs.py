from __future__ import annotations

import json

import pytest

from core.data.scenes import CLASSES
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.store.database import open_store
from tests.core.data.images import save


@pytest.fixture
def spec(tmp_path):
    """A few images of the demo's classes, packed into the test's own cache."""
    folder = tmp_path / "listed"
    for number in range(4):
        save(folder / f"{number}.png", seed=number)
    (folder / "labels.csv").write_text(
        "file,class_index,class_name\n" + "".join(f"{n}.png,{n},{CLASSES[n]}\n" for n in range(4))
    )
    return ExperimentSpec(data=str(folder))


@pytest.fixture
def own(tmp_path, monkeypatch, spec):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path / "own"))
    store = open_store(tmp_path / "own")
    find_subject(spec, store.folder).pack()
    return store


def listed(shell, *words):
    status, out, err = shell("packs", *words, "--json")
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


def test_packs_are_listed_and_deleted_by_the_beginning_of_their_id(shell, own, spec):
    (one,) = listed(shell)
    assert (one["source"], one["state"], one["images"], one["of"]) == (spec.data, "whole", 4, 4)
    status, out, _ = shell("packs")
    assert status == 0
    assert "4 images" in out
    assert "free in" in out
    assert listed(shell, "--delete", one["id"][:6]) == []
    assert find_subject(spec, own.folder).packed() is None


@pytest.mark.parametrize("identity", ["nothing", ""])
def test_an_id_that_means_no_one_pack_is_refused(shell, own, identity):
    status, _, err = shell("packs", "--delete", identity)
    assert status == 2
    assert "id" in err
    assert len(listed(shell)) == 1


def test_a_pack_that_a_job_uses_is_not_deleted(shell, own, spec):
    (one,) = listed(shell)
    executor = Executor(own)
    submission = executor.submit([spec], Extent(4))
    status, _, err = shell("packs", "--delete", one["id"])
    assert status == 2
    assert "is used by" in err
    executor.cancel([job.id for job in submission.jobs])
    assert listed(shell, "--delete", one["id"]) == []


def test_a_pack_to_be_checked_counts_as_packed_with_its_fingerprint(shell, own, spec):
    """One from before the hashes of rows, or one in which damage was met."""
    pack = find_subject(spec, own.folder).packed()
    (pack.folder / "rows.sha256").unlink()
    status, out, err = shell("data", spec.data, "--json")
    assert status == 0, err
    said = json.loads(out)
    assert (said["packed"], said["bytes_to_pack"], said["fingerprint"]) == (True, 0, pack.fingerprint)
