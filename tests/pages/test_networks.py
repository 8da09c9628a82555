from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import save

from core.added_networks import add_upload
from core.data.scenes import CLASSES
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.subject import find_subject
from core.networks.googlenet import googlenet
from core.networks.kept import keep_network, kept_networks
from core.networks.registry import load_network
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning
from core.store import queue
from core.store.runs import put_result, runs_frame
from tests.core.data.images import save as save_image
from tests.pages.conftest import RIGHT, predictions, record
from tests.pages.test_tradeoffs import button, figure, points
from tests.pages.test_tradeoffs import words as shown_words

PAGE = "pages/networks.py"


@pytest.fixture(scope="session")
def cut(checkpoint):
    """The bytes of the untrained network with a tenth of each layer's filters removed."""
    module = load_network(str(checkpoint)).module
    pruned = pruned_copy(module, make_masks(module, Pruning(technique="structured", rate=0.1)))
    return save(pruned.state_dict())


@pytest.fixture
def open_page(visit):
    """Open the page without the settings of Trade-offs."""
    return lambda **query: visit(PAGE, network="demo", checkpoint="", **query)


def words(page):
    return " ".join([shown_words(page), *(one.value for one in page.success)]).replace("\\", "")


def table(page):
    return page.dataframe[0].value.set_index("network")


def upload(page, name, data, like=None, classes=()):
    page.session_state["add"] = True
    page.run()
    page.file_uploader(key="upload 0").set_value((name, data, "application/octet-stream"))
    page.run()
    if classes:
        page.file_uploader(key="names 0").set_value(("names.txt", "\n".join(classes).encode(), "text/plain"))
    if like:
        page.selectbox(key="like 0").set_value(like)
    return page.button(key="add_button").click().run()


def test_the_named_networks_are_listed_with_what_to_do_where_they_are_not_at_hand(empty_store, open_page):
    page = open_page(named="googlenet-bvlc")
    assert not page.exception
    assert list(table(page).index) == ["demo", "googlenet", "googlenet-bvlc"]
    assert "Not at hand" in words(page)
    assert "googlenet-bvlc is not at hand: name its weights file" in words(page)
    assert "Or add a file of it above" in words(page)


def test_what_was_measured_of_a_network_that_is_gone_is_still_there(measured, checkpoint, open_page, monkeypatch):
    monkeypatch.setattr("core.known_networks.KnownNetwork.file", None)
    page = open_page(named="net")
    assert "net is not at hand: its file is gone; put it back at" in words(page)
    row = table(page).loc["net"]
    assert (row["note"], row["n"]) == ("not at hand", 96)
    assert row["top-1 %"] == pytest.approx(100 * RIGHT[0.0] / 96)
    assert page.dataframe[1].value["images"].tolist() == [96]


def test_weights_that_are_not_finite_are_warned_of(empty_store, checkpoint, open_page):
    state = dict(load_network(str(checkpoint)).module.state_dict())
    page = upload(open_page(), "diverged.safetensors", save(state | {"fc.bias": torch.full((24,), torch.nan)}))
    assert "Not finite: 24 values of fc.bias; what it says of images will be refused." in words(page)
    assert table(page).loc["diverged", "note"] == "3 warnings"


def test_a_network_of_runs_is_shown_with_its_accuracy_and_where_it_was_measured(measured, open_page):
    page = open_page(named="net")
    assert not page.exception
    row = table(page).loc["net"]
    assert row["top-1 %"] == pytest.approx(100 * RIGHT[0.0] / 96)
    assert (row["on"], row["n"], row["looks"], row["classes"]) == ("generated scenes", 96, "not pruned", 24)
    assert "not pruned" in words(page)
    accuracy = page.dataframe[1].value.iloc[0]
    assert accuracy["low"] < accuracy["top-1 %"] < accuracy["high"]


def test_the_accuracy_of_a_network_is_not_that_of_its_weights_with_other_class_names(measured, checkpoint, open_page):
    for name, classes in {"copy": CLASSES, "twin": CLASSES[::-1]}.items():
        keep_network(f"{name}.safetensors", checkpoint.read_bytes(), {"classes": list(classes)})
    page = open_page(named="twin")
    assert not page.exception
    assert table(page)["n"].to_dict() == pytest.approx(
        {"net": 96, "copy": 96} | dict.fromkeys(("demo", "googlenet", "googlenet-bvlc", "twin"), float("nan")),
        nan_ok=True,
    )
    assert "Nothing is measured of it yet" in words(page)


