"""Pictures of one's own on the Saliency page: taken, refused, asked about, and never part of the data."""

from __future__ import annotations

import io
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from core.errors import BrokenDataError
from core.experiment import ExperimentSpec
from core.families import Family, Member
from core.figures.look import Look
from core.interpretability.question import Question
from core.networks.registry import load_network
from core.progress import silent
from core.pruning.settings import Pruning
from core.uploads.photos import MOST_AT_ONCE, read_photo
from core.uploads.samples import SAMPLES
from pages.widgets import own_pictures
from pages.widgets.asked import View, ask_of
from pages.widgets.compared import Compared, network_in
from pages.widgets.own_pictures import OwnPicture, own_shown
from pages.widgets.pictures import caption_of, numbers_of

OWN = {"images_from": "Your own", "method": "Saliency"}
FINGERPRINT = re.compile(r"[0-9a-f]{16}")


def noise(seed=0, size=(48, 32)):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    return Image.fromarray(pixels)


def file(name, picture=None, kind="PNG"):
    data = io.BytesIO()
    (picture or noise()).save(data, kind)
    return name, data.getvalue(), "image/png"


@pytest.fixture
def own(visit, measured):
    """Open the page on pictures of one's own, the untrained network and its two pruned ones in the store."""
    return lambda **query: visit("pages/saliency.py", **(OWN | query))


def upload(page, *files):
    page.file_uploader[0].set_value(list(files)).run()
    assert not page.exception
    return page


def words(page):
    return "\n".join(one.value.replace("\\", "") for one in (*page.caption, *page.markdown))


def warnings(page):
    return "\n".join(f"{one.proto.title}\n{one.value}".replace("\\", "") for one in page.warning)


def titles(page):
    return [one.value.strip("*").replace("\\", "") for one in page.markdown if one.value.startswith("**")]


def thumbnails(page):
    return [one.label.replace("\\", "") for one in page.button if str(one.key).startswith("thumbnail")]


def test_a_sample_is_in_the_address_and_asked_of_every_network(own):
    page = own(own="coffee", own_target="own prediction")
    assert not page.exception
    assert page.query_params["own"] == "coffee"
    assert titles(page)[:2] == ["Picture", "Dense"]
    said = words(page)
    assert SAMPLES["coffee"].title in said
    assert SAMPLES["coffee"].credit in said
    assert "no true class" in said
    assert "(own prediction)" in said
    assert "**says**" in said
    assert "**right**" not in said
    assert "**wrong**" not in said
    assert re.search(r"\*\*(as dense|differs)\*\*", said)
    assert not [one for one in page.caption if one.value.startswith("Object ")]


def test_there_is_no_true_class_to_ask_about(own):
    page = own()
    assert page.query_params["own"] == next(iter(SAMPLES))
    (targets,) = [one for one in page.button_group if one.key == "own_target"]
    offered = [option.content for option in targets.proto.options]
    assert offered == ["dense prediction", "own prediction", "chosen class"]
    assert "(dense prediction)" in words(page)
    assert page.toggle(key="outline").disabled


def test_an_unknown_sample_is_named_another_is_a_yardstick_and_the_network_s_world_is_said(own):
    page = own(own="unicorn")
    assert "unicorn" in warnings(page)
    assert page.query_params["own"] == next(iter(SAMPLES))
    explained = " ".join(str(one.proto.help) for one in page.caption)
    assert SAMPLES["coffee"].title in explained
    assert "of another class" not in explained
    assert "out of its world" in words(page)


def test_what_is_uploaded_is_shown_whole_and_kept_in_this_session_alone(own, empty_store):
    page = own()
    before = {path for path in empty_store.folder.rglob("*") if path.is_file()}
    upload(
        page, file("holiday.png"), ("broken.jpg", b"\xff\xd8\xff no", "image/jpeg"), file("sea.webp", noise(1), "WEBP")
    )
    assert FINGERPRINT.fullmatch(page.query_params["own"])
    assert thumbnails(page)[:2] == ["holiday.png", "sea.webp"]
    said = words(page)
    assert "48 × 32 pixels. The network is fed the frame, as 128 × 128." in said
    assert "2 pictures of your own, in the memory of this session alone" in said
    assert "1 file was not taken" in warnings(page)
    assert "broken.jpg" in warnings(page)
    assert {path for path in empty_store.folder.rglob("*") if path.is_file()} == before


def test_a_hundred_at_once_are_taken_as_far_as_there_is_room_and_the_others_named(own):
    page = upload(own(), *(file(f"p{number}.png", noise(number)) for number in range(100)))
    named = {f"p{number}.png" for number in range(100) if f"p{number}.png is" in warnings(page) + words(page)}
    assert named == {f"p{number}.png" for number in range(MOST_AT_ONCE, 100)}
    assert f"{100 - MOST_AT_ONCE} files were not taken" in warnings(page)
    assert f"{MOST_AT_ONCE} pictures" in warnings(page)
    assert f"1 of {MOST_AT_ONCE + len(SAMPLES)}" in words(page)


def test_a_pasted_picture_outlives_a_look_at_the_data_and_is_forgotten_when_asked(own):
    page = own()
    page.chat_input[0].upload(*file("holiday.png")).run()
    name = page.query_params["own"]
    assert FINGERPRINT.fullmatch(name)
    page.button_group(key="images_from").set_value("Data").run()
    assert "the true class" in words(page)
    page.button_group(key="images_from").set_value("Your own").run()
    assert page.query_params["own"] == name
    assert thumbnails(page)[0] == "holiday.png"
    page.button(key="forget").click().run()
    assert "holiday.png" not in thumbnails(page)
    assert page.query_params["own"] == next(iter(SAMPLES))


