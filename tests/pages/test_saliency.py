"""The Saliency page, run without a browser on a small store: what it shows, what the address holds, what is refused."""

from __future__ import annotations

import io
import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest
from torch import nn

from core.data.scenes import CLASSES
from core.errors import BrokenDataError
from core.evaluation.accuracy import accuracy
from core.experiment import ExperimentSpec
from core.families import families
from core.figures.look import Look
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.registry import METHODS
from core.interpretability.inspection import one_at_a_time
from core.interpretability.measures.agreement import AGREEMENT
from core.interpretability.question import Question
from core.jobs.devices import pick_device
from core.jobs.subject import find_subject
from core.networks.googlenet import googlenet
from core.networks.registry import load_network
from core.paths import ROOT
from core.predictions import PREDICTION
from core.progress import silent
from core.pruning.masks import apply_masks, make_masks
from core.pruning.settings import Pruning
from core.store import queue
from core.store.database import open_store
from core.store.predictions import append
from core.store.retrained import delete_networks, weights_folder
from core.store.runs import Run, put_result, put_run, runs_frame
from pages.widgets import core_access, views
from pages.widgets.asked import View, ask_of
from pages.widgets.pictures import all_files
from tests.retrained import RETRAINING, retrained, save_retrained

PRUNINGS = {
    "dense": Pruning(),
    "low": Pruning(rate=0.2),
    "middle": Pruning(rate=0.5),
    "high": Pruning(rate=0.8),
    "filters": Pruning(technique="structured", rate=0.05),
}
SEEN = 6  # images that were measured
LOST = (4, 1)  # those that the middle network lost, the largest rise of the loss first


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network that was never trained, in 64 pixels, which is quick to look into."""
    torch.manual_seed(0)
    module = googlenet(len(CLASSES))
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
    about = {"mean": "[0.5,0.5,0.5]", "std": "[0.2,0.2,0.2]", "size": "64", "classes": json.dumps(CLASSES)}
    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    save_file({name: value.contiguous() for name, value in module.state_dict().items()}, path, about)
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache: without the runs that ship with the demo."""
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))
    monkeypatch.setattr("core.store.demo.DEMO_RESULTS", tmp_path / "none.sqlite")
    core_access.store.clear()
    return tmp_path


@pytest.fixture
def ids(folder, weights):
    """Ids of five runs in the store, by name; of each six images were measured."""
    spec = ExperimentSpec(str(weights))
    subject = find_subject(spec, folder)
    return {
        name: put(folder, ExperimentSpec(str(weights), pruning=one), subject, name) for name, one in PRUNINGS.items()
    }


def put(folder, spec, subject, name):
    what, shas = spec.pruning.canonical(), (subject.network.sha256, subject.fingerprint())
    run = Run(
        id=spec.run_id(*shas),
        spec=spec.to_json(),
        network=subject.network.title,
        network_sha=shas[0],
        data=subject.source.title,
        data_sha=shas[1],
        created_at=0.0,
        rate=spec.pruning.rate,
        **{key: what.get(key) for key in ("technique", "criterion", "scope", "form", "seed")},
    )
    answers = predictions(subject, LOST if name == "middle" else ())
    with open_store(folder).writing() as db:
        put_run(db, run)
        append(db, run.id, 0, answers, 1.0)
        put_result(db, run.id, "accuracy", accuracy(answers))
    return run.id


def predictions(subject, wrong):
    table = np.zeros(SEEN, PREDICTION)
    table["image"], table["label"] = np.arange(SEEN), subject.source.labels[:SEEN]
    table["classes"] = -1
    table["classes"][:, 0] = table["label"]
    for rank, place in enumerate(wrong):
        table["classes"][place, 0] = (table["label"][place] + 1) % len(CLASSES)
        table["loss"][place] = 10 - rank
    return table


def opened(**address):
    page = AppTest.from_file(str(ROOT / "pages" / "saliency.py"), default_timeout=240)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def titles(page):
    return [one.value.strip("*").replace("\\", "") for one in page.markdown if one.value.startswith("**")]