def test_an_upload_is_recognised_and_looked_at(measured, cut, open_page):
    page = upload(open_page(), "cut.safetensors", cut)
    assert not page.exception
    assert "cut is added" in words(page)
    assert page.selectbox(key="named").value == "cut"
    assert "look like structured, clean: 10" in words(page)
    assert figure(page)["data"][0]["type"] == "bar"
    assert "Nothing says how it was fed" in words(page)
    assert "To say it, add the file again with the network that it is shown images like and class names" in words(page)
    assert "beside it" not in words(page)
    assert not page.session_state["add"]


def test_an_upload_made_from_a_known_network_is_shown_images_like_that_one(empty_store, checkpoint, cut, open_page):
    keep_network("base.safetensors", checkpoint.read_bytes())
    page = upload(open_page(), "cut.safetensors", cut, like="base")
    kept = next(path for path in kept_networks() if path.stem == "cut")
    base = load_network(str(checkpoint))
    assert load_network(str(kept)).preset == base.preset
    assert load_network(str(kept)).classes == base.classes
    assert not page.warning


def test_a_path_is_taken_as_an_upload_is(empty_store, tmp_path, cut, open_page):
    file = tmp_path / "by path.safetensors"
    file.write_bytes(cut)
    page = open_page()
    page.session_state["add"] = True
    page.run()
    page.text_input(key="add_path").set_value(str(file)).run()
    page.text_input(key="name 0").set_value("mine")
    page.button(key="add_button").click().run()
    assert "mine is added" in words(page)
    assert table(page).loc["mine", "sparsity %"] == pytest.approx(10, abs=0.5)


def test_the_same_weights_are_added_once(empty_store, cut, open_page):
    keep_network("first.safetensors", cut)
    page = upload(open_page(), "second.safetensors", cut)
    assert "here already, as first" in words(page)
    assert "Nothing was changed" in words(page)
    assert len(kept_networks()) == 1


def test_the_same_weights_described_otherwise_stand_beside_the_first(empty_store, checkpoint, cut, open_page):
    keep_network("base.safetensors", checkpoint.read_bytes())
    first = keep_network("cut.safetensors", cut)
    page = upload(open_page(), "cut.safetensors", cut, like="base")
    assert "It has the weights of cut, but is fed otherwise and its classes are called otherwise: each" in words(page)
    assert page.selectbox(key="named").value == "cut-2"
    assert load_network(str(first)).classes[0] == "class 0"


def test_what_is_said_already_is_not_asked_for_again(empty_store, checkpoint, cut, open_page):
    keep_network("cut.safetensors", cut)
    keep_network("named.safetensors", cut, {"classes": list(CLASSES)})
    page = open_page(named="named")
    assert "Nothing says how it was fed" in words(page)
    assert "add the file again with the network that it is shown images like; then remove" in words(page)


def test_of_two_networks_of_the_same_weights_it_is_said_what_tells_them_apart(empty_store, cut, open_page):
    keep_network("cut.safetensors", cut)
    page = upload(open_page(), "cut.safetensors", cut, classes=CLASSES)
    assert "It has the weights of cut, but its classes are called otherwise: each is a network" in words(page)


def test_a_wrong_number_of_names_is_refused_by_the_files_own_name(empty_store, cut, open_page):
    page = upload(open_page(), "cut.safetensors", cut, classes=("one", "two"))
    assert "cut.safetensors is said to have 2 classes" in words(page)
    assert "Say them, one a line, in the class names that are added with it" in words(page)
    assert "beside it" not in words(page)


def test_what_is_no_state_dict_is_refused_with_how_to_save_it_again(empty_store, tmp_path, open_page):
    torch.save(googlenet(24), tmp_path / "whole.pth")
    page = upload(open_page(), "whole.pth", (tmp_path / "whole.pth").read_bytes())
    assert not page.exception
    assert "which could run code" in words(page)
    assert "save the weights alone: safetensors.torch.save_file" in words(page)
    assert kept_networks() == ()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.pth", b"", "Empty.pth is empty"),
        ("notes.pth", b"no weights at all", "notes.pth cannot be read as weights alone"),
        ("photo.safetensors", b"\x89PNG\r\n" + bytes(64), "photo.safetensors is not a whole safetensors file"),
    ],
)
def test_files_of_another_kind_are_refused_by_name(empty_store, open_page, name, data, said):
    page = upload(open_page(), name, data)
    assert not page.exception
    assert said.lower() in words(page).lower()
    assert kept_networks() == ()


