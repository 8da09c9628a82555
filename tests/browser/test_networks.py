"""A network of one's own in a real browser: uploaded, recognised, measured, placed on the curve."""

from __future__ import annotations

import pytest
from safetensors.torch import save_file

from core.networks.registry import DEMO_CHECKPOINT, load_network
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning
from scripts.serving import settled

PATIENT = 120_000  # milliseconds
DRAWN_BESIDE = """() => [...document.querySelectorAll(".js-plotly-plot")].some(
    plot => (plot.data ?? []).some(trace => trace.name?.startsWith("cut ("))
)"""

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")


@pytest.fixture
def cut(tmp_path):
    """The demo network with a tenth of each layer's filters removed, saved without a word about it."""
    module = load_network("demo").module
    masks = make_masks(module, Pruning(technique="structured", rate=0.1))
    save_file(pruned_copy(module, masks).state_dict(), tmp_path / "cut.safetensors")
    return tmp_path / "cut.safetensors"


def opened(page, address, selector):
    page.goto(address)
    page.wait_for_selector(selector, timeout=PATIENT)
    settled(page)


@pytest.mark.slow
def test_a_checkpoint_pruned_elsewhere_is_recognised_measured_and_set_beside_the_curves(app, page, cut):
    opened(page, f"{app}/networks", ".st-key-add summary")
    page.locator(".st-key-add summary").click()
    page.locator("[data-testid=stFileUploader] input[type=file]").first.set_input_files(cut)
    settled(page)
    page.locator("[class*=st-key-like] input").click()
    page.get_by_role("option", name="demo", exact=True).click()
    settled(page)
    page.locator(".st-key-add_button button:visible").click()
    page.get_by_text("cut is added").wait_for(timeout=PATIENT)
    page.wait_for_url("**named=cut", timeout=PATIENT)
    settled(page)
    assert "look like structured, clean: 10.0 %" in page.locator("[data-testid=stMain]").inner_text()

    page.get_by_role("spinbutton", name="Number of images").fill("32")
    page.keyboard.press("Enter")
    settled(page)
    page.locator(".st-key-measure button:visible").click()
    page.get_by_text("the 95 % interval of top-1").wait_for(timeout=PATIENT)
    page.get_by_role("button", name="Show beside the curves of GoogLeNet demo").click()
    page.wait_for_selector(".js-plotly-plot", timeout=PATIENT)
    settled(page)
    page.wait_for_function(DRAWN_BESIDE, timeout=PATIENT)


@pytest.mark.slow
def test_a_network_that_was_added_is_used_in_trade_offs(app, page, cut):
    opened(page, f"{app}/networks?add_path={cut}", ".st-key-add summary")
    page.locator(".st-key-add summary").click()
    page.locator(".st-key-add_button button:visible").click()
    page.get_by_text("cut is added").wait_for(timeout=PATIENT)
    page.wait_for_url("**named=cut", timeout=PATIENT)
    settled(page)
    page.locator(".st-key-use button:visible").click()
    page.wait_for_url("**network=cut*", timeout=PATIENT)
    page.wait_for_selector(".st-key-run_button", timeout=PATIENT)
    settled(page)
    assert page.get_by_text("cut, 1,000 of 2,000 generated scenes").count() == 1


@pytest.mark.slow
def test_a_removed_network_is_gone_and_another_is_looked_at(app, page, cut, cache):
    opened(page, f"{app}/networks?add_path={cut}", ".st-key-add summary")
    page.locator(".st-key-add summary").click()
    page.locator(".st-key-add_button button:visible").click()
    page.get_by_text("cut is added").wait_for(timeout=PATIENT)
    page.locator(".st-key-remove button:visible").click()
    page.get_by_role("dialog").get_by_text("Remove", exact=True).click()
    page.get_by_text("3 networks: 3 by name").wait_for(timeout=PATIENT)
    settled(page)
    assert "There is no network" not in page.locator("[data-testid=stMain]").inner_text()
    assert list((cache / "networks").glob("*/*")) == []
