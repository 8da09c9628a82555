from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.evaluation.accuracy import accuracy, against_dense
from core.experiment import ExperimentSpec
from core.figures.axes import AXES
from core.figures.hover import hover_text
from core.figures.pareto import pareto_front
from core.interpretability.question import Question
from core.predictions import PREDICTION
from core.pruning.settings import Pruning
from core.results import cost_table, find_detail, front_table, history, results_csv, results_table
from core.series import with_series
from core.store.database import open_store
from core.store.predictions import append
from core.store.runs import Run, put_result, put_run, runs_frame
from core.surveys import Survey
from core.training.history import History, Row
from core.training.retraining import Retraining, retraining_from
from core.words import NOT_KNOWN

DENSE = ExperimentSpec()
PRUNED = replace(DENSE, pruning=Pruning("structured", rate=0.1))
CLASSES = ("square", "disc", "star")
NETWORK, DATA = "a" * 64, "b" * 64


def predictions(wrong=()):
    """90 images of three classes, all right but those that are named."""
    found = np.zeros(90, PREDICTION)
    found["image"] = np.arange(90)
    found["label"] = np.arange(90) % 3
    found["classes"] = -1
    found["classes"][:, 0] = found["label"]
    found["classes"][list(wrong), 0] = (found["label"][list(wrong)] + 1) % 3
    return found


def record(store, spec, found, dense=None):
    run_id = spec.run_id(NETWORK, DATA)
    pruning = spec.pruning.canonical()
    named = {key: pruning.get(key) for key in ("technique", "criterion", "scope", "form", "seed")}
    run = Run(run_id, spec.to_json(), "net", NETWORK, "data", DATA, rate=spec.pruning.rate, created_at=1.0, **named)
    with store.writing() as db:
        put_run(db, run)
        append(db, run_id, 0, found, 1.0)
        put_result(db, run_id, "accuracy", accuracy(found) | (against_dense(found, dense) if dense is not None else {}))
        shares = {name: part * spec.pruning.rate for name, part in (("prunable", 1.0), ("conv", 0.9), ("all", 0.8))}
        put_result(db, run_id, "sparsity", shares | {"layers": {"fc": 0.0}})
    return run_id


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path)


@pytest.fixture
def runs(store):
    dense = record(store, DENSE, predictions())
    return dense, record(store, PRUNED, predictions(wrong=[0, 3, 6, 1]), predictions())


def test_agreement_stands_beside_its_yardsticks(store, runs):
    dense, pruned = runs
    asked = Survey(Question("gradcam"))
    question = {"question": asked.question.to_json(), "images": 100}
    with store.writing() as db:
        put_result(db, dense, asked.kind, {"spearman": 1.0} | question)
        scores = {"spearman": 0.8, "spearman_low": 0.7, "spearman_high": 0.9, "empty": 0.25}
        put_result(db, pruned, asked.kind, scores | question)
        put_result(db, dense, asked.yardstick("randomised"), {"spearman": 0.1} | question)
    (row,) = find_detail(store, pruned, CLASSES).maps.to_dict("records")
    about = {"maps by": "Grad-CAM", "agreement": 0.8, "low": 0.7, "high": 0.9, "images": 100}
    assert row == about | {"randomised network": 0.1, "empty maps %": 25.0}
    assert find_detail(store, dense, CLASSES).maps.empty


def test_the_class_that_loses_most_comes_first(store, runs):
    worst = find_detail(store, runs[1], CLASSES).worst_classes(2)
    assert worst["class"].tolist() == ["square", "disc"]
    assert worst["dense %"].tolist() == [100, 100]
    assert worst["pruned %"].tolist() == pytest.approx([90, 100 * 29 / 30])


def test_the_classes_are_compared_on_the_images_that_the_figures_are_of(store):
    dense, pruned = predictions(), predictions(wrong=[0, 3, 87])
    for spec, found in ((DENSE, dense), (PRUNED, pruned)):
        run_id = record(store, spec, found, dense)
        with store.writing() as db:  # asked for 60 images: the last batch of 30 went beyond them
            put_result(db, run_id, "accuracy", accuracy(found[:60]) | against_dense(found[:60], dense[:60]))
    detail = find_detail(store, run_id, CLASSES)
    assert detail.classes["images"].sum() == detail.figures["images"] == 60
    assert (detail.classes["change"] * detail.classes["images"]).sum() / 60 == pytest.approx(detail.figures["change"])


def test_the_dense_network_is_not_compared_with_itself(store, runs):
    detail = find_detail(store, runs[0], CLASSES)
    assert detail.classes.empty
    assert detail.title == "Dense"


def test_a_run_says_what_was_done_and_what_is_gone(store, runs):
    detail = find_detail(store, runs[1], CLASSES)
    assert detail.title == "Structured L1 0.10, local"
    assert detail.sparsity == pytest.approx({"prunable": 0.1, "conv": 0.09, "all": 0.08})
    assert detail.layers == {"fc": 0.0}
    assert find_detail(store, "no such run", CLASSES) is None


def test_a_run_that_is_only_queued_has_no_figures_yet(store):
    spec = replace(PRUNED, pruning=Pruning(rate=0.5))
    with store.writing() as db:
        put_run(
            db,
            Run("x", spec.to_json(), "net", NETWORK, "data", DATA, "unstructured", "l1", "local", 0.5, None, None, 1.0),
        )
    assert find_detail(store, "x", CLASSES).figures == {}
    frame = with_series(runs_frame(store))
    assert results_table(frame).empty
    assert history(frame)["id"].tolist() == ["x"]


