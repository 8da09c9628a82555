from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from core.experiment import ExperimentSpec, Extent
from core.interpretability.question import Question
from core.jobs.executor import Executor
from core.jobs.subject import find_subject, resolved
from core.pruning.techniques import TECHNIQUES
from core.store import queue
from core.store.retrained import checkpoint_folder
from core.store.runs import put_result, runs_frame
from core.surveys import Survey
from core.training.history import History, Row
from core.training.presets import PRESETS
from tests.pages.conftest import predictions, record

ONE = {"technique": "unstructured", "unstructured_rates": "0.2, 0.5", "images": "96"}


def words(page):
    """All text of the page, as it reads once Markdown's escapes are gone."""
    elements = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error)
    text = " ".join(part for one in elements for part in (getattr(one, "title", None), one.value) if part)
    return text.replace("\\", "")


def figure(page, place=0):
    return json.loads(page.get("plotly_chart")[place].proto.spec)


def points(page):
    above = [trace for trace in figure(page)["data"] if trace.get("yaxis") != "y2"]
    return {trace["name"]: trace["customdata"] for trace in above if trace.get("customdata")}


def button(page, label):
    return next(one for one in page.button if one.label == label)


def labels(page):
    return [one.label for one in page.button]


def test_what_is_known_is_drawn_at_once_and_need_not_be_run(measured, visit):
    page = visit(**ONE)
    assert not page.exception
    assert points(page) == {"Dense": [measured[0.0]], "Unstructured": [measured[0.2], measured[0.5]]}
    assert "96 of 2,000 generated scenes, unstructured by L1, local, 2 rates" in words(page)
    assert "3 networks asked for, all known this exactly" in words(page)
    assert button(page, "Run").disabled


def test_the_address_sets_every_setting(empty_store, visit):
    query = {
        "technique": ["structured", "connection"],
        "criterion": "random",
        "scope": "global",
        "form": "published",
        "structured_rates": "0.1",
        "connection_rates": "0.1..0.3 by 0.1",
        "seed": "7",
        "stem": "true",
        "exclude": "inception3a.branch1.conv",
        "exact": "precision",
        "precision": "0.05",
        "x": "sparsity",
        "y": "loss",
    }
    page = visit(**query)
    assert not page.exception
    assert "structured and connection by random, global, filters only, 1 to 3 rates each" in words(page)
    assert "until top-1 is known to ±5 points" in words(page)
    button(page, "Run").click().run()
    runs = runs_frame(empty_store)
    assert sorted(runs["rate"]) == [0.0, 0.1, 0.1, 0.2, 0.3]
    pruned = runs[runs["technique"].notna()]
    assert set(pruned["criterion"]) == {"random"}
    assert set(pruned["scope"]) == {"global"}
    assert set(pruned["seed"]) == {7}
    assert set(pruned["form"].dropna()) == {"published"}
    for text in pruned["spec"]:
        assert json.loads(text)["pruning"]["exclude"] == ["inception3a.branch1.conv"]
        assert json.loads(text)["pruning"]["stem"]


def test_axes_follow_the_address(measured, visit):
    page = visit(**ONE, x="sparsity", y="loss")
    assert "Sparsity" in figure(page)["layout"]["xaxis"]["title"]["text"]
    assert "Loss" in figure(page)["layout"]["yaxis"]["title"]["text"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"unstructured_rates": "0.5, 1.2"}, "rate 1.2"),
        ({"unstructured_rates": "many"}, "'many'"),
        ({"images": "-5"}, "-5 images"),
        ({"exact": "precision", "precision": "0.7"}, "precision 0.7"),
        ({"seed": "-1"}, "seed -1"),
        ({"layer_rates": "inception3a.branch9.conv 0.2"}, "did you mean inception3a"),
        ({"technique": ""}, "no technique is chosen"),
    ],
)
def test_a_setting_that_is_not_allowed_is_refused_and_the_curve_stays(measured, visit, setting, said):
    page = visit(**(ONE | setting))
    assert not page.exception
    assert said.lower() in words(page).lower()
    assert "Allowed" in words(page)
    assert points(page)["Unstructured"] == [measured[0.2], measured[0.5]]
    assert "Run" not in labels(page)


