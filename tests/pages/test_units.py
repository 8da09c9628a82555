"""The page Units without a browser, on scores that are set: its states, its address, the overview, the table."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.experiment import ExperimentSpec
from core.jobs.executor import UNITS, Executor
from core.paths import ROOT
from core.store import queue
from core.store.runs import Run, put_run
from core.units.results import load_units
from core.units.study import Encoding, UnitStudy, study_from_json
from pages.widgets.unit_browse import PER_PAGE
from tests.planted_units import STUDY, WIDTH, planted, write, write_yardstick
from tests.reading import charts, words
from tests.retrained import RETRAINING

SCORES = {0.0: 0.9, 0.2: 0.8, 0.5: np.linspace(0.5, 0.99, 37)}
DEAD = {0.0: (), 0.2: (0,), 0.5: (0, 1, 2)}
UNITS_OF = 58 * WIDTH


@pytest.fixture
def scored(measured, empty_store):
    """Ids by rate of three networks whose units are scored."""
    for rate, run_id in measured.items():
        write(empty_store, run_id, planted(SCORES[rate], DEAD[rate]))
    write_yardstick(empty_store, measured[0.0], 0.625)
    return measured


def opened(**address):
    page = AppTest.from_file(str(ROOT / "pages" / "units.py"), default_timeout=120)
    for name, value in address.items():
        page.query_params[name] = str(value)
    return page.run()


def metrics(page):
    return {one.label: one.value for one in page.metric}


def open_jobs(store):
    return Executor(store).list(queue.OPEN)


def test_without_runs_it_says_what_the_page_is_for_and_leads_to_trade_offs(empty_store):
    page = opened()
    assert "Here stands how interpretable each unit of a network is" in words(page)
    assert "No network was run yet" in words(page)
    assert page.button(key="to_tradeoffs").label == "Go to Trade-offs"


def test_before_any_score_it_says_why_it_is_empty_and_offers_a_few_networks_with_what_they_cost(measured):
    page = opened()
    assert not page.exception
    assert "No network was scored like this yet: choose which, and press Score." in words(page)
    assert page.multiselect(key="to_score").value == [measured[0.2], measured[0.5]]
    assert "MIS (googlenet features) of 3 networks on 2,000 images · about" in words(page)
    assert not page.get("plotly_chart")


def test_scoring_is_asked_of_the_queue_with_the_settings_and_the_networks_that_are_set(measured, empty_store):
    page = opened(unit_images=500, unit_k=4, units_at="blocks", score=measured[0.5])
    page.button(key="score_button").click().run()
    (job,) = open_jobs(empty_store)
    assert job.kind == UNITS
    asked = study_from_json(job.request["study"])
    assert (asked.images, asked.explanations, asked.at) == (500, 4, "blocks")
    assert [ExperimentSpec.from_json(text).pruning.rate for text in job.request["specs"]] == [0.0, 0.5]
    assert page.button(key="score_button").disabled
    assert "2 networks queued" in words(page) or "1 network queued" in words(page)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"unit_images": 300}, "300 images"),
        ({"unit_alpha": 0}, "Alpha 0"),
        ({"unit_k": 0}, "0 explanations (K)"),
        ({"encoder": "squeezenet"}, "The encoder squeezenet without a file"),
        ({"encoder": "squeezenet", "encoder_file": "/nowhere.safetensors"}, "/nowhere.safetensors"),
        ({"encoder": "clip"}, "There is no encoder 'clip'"),
        ({"unit_n": "many"}, "There is no number for N 'many'"),
        ({"unit_images": "1e400"}, "There is no number for Images '1e400'"),
        ({"unit_images": "9" * 20}, "There is no number for Images '99999999999999999999'"),
        ({"unit_images": "1" * 4500}, "There is no number for Images '1111"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_is_allowed(measured, address, said):
    page = opened(**address)
    assert not page.exception
    assert said in words(page)
    assert "Allowed:" in words(page)


def test_the_first_line_says_network_images_study_and_how_many_are_scored(scored):
    page = opened()
    assert not page.exception
    first = page.markdown[0].value.replace("\\", "")
    assert first == (
        "net.safetensors, generated scenes: MIS (googlenet features), 400 images, 20 tasks of 9 + 9 images. "
        "3 networks scored: dense, unstructured 0.20 and unstructured 0.50."
    )
    assert scored[0.2] in page.query_params["run"] or scored[0.5] in page.query_params["run"]


def test_the_overview_draws_each_network_and_says_that_this_is_descriptive(scored):
    page = opened(run=scored[0.5], score_of="MIS")
    drawn = charts(page)
    violins = [trace for trace in drawn["distribution All networks"]["data"] if trace["type"] == "violin"]
    assert len(violins) == 3
    for name in ("distribution All networks", "matched", "score_against"):
        assert "MIS (googlenet features)" in json.dumps(drawn[name]["layout"])
    assert "randomised network 0.625" in [trace.get("name") for trace in drawn["distribution All networks"]["data"]]
    said = words(page)
    assert "a randomised network scores 0.625" in said
    assert "Pearson r = −" in said and "(n = 3)" in said
    assert "no test of significance holds" in said
    assert "Published scores draw the images from the training set" in said


def test_the_same_units_are_counted_and_their_mean_change_has_its_interval(scored):
    found = metrics(opened(run=scored[0.2]))
    assert found["Live in both"] == f"{UNITS_OF - 1:,}"
    assert found["Mean change of hard score (googlenet features)"] == "−0.1000"
    by_mis = metrics(opened(run=scored[0.2], score_of="MIS"))
    assert by_mis["Mean change of MIS (googlenet features)"] == "−0.1000"
    assert (found["Died"], found["Woke"], found["Constant in both"]) == ("1", "0", "0")


def test_one_layer_can_be_looked_at_in_all_views(scored):
    page = opened(run=scored[0.5], units_of="conv1.conv")
    assert metrics(page)["Died"] == "3"
    assert metrics(page)["Live in both"] == "1"
    assert "Table of 3 networks, units of conv1.conv" in [one.label for one in page.expander]


@pytest.mark.parametrize(("picture", "rows"), [("Median by block", 13), ("Median by layer", 58)])
def test_medians_of_parts_are_a_map(scored, picture, rows):
    page = opened(picture=picture)
    assert not page.exception
    (cells,) = charts(page)[f"distribution {picture}"]["data"]
    assert len(cells["hovertext"]) == rows


def test_the_hard_score_has_the_encoder_in_its_name_too(scored):
    page = opened()
    for name in ("distribution All networks", "matched", "changes", "score_against"):
        assert "hard score (googlenet features)" in json.dumps(charts(page)[name]["layout"])
    blocks = charts(opened(picture="Median by block"))["distribution Median by block"]["data"]
    assert "hard score (googlenet features)" in json.dumps(blocks)
    assert "Mean hard score (googlenet features) over 3 networks" in words(page)


def test_networks_stand_beside_the_dense_one_as_the_address_says(scored):
    page = opened(run=scored[0.5], **{"with": scored[0.2]})
    assert page.multiselect(key="beside").value == [scored[0.5], scored[0.2]]
    page.multiselect(key="beside").set_value([scored[0.2]]).run()
    assert page.query_params["run"] == [scored[0.2]] or page.query_params["run"] == scored[0.2]
    assert "with" not in page.query_params
    assert metrics(page)["Died"] == "1"


def test_a_network_that_is_not_scored_stays_in_the_address_and_is_offered(measured, empty_store):
    for rate in (0.0, 0.2):
        write(empty_store, measured[rate], planted(SCORES[rate]))
    write_yardstick(empty_store, measured[0.0], 0.625)
    page = opened(run=measured[0.5])
    assert page.multiselect(key="to_score").value == [measured[0.5]]
    assert "1 network on 400 images" in words(page)
    page.button(key="score_button").click().run()
    (job,) = open_jobs(empty_store)
    assert [ExperimentSpec.from_json(text).pruning.rate for text in job.request["specs"]] == [0.5]


def test_studies_are_told_apart_and_the_address_holds_the_one(scored, empty_store):
    other = UnitStudy(images=500, encoding=Encoding("dreamsim"))
    write(empty_store, scored[0.0], planted([0.6], study=other), other)
    latest = opened()
    assert "MIS (dreamsim), 500 images" in latest.markdown[0].value.replace("\\", "")
    assert "Only the dense network is scored" in words(latest)
    page = opened(study=STUDY.id)
    assert "MIS (googlenet features), 400 images" in page.markdown[0].value.replace("\\", "")
    page.selectbox(key="studied").select(other.id).run()
    assert page.query_params["study"] in (other.id, [other.id])
    named = opened(study="0123")
    assert "There is no study 0123" in words(named)


def test_damaged_units_are_offered_to_be_scored_again(scored, empty_store):
    with empty_store.writing() as db:
        db.execute("UPDATE batches SET payload = x'00' WHERE run_id = ? AND kind = ?", (scored[0.5], STUDY.kind))
    page = opened()
    assert not page.exception
    assert "2 networks scored" in page.markdown[0].value
    assert scored[0.5] in page.multiselect(key="to_score").options or "1 not scored" in page.expander[0].label


def test_a_job_that_failed_is_told_and_can_be_tried_again(measured, empty_store):
    page = opened()
    page.button(key="score_button").click().run()
    job = queue.claim(empty_store, "cpu")
    queue.finish(empty_store, job, queue.FAILED, "the encoder's file is gone")
    page.run()
    assert "Scoring failed" in words(page) and "the encoder's file is gone" in words(page)
    page.button(key=f"retry {job.id}").click().run()
    assert [one.id for one in open_jobs(empty_store)] == [job.id]


def test_a_failure_is_told_until_its_networks_are_scored(measured, empty_store):
    page = opened(score=measured[0.5], unit_images=400)
    page.button(key="score_button").click().run()
    job = queue.claim(empty_store, "cpu")
    queue.finish(empty_store, job, queue.FAILED, "no memory")
    write(empty_store, measured[0.0], planted(SCORES[0.0]))
    said = words(page.run())
    assert "Scoring failed: unstructured" in said and "dense" not in said.partition("Scoring failed")[2][:60]
    write(empty_store, measured[0.5], planted(SCORES[0.5]))
    assert "Scoring failed" not in words(page.run())


def test_networks_of_the_same_technique_and_rate_are_told_apart(scored, empty_store, specs):
    spec = replace(specs[0.5], pruning=replace(specs[0.5].pruning, criterion="random"))
    with empty_store.reading() as db:
        row = dict(db.execute("SELECT * FROM runs WHERE id = ?", (scored[0.5],)).fetchone())
    run_id = spec.run_id(row["network_sha"], row["data_sha"])
    with empty_store.writing() as db:
        put_run(db, Run(**{**row, "id": run_id, "spec": spec.to_json(), "shipped": False}))
    write(empty_store, run_id, planted([0.55]))
    page = opened(run=scored[0.5], **{"with": run_id}, against=run_id)
    assert not page.exception
    control = page.segmented_control(key="against_in")
    assert control.options == ["Unstructured 0.50, L1", "Unstructured 0.50, random"]
    assert control.value == run_id
    assert "unstructured 0.50, L1 and unstructured 0.50, random" in words(page)
    table = opened(run=scored[0.5], **{"with": run_id}, show="Browse", whose=run_id).dataframe[0].value
    assert table["MIS (googlenet features)"].tolist() == pytest.approx([0.55] * len(table))


def test_retrained_networks_whose_weights_are_not_here_can_be_retrained(measured, empty_store, specs):
    spec = replace(specs[0.5], retraining=RETRAINING)
    with empty_store.reading() as db:
        row = dict(db.execute("SELECT * FROM runs WHERE id = ?", (measured[0.5],)).fetchone())
    run_id = spec.run_id(row["network_sha"], row["data_sha"])
    with empty_store.writing() as db:
        put_run(db, Run(**{**row, "id": run_id, "spec": spec.to_json(), "shipped": False}))
    page = opened(score=run_id)
    assert "1 retrained network cannot be scored" in words(page)
    assert "Retrain it here" in [one.label for one in page.button]


def test_the_table_holds_the_units_that_lost_most_first_with_images_and_classes(scored):
    page = opened(run=scored[0.5], show="Browse")
    assert not page.exception
    table = page.dataframe[0].value
    assert table["change"].is_monotonic_increasing and (table["change"] < 0).all()
    assert {"MIS (googlenet features)", "hard score (googlenet features)", "95 %"} <= set(table.columns)
    assert table["strongest images"].str.startswith("data:image/jpeg;base64,").all()
    assert table["favours"].str.contains(", ").all()


def test_units_that_died_are_shown_as_they_were(scored):
    page = opened(run=scored[0.5], show="Browse", which="Died")
    table = page.dataframe[0].value
    assert table["unit"].tolist() == [f"conv1.conv {unit}" for unit in DEAD[0.5]]
    assert (table["MIS (googlenet features)"] == np.float32(0.9)).all()
    assert table["strongest images"].str.startswith("data:").all()
    assert "3 units: live in the dense network, constant in this one; shown as they were" in words(page)


def test_constant_units_have_neither_score_nor_images(scored):
    table = opened(run=scored[0.5], show="Browse", which="Constant").dataframe[0].value
    assert len(table) == 3
    assert table["MIS (googlenet features)"].isna().all()
    assert (table["strongest images"] == "").all() and (table["favours"] == "").all()


def test_the_table_is_paged_found_in_and_filtered(scored):
    page = opened(run=scored[0.2], show="Browse", which="All units")
    assert len(page.dataframe[0].value) == PER_PAGE
    second = opened(run=scored[0.2], show="Browse", which="All units", units_page=2).dataframe[0].value
    assert not set(second["unit"]) & set(page.dataframe[0].value["unit"])
    page.text_input(key="find").set_value("inception3a.branch1").run()
    assert page.dataframe[0].value["unit"].str.contains("inception3a.branch1").all()
    page.text_input(key="find").set_value("no such thing").run()
    assert "There is no such unit" in words(page)
    inside = opened(run=scored[0.2], show="Browse", which="All units", **{"in": "fc"}).dataframe[0].value
    assert inside["unit"].tolist() == [f"fc {unit}" for unit in range(WIDTH)]


def test_the_dense_network_can_be_browsed_and_has_no_change(scored):
    page = opened(run=scored[0.2], show="Browse")
    page.segmented_control(key="whose_in").set_value(scored[0.0]).run()
    table = page.dataframe[0].value
    assert not page.exception
    assert page.query_params["whose"] in (scored[0.0], [scored[0.0]])
    assert "change" not in opened(run=scored[0.2], show="Browse", whose=scored[0.0]).dataframe[0].value
    assert "change" not in table and len(table) == PER_PAGE
    assert "Lost most" not in page.selectbox(key="which").options


def test_units_can_be_downloaded(scored):
    (button, *_) = opened(run=scored[0.2], show="Browse").get("download_button")
    assert button.proto.label == f"Download {UNITS_OF:,} units as CSV"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"show": "Table"}, "There is no section 'Table'"),
        ({"picture": "Pie"}, "There is no picture 'Pie'"),
        ({"units_of": "conv9"}, "There is no layer or block 'conv9'"),
        ({"show": "Browse", "which": "Best"}, "There is no list of units 'Best'"),
        ({"run": "0123456789abcdef"}, "There is no run 0123456789abcdef"),
    ],
)
def test_what_the_address_asks_for_and_there_is_not_is_named(scored, address, said):
    page = opened(**address)
    assert not page.exception
    assert said in words(page)


def test_units_in_the_store_are_left_as_they_are(scored, empty_store):
    before = load_units(empty_store, scored[0.5], STUDY).tobytes()
    for show in ("Overview", "Browse"):
        opened(run=scored[0.5], show=show)
    assert load_units(empty_store, scored[0.5], STUDY).tobytes() == before
