from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.scenes import CLASSES
from core.evaluation.accuracy import accuracy, accuracy_present
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.jobs.worker import work_once
from core.known_data import add_data, is_confirmed, known_data
from core.networks.kept import keep_network
from core.predictions import PRESENT
from core.store import queue
from core.store.runs import put_result
from tests.core.data.images import save
from tests.core.data.trees import shard, tabled
from tests.pages.conftest import predictions, record

PAGE = "pages/data.py"
IMAGES = 30


def words(page):
    elements = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.subheader)
    text = " ".join(part for one in elements for part in (getattr(one, "title", None), one.value) if part)
    return text.replace("\\", "")


def labels(page):
    return [one.label for one in page.button]


def button(page, label):
    return next(one for one in page.button if one.label == label)


def texts(store):
    return [one.text for one in known_data(store.folder, ())]


@pytest.fixture
def look(visit, checkpoint):
    """Open the page for the untrained network."""
    return lambda **query: visit(PAGE, **({"data_network": "file", "data_checkpoint": str(checkpoint)} | query))


@pytest.fixture
def folder(tmp_path):
    """Images of the first ten of the network's classes, listed in a table."""
    where = tmp_path / "photos" / "val"
    lines = [
        "file,class_index,class_name",
        *(f"{number:02d}.png,{number % 10},{CLASSES[number % 10]}" for number in range(IMAGES)),
    ]
    for number in range(IMAGES):
        save(where / f"{number:02d}.png", number)
    (where / "labels.csv").write_text("\n".join(lines))
    return str(where)


@pytest.fixture
def spec(checkpoint, folder):
    return ExperimentSpec(str(checkpoint), data=folder)


def test_the_scenes_are_there_from_the_beginning_and_lead_to_tradeoffs(empty_store, checkpoint, look):
    page = look()
    assert not page.exception
    assert "Generated scenes" in page.radio[0].options[0]
    assert "2,000" in [one.value for one in page.metric]
    button(page, "Use in Trade-offs").click().run()
    assert not page.exception
    found = {key: page.query_params[key] for key in ("network", "checkpoint")}
    assert found == {"network": "file", "checkpoint": str(checkpoint)}
    assert page.selectbox(key="network").value == "file"


def test_a_typed_path_is_recognised_at_once_and_stays_on_the_list(empty_store, folder, look):
    page = look()
    page.text_input(key="added").set_value(folder).run()
    assert not page.exception
    assert texts(empty_store) == ["scenes", folder]
    assert page.query_params["data"] == folder
    values = {one.label: one.value for one in page.metric}
    assert (values["Images"], values["Matched"]) == (str(IMAGES), "10 of 10")
    assert page.text_input(key="added").value == ""
    assert all(name.partition(",")[0] in words(page) for name in CLASSES[:10])


@pytest.mark.parametrize("what", ["nowhere", "empty"])
def test_a_path_that_is_no_data_is_refused_in_three_parts_and_not_listed(empty_store, tmp_path, what, look):
    (tmp_path / "empty").mkdir()
    page = look()
    page.text_input(key="added").set_value(str(tmp_path / what)).run()
    said = words(page).lower()
    assert {"nowhere": "there is no folder", "empty": "is empty"}[what] in said
    assert "allowed" in said
    assert texts(empty_store) == ["scenes"]


def test_what_could_be_read_in_several_ways_is_asked_about(empty_store, folder, look):
    (Path(folder) / "val.txt").write_text("00.png 1")
    page = look()
    page.text_input(key="added").set_value(folder).run()
    assert texts(empty_store) == ["scenes"]
    ways = [one for one in page.button if one.key and one.key.startswith("way ")]
    assert len(ways) == 2
    ways[0].click().run()
    assert not page.exception
    assert texts(empty_store) == ["scenes", ways[0].key.removeprefix("way ")]
    assert [page.query_params["data"]] == texts(empty_store)[1:]
    assert not page.warning


def test_classes_that_are_none_of_the_networks_are_named_and_cannot_be_run(empty_store, tmp_path, look):
    for name in ("cat", "dog"):
        save(tmp_path / "pets" / name / "1.png")
    page = look(data=str(tmp_path / "pets"))
    assert not page.exception
    assert "2 of 2 classes are none of" in words(page)
    assert "cat and dog: one of 2 classes" in words(page)
    assert "Use in Trade-offs" not in labels(page)
    assert "Pack" not in labels(page)