def words(page):
    return "\n".join(one.value.replace("\\", "") for one in (*page.caption, *page.markdown))


def test_without_an_address_one_network_of_each_curve_stands_beside_the_dense_one(ids):
    page = opened()
    assert not page.exception
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.50", "Structured 0.05"]
    assert "One colour scale for all 3 maps" in words(page)


def test_look_inside_shows_that_run_beside_the_dense_network(ids):
    page = opened(run=ids["high"])
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.80"]
    assert "sparsity 80.0 %, L1, local" in words(page)
    assert "top-1 100.0 % on 6 images" in words(page)


def test_the_address_holds_run_runs_and_image_and_reproduces_the_view(ids):
    page = opened(run=ids["high"], runs=f"{ids['filters']},{ids['low']}", image="scene-000003", target="own prediction")
    again = opened(**dict(page.query_params))
    assert page.query_params["image"] == "scene-000003"
    assert (
        titles(page)
        == titles(again)
        == ["Picture", "Dense", "Unstructured 0.80", "Structured 0.05", "Unstructured 0.20"]
    )
    assert words(page) == words(again)


def test_the_slider_moves_one_tile_and_leaves_the_others(ids):
    page = opened(run=ids["middle"], runs=ids["filters"])
    page.select_slider(key="moving").set_value(ids["high"]).run()
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.80", "Structured 0.05"]
    assert page.query_params["run"] == ids["high"]


def test_a_pinned_network_that_the_slider_passes_comes_back(ids):
    page = opened(run=ids["low"], runs=ids["middle"])
    page.select_slider(key="moving").set_value(ids["middle"]).run()
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.50"]
    page.select_slider(key="moving").set_value(ids["high"]).run()
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.80", "Unstructured 0.50"]


def test_another_curve_keeps_the_nearest_rate(ids):
    page = opened(run=ids["filters"])
    page.selectbox(key="curve").select("Unstructured").run()
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.20"]


def test_no_more_than_six_networks_stand_side_by_side(ids):
    page = opened(run=ids["low"], runs=",".join(ids.values()))
    assert titles(page) == [
        "Picture",
        "Dense",
        "Unstructured 0.20",
        "Unstructured 0.50",
        "Unstructured 0.80",
        "Structured 0.05",
    ]


def test_lost_images_are_listed_by_what_they_lost(ids):
    page = opened(run=ids["middle"], images_of="Dense right, pruned wrong")
    assert page.query_params["image"] == f"scene-{LOST[0]:06d}"
    page.button(key="next").click().run()
    assert page.query_params["image"] == f"scene-{LOST[1]:06d}"
    assert page.button(key="next").disabled


def test_where_nothing_was_lost_all_images_are_shown_and_it_is_said(ids):
    page = opened(run=ids["low"], images_of="Dense right, pruned wrong")
    assert "lost none of 6 measured images" in words(page)
    assert "1 of 2,000" in words(page)


def test_images_can_be_chosen_by_class_by_thumbnail_and_by_lot(ids):
    page = opened(run=ids["low"])
    page.selectbox(key="images_of").select(CLASSES[3]).run()
    assert f"**Grad-CAM** for **{CLASSES[3]}**" in words(page)
    thumbnail = [button for button in page.button if str(button.key).startswith("thumbnail")][2]
    thumbnail.click().run()
    assert page.query_params["image"] == f"scene-{int(thumbnail.key.split()[1]):06d}"
    page.button(key="random").click().run()
    assert not page.exception


@pytest.fixture
def foldered(folder, weights, tmp_path):
    """The dense network on a folder whose class folders are named otherwise than the network's classes."""
    for label in range(len(CLASSES)):
        target = tmp_path / "photos" / f"n{label:08d}"
        target.mkdir(parents=True)
        Image.new("RGB", (64, 64), (10 * label, 0, 0)).save(target / "one, 100%.png")
    spec = ExperimentSpec(str(weights), data=f"wnids:{tmp_path / 'photos'}")
    subject = find_subject(spec, folder)
    subject.pack()
    return put(folder, spec, subject, "dense")