def test_a_refused_setting_can_be_mended_and_nothing_else_is_lost(measured, visit):
    page = visit(**(ONE | {"unstructured_rates": "1.2"}))
    page.text_input(key="unstructured_rates").set_value("0.2").run()
    assert not page.warning
    assert page.number_input(key="images").value == 96


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"source": "folder", "folder": "/nowhere/val"}, "no folder or file /nowhere/val"),
        ({"checkpoint": "/nowhere/net.safetensors"}, "no file /nowhere/net.safetensors"),
        ({"checkpoint": "inception"}, "no network 'inception'"),
        ({"checkpoint": ""}, "Name the file with the weights"),
        ({"network": "googlenet-bvlc"}, "Name the file with the weights"),
        ({"network": "googlenet-bvlc", "weights": "/nowhere/bvlc.safetensors"}, "no file /nowhere/bvlc.safetensors"),
    ],
)
def test_what_is_not_there_is_named_and_the_settings_stay(empty_store, visit, query, said):
    page = visit(**(ONE | query))
    assert not page.exception
    assert said in words(page)
    assert page.number_input(key="images").value == 96


def test_a_checkpoint_of_another_architecture_is_refused(empty_store, visit, tmp_path):
    import torch
    from safetensors.torch import save_file

    save_file({"layer1.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    page = visit(**(ONE | {"checkpoint": str(tmp_path / "other.safetensors")}))
    assert "is not a GoogLeNet" in words(page)


def test_run_queues_what_is_new_and_only_that(measured, visit, empty_store):
    page = visit(**(ONE | {"unstructured_rates": "0.2, 0.3, 0.5, 0.7"}))
    assert "2 new networks" in words(page)
    assert "3 known" in words(page)
    button(page, "Run").click().run()
    queued = Executor(empty_store).list(queue.OPEN)
    assert [job.title.split(", ")[1] for job in queued] == ["unstructured L1 0.30", "unstructured L1 0.70"]
    assert "2 networks queued, 3 known" in words(page)


def test_cancel_empties_the_queue_and_keeps_what_is_known(measured, visit, empty_store):
    page = visit(**(ONE | {"unstructured_rates": "0.3"}))
    button(page, "Run").click().run()
    button(page, "Cancel").click().run()
    assert Executor(empty_store).list(queue.OPEN) == []
    assert points(page)["Unstructured"] == [measured[0.2], measured[0.5]]


def test_nothing_measured_yet_says_what_this_is_and_what_to_do(empty_store, visit):
    page = visit(**ONE)
    assert "Run" in words(page)
    assert "Nothing is measured yet" in words(page)
    assert not button(page, "Run").disabled
    assert not page.get("plotly_chart")


def test_the_cost_of_the_default_settings_is_said_before_running(empty_store, visit):
    page = visit()
    networks = 1 + sum(len(technique.rates) for technique in TECHNIQUES.values())
    assert f"{networks} new networks" in words(page)
    assert "images/s" in words(page)
    assert "2,000 images to pack" in words(page)


def test_the_chosen_point_shows_its_figures_its_layers_and_its_worst_classes(measured, visit):
    page = visit(**ONE, run=measured[0.5])
    assert {one.label: one.value for one in page.metric}["Top-1"] == "41.7 %"
    assert "Unstructured L1 0.50, local" in words(page)
    assert "McNemar p < 0.001" in words(page)
    assert "50.0 % of the prunable weights" in words(page)
    assert len(figure(page, 1)["data"][0]["customdata"]) == 54
    assert "Look inside" in labels(page)


def test_a_point_that_is_not_on_the_page_is_not_shown(measured, visit):
    page = visit(**ONE, run="0123456789abcdef")
    assert not page.exception
    assert "Look inside" not in labels(page)


def test_the_detail_can_be_closed(measured, visit):
    page = visit(**ONE, run=measured[0.5])
    button(page, "Close").click().run()
    assert "Look inside" not in labels(page)
    assert "run" not in page.query_params


def test_other_curves_appear_on_request_only(measured, visit):
    hidden = visit(**(ONE | {"technique": "structured"}))
    assert list(points(hidden)) == ["Dense"]
    shown = visit(**(ONE | {"technique": "structured", "all": "true"}))
    assert list(points(shown)) == ["Dense", "Unstructured"]


def test_a_failed_network_is_named_and_can_be_tried_again(measured, visit, empty_store):
    page = visit(**(ONE | {"unstructured_rates": "0.3"}))
    button(page, "Run").click().run()
    job = queue.claim(empty_store, "cpu")
    queue.finish(empty_store, job, queue.FAILED, "the disk is full")
    page.run()
    assert "1 network failed" in words(page)
    assert "the disk is full" in words(page)
    button(page, "Try again").click().run()
    assert [one.id for one in Executor(empty_store).list(queue.OPEN)] == [job.id]


def test_the_table_holds_every_network_that_is_drawn(measured, visit):
    table = visit(**ONE).dataframe[0].value
    assert sorted(table["id"]) == sorted(measured.values())
    assert table.set_index("id").loc[measured[0.2], "top-1 %"] == pytest.approx(100 * 80 / 96)


def below(page):
    """The points of the panel under the accuracy, by run id."""
    traces = [trace for trace in figure(page)["data"] if trace.get("yaxis") == "y2" and "customdata" in trace]
    return {one: y for trace in traces for one, y in zip(trace["customdata"], trace["y"], strict=True)}


@pytest.fixture
def surveyed(measured, empty_store):
    """The same runs, surveyed by Grad-CAM on 100 images."""
    asked = Survey(Question("gradcam"))
    with empty_store.writing() as db:
        for rate, run_id in measured.items():
            figures = {"images": 100, "spearman": 1 - rate, "spearman_low": 0.9 - rate, "spearman_high": 1 - rate}
            put_result(db, run_id, asked.kind, figures | {"question": asked.question.to_json()})
        put_result(db, measured[0.0], asked.yardstick("randomised"), {"images": 100, "spearman": 0.1})
    return measured


def test_where_the_networks_look_stands_under_their_accuracy(surveyed, visit):
    page = visit(**ONE)
    assert below(page) == {run_id: pytest.approx(1 - rate) for rate, run_id in surveyed.items()}
    assert "Rank correlation" in words(page)
    assert "Survey" not in labels(page)


def test_more_images_or_another_method_are_offered_and_queued_as_one_job(surveyed, visit, empty_store):
    page = visit(**ONE, by="Saliency", surveyed="50")
    assert not below(page)
    assert "Where it looks by Saliency: 3 networks not measured on 50 images yet" in words(page)
    button(page, "Survey").click().run()
    (job,) = [one for one in Executor(empty_store).list(queue.OPEN) if one.kind == "survey"]
    assert (job.request["images"], len(job.request["specs"])) == (50, 2)
    assert "Survey" not in labels(page)


def test_a_failed_survey_says_why(surveyed, visit, empty_store):
    page = visit(**ONE, by="Saliency")
    button(page, "Survey").click().run()
    queue.finish(empty_store, queue.claim(empty_store, "cpu"), queue.FAILED, "the map is not finite")
    page.run()
    assert "the map is not finite" in words(page)


def test_several_measures_stand_below_each_other_and_each_takes_its_own_survey(surveyed, visit):
    page = visit(**ONE, below=["Spearman", "Insertion"])
    assert below(page)
    assert "What it uses by Grad-CAM: 3 networks" in words(page)
    assert labels(page).count("Survey") == 1


def test_a_question_with_other_settings_can_be_chosen_once_it_was_surveyed(surveyed, visit, empty_store):
    asked = Survey(Question("ig", parameters=(("steps", 20),)))
    assert asked.question.in_words() not in visit(**ONE).selectbox(key="by").options
    with empty_store.writing() as db:
        figures = {"images": 100, "spearman": 0.7, "question": asked.question.to_json()}
        put_result(db, surveyed[0.0], asked.kind, figures)
    page = visit(**ONE, by=asked.question.in_words())
    assert list(below(page)) == [surveyed[0.0]]


def test_nothing_may_stand_below(surveyed, visit):
    page = visit(**ONE)
    page.multiselect(key="below").set_value([]).run()
    assert not below(page)
    assert "Survey" not in labels(page)


QUICK = PRESETS["quick"].retraining


def history(*epochs):
    """A training that got so far, an epoch and its held-out top-1 each."""
    none = dict.fromkeys(("learning_rate", "loss", "top1", "images_per_second"))
    trained = {"learning_rate": 0.01, "loss": 1.0, "top1": 0.5, "images_per_second": 20.0}
    rows = [
        Row(1, epoch, 0.5, 0.5, held_out_loss=1.0, held_out_top1=top1, seconds=60.0 if epoch else 0.0,
            **(trained if epoch else none))
        for epoch, top1 in epochs
    ]  # fmt: skip
    return History(tuple(rows), 2280, 120).to_json() | {"epochs": len(rows) - 1, "training_images_per_second": 20.0}


@pytest.fixture
def retrained(measured, empty_store, specs):
    """Run ids by name: the network pruned at 0.5 retrained, and its dense control, beside those that are measured."""
    asked = [resolved(replace(specs[rate], retraining=QUICK)) for rate in (0.0, 0.5)]
    ids = Executor(empty_store).submit(asked, Extent(96)).run_ids
    labels = find_subject(specs[0.0], empty_store.folder).source.labels[:96]
    for run_id, right in zip(ids[1:], (92, 84), strict=True):
        record(empty_store, run_id, 0.5, predictions(labels, right), predictions(labels, 90))
        with empty_store.writing() as db:
            put_result(db, run_id, "training", history((0, 0.3), (1, 0.6), (2, 0.7)))
    return {"control": ids[1], "retrained": ids[2]}


WAYS = ONE | {"unstructured_rates": "0.5", "retraining": ["none", "quick"]}


def test_pruned_and_retrained_curves_stand_side_by_side_with_the_dense_control_as_a_level(retrained, measured, visit):
    page = visit(**WAYS)
    assert not page.exception
    assert points(page) == {
        "Dense": [measured[0.0]],
        "Unstructured": [measured[0.2], measured[0.5]],
        "Unstructured, retrained 2 epochs by SGD": [retrained["retrained"]],
        "Dense control, retrained 2 epochs by SGD": [retrained["control"]],
    }
    assert "control 95.8 %" in [one["text"] for one in figure(page)["layout"]["annotations"]]
    assert "as pruned and retrained 2 epochs by SGD, with the dense control" in words(page)
    assert "4 networks asked for, all known this exactly" in words(page)


def test_training_is_part_of_what_it_will_cost(measured, visit):
    page = visit(**WAYS)
    assert "2 new networks" in words(page)
    assert re.search(r"about \d+ (s|min), of it \d+ (s|min) training at [\d.]+ images/s \(a guess until", words(page))


def test_without_the_dense_control_only_what_is_pruned_is_retrained(measured, visit):
    page = visit(**WAYS, control="false")
    assert "1 new network" in words(page)
    assert "without a dense control" in words(page)


def test_ones_own_recipe_begins_with_a_preset_and_each_setting_of_it_counts(empty_store, visit):
    recipe = {"published-adam.epochs": "3", "published-adam.steps": "2", "published-adam.spacing": "cubic"}
    more = {"published-adam.held": "false", "training_images": "640", "training_seed": "5"}
    page = visit(**ONE, retraining="own", base="published-adam", **recipe, **more)
    assert not page.exception
    assert "retrained 2 x 3 epochs by Adam, masks not held" in words(page)
    assert "zeros grow back" in words(page)
    button(page, "Run").click().run()
    asked = [ExperimentSpec.from_json(text).retraining for text in runs_frame(empty_store)["spec"]]
    settings = {"epochs": 3, "steps": 2, "spacing": "cubic", "held": False, "images": 640, "seed": 5}
    expected = replace(PRESETS["published-adam"].retraining, data="scenes:training", **settings)
    assert {one and replace(one, data_sha="") for one in asked} == {None, expected}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"retraining": ""}, "no retraining is chosen"),
        ({"retraining": "own", "quick.epochs": "0"}, "0 epochs with the optimiser sgd"),
        ({"retraining": "quick", "training": "/nowhere/train"}, "no folder or file /nowhere/train"),
    ],
)
def test_a_retraining_that_cannot_be_is_refused_and_the_curve_stays(measured, visit, setting, said):
    page = visit(**(ONE | setting))
    assert not page.exception
    assert said in words(page).lower()
    assert points(page)["Unstructured"] == [measured[0.2], measured[0.5]]


