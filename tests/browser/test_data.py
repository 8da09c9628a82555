"""A folder of one's own: typed in, recognised, looked at, packed and taken to Trade-offs, in a real browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from core.data.scenes import CLASSES, ScenesSource
from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from core.networks.registry import DEMO_CHECKPOINT
from scripts.serving import settled

PATIENT = 120_000  # milliseconds
PICTURES = "[data-testid=stImage] img:visible"
IMAGES = 48

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")


@pytest.fixture
def folder(tmp_path):
    """Scenes as files, a folder a class."""
    source = ScenesSource("training")
    for place in range(IMAGES):
        file = tmp_path / "mine" / CLASSES[source.labels[place]] / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        source.image(place).save(file)
    return tmp_path / "mine"


@pytest.mark.slow
def test_a_folder_is_added_recognised_and_packed(app, page, cache, folder):
    page.goto(f"{app}/data")
    page.wait_for_selector(PICTURES, timeout=PATIENT)
    settled(page)
    field = page.locator(".st-key-added input")
    field.fill(str(folder))
    field.press("Enter")
    page.wait_for_function("() => document.body.innerText.includes('Not packed yet')", timeout=PATIENT)
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["data"] == [str(folder)]
    said = page.locator("[data-testid=stMain]").inner_text()
    assert f"{IMAGES} images" in said
    assert f"{len(CLASSES)} of {len(CLASSES)}" in said
    assert page.locator(PICTURES).count() == 12

    page.locator(".st-key-pack button").click()
    page.wait_for_function("() => document.body.innerText.includes('Packed: ')", timeout=PATIENT)
    spec = ExperimentSpec(data=str(folder))
    packed = find_subject(spec, cache).packed()
    assert packed is not None
    assert len(packed) == IMAGES

    settled(page)
    page.get_by_role("button", name="Use in Trade-offs").click()
    page.locator(".st-key-confirm_mapping button").click(timeout=PATIENT)
    page.wait_for_selector(".st-key-confirm_mapping", state="detached", timeout=PATIENT)
    assert parse_qs(urlsplit(page.url).query)["folder"] == [str(folder)]
