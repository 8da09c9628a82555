from __future__ import annotations

import numpy as np
import pytest

from core.experiment import ExperimentSpec
from core.jobs.executor import Executor
from core.layer_names import INCEPTION_CONVS, LAYERS
from core.pruning.settings import Pruning
from core.sensitivity import PART, POINT, RATES, Scan, scan_from_json, scan_to_json
from core.store import queue
from core.store.batches import append
from core.store.runs import put_result, runs_frame
from core.sweep import parse_layer_rates
from tests.pages.test_tradeoffs import button, figure, labels, words

SCAN = Scan(Pruning("structured"), images=PART)
ONE = {"technique": "structured", "images": "96", "alone": "true", "alone_images": str(PART), "below": ""}
RIGHT = 45  # of 50: the dense network


def points(lost, layers=range(54)):
    """Points of a part: `lost(layer, rate)` of the 45 that the dense network knows."""
    places = [(layer, rate) for layer in layers for rate in range(len(SCAN.rates))]
    return np.array([(*place, PART, RIGHT - lost(*place), lost(*place), 0) for place in places], POINT)


@pytest.fixture
def scanned(measured, empty_store, specs):
    """Write points as a scan would have."""

    def write(found):
        with empty_store.writing() as db:
            append(db, measured[0.0], SCAN.kind, 0, found, 1.0)
            put_result(db, measured[0.0], SCAN.kind, {"scan": scan_to_json(SCAN), "points": len(found)})
        return Executor(empty_store)

    return write


def more_each(layer, rate):
    """The first layer bears no rate, the second the lowest only, the others all."""
    return 10 if layer == 0 else 5 * (rate > 0) if layer == 1 else 0


def test_folded_away_it_draws_nothing(measured, visit):
    page = visit(**(ONE | {"alone": "false"}))
    assert not page.exception
    assert "One layer is pruned" not in words(page)


def test_empty_it_says_what_it_is_and_what_it_costs_and_scans_on_request(measured, empty_store, visit, specs):
    page = visit(**ONE)
    assert not page.exception
    assert "One layer is pruned and all others stay dense" in words(page)
    assert f"{54 * len(RATES['structured'])} networks on 50 images each · about" in words(page)
    button(page, "Scan").click().run()
    (job,) = Executor(empty_store).list(queue.OPEN)
    assert job.kind == "sensitivity"
    assert job.request["scan"] == scan_to_json(SCAN)
    assert job.request["of"] == specs[0.0].to_json()
    assert button(page, "Scan").disabled
    assert "waits for its turn" in words(page)
    button(page, "Cancel").click().run()
    assert Executor(empty_store).list(queue.OPEN) == []


def test_it_follows_the_sidebar_and_lets_one_pick_of_several(measured, empty_store, visit):
    query = {"technique": ["structured", "connection"], "criterion": "random", "seed": "3", "form": "published"}
    page = visit(**(ONE | query | {"alone_how": "connection by random", "alone_connection_rates": "0.3, 0.4"}))
    assert list(page.selectbox(key="alone_how").options) == [
        "structured by random, filters only",
        "connection by random",
    ]
    button(page, "Scan").click().run()
    (job,) = Executor(empty_store).list(queue.OPEN)
    asked = scan_from_json(job.request["scan"])
    assert asked.id == Scan(Pruning("connection", "random", seed=3), (0.3, 0.4), PART).id


def test_the_map_and_the_rates_that_follow(scanned, visit):
    scanned(points(more_each))
    page = visit(**ONE)
    assert not page.exception
    heat = figure(page, -1)["data"][0]
    assert heat["type"] == "heatmap"
    assert len(heat["z"]) == 54
    assert "53 of 54 layers at 0.10 to 0.70" in words(page)
    assert "% of the prunable weights removed" in words(page)
    assert "the dense network has 90.0 % and chance is 4.2 %" in words(page)
    assert "Scan" not in labels(page)


def test_a_half_filled_map_is_shown_and_can_be_gone_on_with_but_not_be_used(scanned, empty_store, visit):
    scanned(points(more_each, range(10)))
    page = visit(**ONE)
    assert figure(page, -1)["data"][0]["z"][9][0] == 0
    assert figure(page, -1)["data"][0]["z"][10] == [None] * len(SCAN.rates)
    assert button(page, "Use these rates").disabled
    assert "19 % done" in words(page)
    button(page, "Go on").click().run()
    assert [job.kind for job in Executor(empty_store).list(queue.OPEN)] == ["sensitivity"]


def test_a_lower_tolerance_and_a_sure_one_choose_lower_rates(scanned, visit):
    scanned(points(more_each))
    assert "54 of 54 layers" in words(visit(**(ONE | {"alone_drop": "25.0"})))
    assert "none of 54 layers bears the lowest rate" in words(visit(**(ONE | {"alone_surely": "true"})))


def test_a_scale_lowers_all_rates_and_not_the_line_in_the_map(scanned, visit):
    scanned(points(more_each))
    half, whole = visit(**(ONE | {"alone_scale": "0.5"})), visit(**ONE)
    assert "53 of 54 layers at 0.05 to 0.35" in words(half)
    assert figure(half, -1)["data"][-1]["x"] == figure(whole, -1)["data"][-1]["x"]
    button(half, "Use these rates").click().run()
    rates = parse_layer_rates(half.text_area(key="layer_rates").value)
    assert [rate for _, rate in rates] == [0.0, 0.05, *[0.35] * 52]


def test_used_rates_stand_in_the_sidebar_and_the_next_run_is_pruned_so(scanned, empty_store, visit):
    scanned(points(more_each))
    page = visit(**(ONE | {"technique": ["structured", "connection"], "alone_how": "structured by L1"}))
    button(page, "Use these rates").click().run()
    assert not page.exception
    rates = dict(parse_layer_rates(page.text_area(key="layer_rates").value))
    assert set(rates) == set(INCEPTION_CONVS)
    assert list(rates.values()) == [0.0, 0.1, *[0.7] * 52]
    button(page, "Run").click().run()
    runs = runs_frame(empty_store)
    (text,) = runs.loc[runs["technique"] == "structured", "spec"]
    pruning = ExperimentSpec.from_json(text).pruning
    assert pruning.rates == rates
    assert pruning.rate == pytest.approx(0.7, abs=0.01)  # what it removes in all
    assert "connection" not in set(runs["technique"])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"alone_structured_rates": "0.5, 1.5"}, "rate 1.5 of a scan"),
        ({"alone_structured_rates": "0"}, "rate 0 of a scan"),
        ({"alone_structured_rates": "some"}, "'some'"),
        ({"structured_rates": "1.5"}, "Mend the settings above first"),
        ({"exclude": list(LAYERS)}, "every layer is excluded"),
    ],
)
def test_what_is_not_allowed_is_refused(measured, visit, setting, said):
    page = visit(**(ONE | setting))
    assert not page.exception
    assert said.lower() in words(page).lower()
    assert "Scan" not in labels(page)


def test_a_failed_scan_says_why_and_can_be_tried_again(measured, empty_store, visit, specs):
    executor = Executor(empty_store)
    job = executor.sensitivity(specs[0.0], SCAN)
    queue.finish(empty_store, queue.claim(empty_store, "cpu", [job.id]), queue.FAILED, "the disk burns")
    page = visit(**ONE)
    assert "The scan failed" in words(page) and "the disk burns" in words(page)
    button(page, "Try again").click().run()
    assert [one.id for one in executor.list(queue.OPEN)] == [job.id]