OWN = {"retraining": "own"}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"x": "foo"}, "There is no axis 'foo'"),
        ({"y": "bar"}, "There is no measure 'bar'"),
        ({"retraining": "foo"}, "There is no way of retraining 'foo'"),
        ({"technique": "foo"}, "There is no technique 'foo'"),
        ({"exact": "foo"}, "There is no way to say how exact 'foo'"),
        ({"images": "many"}, "There is no number of images 'many'"),
        (OWN | {"base": "foo"}, "There is no recipe to begin with 'foo'"),
        (OWN | {"quick.optimiser": "foo"}, "There is no optimiser 'foo'"),
        (OWN | {"quick.learning_rate": "nan"}, "There is no learning rate 'nan'. Allowed: a number."),
    ],
)
def test_what_the_address_asks_for_and_there_is_not_is_named(measured, visit, setting, said):
    page = visit(**(ONE | setting))
    assert not page.exception
    assert said in words(page).replace(" Allowed", ". Allowed")
    assert "The default is used instead" in words(page)
    assert not visit(**ONE).warning


def test_the_detail_of_a_retrained_network_shows_its_training_and_what_it_gains_over_the_control(retrained, visit):
    page = visit(**WAYS, run=retrained["retrained"])
    assert "Against the dense control −8.3 points" in words(page)
    assert "2 epochs in 2 min at 20 images/s, on 2,280 images" in words(page)
    accuracy = figure(page, 1)["data"][0]
    assert accuracy["y"] == [0.3, 0.6, 0.7]
    assert accuracy["x"] == [0, 1, 2]


