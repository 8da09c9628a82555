"""A photograph of one's own in a real browser: uploaded or pasted, seen by dense and pruned networks, forgotten."""

from __future__ import annotations

import base64
import re

import pytest
from PIL import Image

from core.networks.registry import DEMO_CHECKPOINT
from core.store.database import open_store
from core.store.demo import import_demo
from core.uploads.samples import sample_photo, samples
from scripts.serving import settled

PATIENT = 120_000  # milliseconds
UPLOADED = re.compile(r"own=[0-9a-f]{16}")
PASTE = """content => {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], "image.png", {type: "image/png"}));
    const paste = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
    document.querySelector("[data-testid=stChatInput] textarea").dispatchEvent(paste);
}"""

pytestmark = pytest.mark.skipif(
    not (DEMO_CHECKPOINT.is_file() and samples()), reason="the demo network or the photographs are not here"
)


@pytest.fixture
def photograph(tmp_path):
    """A photograph as a file of the user's."""
    path = tmp_path / "my motorcycle.jpg"
    Image.fromarray(sample_photo("motorcycle").pixels).rotate(90, expand=True).save(path)
    return path


def opened(page, app):
    import_demo(open_store())
    page.goto(f"{app}/saliency?images_from=Your+own&method=Saliency")
    page.wait_for_url("**own=*", timeout=PATIENT)
    settled(page)


def said(page):
    return page.locator("[data-testid=stMain]").inner_text()


@pytest.mark.slow
def test_an_uploaded_photograph_is_compared_between_dense_and_pruned(app, page, photograph):
    opened(page, app)
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(photograph)
    page.wait_for_url(UPLOADED, timeout=PATIENT)
    settled(page)
    words = said(page)
    for part in ("my motorcycle.jpg", "500 × 741 pixels", "1 picture of your own", "no true class", "says"):
        assert part in words
    assert re.search("as dense|differs", words)
    assert page.get_by_text("Agreement with the dense map").count() >= 1
    assert page.locator("[class*='st-key-enlarge']").count() >= 2
    page.locator("[class*='st-key-enlarge'] button:visible").nth(1).click()
    dialog = page.locator("[role=dialog]")
    dialog.locator(".js-plotly-plot").first.wait_for(timeout=PATIENT)
    assert "not part of the data" in dialog.inner_text()


@pytest.mark.slow
def test_a_pasted_picture_is_gone_after_a_reload_and_the_page_says_so(app, page, photograph):
    opened(page, app)
    page.locator("[data-testid=stChatInput] textarea").click()
    page.evaluate(PASTE, base64.b64encode(photograph.read_bytes()).decode())
    page.locator("[data-testid=stChatInput]").get_by_text("image.png").wait_for(timeout=PATIENT)
    page.locator("[data-testid=stChatInputSubmitButton]:enabled").click(timeout=PATIENT)
    page.wait_for_url(UPLOADED, timeout=PATIENT)
    settled(page)
    assert "1 picture of your own" in said(page)
    page.reload()
    page.get_by_text("The picture of this address is not here").wait_for(timeout=PATIENT)
    settled(page)
    assert "of your own, in the memory" not in said(page)