def test_maps_are_about_a_class_that_one_names(own, checkpoint):
    classes = load_network(str(checkpoint)).classes
    page = own(own="coffee", own_target="chosen class")
    chosen = page.selectbox(key="about_class")
    assert len(chosen.options) == len(classes)
    assert f"**{chosen.value}** (chosen class)" in words(page)
    other = next(name for name in classes if name != chosen.value)
    chosen.set_value(other).run()
    assert f"**{other}** (chosen class)" in words(page)
    page.button(key="thumbnail cat").click().run()
    assert f"**{other}** (chosen class)" in words(page)


def test_the_class_of_an_address_is_asked_about_and_one_that_there_is_not_is_named(own, checkpoint):
    last = load_network(str(checkpoint)).classes[-1]
    assert f"**{last}** (chosen class)" in words(own(own_target="chosen class", about_class=last))
    page = own(own_target="chosen class", about_class="unicorn")
    assert "There is no class 'unicorn'" in warnings(page)
    assert not page.exception


def test_pictures_are_pinned_apart_from_the_data_s_and_let_go_when_forgotten(own):
    page = own(own="coffee", pins="scene-000003")
    page.button(key="pin").click().run()
    upload(page, file("holiday.png"))
    name = page.query_params["own"]
    page.button(key="pin").click().run()
    assert page.query_params["own_pins"] == f"coffee,{name}"
    assert page.query_params["pins"] == "scene-000003"
    assert [page.button(key=f"pinned {one}").label for one in ("coffee", name)] == ["Coffee", "holida…"]
    page.button(key="pinned coffee").click().run()
    assert page.query_params["own"] == "coffee"
    page.button(key=f"pinned {name}").click().run()
    page.button(key="forget").click().run()
    assert page.query_params["own_pins"] == "coffee"
    page.button(key="pinned coffee").click().run()
    page.button(key="pin").click().run()
    assert "own_pins" not in page.query_params


def test_pins_of_another_session_are_counted(own):
    page = own(own="coffee", own_pins="0123456789abcdef,cat")
    assert not page.exception
    assert page.button(key="pinned cat").label == "Cat"
    assert "1 pinned picture of this address is not here" in words(page)


def test_the_address_of_an_upload_asks_for_the_picture(own):
    name = read_photo("holiday.png", file("holiday.png")[1]).id
    page = own(own=name)
    assert "is not here" in page.info[0].proto.title
    assert page.query_params["own"] == name
    upload(page, file("the same.png"))
    assert not page.info
    assert page.query_params["own"] == name


def test_a_picture_that_cannot_be_fed_says_why_and_leaves_the_choice(own):
    page = upload(own(), file("line.png", Image.new("RGB", (12_000, 1))))
    (error,) = page.error
    assert "too long" in error.proto.title
    assert len(thumbnails(page)) == 1 + len(SAMPLES)
    page.button(key="thumbnail cat").click().run()
    assert not page.error
    assert titles(page)[:2] == ["Picture", "Dense"]


def test_a_network_without_any_run_is_pruned_as_others_were(own, checkpoint, tmp_path):
    other = shutil.copy(checkpoint, tmp_path / "mine.safetensors")
    page = own(checkpoint=str(other))
    assert not page.exception
    assert page.selectbox(key="set").value == "mine.safetensors, nothing measured"
    assert [title for title in titles(page) if title.startswith("Unstructured")]
    assert "accuracy not measured yet" in words(page)
    page.button_group(key="images_from").set_value("Data").run()
    assert not page.exception
    assert not page.warning
    assert page.selectbox(key="set").value.startswith(checkpoint.name)


def test_weights_that_are_not_there_are_named(own):
    page = own(network="googlenet-bvlc")
    (error,) = page.error
    assert "has no weights file" in error.proto.title.replace("\\", "")


def test_the_images_of_the_runs_need_not_be_there(checkpoint):
    network = load_network(str(checkpoint))
    spec = ExperimentSpec(str(checkpoint), data="/gone", pruning=Pruning(rate=0.5))
    members = (Member("0" * 16, spec, 10, 0.5),)
    family = Family("gone", network.sha256, "b" * 64, members)
    assert network_in(Compared(spec.dense(), family)) is network
    with pytest.raises(BrokenDataError):
        network_in(Compared(spec.dense(), Family("changed", "c" * 64, "b" * 64, members)))


def test_files_say_that_it_is_not_part_of_the_data(checkpoint, empty_store):
    network = load_network(str(checkpoint))
    photo = read_photo("holiday.png", file("holiday.png")[1])
    image = own_shown(network, OwnPicture(photo.id, photo, "an uploaded picture", True))
    ask = ask_of(image, None, Question("saliency", "dense"))
    view = View(None, None, ask, ask.answer(silent))
    assert "holiday.png (an uploaded picture), not part of the data" in "\n".join(caption_of(view, Look(), 1.0, 1))
    with np.load(io.BytesIO(numbers_of(view, view.map))) as numbers:
        about = json.loads(str(numbers["about"]))
    assert (about["data"], about["true_class"]) == (None, None)


def test_without_any_picture_it_is_said_what_to_do(own, monkeypatch):
    monkeypatch.setattr(own_pictures, "samples", tuple)
    page = own()
    assert "Upload one, or paste it" in page.info[0].value
    upload(page, file("holiday.png"))
    assert not page.info
    assert titles(page)[:2] == ["Picture", "Dense"]


def test_without_any_run_the_dense_network_is_shown_and_what_to_do(visit, empty_store):
    page = visit("pages/saliency.py", **OWN)
    assert not page.exception
    assert titles(page)[:2] == ["Picture", "Dense"]
    assert "Trade-offs" in page.info[0].value