@pytest.mark.parametrize("path", ["~nobody-of-this-name/a.pth", "a" * 5000 + ".pth", "/dev/zero", "/"])
def test_a_path_where_no_file_can_be_is_refused(empty_store, open_page, path):
    page = open_page(add_path=path)
    page.session_state["add"] = True
    page.run()
    page.button(key="add_button").click().run()
    assert not page.exception
    assert page.error or page.warning


def test_every_key_that_does_not_fit_is_listed(empty_store, checkpoint, open_page):
    state = dict(load_network(str(checkpoint)).module.state_dict())
    del state["fc.bias"]
    page = upload(open_page(), "odd.safetensors", save(state | {"more": torch.zeros(1)}))
    listed = {one.value for one in page.code}
    assert {"fc.bias", "more"} <= listed
    assert "1 key missing" in words(page)


def test_a_network_is_removed_and_its_runs_stay(empty_store, cut, open_page):
    path = keep_network("cut.safetensors", cut)
    page = open_page(named="cut")
    page.button(key="remove").click().run()
    assert "What was measured of it stays" in words(page)
    button(page, "Remove").click().run()
    assert not path.exists()


def test_a_network_that_a_job_is_about_is_not_removed(empty_store, cut, open_page):
    path = keep_network("cut.safetensors", cut)
    page = open_page(named="cut")
    page.button(key="measure").click().run()
    page.button(key="remove").click().run()
    assert "1 queued job needs cut: 'cut, as it came, 10 % zeros'" in words(page)
    assert "cancel it in Runs" in words(page)
    assert "Accuracy as it is" in [one.value for one in page.subheader], "the page goes on below the dialog"
    assert "Remove" not in [one.label for one in page.button]
    assert path.exists()


@pytest.fixture
def photos(tmp_path):
    """A picture of each of the scenes' classes, in folders of their names."""
    for number, name in enumerate(CLASSES):
        save_image(tmp_path / "photos" / name / "one.png", number)
    return str(tmp_path / "photos")


@pytest.fixture
def named(empty_store, checkpoint, cut, photos):
    """A network with the scenes' classes, after another one of them was measured on photographs."""
    spec = ExperimentSpec(str(checkpoint), data=photos)
    find_subject(spec, empty_store.folder).pack()
    Executor(empty_store).submit([spec], Extent(24))
    return add_upload("cut.safetensors", cut, like=load_network(str(checkpoint)))


def test_what_measures_a_network_is_in_the_address(named, photos, empty_store, open_page):
    page = open_page(named="cut", measure_on=photos, measure_images="7")
    assert not page.exception
    assert page.selectbox(key="measure_on").value == photos
    page.button(key="measure").click().run()
    (run,) = [one for one in runs_frame(empty_store).to_dict("records") if one["network"] == str(named)]
    assert run["data"] == photos
    job = Executor(empty_store).status(queue.job_id("accuracy", run["id"]))
    assert job.request["images"] == 7


def test_images_are_looked_at_before_a_network_is_measured_on_them(named, photos, open_page):
    page = open_page(named="cut", measure_on=photos)
    assert "Nothing ran on these images yet: are they what they are called?" in [one.label for one in page.expander]
    page.selectbox(key="measure_on").set_value("generated scenes").run()
    assert not any("Nothing ran" in one.label for one in page.expander)


def test_images_that_are_gone_are_told_and_the_page_goes_on(named, photos, open_page):
    shutil.rmtree(photos)
    page = open_page(named="cut", measure_on=photos)
    assert not page.exception
    assert photos in words(page)
    assert page.selectbox(key="measure_on").value == photos


@pytest.mark.parametrize(("key", "value"), [("measure_on", "nothing"), ("measure_images", "many")])
def test_what_cannot_measure_a_network_is_named(named, open_page, key, value):
    page = open_page(named="cut", **{key: value})
    assert not page.exception
    assert f"'{value}'" in words(page)