def test_class_folders_of_other_names_are_asked_about_and_never_guessed(empty_store, tmp_path, look):
    for place in range(len(CLASSES)):
        save(tmp_path / "things" / f"thing {place:02d}" / "1.png", place, (40, 40))
    folder = str(tmp_path / "things")
    page = look(data=folder)
    assert not page.exception
    assert "nothing but order or number" in words(page).lower()
    assert "Use in Trade-offs" not in labels(page)
    (way,) = [one for one in page.button if (one.key or "").startswith("way to read it ")]
    assert way.label == "Read as folders"
    assert "'thing 00' is the network's class 0" in words(page)
    way.click().run()
    assert not page.exception
    assert page.query_params["data"] == f"folders:{folder}"
    assert "by order alone" in words(page)
    assert ("thing 00" in words(page)) and f"→ {CLASSES[0]}" in words(page)
    assert "Use in Trade-offs" in labels(page)


def test_folders_that_may_be_counted_from_1_are_asked_about(empty_store, tmp_path, look):
    for number in range(1, 25):
        save(tmp_path / "numbers" / str(number) / "1.png", number, (40, 40))
    folder = str(tmp_path / "numbers")
    page = look()
    page.text_input(key="added").set_value(folder).run()
    assert texts(empty_store) == ["scenes"]
    ways = [one.key.removeprefix("way ") for one in page.button if (one.key or "").startswith("way ")]
    assert ways == [f"folders:{folder}", f"from1:{folder}"]
    button(page, "Read as from1").click().run()
    assert "Numbers are counted from 1" in words(page)
    assert {one.label: one.value for one in page.metric}["Matched"] == "24 of 24"


def test_where_only_some_names_match_their_order_can_be_chosen(empty_store, tmp_path, look):
    file = shard(tmp_path / "x.parquet", range(24), names=("something", *CLASSES[1:]))
    page = look(data=str(file))
    assert "1 of 24 classes are none of" in words(page)
    (way,) = [one for one in page.button if (one.key or "").startswith("way by order ")]
    way.click().run()
    assert page.query_params["data"] == f"parquet:{file}"
    assert {one.label: one.value for one in page.metric}["Matched"] == "24 of 24"


def test_a_run_on_classes_that_do_not_match_is_refused_with_the_way_to_data(empty_store, tmp_path, visit, spec):
    for name in ("cat", CLASSES[3]):
        save(tmp_path / "pets" / name / "1.png", 1, (40, 40))
    page = visit(**settings_of(replace(spec, data=str(tmp_path / "pets"))))
    assert not page.exception
    assert "'cat' cannot be matched" in words(page)
    assert "Run" not in labels(page)
    data = button(page, "Go to Data").click().run()
    assert "1 of 2 classes are none of" in words(data)


@pytest.mark.parametrize("what", ["asked about", "not here", "unnamed"])
def test_whatever_is_wrong_with_images_leads_to_data(empty_store, tmp_path, visit, spec, what):
    text = {"asked about": tabled(tmp_path / "x", "0,", "1,"), "not here": "imagenette:val", "unnamed": ""}[what]
    page = visit(**settings_of(replace(spec, data=text)))
    assert "Run" not in labels(page)
    data = button(page, "Go to Data").click().run()
    assert not data.exception
    assert data.radio[0].value == (text or "scenes")
    if what == "asked about":
        (way,) = [one for one in data.button if (one.key or "").startswith("way to read it ")]
        way.click().run()
        assert data.query_params["data"] == f"labels:{text}"


def test_a_network_that_is_not_to_be_had_does_not_lead_to_data(empty_store, tmp_path, visit):
    page = visit(checkpoint=str(tmp_path / "none.pth"))
    assert page.error and "Go to Data" not in labels(page)


def test_packing_goes_through_the_queue_with_progress_and_cancel(empty_store, spec, look):
    page = look(data=spec.data)
    assert "Not packed yet" in words(page)
    button(page, "Pack").click().run()
    (job,) = Executor(empty_store).list(queue.OPEN)
    assert job.kind == "pack"
    assert "Pack" not in labels(page)
    button(page, "Cancel").click().run()
    assert Executor(empty_store).list(queue.OPEN) == []
    button(look(data=spec.data), "Pack").click().run()
    work_once(empty_store, "cpu")
    assert f"Packed: {IMAGES} images" in words(look(data=spec.data))


def test_broken_images_are_listed_with_their_reason(empty_store, spec, look):
    (Path(spec.data) / "03.png").write_bytes(b"")
    find_subject(spec, empty_store.folder).pack()
    page = look(data=spec.data)
    assert any("1 image skipped" in one.label for one in page.expander)
    tables = [one.value for one in page.dataframe if "why" in one.value]
    assert tables[0]["image"].tolist() == ["03.png"]
    assert "empty" in tables[0]["why"][0]


