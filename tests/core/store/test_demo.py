"""The results that ship are those that the shipped network gives."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.scenes import ScenesSource
from core.experiment import ExperimentSpec, Extent
from core.interpretability.question import Question
from core.jobs.demo_results import DEMO_EXTENT, DEMO_SURVEYS, demo_specs, retrained_specs
from core.jobs.evaluate import evaluate
from core.jobs.subject import find_subject
from core.jobs.survey_now import survey_now
from core.pruning.settings import Pruning
from core.store import batches
from core.store.database import open_store
from core.store.demo import import_demo
from core.store.predictions import load
from core.store.runs import runs_frame
from core.surveys import Survey, known_surveys, survey_frame, yardsticks

SAMPLE = (
    Pruning(),
    Pruning("unstructured", rate=0.6),
    Pruning("structured", rate=0.05),
    Pruning("connection", rate=0.1),
)


@pytest.fixture
def shipped(tmp_path):
    store = open_store(tmp_path / "shipped")
    assert import_demo(store) > 0
    return store


def test_the_whole_sweep_ships_labelled_and_of_the_shipped_network_and_scenes(shipped, tmp_path):
    frame = runs_frame(shipped)
    subject = find_subject(ExperimentSpec(), tmp_path)
    wanted = {
        spec.run_id(subject.network.sha256, subject.fingerprint()) for spec in (*demo_specs(), *retrained_specs())
    }
    assert wanted <= set(frame["id"])
    assert frame["shipped"].all()
    assert (frame["images"] == DEMO_EXTENT.images).all()
    assert frame["macs"].notna().all()
    assert frame["id"][frame["epochs"].notna()].size > 0
    assert frame[frame["technique"].notna()].groupby("technique").size().min() >= 8


@pytest.mark.parametrize("pruning", SAMPLE, ids=lambda one: f"{one.technique}-{one.rate}")
def test_a_sample_measured_again_gives_the_same(shipped, store, pruning):
    images = 96
    *_, row = evaluate(store, [ExperimentSpec(pruning=pruning)], Extent(images), "cpu")
    fresh, kept = load(store, row["run_id"], images), load(shipped, row["run_id"], images)
    assert (fresh["image"] == kept["image"]).all()
    assert (fresh["label"] == kept["label"]).all()
    # Another machine rounds differently: a probability moves a little, a decision only where two were level.
    np.testing.assert_allclose(fresh["probabilities"][:, 0], kept["probabilities"][:, 0], atol=1e-3)
    assert (fresh["classes"][:, 0] == kept["classes"][:, 0]).mean() > 0.97


@pytest.mark.slow
def test_a_network_re_calibrated_again_gives_the_same(shipped, store):
    images, pruning = 96, Pruning("structured", rate=0.2)
    spec = next(one for one in retrained_specs() if one.pruning == pruning and not one.retraining.trains)
    *_, row = evaluate(store, [spec], Extent(images), "cpu")
    fresh, kept = load(store, row["run_id"], images), load(shipped, row["run_id"], images)
    np.testing.assert_allclose(fresh["probabilities"][:, 0], kept["probabilities"][:, 0], atol=0.01)
    assert (fresh["classes"][:, 0] == kept["classes"][:, 0]).mean() > 0.97


def test_labels_are_those_of_the_scenes(shipped):
    source = ScenesSource()
    for run_id in runs_frame(shipped)["id"].head(2):
        predictions = load(shipped, run_id)
        assert (source.labels[predictions["image"]] == predictions["label"]).all()


def test_surveys_ship_with_their_yardsticks(shipped, tmp_path):
    subject = find_subject(ExperimentSpec(), tmp_path)
    shas = subject.network.sha256, subject.fingerprint()
    dense_id = ExperimentSpec().run_id(*shas)
    surveys = {survey.question.method: survey for survey in known_surveys(shipped, dense_id)}
    assert set(surveys) == {survey.question.method for survey, _ in DEMO_SURVEYS}
    for survey in surveys.values():
        assert set(yardsticks(shipped, survey, dense_id)) == {"randomised", "other"}
    swept = {spec.run_id(*shas) for spec in (ExperimentSpec(), *demo_specs())}
    assert set(survey_frame(shipped, surveys["gradcam"], *shas)["id"]) == swept


def test_a_shipped_survey_measured_again_gives_the_same(shipped, store):
    asked, spec = Survey(Question("gradcam"), images=16), ExperimentSpec(pruning=Pruning("structured", rate=0.1))
    (row,) = survey_now(store, [spec], asked, "cpu")
    fresh, kept = (batches.load(one, row["run_id"], asked.kind, asked.measures.rows, 16) for one in (store, shipped))
    assert (fresh["image"] == kept["image"]).all()
    for name in ("spearman", "ssim", "cosine", "inside", "area"):
        np.testing.assert_allclose(fresh[name], kept[name], atol=0.01)