def test_a_training_that_was_cancelled_says_where_it_goes_on(retrained, empty_store, specs, visit):
    asked = resolved(replace(specs[0.2], retraining=QUICK))
    run_id = Executor(empty_store).submit([asked], Extent(96)).run_ids[-1]
    with empty_store.writing() as db:
        put_result(db, run_id, "training", history((0, 0.3), (1, 0.6)))
    queue.cancel(empty_store, [queue.job_id("accuracy", run_id)])
    assert "*Run* begins anew" in words(visit(**WAYS, run=run_id, all="true"))
    checkpoint = checkpoint_folder(empty_store.folder, run_id) / "training.checkpoint"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    page = visit(**WAYS, run=run_id, all="true")
    assert "Its checkpoint is from after epoch 1 of 2: *Run* goes on there" in words(page)
    assert figure(page, 1)["data"][0]["y"] == [0.3, 0.6]


def test_a_training_can_be_watched_before_there_is_any_point(empty_store, specs, visit):
    asked = resolved(replace(specs[0.2], retraining=QUICK))
    run_id = Executor(empty_store).submit([asked], Extent(96)).run_ids[-1]
    job = queue.claim(empty_store, "cpu", [queue.job_id("accuracy", run_id)])
    with empty_store.writing() as db:
        put_result(db, run_id, "training", history((0, 0.3), (1, 0.6)))
        queue.report(db, job.id, 2280, 4560, 24.0, "training: epoch 2 of 2, loss 1.234")
    page = visit(**(WAYS | {"unstructured_rates": "0.2"}))
    assert "training: epoch 2 of 2, loss 1.234, 50 % at 24 images/s" in page.get("progress")[0].proto.text.replace(
        "\\", ""
    )
    button(page, "Watch the training").click().run()
    assert figure(page)["data"][0]["y"] == [0.3, 0.6]
    assert "Training: epoch 1 of 2" in words(page)
    assert "Watch the training" not in labels(page)