def test_classes_have_the_networks_names_whatever_their_folders_are_called(foldered):
    page = opened(run=foldered, image="n00000003/one, 100%.png")
    assert not page.exception
    page.button(key="pin").click().run()
    assert page.selectbox(key="images_of").options[2:] == list(CLASSES)
    assert page.button(key="pinned n00000003/one, 100%.png").help.endswith(f": {CLASSES[3]}")
    thumbnails = [button for button in page.button if str(button.key).startswith("thumbnail")]
    assert {one.help for one in thumbnails} <= set(CLASSES)
    page.selectbox(key="images_of").select(CLASSES[5]).run()
    assert page.query_params["image"] == "n00000005/one, 100%.png"


@pytest.mark.parametrize("method", [METHODS[name] for name in ("saliency", "ig")], ids=lambda method: method.name)
def test_each_method_says_what_it_tells_and_on_which_scale(ids, method):
    page = opened(run=ids["low"], method=method.title)
    assert not page.exception
    assert method.meaning in words(page)
    (bar,) = [chart for chart in page.get("plotly_chart") if "heatmap" in chart.proto.spec]
    assert ("for the class" in bar.proto.spec) == method.signed


def test_the_parameters_of_a_method_come_from_its_entry_and_from_the_address(ids):
    page = opened(run=ids["low"], method="SmoothGrad", **{"smoothgrad.samples": "7", "seed": "3"})
    assert "samples 7, noise 0.15, seed 3" in words(page)
    assert "7 forward and backward passes a network" in words(page)
    for parameter in METHODS["smoothgrad"].parameters:
        assert any(widget.label == parameter.title for widget in (*page.slider, *page.number_input))


def test_a_method_that_begins_somewhere_asks_where(ids):
    mean = BASELINES["mean"].title
    page = opened(run=ids["low"], method="Integrated Gradients", **{"ig.steps": "5", "ig.baseline": mean})
    assert f"steps 5, baseline {mean}" in words(page)
    page.selectbox(key="method").select("Saliency").run()
    assert "ig.baseline" not in [box.key for box in page.selectbox]


@pytest.mark.parametrize(
    ("address", "said", "instead"),
    [
        ({"method": "Crystal ball"}, "Crystal ball", "**Grad-CAM**"),
        ({"target": "somebody"}, "somebody", "true class"),
        ({"method": "SmoothGrad", "smoothgrad.samples": "100000"}, "100000", "samples 25"),
        ({"opacity": "much", "show": "Hologram"}, "Hologram", "One colour scale"),
    ],
)
def test_what_the_address_asks_for_and_there_is_not_is_named_and_the_default_used(ids, address, said, instead):
    page = opened(run=ids["low"], **address)
    assert said in " ".join(one.proto.title for one in page.warning)
    assert instead in words(page)


def test_maps_are_shown_as_the_address_says(ids):
    page = opened(run=ids["low"], method="Saliency", show="Masked picture", visible="10")
    assert "Visible are the 10 % of the pixels" in words(page)
    page = opened(run=ids["low"], method="Saliency", scale="one each", ends="90 %")
    assert "scale of each map ends at the 90th percentile of its values; 10.0 % of the pixels" in words(page)
    assert words(page).count(", scale to ") == 0, "image captions are not text"


