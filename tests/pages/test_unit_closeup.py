"""One unit on the page Units, without a browser: what is said and shown of it, and its tasks to be played."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.errors import MissingFileError
from core.experiment import ExperimentSpec
from core.interpretability.units.collect import find_activity
from core.jobs.executor import UNITS
from core.jobs.units_now import units_now
from core.paths import ROOT
from core.pruning.settings import Pruning
from core.store import queue
from core.store.batches import append
from core.store.database import open_store
from core.store.retrained import units_folder
from core.store.runs import find_result, put_result
from core.units.results import load_units
from core.units.study import UnitStudy
from tests.reading import charts, words
from tests.retrained import put_retrained, retrained

DENSE = ExperimentSpec()
PRUNED = ExperimentSpec(pruning=Pruning("structured", rate=0.2))
ASKED = UnitStudy(images=48, explanations=3, tasks=5)


@pytest.fixture(scope="module")
def studied(packs, tmp_path_factory):
    """A store in which the dense and a pruned network were studied; nothing in it is changed."""
    folder = tmp_path_factory.mktemp("studied")
    (folder / "packs").symlink_to(packs)
    store = open_store(folder)
    return store, [row["run_id"] for row in units_now(store, [DENSE, PRUNED], ASKED, "cpu")]


@pytest.fixture
def ids(studied, monkeypatch):
    """The ids of both networks' runs, in the store that the page uses."""
    store, found = studied
    _use(store.folder, monkeypatch)
    yield found
    st.cache_resource.clear()


@pytest.fixture
def shipped(studied, tmp_path, monkeypatch):
    """The same as it is shipped: scores and exemplars, nothing packed, and nothing of what every image did."""
    store, found = studied
    folder = tmp_path / "shipped"
    shutil.copytree(store.folder, folder, ignore=shutil.ignore_patterns("packs", "units"))
    _use(folder, monkeypatch)
    yield open_store(folder), found
    st.cache_resource.clear()


def _use(folder, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(folder))
    monkeypatch.setattr("core.store.demo.DEMO_RESULTS", folder / "none.sqlite")
    st.cache_resource.clear()


def opened(run, **address):
    page = AppTest.from_file(str(ROOT / "pages" / "units.py"), default_timeout=120)
    for name, value in {"run": run, "show": "One unit", **address}.items():
        page.query_params[name] = str(value)
    return page.run()


def died(store, ids):
    """Return the place and the number of a unit that is live in the dense network and constant in the pruned one."""
    dense, pruned = (load_units(store, run_id, ASKED) for run_id in ids)
    row = dense[~dense["constant"] & pruned["constant"]][0]
    return ASKED.places[row["place"]], int(row["unit"])


def test_a_unit_is_named_its_score_with_its_encoder_and_both_networks_stand_side_by_side(ids):
    page = opened(ids[1], layer="conv1.conv", unit=3)
    assert not page.exception
    said = words(page)
    assert "**conv1.conv 3**: output channel 3 of the 64 of the convolution, before its ReLU." in said
    assert said.count("live · hard score (googlenet features) **") == 2
    assert said.count("MIS (googlenet features) **0.") >= 2
    helps = [one.help for one in page.caption if one.value in ("Most activating", "Least activating")]
    assert len(helps) == 4 and all(text.startswith("Their classes") for text in helps)
    assert "It is live in Dense and Structured 0.20." in said
    found = charts(page)
    for run_id in ids:
        assert len(found[f"top {run_id}"]["layout"]["images"]) == 9
        assert len(found[f"bottom {run_id}"]["layout"]["images"]) == 9
    scale = found["unit scale"]["layout"]
    assert scale["annotations"][1]["text"] == "activation before the ReLU"
    assert scale["xaxis"]["ticktext"][1] == "its mean"


def test_activations_under_the_images_are_those_that_they_were_ranked_by(ids, studied):
    page = opened(ids[1], layer="inception4a.branch1.conv", unit=0)
    activity = find_activity(units_folder(studied[0].folder, ids[0]), ASKED)
    at = activity.units_of("inception4a.branch1.conv").start
    written = charts(page)[f"top {ids[0]}"]["data"][1]["text"]
    shown = [float(text.replace("−", "-")) for text in written]
    assert shown == pytest.approx(activity.top_values[at, :9].tolist(), rel=0.01)
    hover = charts(page)[f"top {ids[0]}"]["data"][0]["hovertext"][0]
    assert "activation" in hover