def test_costs_that_nobody_measured_are_counted_and_the_rest_is_drawn(measured, empty_store, visit):
    with empty_store.writing() as db:
        for rate in (0.0, 0.2):
            put_result(db, measured[rate], "size", {"macs": 5e8, "nonzero": 6e6 * (1 - rate)})
    page = visit(**ONE, x="MACs")
    assert "MACs" in figure(page)["layout"]["xaxis"]["title"]["text"]
    assert points(page) == {"Dense": [measured[0.0]], "Unstructured": [measured[0.2]]}
    assert "not known of 1 of 3 networks" in words(page)
    assert "Zeros that are only masked make nothing faster" in words(page)
    button(page, "Measure").click().run()
    (job,) = [one for one in Executor(empty_store).list(queue.OPEN) if one.kind == "efficiency"]
    assert [ExperimentSpec.from_json(text).pruning.rate for text in job.request["specs"]] == [0.0, 0.5]
    assert "Measure" not in labels(page)
    queue.finish(empty_store, queue.claim(empty_store, "cpu", [job.id]), queue.FAILED, "weights are elsewhere")
    assert "weights are elsewhere" in words(page.run())


def test_the_front_says_which_networks_it_does_not_compare(measured, empty_store, visit):
    assert "That leaves out" not in words(visit(**ONE, front="true"))
    with empty_store.writing() as db:
        bounds = {f"{k}{end}": 1.0 for k in ("top1", "top5") for end in ("", "_low", "_high")}
        put_result(db, measured[0.5], "accuracy", bounds | {"images": 2, "loss": 0.0})
    page = visit(**ONE, front="true")
    assert len(page.dataframe[0].value) == 2
    assert "finished on 96 images or more, as most are" in words(page)
    assert "leaves out 1 of 3 networks" in words(page)


def test_the_front_is_drawn_and_listed(retrained, measured, visit):
    page = visit(**WAYS, front="true")
    (line,) = [trace for trace in figure(page)["data"] if trace.get("name") == "Pareto front"]
    assert line["y"] == [pytest.approx(92 / 96), pytest.approx(84 / 96)]
    table = page.dataframe[0].value
    assert table["network"].tolist()[1].startswith("Unstructured 0.50")
    assert table["against control"].tolist()[1].startswith("−8.3 points")
