from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from core.errors import BrokenDataError, CancelledError
from core.interpretability.mis.measure import measure_units
from core.interpretability.mis.play import play
from core.units.results import SHOWN, UNIT
from core.units.study import study_from_json
from tests.core.interpretability.mis.planted import SMALL, planted, random_embeddings, unit_rows

SCORES = ("mis", "mis_low", "mis_high", "hard")
EVERYTHING = np.arange(SMALL.images)


@pytest.fixture(scope="module")
def embeddings():
    return random_embeddings(SMALL.images)


@pytest.fixture(scope="module")
def activations(embeddings):
    """Ten units that go by the embeddings more or less, then ten that do not."""
    rng = np.random.default_rng(1)
    directed = embeddings @ rng.normal(size=(embeddings.shape[1], 10))
    return np.concatenate([directed, np.zeros_like(directed)], axis=1) + rng.normal(size=(SMALL.images, 20))


@pytest.fixture(scope="module")
def measured(activations, embeddings):
    return measure_units(planted(activations, widths=(5, 15)), embeddings, EVERYTHING, SMALL)


def test_a_unit_that_tells_two_kinds_of_images_apart_scores_one():
    kind = np.arange(SMALL.images) % 2
    rng = np.random.default_rng(0)
    known = unit_rows(np.eye(8)[kind] + rng.normal(scale=0.05, size=(SMALL.images, 8)))
    unit = planted((kind + rng.normal(scale=0.01, size=SMALL.images))[:, None])
    row = measure_units(unit, known, EVERYTHING, SMALL).units[0]
    assert row["mis"] > 0.999
    assert row["hard"] == 1


@pytest.mark.parametrize("how", [{}, {"drawing": "quantile", "quantile": 0.2}])
def test_units_that_go_by_nothing_score_one_half_on_average(embeddings, how):
    study = replace(SMALL, **how)
    units = planted(np.random.default_rng(2).normal(size=(SMALL.images, 400)), study)
    found = measure_units(units, embeddings, EVERYTHING, study).units
    for name in ("mis", "hard"):
        assert abs(found[name].mean() - 0.5) < 4 * found[name].std() / math.sqrt(len(found))


def test_a_unit_turned_upside_down_is_judged_alike(activations, embeddings):
    """With one task nothing is drawn at random: the turned unit has the same task with its sides exchanged."""
    study = replace(SMALL, tasks=1)
    one, other = (
        measure_units(planted(sign * activations, study), embeddings, EVERYTHING, study).units for sign in (1, -1)
    )
    assert np.allclose(one["mis"], other["mis"], atol=1e-6)
    assert np.array_equal(one["hard"], other["hard"])


def test_scores_are_those_of_a_plain_computation_in_float64(activations, embeddings, measured):
    units, known = planted(activations, widths=(5, 15)), embeddings.astype(np.float64)
    for row in measured.units:
        tasks = play(units, embeddings, EVERYTHING, SMALL, units.places[row["place"]], int(row["unit"]))
        found = [slow_difference(known, task) for task in tasks]
        assert row["mis"] == pytest.approx(np.mean([1 / (1 + math.exp(-d / SMALL.alpha)) for d in found]), abs=1e-5)
        assert row["hard"] == pytest.approx(np.mean([d > 0 for d in found]))


def slow_difference(known, task):
    def similarity(query, images):
        cosines = [known[query] @ known[i] / np.linalg.norm(known[query]) / np.linalg.norm(known[i]) for i in images]
        return sum(cosines) / len(cosines)

    strong = similarity(task.query_positive, task.positive) - similarity(task.query_positive, task.negative)
    weak = similarity(task.query_negative, task.positive) - similarity(task.query_negative, task.negative)
    return strong - weak


def test_the_order_of_the_images_does_not_matter(activations, embeddings, measured):
    shuffled = np.random.default_rng(3).permutation(SMALL.images)
    units = planted(activations[shuffled], widths=(5, 15), places=shuffled)
    again = measure_units(units, embeddings[shuffled], shuffled, SMALL).units
    assert all(np.array_equal(again[name], measured.units[name]) for name in (*SCORES, "top", "bottom"))


def test_constant_units_have_no_score_and_count_in_no_mean(activations, embeddings, measured):
    still = np.arange(20) % 3 == 0
    found = measure_units(planted(np.where(still, 1.5, activations), widths=(5, 15)), embeddings, EVERYTHING, SMALL)
    assert found.units["constant"].tolist() == still.tolist()
    for name in SCORES:
        assert np.isnan(found.units[name][still]).all()
        assert np.array_equal(found.units[name][~still], measured.units[name][~still])  # whatever the others do
    assert (found.units["classes"][still] == -1).all()
    figures = found.figures
    assert (figures["units"], figures["live"], figures["constant"]) == (20, 13, 7)
    assert figures["mis"] == pytest.approx(measured.units["mis"][~still].mean())
    assert figures["median"] == pytest.approx(np.median(measured.units["mis"][~still]))
    assert figures["hard"] == pytest.approx(measured.units["hard"][~still].mean())