@pytest.fixture
def forgotten():
    """Nothing is kept from other tests, nor for them."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def test_a_refused_map_says_why_in_its_tile_and_the_others_go_on(ids, monkeypatch, forgotten):
    real = views.attributions

    def overflowing(inspected, *asked):
        if inspected.sparsity.prunable > 0.7:
            raise BrokenDataError("Saliency is not a finite number", "finite values", "load another network")
        return real(inspected, *asked)

    monkeypatch.setattr(views, "attributions", overflowing)
    page = opened(run=ids["high"], runs=ids["low"], method="Saliency")
    assert not page.exception
    assert "No map: Saliency is not a finite number" in words(page)
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.80", "Unstructured 0.20"]
    assert "One colour scale for all 2 maps" in words(page)


def taken_and_given_back(lock):
    taken = lock.acquire(timeout=5)
    if taken:
        lock.release()
    return taken


def test_a_map_that_is_interrupted_leaves_no_hook_and_no_lock(ids, weights, folder):
    subject = find_subject(ExperimentSpec(str(weights)), folder)
    ask = views.Ask(views.shown(subject, 0), views.Variant(), 0, Question("smoothgrad"))

    def interrupt(done, total, what):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask.answer(interrupt)
    assert ask.known is None
    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(taken_and_given_back, one_at_a_time(pick_device())).result()


def charts(page):
    return [chart.proto.spec for chart in page.get("plotly_chart")]


def test_each_pruned_tile_has_its_agreement_with_the_dense_map_beside_both_yardsticks(ids):
    page = opened(run=ids["high"], runs=ids["low"], method="Saliency")
    rows = [spec for spec in charts(page) if "Spearman" in spec]
    assert len(rows) == 3
    assert all("randomised network" in spec and "another image" in spec for spec in rows)
    assert ["this network" in spec for spec in rows] == [False, True, True]
    assert words(page).count("Agreement with the dense map") == 2
    explained = " ".join(str(one.proto.help) for one in page.caption).replace("\\", "")
    assert all(measure.title in explained for measure in AGREEMENT.values())
    assert "Adebayo" in explained


def test_pins_whose_names_have_commas_stay_whole_and_apart(foldered):
    first, second = (f"n0000000{label}/one, 100%.png" for label in (3, 5))
    page = opened(run=foldered, image=first)
    page.button(key="pin").click().run()
    page.query_params["image"] = second
    page.run()
    page.button(key="pin").click().run()
    again = opened(run=foldered, image=first, pins=page.query_params["pins"])
    assert not again.warning
    assert [str(one.key) for one in again.button if str(one.key).startswith("pinned ")] == [
        f"pinned {first}",
        f"pinned {second}",
    ]


def test_where_the_target_is_known_each_tile_says_whether_the_map_lies_on_it(ids):
    page = opened(run=ids["low"], method="Saliency")
    found = [one.value for one in page.caption if one.value.startswith("Object ")]
    assert len(found) == 2
    assert all("inside (area" in one for one in found)


def test_pinned_images_stay_at_hand_and_in_the_address(ids):
    page = opened(run=ids["low"], image="scene-000003")
    page.button(key="pin").click().run()
    page.button(key="next").click().run()
    assert page.query_params["image"] != "scene-000003"
    assert page.query_params["pins"] == "scene-000003"
    page.button(key="pinned scene-000003").click().run()
    assert page.query_params["image"] == "scene-000003"
    assert page.button(key="pin").label == "Unpin"
    page.button(key="pin").click().run()
    assert "pins" not in page.query_params


def test_a_pinned_image_that_there_is_not_is_named(ids):
    page = opened(run=ids["low"], pins="scene-x,scene-000003")
    assert "scene-x" in " ".join(one.proto.title.replace("\\", "") for one in page.warning)
    assert page.query_params["pins"] == "scene-000003"


def test_one_map_in_full_size_says_all_that_is_needed_to_judge_it(ids):
    page = opened(run=ids["high"], image="scene-000003", method="Integrated Gradients", **{"ig.steps": "3"})
    page.button(key=f"enlarge {ids['high']}").click().run()
    assert page.query_params["closeup"] == ids["high"]
    said = words(page)
    for part in ("steps 3, baseline black", "unstructured L1 0.80, local", "scene-000003", "it says", "percentile"):
        assert part in said
    assert {"PNG with caption", "NPZ with numbers", "Download all"} <= {
        button.proto.label for button in page.get("download_button")
    }


def test_the_files_of_a_view_hold_the_map_and_the_question(ids, weights, folder):
    subject = find_subject(ExperimentSpec(str(weights)), folder)
    image, question = views.shown(subject, 0), Question("saliency")
    view = View(None, views.probabilities_of(image, views.Variant()), ask_of(image, None, question), None)
    view = replace(view, answer=view.ask.answer(silent))
    with zipfile.ZipFile(io.BytesIO(all_files([view], Look(), [1.0]))) as archive:
        names = sorted(archive.namelist())
        assert names == ["scene-000000_saliency_Dense.npz", "scene-000000_saliency_Dense.png", "side-by-side.png"]
        with np.load(io.BytesIO(archive.read(names[0]))) as file:
            assert np.array_equal(file["map"], view.map)
            about = json.loads(str(file["about"]))
    assert Question.from_json(about["question"]) == question
    assert about["image"] == "scene-000000"


def test_nothing_below_the_strip_is_computed_before_it_is_opened(ids, forgotten):
    page = opened(run=ids["low"], method="Saliency")
    assert page.button_group(key="closer").value in (None, [])
    asked = views._answers()._values
    assert {key[-1] for key in asked} == {Question("saliency").id}


def test_other_methods_are_asked_the_same_of_the_same_networks(ids):
    page = opened(run=ids["low"], method="Saliency", closer="Methods", methods=["Saliency", "Grad-CAM"])
    columns = [one.value.replace("\\", "") for one in page.caption if one.value.startswith(("Dense", "Unstructured"))]
    assert columns == ["Dense", "Unstructured 0.20"] * 2
    assert {"Saliency", "Grad-CAM"} <= set(titles(page))
    assert "arXiv 2202.01602" in words(page)


def test_faithfulness_has_both_curves_and_their_areas_for_each_network(ids):
    page = opened(run=ids["low"], method="Saliency", closer="Faithfulness")
    (curves,) = [spec for spec in charts(page) if "probability of the class" in spec]
    assert "Unstructured 0.20" in curves
    areas = page.dataframe[0].value
    assert list(areas["network"]) == ["Dense", "Unstructured 0.20"]
    assert areas.iloc[:, 1:].to_numpy().min() >= 0
    assert areas.iloc[:, 1:].to_numpy().max() <= 1


def test_the_cascade_goes_from_the_classifier_to_the_first_convolution(ids):
    page = opened(run=ids["low"], method="Saliency", closer="Sanity")
    (curves,) = [json.loads(spec) for spec in charts(page) if "inception4a" in spec]
    steps = curves["layout"]["xaxis"]["ticktext"]
    assert (steps[0], steps[1], steps[-1]) == ("trained", "fc", "conv1")
    assert words(page).count("Spearman ") >= len(steps) - 1


def test_each_rate_of_the_curve_has_its_map(ids):
    page = opened(run=ids["middle"], runs=ids["filters"], method="Saliency", closer="Over rates")
    rates = [one.value.replace("\\", "") for one in page.caption if ", top-1" in one.value.replace("\\", "")]
    assert [rate[:4] for rate in rates] == ["0.20", "0.50", "0.80"]


def test_every_tile_is_about_the_same_class_unless_each_network_s_own_is_asked_for(ids):
    page = opened(run=ids["high"], runs=ids["filters"], target="dense prediction")
    assert "(dense prediction)" in words(page)
    assert words(page).count("**Grad-CAM** for **") == 1


@pytest.fixture
def retrained_ids(ids, folder, weights, forgotten):
    """Ids of the middle network and of the dense one, both retrained; the weights of both are here."""
    subject = find_subject(ExperimentSpec(str(weights)), folder)
    made = {name: retrained(ExperimentSpec(str(weights), pruning=PRUNINGS[name])) for name in ("middle", "dense")}
    found = {name: put(folder, spec, subject, name) for name, spec in made.items()}
    for name, spec in made.items():
        save_retrained(open_store(folder), spec, found[name])
    return found


def map_of(folder, run_id):
    (family,) = families(runs_frame(open_store(folder)))
    member = family.member(run_id)
    image = views.shown(find_subject(family.spec, folder), 0)
    return ask_of(image, member, Question("saliency")).answer(silent)


def test_a_retrained_network_stands_beside_the_one_it_was_made_of_and_each_has_its_own_map(ids, retrained_ids, folder):
    page = opened(run=retrained_ids["middle"], runs=ids["middle"], method="Saliency")
    assert not page.exception
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.50, retrained", "Unstructured 0.50"]
    assert "sparsity 50.0 %, L1, local  \nretrained 2 epochs by SGD" in words(page)
    assert "sparsity 50.0 %, L1, local  \nnot retrained" in words(page)
    assert not np.array_equal(map_of(folder, retrained_ids["middle"]), map_of(folder, ids["middle"]))


def test_a_network_that_came_pruned_is_not_called_dense(folder, weights):
    network = load_network(str(weights))
    apply_masks(module := network.copy(), make_masks(network.module, Pruning(rate=0.3)))
    with safe_open(weights, "pt") as file:
        save_file(module.state_dict(), path := folder / "came.safetensors", file.metadata())
    spec = ExperimentSpec(str(path))
    subject = find_subject(spec, folder)
    made = {name: put(folder, replace(spec, pruning=PRUNINGS[name]), subject, name) for name in ("dense", "filters")}
    page = opened(run=made["filters"], method="Saliency")
    assert not page.exception
    name = titles(page)[1]
    assert re.fullmatch(r"As it came, 2\d % zeros", name)
    assert titles(page) == ["Picture", name, "Structured 0.05"]
    assert "sparsity 30.0 %, as it came" in words(page)
    page.button(key="enlarge dense").click().run()
    assert f"came, {name.lower()}, sparsity 30.0 %" in words(page)


def test_the_dense_control_is_chosen_like_any_other_and_is_not_taken_for_the_dense_network(ids, retrained_ids, folder):
    control = retrained_ids["dense"]
    page = opened(run=control, runs=ids["low"], method="Saliency")
    assert titles(page) == ["Picture", "Dense", "Dense control", "Unstructured 0.20"]
    assert "Rate, dense control" in [slider.label for slider in page.select_slider]
    page.button(key=f"enlarge {control}").click().run()
    assert "dense control, retrained 2 epochs by SGD" in words(page)
    assert not np.array_equal(map_of(folder, control), map_of(folder, ids["dense"]))
    page = opened(run=control, runs=ids["low"], method="Saliency", closer="Faithfulness")
    assert list(page.dataframe[0].value["network"]) == ["Dense", "Dense control", "Unstructured 0.20"]


def test_a_network_whose_weights_are_elsewhere_says_so_in_its_tile_and_is_there_once_it_is_run_again(
    ids, retrained_ids, folder, weights
):
    lacking = retrained_ids["middle"]
    aside = weights_folder(folder, lacking).rename(folder / "elsewhere")
    address = {"run": lacking, "runs": ids["low"], "method": "Saliency", "target": "own prediction"}
    page = opened(**address)
    assert not page.exception
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.50, retrained", "Unstructured 0.20"]
    assert "its weights are not here" in words(page)
    assert "are not on this machine, or damaged" in words(page)
    assert "One colour scale for all 2 maps" in words(page)
    assert page.button(key=f"retrain {lacking}").label == "Retrain it here"
    page = opened(**address, closeup=lacking, closer="Methods", methods=["Saliency"])
    assert not page.exception
    assert f"the weights of the retrained run {lacking} are not here" in page.warning[0].value.replace("\\", "")
    aside.rename(weights_folder(folder, lacking))
    page = opened(**address)
    assert "its weights are not here" not in words(page)
    assert "One colour scale for all 3 maps" in words(page)


def test_damaged_weights_are_told_like_missing_ones(retrained_ids, folder):
    (weights_folder(folder, retrained_ids["middle"]) / "weights.safetensors").write_bytes(b"nothing")
    page = opened(run=retrained_ids["middle"], method="Saliency")
    assert not page.exception
    assert "its weights are not here" in words(page)
    page.button(key=f"retrain {retrained_ids['middle']}").click().run()
    assert "Retraining it here is under way" in words(page)
    (job,) = queue.jobs(open_store(folder), queue.OPEN)
    assert job.subject == retrained_ids["middle"]


def test_a_network_that_is_retrained_anew_is_another_one(retrained_ids, folder, weights):
    run_id = retrained_ids["middle"]
    before = map_of(folder, run_id)
    spec = retrained(ExperimentSpec(str(weights), pruning=PRUNINGS["middle"]))
    save_retrained(open_store(folder), spec, run_id, seed=1)
    assert not np.array_equal(map_of(folder, run_id), before)


def test_without_an_address_networks_that_are_not_here_are_left_out(ids, retrained_ids, folder):
    for run_id in retrained_ids.values():
        delete_networks(folder, [run_id])
    page = opened()
    assert titles(page) == ["Picture", "Dense", "Unstructured 0.50", "Structured 0.05"]
    names = page.multiselect(key="pinned").options
    assert "unstructured L1 0.50, local, retrained 2 epochs by SGD, its weights are not here" in names


def test_files_of_networks_of_one_title_have_names_of_their_own(ids, folder, weights):
    subject = find_subject(ExperimentSpec(str(weights)), folder)
    slow = replace(RETRAINING, learning_rate=0.001)
    specs = [retrained(ExperimentSpec(str(weights), pruning=PRUNINGS["middle"]), how) for how in (RETRAINING, slow)]
    runs = [put(folder, spec, subject, "middle") for spec in specs]
    for spec, run_id in zip(specs, runs, strict=True):
        save_retrained(open_store(folder), spec, run_id)
    (family,) = families(runs_frame(open_store(folder)))
    image, question = views.shown(subject, 0), Question("saliency")
    asked = [(one, ask_of(image, family.member(one), question)) for one in runs]
    found = [
        View(family.member(one), views.probabilities_of(image, ask.variant), ask, ask.answer(silent))
        for one, ask in asked
    ]
    assert found[0].title == found[1].title == "Unstructured 0.50, retrained"
    with zipfile.ZipFile(io.BytesIO(all_files(found, Look(), [1.0, 1.0]))) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npz")]
        assert len(names) == 2
        assert all("Unstructured-0.50-retrained" in name for name in names)
        about = [json.loads(str(np.load(io.BytesIO(archive.read(name)))["about"])) for name in names]
    assert [one["run"] for one in about] == runs
    assert [one["retraining"]["learning_rate"] for one in about] == [0.005, 0.001]


def test_an_unknown_run_or_image_is_named_and_the_page_goes_on(ids):
    page = opened(run="0123456789abcdef", image="scene-x")
    said = " ".join(f"{one.value} {one.proto.title}" for one in page.warning)
    assert "0123456789abcdef" in said
    assert "scene" in said
    assert titles(page)[:2] == ["Picture", "Dense"]


def test_without_pruned_runs_the_dense_network_is_shown_and_what_to_do(folder, weights):
    spec = ExperimentSpec(str(weights))
    put(folder, spec, find_subject(spec, folder), "dense")
    page = opened()
    assert titles(page) == ["Picture", "Dense"]
    assert "Trade-offs" in page.info[0].value
    assert page.button(key="to_tradeoffs").label == "Go to Trade-offs"


def test_weights_that_are_gone_are_named_in_three_parts(ids, weights):
    st.cache_resource.clear()  # a network that is loaded needs no file
    aside = weights.rename(weights.with_suffix(".aside"))
    try:
        page = opened(run=ids["low"])
    finally:
        aside.rename(weights)
    (error,) = page.error
    assert str(weights).replace("/", "") in error.proto.title.replace("\\", "").replace("/", "")
    assert page.selectbox(key="set").options


def test_a_run_of_weights_that_changed_is_not_shown_as_if_they_had_not(folder, weights):
    subject = find_subject(ExperimentSpec(str(weights)), folder)
    other = replace(subject, network=replace(subject.network, sha256="b" * 64))
    put(folder, ExperimentSpec(str(weights), pruning=Pruning(rate=0.2)), other, "low")
    page = opened()
    (error,) = page.error
    assert "changed since these runs were made" in error.proto.title
    assert not titles(page)