def test_no_images_at_all_are_refused(named, empty_store, open_page):
    page = open_page(named="cut", measure_images="0")
    page.button(key="measure").click().run()
    assert "0 images" in words(page)
    assert str(named) not in set(runs_frame(empty_store)["network"])


def test_the_images_of_one_network_are_not_asked_of_another(named, photos, cut, open_page):
    keep_network("other.safetensors", cut, {"size": 64})
    page = open_page(named="cut", measure_on=photos)
    page.selectbox(key="named").set_value("other").run()
    assert not page.exception
    assert "There is no set of images" not in words(page)


def test_a_network_is_measured_as_it_is(empty_store, cut, open_page):
    path = keep_network("cut.safetensors", cut)
    page = open_page(named="cut")
    page.button(key="measure").click().run()
    (job,) = Executor(empty_store).list(queue.OPEN)
    assert job.title == "cut, as it came, 10 % zeros"
    assert runs_frame(empty_store)["network"].tolist() == [str(path)]


def test_added_networks_are_offered_in_trade_offs_by_name(empty_store, cut, visit):
    path = keep_network("cut.safetensors", cut)
    page = visit(network="cut", technique="unstructured", unstructured_rates="0.2", images="96")
    assert not page.exception
    assert "cut" in page.selectbox(key="network").options
    button(page, "Run").click().run()
    assert set(runs_frame(empty_store)["network"]) == {str(path)}


@pytest.fixture
def elsewhere(measured, empty_store, checkpoint, cut):
    """A network with a tenth of its filters removed, measured as it is on the images of the others."""
    path = add_upload("cut.safetensors", cut, like=load_network(str(checkpoint)))
    submission = Executor(empty_store).submit([ExperimentSpec(str(path))], Extent(96))
    labels = find_subject(ExperimentSpec(str(path)), empty_store.folder).source.labels[:96]
    found = predictions(labels, 70)
    record(empty_store, submission.run_ids[0], 0.0, found, found)
    return f"cut ({load_network(str(path)).sha256[:6]})"


def test_a_network_pruned_elsewhere_stands_beside_the_curves(elsewhere, measured, visit):
    page = visit(technique="unstructured", unstructured_rates="0.2, 0.5", images="96", pruned_elsewhere=elsewhere)
    assert not page.exception
    assert elsewhere in points(page)
    (trace,) = [one for one in figure(page)["data"] if one.get("name") == elsewhere]
    assert trace["x"][0] == pytest.approx(0.1, abs=0.01)
    assert trace["y"] == [pytest.approx(70 / 96)]
    assert "nominal rate of networks pruned elsewhere is not known" in words(page)


def test_the_curves_of_a_network_that_came_pruned_do_not_call_it_dense(elsewhere, empty_store, visit):
    (run,) = runs_frame(empty_store).query("network.str.contains('cut')")["id"]
    with empty_store.writing() as db:
        put_result(db, run, "size", {"parameters": 1000, "nonzero": 900})
    page = visit(network="cut", technique="unstructured", unstructured_rates="0.2")
    assert list(points(page)) == ["As it came, 10 % zeros"]
    assert "came with 10.0 % of its parameters zero" in words(page)
    assert [one.value["technique"].tolist() for one in page.dataframe] == [["As it came, 10 % zeros"]]


def test_a_click_on_it_shows_what_it_is(elsewhere, measured, empty_store, visit):
    runs = runs_frame(empty_store)
    (own,) = runs[runs["network"].str.contains("cut")]["id"]
    page = visit(technique="unstructured", unstructured_rates="0.2, 0.5", pruned_elsewhere=elsewhere, run=own)
    assert not page.exception
    assert {one.label: one.value for one in page.metric} == {"Top-1": "72.9 %"}
    assert "look like structured" in words(page)
    assert "All about it" in [one.label for one in page.button]


def test_the_page_leads_to_the_curves_beside_which_it_can_be_shown(elsewhere, measured, open_page):
    page = open_page(named="cut")
    assert any(one.label.startswith("Show beside the curves of") for one in page.button)


def test_an_unknown_network_in_the_address_is_named(empty_store, open_page):
    page = open_page(named="nobody")
    assert "There is no network 'nobody'" in words(page)