def test_a_network_that_is_constant_throughout_has_no_score(embeddings):
    figures = measure_units(planted(np.zeros((SMALL.images, 3))), embeddings, EVERYTHING, SMALL).figures
    assert (figures["units"], figures["live"], figures["constant"]) == (3, 0, 3)
    assert all(figures[name] is None for name in ("mis", "mis_low", "mis_high", "median", "hard"))


def test_the_softer_the_judge_the_nearer_the_score_to_one_half_and_the_hard_score_stays(
    activations, embeddings, measured
):
    units = planted(activations, widths=(5, 15))
    soft, sharp = (
        measure_units(units, embeddings, EVERYTHING, replace(SMALL, alpha=alpha)).units for alpha in (1e9, 1e-9)
    )
    assert np.allclose(soft["mis"], 0.5, atol=1e-6)
    assert np.allclose(sharp["mis"], sharp["hard"], atol=1e-6)
    assert np.array_equal(soft["hard"], measured.units["hard"])
    assert np.array_equal(sharp["hard"], measured.units["hard"])


def test_images_that_all_look_alike_tell_nothing(activations):
    alike = unit_rows(np.ones((SMALL.images, 7)))
    found = measure_units(planted(activations), alike, EVERYTHING, SMALL).units
    assert (found["mis"] == 0.5).all()
    assert (found["hard"] == 0.5).all()


def test_intervals_contain_the_scores(measured):
    units, figures = measured.units, measured.figures
    assert ((units["mis_low"] <= units["mis"]) & (units["mis"] <= units["mis_high"])).all()
    for part in (figures, *figures["layers"].values(), *figures["blocks"].values()):
        assert part["mis_low"] <= part["mis"] <= part["mis_high"]


@pytest.mark.parametrize("seed", range(6))
def test_the_interval_of_a_mean_is_that_of_tasks_drawn_anew_for_each_unit_by_itself(activations, embeddings, seed):
    """The variance of the mean of units is the sum of theirs over the square of their number."""
    study, units = replace(SMALL, seed=seed), planted(activations, widths=(5, 15))
    found = measure_units(units, embeddings, EVERYTHING, study)
    named = [(units.places[row["place"]], int(row["unit"])) for row in found.units]
    sure = [[task.probability for task in play(units, embeddings, EVERYTHING, study, *name)] for name in named]
    deviation = math.sqrt(np.var(sure, axis=1).sum() / study.tasks) / len(sure)
    width = found.figures["mis_high"] - found.figures["mis_low"]
    assert width == pytest.approx(2 * 1.96 * deviation, rel=0.12)


def test_figures_of_layers_and_blocks_are_those_of_their_units(measured):
    figures, scores = measured.figures, measured.units["mis"]
    assert list(figures["layers"]) == ["conv1.conv", "conv2.conv"]
    assert list(figures["blocks"]) == ["conv1", "conv2"]
    assert figures["layers"]["conv1.conv"]["mis"] == pytest.approx(scores[:5].mean())
    assert figures["blocks"]["conv2"]["mis"] == pytest.approx(scores[5:].mean())
    assert figures["layers"]["conv2.conv"]["units"] == 15
    assert study_from_json(figures["study"]) == SMALL
    assert figures["images"] == SMALL.images


def test_what_is_known_of_the_activations_is_kept_with_the_scores(activations, embeddings):
    labels = np.arange(SMALL.images) % 2
    units = planted(activations + labels[:, None], labels=labels)
    found = measure_units(units, embeddings, EVERYTHING, SMALL).units
    assert found.dtype == UNIT
    assert np.array_equal(found["top"], units.top[:, :SHOWN])
    assert np.array_equal(found["bottom"], units.bottom[:, :SHOWN])
    assert np.allclose(found["deviation"] ** 2, units.variance, rtol=1e-5)
    assert (found["classes"][:, :2] == [1, 0]).all()
    assert (found["classes"][:, 2] == -1).all()


def test_fewer_extreme_images_than_are_shown_leave_places_empty(activations, embeddings):
    study = replace(SMALL, explanations=1, tasks=2)
    found = measure_units(planted(activations, study), embeddings, EVERYTHING, study).units
    assert (found["top"][:, study.keep :] == -1).all()
    assert (found["top"][:, : study.keep] >= 0).all()


def test_an_image_without_embedding_is_refused(activations, embeddings):
    with pytest.raises(BrokenDataError, match="have no embedding"):
        measure_units(planted(activations), embeddings[:-20], EVERYTHING[:-20], SMALL)


def test_the_progress_of_scoring_may_cancel_it(embeddings):
    told = []

    def tell(done, total, what):
        told.append((done, total))
        if done:
            raise CancelledError("enough")

    units = planted(np.random.default_rng(0).normal(size=(SMALL.images, 200)))
    with pytest.raises(CancelledError):
        measure_units(units, embeddings, EVERYTHING, SMALL, tell)
    assert told == [(0, 200), (64, 200)]