def test_a_unit_that_died_has_a_word_in_place_of_pictures(ids, studied):
    place, unit = died(studied[0], ids)
    page = opened(ids[1], layer=place, unit=unit)
    assert not page.exception
    assert "**died**" in words(page)
    assert "on each of 48 images: it tells none from another" in words(page)
    assert f"top {ids[0]}" in charts(page)
    assert f"top {ids[1]}" not in charts(page)
    assert "constant" in json.dumps(charts(page)["unit spread"])


def test_a_logit_has_no_map_and_is_called_by_its_class(ids):
    page = opened(ids[1], layer="fc", unit=2)
    assert not page.exception
    assert "the logit of the class" in words(page)
    assert "A logit is one number an image: it fires at no position." in words(page)
    assert "unit scale" not in charts(page)


def test_the_maps_can_be_counted_from_zero_and_be_taken_away(ids):
    page = opened(ids[1], layer="conv1.conv", unit=3, colours="zero")
    assert charts(page)["unit scale"]["layout"]["xaxis"]["ticktext"][1] == "0"
    laid = charts(page)[f"top {ids[0]}"]["layout"]["images"]
    page.toggle(key="fired").set_value(False).run()
    bare = charts(page)[f"top {ids[0]}"]["layout"]["images"]
    assert "unit scale" not in charts(page)
    assert [one["source"] for one in laid] != [one["source"] for one in bare]


def test_the_controls_and_the_address_are_one(ids):
    page = opened(ids[1], layer="conv2.conv", unit=63)
    assert page.number_input(key="unit_number").value == 63
    assert page.button(key="unit_next").disabled
    page.button(key="unit_previous").click().run()
    assert page.query_params["unit"] == "62"
    page.selectbox(key="unit_block").select("inception3a").run()
    assert (page.query_params["layer"], page.query_params["unit"]) == ("inception3a.branch1.conv", "0")
    page.button(key="unit_random").click().run()
    assert not page.exception
    assert "It is live in Dense" in words(page)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"layer": "conv9"}, "There is no layer 'conv9'"),
        ({"layer": "conv1.conv", "unit": 64}, "Unit '64' cannot be"),
        ({"layer": "conv1.conv", "unit": "x"}, "Unit 'x' cannot be"),
        ({"layer": "conv1.conv", "unit": 1, "view": "Sing"}, "There is no view of a unit 'Sing'"),
        ({"layer": "conv1.conv", "unit": 1, "view": "Play", "task": 6}, "Task '6' cannot be"),
        ({"layer": "conv1.conv", "unit": 1, "view": "Play", "task": "1e400"}, "Task '1e400' cannot be"),
        ({"layer": "conv1.conv", "unit": "1" * 4500}, "Unit '1111"),
        ({"layer": "conv1.conv", "unit": 1, "vis_steps": "1e400"}, "Steps '1e400' cannot be"),
    ],
)
def test_what_the_address_asks_for_and_there_is_not_is_named(ids, address, said):
    page = opened(ids[1], **address)
    assert not page.exception
    assert said in words(page)


def test_the_history_has_every_scored_network_and_the_score_its_encoder(ids):
    page = opened(ids[1], layer="conv1.conv", unit=3)
    history = charts(page)["unit history"]
    assert history["layout"]["yaxis"]["title"]["text"] == "MIS (googlenet features)"
    assert "Table of 2 networks" in [one.label for one in page.expander]


def test_shipped_results_show_exemplars_and_offer_to_make_the_rest(shipped):
    store, (_, pruned) = shipped
    page = opened(pruned, layer="conv1.conv", unit=3)
    assert not page.exception
    assert len(charts(page)[f"top {pruned}"]["layout"]["images"]) == 9
    assert "unit spread" not in charts(page)
    assert "is not on this machine" in words(page)
    page.button(key="unit_activity").click().run()
    (job,) = queue.jobs(store, queue.OPEN)
    assert job.kind == UNITS
    assert "Units are being looked at" in words(page)


def play(ids, **address):
    return opened(ids[1], **{"layer": "inception4a.branch1.conv", "unit": 0, "view": "Play", "task": 2, **address})


def test_a_task_gives_nothing_away_until_it_is_answered(ids):
    page = play(ids)
    assert not page.exception
    said, found = words(page), charts(page)
    assert "3 images that activate the unit strongly, 3 that activate it weakly" in said
    assert "The machine" not in said
    assert not any(word in said for word in ("**strongly**", "**weakly**", "live ·", "favours", "hard"))
    assert [len(found[f"task {side}"]["layout"]["images"]) for side in ("strong", "weak")] == [3, 3]
    assert not found["task strong"]["data"], "no words, nothing on hover"


