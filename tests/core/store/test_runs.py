from __future__ import annotations

import numpy as np
import pytest

from core.errors import StorageError
from core.predictions import PREDICTION
from core.store import queue
from core.store.database import open_store
from core.store.predictions import append, load
from core.store.retrained import WEIGHTS, checkpoint_folder, has_weights, weights_folder
from core.store.runs import Run, delete_runs, find_result, find_run, import_runs, put_result, put_run, runs_frame


def run(name, rate=0.1, technique="structured", **changes):
    values = {"criterion": "l1", "scope": "local", "form": "clean", "seed": None, "created_at": 1.0}
    return Run(name, "{}", "net", "n" * 8, "data", "d" * 8, technique, rate=rate, **{**values, **changes})


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "a")
    with store.writing() as db:
        put_run(db, run("half", 0.5))
        put_run(db, run("dense", 0.0, None))
        put_run(db, run("tenth", 0.1))
        put_result(db, "tenth", "accuracy", {"images": 10, "top1": 0.5})
        put_result(db, "tenth", "sparsity", {"prunable": 0.1, "conv": 0.09, "all": 0.08, "layers": {}})
        append(db, "tenth", 0, np.zeros(10, PREDICTION), 1.0)
    return store


def test_the_frame_has_a_row_a_run_dense_first_then_by_rate(store):
    frame = runs_frame(store)
    assert list(frame["id"]) == ["dense", "tenth", "half"]
    assert frame.loc[1, "top1"] == 0.5
    assert frame.loc[1, "sparsity_conv"] == 0.09
    assert np.isnan(frame.loc[2, "top1"])
    assert runs_frame(store, network_sha="other").empty


def test_the_frame_has_the_dense_networks_latency_measured_beside_each_run(store):
    with store.writing() as db:
        put_result(db, "half", "speed", {"latency_ms": 30.0, "dense": {"latency_ms": 33.0}, "compact": None})
    frame = runs_frame(store).set_index("id")
    assert frame.loc["half", ["latency_ms", "dense_latency_ms"]].tolist() == [30.0, 33.0]


def test_a_damaged_result_counts_as_none(store):
    with store.writing() as db:
        db.execute("""UPDATE results SET payload = '{"top1": 1.0}' WHERE kind = 'accuracy'""")
    assert find_result(store, "tenth", "accuracy") is None
    frame = runs_frame(store)
    assert "top1" not in frame or frame["top1"].isna().all()


def test_a_run_once_written_stays(store):
    with store.writing() as db:
        put_run(db, run("half", 0.9))
    assert find_run(store, "half").rate == 0.5


def test_deleting_takes_all_of_a_run_and_nothing_else(store):
    queue.enqueue(store, "accuracy", "tenth", "", {})
    delete_runs(store, ["tenth"])
    assert find_run(store, "tenth") is None
    assert find_result(store, "tenth", "accuracy") is None
    assert not len(load(store, "tenth"))
    assert queue.jobs(store) == []
    assert list(runs_frame(store)["id"]) == ["dense", "half"]


def test_deleting_takes_the_retrained_network_and_its_checkpoints_with_it(store):
    folders = [place(store.folder, name) for name in ("tenth", "half") for place in (weights_folder, checkpoint_folder)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / WEIGHTS).touch()
    assert has_weights(store.folder, "tenth")
    delete_runs(store, ["tenth"])
    assert [folder.exists() for folder in folders] == [False, False, True, True]
    assert not has_weights(store.folder, "tenth")
    assert has_weights(store.folder, "half")


@pytest.mark.parametrize("name", ["", "..", "a/b", "../../etc"])
def test_nothing_is_deleted_by_what_is_no_id(store, name):
    weights_folder(store.folder, "half").mkdir(parents=True)
    with pytest.raises(ValueError, match="no id of a run"):
        delete_runs(store, [name])
    assert weights_folder(store.folder, "half").exists()


def test_a_network_that_cannot_be_deleted_says_where_it_lies(store, monkeypatch):
    folder = weights_folder(store.folder, "tenth")
    folder.mkdir(parents=True)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("core.store.retrained.shutil.rmtree", refuse)
    with pytest.raises(StorageError, match="tenth cannot be deleted"):
        delete_runs(store, ["tenth"])
    assert find_run(store, "tenth") is None


def test_shipped_runs_are_taken_once_and_labelled(store, tmp_path):
    other = open_store(tmp_path / "b")
    with other.writing() as db:
        put_run(db, run("half", 0.9))
    assert import_runs(other, store.database) == 2
    assert import_runs(other, store.database) == 0
    assert find_run(other, "tenth").shipped
    assert not find_run(other, "half").shipped
    assert find_run(other, "half").rate == 0.9
    assert find_result(other, "tenth", "accuracy") == {"images": 10, "top1": 0.5}
    assert load(other, "tenth").tobytes() == load(store, "tenth").tobytes()


def put(store, images):
    with store.writing() as db:
        put_run(db, run("one"))
        append(db, "one", 0, np.zeros(images, PREDICTION), 1.0)
        put_result(db, "one", "accuracy", {"images": images})


@pytest.mark.parametrize(("here", "there", "kept"), [(10, 20, 20), (20, 10, 20)])
def test_importing_keeps_whichever_saw_more_images(tmp_path, here, there, kept):
    store, other = open_store(tmp_path / "here"), open_store(tmp_path / "there")
    put(store, here)
    put(other, there)
    assert import_runs(store, other.database) == 0
    assert len(load(store, "one")) == kept
    assert find_result(store, "one", "accuracy") == {"images": kept}
