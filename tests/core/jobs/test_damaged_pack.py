"""A run that meets packed pixels that are not what was packed ends as if they had been sound."""

from __future__ import annotations

import os

import pytest

from core.data.packed import row_bytes
from core.experiment import ExperimentSpec, Extent
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.networks.registry import DEMO_CHECKPOINT
from core.store.database import open_store
from core.store.predictions import load
from tests.core.data.images import save

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")
IMAGES = 40


@pytest.fixture
def spec(tmp_path):
    folder = tmp_path / "listed"
    lines = ["file,class_index", *(f"{number:02d}.png,{number % 24}" for number in range(IMAGES))]
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
