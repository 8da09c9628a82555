"""The Forgetting page, run without a browser on a small store: what it shows, what the address holds, what it lacks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.scenes import CLASSES
from core.evaluation.accuracy import accuracy
from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from core.paths import ROOT
from core.predictions import PREDICTION
from core.pruning.settings import Pruning
from core.store.predictions import append
from core.store.retrained import WEIGHTS, weights_folder
from core.store.runs import Run, forget_measured, put_result, put_run
from tests.reading import words
from tests.retrained import RETRAINING

SEEN = 60  # images that were measured
LOST = (7, 3, 12)  # images that the middle network lost, the largest rise of the loss first
GAINED = (20,)
DIFFERENTLY = (30,)
PRUNINGS = {
    "dense": Pruning(),
    "low": Pruning(rate=0.2),
    "middle": Pruning(rate=0.5),
    "filters": Pruning(technique="structured", rate=0.5),
}


@pytest.fixture
def subject(empty_store, checkpoint):
    return find_subject(ExperimentSpec(str(checkpoint)), empty_store.folder)


@pytest.fixture
def put(empty_store, subject, checkpoint):
    """Write a run and what it says of the images into the store, and return its id."""

    def write(pruning, said, seen=SEEN, retraining=None):
        spec = replace(ExperimentSpec(str(checkpoint)), pruning=pruning, retraining=retraining)
        shas, what = (subject.network.sha256, subject.fingerprint()), pruning.canonical()
        named = {key: what.get(key) for key in ("technique", "criterion", "scope", "form", "seed")}
        run = Run(
            spec.run_id(*shas), spec.to_json(), "net", shas[0], "scenes", shas[1], rate=pruning.rate, created_at=0.0,
            **named,
        )  # fmt: skip
        with empty_store.writing() as db:
            put_run(db, run)
            if seen:
                append(db, run.id, 0, said[:seen], 1.0)
                put_result(db, run.id, "accuracy", accuracy(said[:seen]))
        return run.id

    return write


@pytest.fixture
def ids(put, subject):
    """Ids of four runs, by name: two curves and the dense network."""
    return {name: put(one, said(subject, name)) for name, one in PRUNINGS.items()}


def said(subject, name):
    """All right but for GAINED and DIFFERENTLY, on which the dense network is wrong, and what the middle one lost."""
    table = np.zeros(SEEN, PREDICTION)
    table["image"], table["label"], table["loss"] = np.arange(SEEN), subject.source.labels[:SEEN], 1.0
    table["classes"], table["probabilities"][:, 0] = -1, 0.75
    off = np.zeros(SEEN, int)
    off[[*GAINED, *DIFFERENTLY]] = 1
    if name in ("middle", "filters"):
        off[[*LOST, *DIFFERENTLY]] = 2
        off[list(GAINED)] = 0
        table["loss"][list(LOST)] = [9, 8, 7]
    table["classes"][:, 0] = (table["label"] + off) % len(CLASSES)
    return table


def opened(**address):
    page = AppTest.from_file(str(ROOT / "pages" / "forgetting.py"), default_timeout=120)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def cards(page):
    return [int(one.key.split()[1]) for one in page.button if str(one.key).startswith("inside")]


def chart(page, key):
    return json.loads(next(one.proto.spec for one in page.get("plotly_chart") if one.proto.id.endswith(key)))


def test_the_first_line_says_which_networks_on_how_many_images_with_what_difference(ids):
    page = opened(run=ids["middle"])
    assert not page.exception
    first = page.markdown[0].value.replace("\\", "")
    assert first.startswith("net, generated scenes: unstructured L1 0.50, local against dense on the same 60 images.")
    assert "Top-1 96.7 % → 93.3 %, −3.3 points" in first
    assert first.endswith("3 lost, 1 gained and 1 wrong in another way.")


def test_a_network_that_came_pruned_is_not_called_dense(ids, empty_store):
    with empty_store.writing() as db:
        for run_id in ids.values():
            put_result(db, run_id, "size", {"parameters": 1000, "nonzero": 570})
    page = opened(run=ids["middle"])
    assert not page.exception
    first = page.markdown[0].value.replace("\\", "")
    assert "unstructured L1 0.50, local against the network as it came on the same 60 images" in first
    assert "as it came %" in page.dataframe[0].value
    assert "pruned less as it came" in words(page)
    page = opened(run=ids["middle"], show="Calibration")
    assert "ECE, as it came" in [metric.label for metric in page.metric]


def test_classes_say_how_many_tests_they_are_corrected_for(ids):
    page = opened(run=ids["middle"])
    assert "0 of 24 classes that changed" in words(page)
    assert "Benjamini & Hochberg 1995, false discovery rate 5 %" in words(page)
    (table,) = page.dataframe
    assert len(table.value) == 24
    assert page.get("download_button")


def test_confusions_name_the_pairs_and_equal_networks_have_none(ids):
    page = opened(run=ids["middle"], show="Confusions")
    (table,) = page.dataframe
    assert len(table.value) == table.value["change"].ne(0).sum() > 0
    page = opened(run=ids["low"], show="Confusions")
    assert "the same mistakes equally often" in words(page)


def test_calibration_stands_beside_what_chance_would_give(ids):
    page = opened(run=ids["middle"], show="Calibration")
    figures = {one.label: (one.value, one.delta) for one in page.metric}
    assert figures["ECE, dense"][0] == "21.7 %"  # 58 of 60 right, each time 75 % sure
    assert figures["Overconfidence, pruned"][0] == "−18.3 points"
    assert "by chance" in figures["ECE, pruned"][1]
    assert "Guo et al. 2017" in words(page)


@pytest.mark.parametrize(("kind", "found"), [("Lost", LOST), ("Gained", GAINED), ("Wrong in another way", DIFFERENTLY)])
def test_the_gallery_shows_each_kind_of_disagreement_ranked_by_loss(ids, kind, found):
    page = opened(run=ids["middle"], show="Images", kind=kind)
    assert cards(page) == list(found)
    assert f"{len(found)} disagreement" in words(page)
    assert len(page.dataframe[0].value) == len(found)


def test_a_card_says_what_both_networks_say_of_the_image(ids, subject):
    page = opened(run=ids["middle"], show="Images")
    label = subject.source.labels[LOST[0]]
    assert f"**{CLASSES[label]}**" in words(page)
    assert "dense :green[✓] 75 %" in words(page)
    assert f"pruned :red[✗] 75 % {CLASSES[(label + 2) % len(CLASSES)]}" in words(page)
    assert "loss +8.00" in words(page)


def test_images_can_be_sorted_and_filtered_by_class(ids, subject):
    by_class = opened(run=ids["middle"], show="Images", order="Class")
    labels = subject.source.labels
    assert cards(by_class) == sorted(LOST, key=lambda place: labels[place])
    name = CLASSES[labels[LOST[1]]]
    page = by_class.selectbox(key="class").select(name).run()
    assert cards(page) == [place for place in sorted(LOST, key=lambda p: labels[p]) if CLASSES[labels[place]] == name]


def test_many_images_are_paged_and_another_class_starts_at_the_first_page(put, subject):
    put(Pruning(), said(subject, "dense"))
    forgot = said(subject, "dense")
    forgot["classes"][:, 0] = (forgot["label"] + 3) % len(CLASSES)
    run = put(Pruning(rate=0.9), forgot)
    first, second = (opened(run=run, show="Images", page=str(number)) for number in (1, 2))
    assert len(cards(first)) == len(cards(second)) == 18
    assert not set(cards(first)) & set(cards(second))
    page = second.selectbox(key="class").select(CLASSES[subject.source.labels[0]]).run()
    assert not page.exception
    assert 0 in cards(page)
    beyond = opened(run=run, show="Images", page="99")
    assert not beyond.exception
    assert cards(beyond)


def test_several_networks_are_a_population_and_a_single_one_is_none(ids):
    page = opened(run=ids["middle"], show="Images", kind="PIEs", rates=["0.5", "0.5"])
    assert "5 pruning identified exemplars (Hooker et al. 2019" in words(page)
    assert set(cards(page)) == {*LOST, *GAINED, *DIFFERENTLY}
    assert "2 networks :red[✗]" in words(page)
    page.multiselect(key="population").set_value(["Structured"]).run()
    assert "a population takes two or more" in words(page)
    assert not cards(page)


def test_an_image_without_a_most_frequent_answer_is_no_exemplar(ids):
    page = opened(run=ids["middle"], show="Images", kind="PIEs", population="Unstructured")
    assert "Left out: 5 images without a most frequent answer" in words(page)
    assert not cards(page)


def test_nothing_lost_says_what_to_choose(ids):
    page = opened(run=ids["low"], show="Images")
    assert "0 disagreements on 60 images" in words(page)
    assert "Choose another kind or class, or a higher rate" in words(page)


def test_curve_and_rate_move_to_another_run_and_the_address_holds_it(ids):
    page = opened(run=ids["middle"])
    page.select_slider(key="moving").set_value(ids["low"]).run()
    assert page.query_params["run"] == ids["low"]
    assert "0 lost, 0 gained" in words(page)
    page.selectbox(key="curve").select("Structured").run()
    assert "structured L1 0.50" in page.markdown[0].value.replace("\\", "")


def test_an_unknown_run_is_named_and_another_shown(ids):
    page = opened(run="0123456789abcdef")
    assert "There is no run 0123456789abcdef" in words(page)
    assert "against dense" in words(page)


@pytest.mark.parametrize("seen", [1, 24])
def test_one_image_or_one_image_a_class_break_nothing(put, subject, seen):
    put(Pruning(), said(subject, "dense"), seen)
    run = put(Pruning(rate=0.5), said(subject, "middle"), seen)
    for show in ("Classes", "Confusions", "Calibration", "Images"):
        assert not opened(run=run, show=show).exception
    assert f"{seen} image" in words(opened(run=run))


@pytest.fixture
def retrained(ids, put, subject):
    """Ids of the middle network retrained, which lost less, and of the dense control, which gained one."""
    better = said(subject, "middle")
    better["classes"][list(LOST[1:]), 0] = better["label"][list(LOST[1:])]
    control = said(subject, "dense")
    control["classes"][list(GAINED), 0] = control["label"][list(GAINED)]
    return {
        "middle": put(PRUNINGS["middle"], better, retraining=RETRAINING),
        "control": put(PRUNINGS["dense"], control, retraining=RETRAINING),
    }


def test_a_retrained_network_is_set_against_the_dense_one_without_its_weights(retrained):
    page = opened(run=retrained["middle"], show="Images")
    assert not page.exception
    first = page.markdown[0].value.replace("\\", "")
    assert "unstructured L1 0.50, local, retrained 2 epochs by SGD against dense on the same 60 images" in first
    assert first.endswith("1 lost, 1 gained and 1 wrong in another way.")
    assert cards(page) == [LOST[0]]
    assert page.selectbox(key="curve").value == "Unstructured, retrained 2 epochs by SGD"


@pytest.mark.parametrize("show", ["Classes", "Confusions", "Calibration", "Images"])
def test_the_dense_control_is_called_control_and_never_pruned(retrained, show):
    page = opened(run=retrained["control"], show=show, kind="Gained")
    assert not page.exception
    shown = words(page) + " ".join(metric.label for metric in page.metric)
    shown += " ".join(chart.proto.spec for chart in page.get("plotly_chart"))
    shown += " ".join(name for table in page.dataframe for name in map(str, table.value.columns))
    assert "dense control, retrained 2 epochs by SGD against dense" in shown.replace("\\", "")
    assert "pruned" not in shown
    assert "control" in shown.replace("dense control", "")


def test_the_dense_control_is_none_of_the_pruned_population(retrained):
    page = opened(run=retrained["control"], show="Images", kind="PIEs")
    assert page.multiselect(key="population").options == [
        "Unstructured",
        "Unstructured, retrained 2 epochs by SGD",
        "Structured",
    ]
    assert "of the 4 networks" in words(page)


def test_what_a_network_said_before_it_was_retrained_anew_is_not_remembered(retrained, put, subject, empty_store):
    assert cards(opened(run=retrained["middle"], show="Images")) == [LOST[0]]
    folder = weights_folder(empty_store.folder, retrained["middle"])
    folder.mkdir(parents=True)
    (folder / WEIGHTS).touch()
    with empty_store.writing() as db:
        forget_measured(db, retrained["middle"])
    put(PRUNINGS["middle"], said(subject, "middle"), retraining=RETRAINING)
    assert cards(opened(run=retrained["middle"], show="Images")) == list(LOST)


def test_without_runs_it_says_what_the_page_is_for_and_leads_to_trade_offs(empty_store):
    page = opened()
    assert "No network was pruned yet" in words(page)
    assert page.button(key="to_tradeoffs").label == "Go to Trade-offs"


def test_what_was_not_measured_yet_is_said(put, subject):
    put(Pruning(), said(subject, "dense"), 0)
    assert "Only the dense network was run" in words(opened())
    run = put(Pruning(rate=0.5), said(subject, "middle"))
    assert "dense network was not measured" in words(opened(run=run))


def test_a_run_that_waits_or_failed_is_said_to_have_nothing_measured(put, subject):
    put(Pruning(), said(subject, "dense"))
    run = put(Pruning(rate=0.7), said(subject, "middle"), 0)
    assert "Nothing was measured on this network yet" in words(opened(run=run))


def test_a_click_on_an_image_opens_it_in_saliency_with_the_network_that_forgot_it(ids, subject, visit):
    page = visit("pages/forgetting.py", run=ids["middle"], show="Images")
    page.button(key=f"inside {LOST[1]}").click().run()
    assert page.query_params["run"] == ids["middle"]
    assert page.query_params["image"] == subject.source.ids[LOST[1]]


def test_what_the_address_asks_for_and_there_is_not_is_named(ids):
    page = opened(run=ids["middle"], show="Images", kind="Found", **{"class": "unicorn"})
    assert "There is no kind of image 'Found'" in words(page)
    assert cards(page) == list(LOST)


def test_trade_offs_leads_here(measured, visit):
    page = visit(technique="unstructured", unstructured_rates="0.2, 0.5", images="96", run=measured[0.5])
    assert "What it forgot" in [one.label for one in page.button]
    page = visit(technique="unstructured", unstructured_rates="0.2, 0.5", images="96", run=measured[0.0])
    assert "What it forgot" not in [one.label for one in page.button]