def test_an_answer_is_held_against_the_truth_and_the_machines(ids):
    first = play(ids)
    first.button(key="say left").click().run()
    second = play(ids)
    second.button(key="say right").click().run()
    verdicts = ["You are :green[**right**]" in words(page) for page in (first, second)]
    assert sorted(verdicts) == [False, True], "one of the two is right, and the order is the task's own"
    assert "The machine is :" in words(first)
    assert "probability of the right answer" in words(first)
    assert f"you **{int(verdicts[0])} of 1 right**" in words(first)
    assert first.button(key="say right").disabled, "the first answer counts"


def test_the_tally_grows_over_tasks_and_leaves_out_what_was_shown(ids):
    page = play(ids, task=5)
    page.button(key="say left").click().run()
    page.button(key="next_task").click().run()
    assert page.number_input(key="task").value == 1, "after the last task comes the first"
    assert "The machine is" not in words(page)
    page.button(key="say revealed").click().run()
    assert "Shown without an answer." in words(page)
    assert "of 1 right" in words(page)
    assert "Not counted: 1 task shown without an answer." in words(page)


def test_the_machine_is_the_one_that_made_the_score(ids, studied):
    """Over all tasks of a unit the shares of right answers are its hard score."""
    units = load_units(studied[0], ids[0], ASKED)
    row = units[(units["place"] == ASKED.places.index("inception4a.branch1.conv")) & (units["unit"] == 0)][0]
    page = play(ids, task=1)
    for _ in range(ASKED.tasks):
        page.button(key="say revealed").click().run()
        page.button(key="next_task").click().run()
    right = [one.machine for one in page.session_state["unit tasks played"].values()]
    assert np.mean([one is True for one in right]) == pytest.approx(float(row["hard"]))


def test_what_failed_once_can_be_tried_again(ids, monkeypatch):
    def refuse(*_):
        raise MissingFileError("the file of the encoder is gone", "a file", "put it back")

    st.cache_resource.clear()
    with monkeypatch.context() as broken:
        broken.setattr("pages.widgets.unit_game.embed_pack", refuse)
        page = play(ids)
        assert "is gone" in words(page)
    assert "is gone" in words(page.run()), "it is not tried again and again unasked"
    page.button(key="again embeddings").click().run()
    assert not page.exception
    assert "is gone" not in words(page) and page.button(key="say left")


def test_an_error_of_the_maps_is_no_answer(ids, monkeypatch):
    def refuse(*_):
        raise MissingFileError("the weights are gone", "a file", "put them back")

    with monkeypatch.context() as broken:
        broken.setattr("pages.widgets.unit_views.unit_maps", refuse)
        page = opened(ids[1], layer="conv2.conv", unit=5)
        assert "weights are gone" in words(page)
    page.button(key=f"again maps {ids[0]}").click().run()
    assert not page.exception
    assert "weights are gone" not in words(page) and "unit scale" in charts(page)


def test_a_constant_unit_has_nothing_to_play(ids, studied):
    place, unit = died(studied[0], ids)
    page = play(ids, layer=place, unit=unit, played=ids[1])
    assert not page.exception
    assert "there is nothing to tell" in words(page)


def test_tasks_need_the_images_packed(shipped):
    _, (dense, pruned) = shipped
    page = play((dense, pruned))
    assert not page.exception
    assert "not packed on this machine" in words(page)
    assert page.button(key="unit_pack")


def test_a_retrained_network_whose_weights_are_elsewhere_shows_its_exemplars(studied, tmp_path, monkeypatch):
    source, (dense, pruned) = studied
    folder = tmp_path / "elsewhere"
    shutil.copytree(source.folder, folder, ignore=shutil.ignore_patterns("packs"))
    (folder / "packs").symlink_to(source.folder / "packs")
    _use(folder, monkeypatch)
    store = open_store(folder)
    run_id = put_retrained(store, retrained(PRUNED), weights=False)
    with store.writing() as db:
        append(db, run_id, ASKED.kind, 0, load_units(store, pruned, ASKED), 1.0)
        put_result(db, run_id, ASKED.kind, find_result(store, pruned, ASKED.kind))
    page = opened(run_id, layer="conv1.conv", unit=3)
    st.cache_resource.clear()
    assert not page.exception
    assert "the weights that retraining made are not on this machine" in words(page)
    grids = charts(page)
    assert set(grids[f"top {run_id}"]["data"][1]["text"]) == {"–"}
    assert len(grids[f"top {dense}"]["layout"]["images"]) == len(grids[f"top {run_id}"]["layout"]["images"]) == 9
