"""A run that meets packed pixels that are not what was packed ends as if they had been sound."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.data.packed import DamagedPackError, row_bytes
from core.data.scenes import CLASSES
from core.errors import PrunescopeError
from core.experiment import ExperimentSpec, Extent
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.networks.registry import DEMO_CHECKPOINT
from core.store.database import open_store
from core.store.predictions import load
from core.store.runs import runs_frame
from tests.core.data.images import save

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")
IMAGES = 40


@pytest.fixture
def spec(tmp_path):
    folder = tmp_path / "listed"
    rows = [f"{number:02d}.png,{number % 24},{CLASSES[number % 24]}" for number in range(IMAGES)]
    lines = ["file,class_index,class_name", *rows]
    for number in range(IMAGES):
        save(folder / f"{number:02d}.png", seed=number, size=(140, 130))
    (folder / "labels.csv").write_text("\n".join(lines))
    return ExperimentSpec(data=str(folder))


def measured(store, spec, images):
    rows = list(evaluate(store, [spec], Extent(images), "cpu"))
    return [(row["run_id"], row["top1"], row["loss"], row["images"]) for row in rows]


def spoil(pack, place):
    """Zero a row; size and time of the file stay what they were."""
    state = pack.file.stat()
    with pack.file.open("r+b") as file:
        file.seek(place * row_bytes(pack.preset))
        file.write(bytes(row_bytes(pack.preset)))
    os.utime(pack.file, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_accuracy_after_damage_is_that_of_the_sound_pack(spec, tmp_path):
    store = open_store(tmp_path / "store")
    expected = measured(open_store(tmp_path / "sound"), spec, IMAGES)
    ((run_id, *_),) = measured(store, spec, 16)
    before = load(store, run_id).tobytes()
    pack = find_subject(spec, store.folder).packed()
    content = pack.file.read_bytes()
    spoil(pack, int(pack.order[-2]))
    assert measured(store, spec, IMAGES) == expected
    assert pack.file.read_bytes() == content
    assert load(store, run_id).tobytes()[: len(before)] == before  # what was measured before stays
    logs = [Executor(store).logs(job.id) for job in Executor(store).list()]
    assert sum("are damaged" in log and "packed anew" in log for log in logs) == 1


def test_while_a_pack_is_in_doubt_what_was_measured_on_it_is_found(spec, tmp_path):
    store = open_store(tmp_path / "store")
    measured(store, spec, 16)
    subject = find_subject(spec, store.folder)
    pack = subject.packed()
    spoil(pack, 3)
    with pytest.raises(DamagedPackError):
        pack.batch([3])
    assert subject.packed() is None
    assert len(runs_frame(store, data_sha=subject.fingerprint())) == 1
    assert subject.available() == IMAGES
    assert Executor(store).submit([spec], Extent(16)).jobs == ()  # known this exactly


def test_a_pack_that_cannot_be_mended_fails_the_run_and_stays(spec, tmp_path):
    store = open_store(tmp_path / "store")
    measured(store, spec, 16)
    pack = find_subject(spec, store.folder).packed()
    place = int(pack.order[-2])
    spoil(pack, place)
    file = Path(spec.data) / pack.ids[place]
    state = file.stat()
    file.write_bytes(bytes(state.st_size))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(PrunescopeError, match=r"put .* back"):
        measured(store, spec, IMAGES)
    assert find_subject(spec, store.folder).fingerprint() == pack.fingerprint