def test_the_table_shows_per_cent_and_the_csv_shares(store, runs):
    frame = with_series(runs_frame(store))
    table = results_table(frame).set_index("id")
    assert table.loc[runs[1], "top-1 %"] == pytest.approx(100 * 86 / 90)
    assert table.loc[runs[0], "technique"] == "Dense"
    assert "0.9555" in results_csv(frame)


def test_a_network_that_came_pruned_is_called_so_everywhere(store, runs):
    with store.writing() as db:
        put_result(db, runs[0], "size", {"parameters": 1000, "nonzero": 570})
    frame = with_series(runs_frame(store))
    name = "As it came, 43 % zeros"
    assert results_table(frame).set_index("id").loc[runs[0], "technique"] == name
    assert history(frame).set_index("id").loc[runs[0], "technique"] == name
    assert front_table(store, pareto_front(frame, "sparsity"), AXES["sparsity"])["network"].iloc[0] == name
    assert find_detail(store, runs[0], CLASSES).title == name
    assert "as it came" in cost_table(find_detail(store, runs[1], CLASSES))
    dense = frame[frame["id"] == runs[0]].to_dict("records")[0]
    assert hover_text(dense).startswith(f"<b>{name}</b><br>zeros 43.0 % of all parameters, before")


def test_the_history_tells_shipped_runs_from_those_made_here(store, runs):
    with store.writing() as db:
        db.execute("UPDATE runs SET shipped = 1 WHERE id = ?", (runs[0],))
    states = history(with_series(runs_frame(store))).set_index("id")["state"]
    assert states.to_dict() == {runs[0]: "shipped", runs[1]: "known"}


QUICK = Retraining(data_sha="e" * 64)


def test_a_retrained_network_is_compared_with_its_dense_control_on_the_same_images(store, runs):
    retrained = replace(PRUNED, retraining=QUICK)
    found, control = predictions(wrong=[0, 3]), predictions(wrong=[1])
    run_id = record(store, retrained, found, predictions())
    assert find_detail(store, run_id, CLASSES).control == {}
    control_id = record(store, retrained.control(), control, predictions())
    against = find_detail(store, run_id, CLASSES).control
    assert against == against_dense(found, control)
    assert against["change"] == pytest.approx(-1 / 90)
    assert find_detail(store, control_id, CLASSES).control == {}
    assert find_detail(store, runs[1], CLASSES).control == {}


def test_a_file_of_results_tells_how_each_network_was_retrained(store, runs):
    run_id = record(store, replace(PRUNED, retraining=QUICK), predictions(), predictions())
    table = pd.read_csv(io.StringIO(results_csv(with_series(runs_frame(store))))).set_index("id")
    assert retraining_from(json.loads(table.loc[run_id, "retraining"])) == QUICK
    assert table.loc[list(runs), "retraining"].isna().all()


def test_how_a_training_went_and_what_the_network_costs_are_there_as_far_as_they_are_known(store, runs):
    run_id = record(store, replace(PRUNED, retraining=QUICK), predictions())
    assert find_detail(store, run_id, CLASSES).training is None
    history = History((Row(1, 0, 0.1, 0.1, None, None, None, 2.0, 0.3, None, 0.0),), 2280, 120)
    with store.writing() as db:
        put_result(db, run_id, "training", history.to_json() | {"epochs": 0})
        put_result(db, run_id, "size", {"macs": 5e8})
        put_result(db, runs[0], "speed", {"latency_ms": 9.0})
    detail = find_detail(store, run_id, CLASSES)
    assert detail.training == history
    assert (detail.size, detail.dense_size, detail.dense_speed) == ({"macs": 5e8}, {}, {"latency_ms": 9.0})


def test_the_front_says_what_each_network_loses_against_dense_and_against_control(store, runs):
    retrained = replace(PRUNED, retraining=QUICK)
    record(store, retrained.control(), predictions(wrong=[1]), predictions())
    record(store, retrained, predictions(wrong=[0, 3]), predictions())
    front = pareto_front(with_series(runs_frame(store)), "sparsity")
    table = front_table(store, front, AXES["sparsity"]).to_dict("records")
    assert [row["network"] for row in table] == [
        "Dense",
        "Structured 0.10, L1, local, clean, retrained 2 epochs by SGD",
    ]
    assert [row["sparsity"] for row in table] == ["0.0 %", "10.0 %"]
    assert table[0]["against dense"] == table[0]["against control"] == NOT_KNOWN
    assert table[1]["against dense"].startswith("−2.2 points")
    assert table[1]["against control"].startswith("−1.1 points")


def test_costs_stand_beside_the_dense_ones_and_what_nobody_measured_is_left_out(store, runs):
    with store.writing() as db:
        put_result(db, runs[0], "size", {"parameters": 6e6, "macs": 5e8, "compact": None})
        put_result(db, runs[1], "size", {"parameters": 6e6, "macs": 5e8, "compact": {"parameters": 2e6, "macs": 1.5e8}})
        times = {"latency_ms": 9.0, "dense": {"latency_ms": 8.0}, "compact": {"latency_ms": 4.0}}
        put_result(db, runs[1], "speed", times)
    detail = find_detail(store, runs[1], CLASSES)
    table = cost_table(detail).set_index("").to_dict("index")
    assert table["MACs"] == {"dense": "500 M", "with zeros": "500 M", "compacted": "150 M"}
    assert table["latency"] == {"dense": "8 ms", "with zeros": "9 ms", "compacted": "4 ms"}
    assert list(table) == ["parameters", "MACs", "latency"]
    assert detail.gains == {"MACs": pytest.approx(5 / 1.5), "latency": 2.0}
    assert find_detail(store, runs[0], CLASSES).gains == {}
    assert list(cost_table(find_detail(store, runs[0], CLASSES))) == ["", "dense"]
