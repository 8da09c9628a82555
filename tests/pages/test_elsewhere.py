"""Retrained networks whose weights are on another machine: what is offered beside the surveys, what Runs deletes."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.accuracy import accuracy
from core.experiment import ExperimentSpec
from core.jobs.executor import SURVEY, Executor
from core.jobs.subject import find_subject, resolved
from core.store import queue
from core.store.predictions import append
from core.store.retrained import checkpoint_folder
from core.store.runs import put_result
from core.training.retraining import Retraining
from tests.pages.conftest import RIGHT, predictions
from tests.retrained import put_retrained, retrained, save_retrained


@pytest.fixture
def spec(specs):
    """The middle network, retrained on images that are here."""
    return resolved(retrained(specs[0.5], Retraining()))


@pytest.fixture
def lacking(measured, empty_store, spec):
    """The id of a retrained run that was measured, and of which nothing else is here."""
    run_id = put_retrained(empty_store, spec, weights=False)
    found = predictions(find_subject(spec, empty_store.folder).source.labels[:96], RIGHT[0.2])
    with empty_store.writing() as db:
        append(db, run_id, 0, found, 1.0)
        put_result(db, run_id, "accuracy", accuracy(found))
    return run_id


def offers():
    """What Trade-offs draws below its curves."""
    from core.experiment import ExperimentSpec
    from core.interpretability.question import Question
    from core.series import with_series
    from core.store.runs import runs_frame
    from pages.widgets.core_access import store, subject_of
    from pages.widgets.surveys import Below, offer_surveys

    runs = with_series(runs_frame(store()))
    subject = subject_of(ExperimentSpec.from_json(runs["spec"].iloc[0]))
    offer_surveys(Below(Question("gradcam"), 8, ("spearman",), False), runs, subject)


def drawn():
    return AppTest.from_function(offers, default_timeout=120).run()


def words(page):
    return " ".join(one.value for one in (*page.markdown, *page.caption)).replace("\\", "")


def labels(page):
    return [button.label for button in page.button]


def test_a_network_that_is_not_here_is_not_surveyed_but_told_and_retrained_on_demand(lacking, empty_store):
    page = drawn()
    assert not page.exception
    assert labels(page) == ["Survey", "Retrain it here"]
    assert "3 networks not measured on 8 images yet" in words(page)
    assert "1 retrained network cannot be measured, the weights that retraining made are not on this machine" in words(
        page
    )
    page.button(key="retrain agreement").click().run()
    assert lacking in [job.subject for job in queue.jobs(empty_store, queue.OPEN)]
    assert "Retraining it here is under way" in words(page)


def test_a_training_that_was_cut_off_goes_on_from_its_checkpoint(lacking, empty_store):
    checkpoint = checkpoint_folder(empty_store.folder, lacking) / "training.checkpoint"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    drawn().button(key="retrain agreement").click().run()
    assert lacking in [job.subject for job in queue.jobs(empty_store, queue.OPEN)]
    assert checkpoint.exists()


def test_once_its_weights_are_here_it_is_surveyed_with_the_others(lacking, empty_store, spec):
    save_retrained(empty_store, spec, lacking)
    assert labels(drawn()) == ["Survey"]
    drawn().button(key="survey agreement").click().run()
    (job,) = [one for one in Executor(empty_store).list(queue.OPEN) if one.kind == SURVEY]
    assert spec in [ExperimentSpec.from_json(text) for text in job.request["specs"]]
    assert labels(drawn()) == []


def test_runs_written_before_there_was_retraining_are_known_to_be_waiting(measured, empty_store, specs):
    with empty_store.writing() as db:
        for run_id, spec in zip(measured.values(), specs.values(), strict=True):
            old = {name: value for name, value in json.loads(spec.to_json()).items() if name != "retraining"}
            db.execute("UPDATE runs SET spec = ? WHERE id = ?", (json.dumps(old, sort_keys=True), run_id))
    drawn().button(key="survey agreement").click().run()
    assert labels(drawn()) == []


def test_runs_tells_what_retraining_made_before_it_deletes_it(lacking, empty_store, spec, visit):
    save_retrained(empty_store, spec, lacking)
    page = confirming(visit, lacking)
    assert "So will what retraining made: 1 network" in words(page)
    assert "Delete 1 run" in labels(page)


def test_a_run_that_is_being_worked_on_is_not_deleted(lacking, empty_store, spec, visit):
    Executor(empty_store).remake([spec])
    page = confirming(visit, lacking)
    assert "queued or running" in page.warning[0].value
    assert "Delete 1 run" not in labels(page)


def confirming(visit, run_id):
    """The page Runs, asking whether to delete that run."""
    page = visit("pages/runs.py")
    row = list(page.dataframe[0].value["id"]).index(run_id)
    page.session_state["history"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    page.run()
    next(button for button in page.button if button.label == "Delete …").click().run()
    return page