def test_removing_leaves_the_files_and_deletes_the_pack_on_request(empty_store, spec, look):
    add_data(empty_store.folder, spec.data)
    pack = find_subject(spec, empty_store.folder).pack()
    page = look(data=spec.data)
    page.checkbox[0].check().run()
    button(page, "Remove").click().run()
    assert not page.exception
    assert texts(empty_store) == ["scenes"]
    assert not pack.folder.exists()
    assert len(list(Path(spec.data).iterdir())) == IMAGES + 1


def settings_of(spec):
    return {"source": "folder", "folder": spec.data, "images": str(IMAGES), "technique": "unstructured"}


def test_before_the_first_run_on_images_a_dozen_is_shown_until_confirmed(empty_store, visit, spec):
    page = visit(**settings_of(spec))
    assert not page.exception
    assert any("are they what they are called" in one.label for one in page.expander)
    assert CLASSES[7] in words(page)
    button(page, "They are right").click().run()
    subject = find_subject(spec, empty_store.folder)
    assert is_confirmed(empty_store.folder, subject.network.key, subject.source.identity())
    assert "They are right" not in labels(visit(**settings_of(spec)))


def test_two_networks_of_the_same_weights_each_have_the_mapping_of_their_own_class_names(
    empty_store, checkpoint, tmp_path, look
):
    for name in CLASSES:
        save(tmp_path / "folders" / name / "one.png", 1)
    for names in (CLASSES, CLASSES[::-1]):
        kept = keep_network(f"{names[0]}.safetensors", checkpoint.read_bytes(), {"classes": list(names)})
        page = look(data_checkpoint=str(kept), data=str(tmp_path / "folders"))
        mapping = next(one.value for one in page.dataframe if "class of the data" in one.value)
        assert dict(zip(mapping["class of the data"], mapping["number"], strict=True)) == {
            name: names.index(name) for name in CLASSES
        }


def test_generated_scenes_need_no_look(empty_store, visit):
    assert "They are right" not in labels(visit())


@pytest.mark.parametrize(("right", "warned"), [(2, True), (25, False)])
def test_a_dense_network_at_chance_is_warned_of_wherever_it_is_shown(empty_store, visit, spec, right, warned, look):
    subject = find_subject(spec, empty_store.folder)
    pack = subject.pack()
    (run_id,) = Executor(empty_store).submit([spec], Extent(IMAGES)).run_ids
    found = predictions(pack.labels, right)
    record(empty_store, run_id, 0.0, found, found)
    for page in (look(data=spec.data), visit(**settings_of(spec))):
        assert not page.exception
        assert ("no better than guessing" in words(page)) == warned
        assert "They are right" not in labels(page)


def test_accuracy_among_the_classes_present_stands_beside_that_over_all(empty_store, visit, look, spec):
    pack = find_subject(spec, empty_store.folder).pack()
    (run_id,) = Executor(empty_store).submit([spec], Extent(IMAGES)).run_ids
    found = predictions(pack.labels, 15)
    record(empty_store, run_id, 0.0, found, found)
    present = np.zeros(IMAGES, PRESENT)
    present["class"] = found["label"]
    with empty_store.writing() as db:
        put_result(db, run_id, "accuracy", accuracy(found) | accuracy_present(present, found, 10))
    for page in (look(data=spec.data), visit(**settings_of(spec), run=run_id)):
        assert not page.exception
        said = words(page).lower()
        assert "50.0 %" in said or "50.0 %" in [one.value for one in page.metric]
        assert re.search(r"among the 10 classes that have images (top-1 )?100.0 %", said)


def test_imagenette_is_downloaded_by_a_job_that_can_be_cancelled(look, empty_store):
    page = look(data="imagenette:val")
    page.button(key="download_imagenette").click().run()
    (job,) = queue.jobs(empty_store, queue.OPEN)
    assert job.title == "Download Imagenette"
    page.run()
    page.button(key=f"cancel {job.id}").click().run()
    assert not queue.jobs(empty_store, queue.OPEN)
    page.run()
    assert page.button(key="download_imagenette")


def test_how_far_a_download_is_is_said_in_bytes(look, empty_store):
    job = Executor(empty_store).fetch()
    queue.claim(empty_store, "cpu")
    with empty_store.writing() as db:
        queue.report(db, job.id, 40_000_000, 100_000_000, 10_000_000.0, "downloading x.tgz")
    page = look(data="imagenette:val")
    (bar,) = page.get("progress")
    assert bar.proto.text == "Downloading x.tgz, 40 MB of 100 MB, about 6 s left"
