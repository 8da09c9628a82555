"""Looking into networks in a real browser: what moves, what stays, what the address holds."""

from __future__ import annotations

import pytest

from core.experiment import ExperimentSpec, Extent
from core.families import families
from core.jobs.executor import Executor
from core.networks.registry import DEMO_CHECKPOINT
from core.pruning.settings import Pruning
from core.store.database import open_store
from core.store.demo import import_demo
from core.store.runs import runs_frame
from scripts.reruns import follow
from scripts.serving import settled

PATIENT = 120_000  # milliseconds
PICTURES = "[data-testid=stImage] img"
TILES = 4  # the picture, the dense network, the moving one, the other

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")


@pytest.fixture
def runs(cache):
    """Ids of the unstructured runs by rising rate, at least four of them."""
    store = open_store(cache)
    import_demo(store)
    specs = [ExperimentSpec(pruning=Pruning(rate=rate)) for rate in (0.2, 0.4, 0.6, 0.8)]
    Executor(store).submit(specs, Extent(images=32))
    return [member.id for member in families(runs_frame(store))[0].curves()["Unstructured"]]


def tiles(page):
    return [picture.get_attribute("src") for picture in page.locator(PICTURES).all()][-TILES:]


def places(page):
    boxes = [picture.bounding_box() for picture in page.locator(PICTURES).all()][-TILES:]
    return [(round(box["x"]), round(box["y"]), round(box["width"]), round(box["height"])) for box in boxes]


def opened(page, address):
    page.goto(address)
    page.wait_for_selector(PICTURES, timeout=PATIENT)
    settled(page)


@pytest.mark.slow
def test_the_slider_changes_one_tile_and_nothing_jumps(app, page, runs):
    opened(page, f"{app}/saliency?method=Saliency&run={runs[0]}&runs={runs[-1]}")
    before, where = tiles(page), places(page)
    page.locator(".st-key-moving input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**run={runs[1]}*", timeout=PATIENT)
    settled(page)
    assert tiles(page)[0] == before[0]
    assert tiles(page)[2] != before[2]
    assert places(page) == where
    page.locator("[class*=st-key-thumbnail] button:visible").nth(3).click()
    settled(page)
    assert tiles(page)[0] != before[0]
    assert places(page) == where
    assert len({place[2:] for place in where}) == 1


@pytest.mark.slow
def test_the_address_of_a_view_shows_the_same_to_someone_else(app, page, browser, runs):
    opened(page, f"{app}/saliency?run={runs[1]}&runs={runs[-1]}")
    page.locator(".st-key-next button").click()
    page.locator(".st-key-target button").nth(2).click()
    settled(page)
    other = follow(browser.new_page(viewport={"width": 1440, "height": 1000}))
    opened(other, page.url)
    assert tiles(other) == tiles(page)
    assert "own prediction" in other.locator("[data-testid=stMain]").inner_text()
    other.close()


@pytest.mark.slow
def test_a_full_strip_fits_into_800_pixels_without_sideways_scrolling(app, page, runs):
    page.set_viewport_size({"width": 800, "height": 1000})
    opened(page, f"{app}/saliency?run={runs[0]}&runs={','.join(runs[-4:])}")
    assert page.evaluate("document.documentElement.scrollWidth <= 800")
    assert all(x >= 0 and x + width <= 800 for x, _, width, _ in places(page))


@pytest.mark.slow
def test_arrow_keys_go_through_the_images_and_pins_stay(app, page, runs):
    opened(page, f"{app}/saliency?method=Saliency&run={runs[0]}&runs={runs[-1]}")
    first = tiles(page)[0]
    page.locator(".st-key-pin button:visible").click()
    page.wait_for_url("**pins=*", timeout=PATIENT)
    settled(page)
    page.locator("body").press("ArrowRight")
    page.wait_for_function("first => ![...document.images].slice(-4).some(i => i.src === first)", arg=first)
    settled(page)
    page.locator("[class*='st-key-pinned-scene'] button:visible").click()
    settled(page)
    assert tiles(page)[0] == first
    page.locator("body").press("ArrowRight")
    settled(page)
    page.locator("body").press("ArrowLeft")
    settled(page)
    assert tiles(page)[0] == first


@pytest.mark.slow
def test_one_map_opens_in_full_size_and_comes_as_a_file(app, page, runs):
    opened(page, f"{app}/saliency?method=Saliency&run={runs[0]}&runs={runs[-1]}")
    page.locator("[class*='st-key-enlarge'] button:visible").nth(1).click()
    dialog = page.locator("[role=dialog]")
    dialog.locator(".js-plotly-plot").first.wait_for(timeout=PATIENT)
    settled(page)
    assert f"closeup={runs[0]}" in page.url
    assert "percentile" in dialog.inner_text()
    with page.expect_download(timeout=PATIENT) as download:
        dialog.get_by_role("button", name="PNG with caption").click()
    assert download.value.suggested_filename.endswith(".png")
    dialog.get_by_role("button", name="Close").click()
    page.wait_for_function("() => !location.search.includes('closeup')", timeout=PATIENT)


@pytest.mark.slow
def test_long_work_is_cancelled_stays_so_and_goes_on(app, page, runs):
    page.goto(f"{app}/saliency?method=SmoothGrad&smoothgrad.samples=200&run={runs[0]}&runs={runs[-1]}")
    cancel = page.locator("[class*='st-key-cancel'] button:visible")
    cancel.wait_for(timeout=PATIENT)
    assert "passes" in page.locator("[data-testid=stProgress]").inner_text()
    cancel.click()
    page.get_by_text("Stopped:").wait_for(timeout=PATIENT)
    settled(page)
    assert page.locator("[data-testid=stProgress]").count() == 0, "nothing else begins"
    page.locator(".st-key-method input").click()
    page.get_by_role("option", name="Saliency", exact=True).click()
    settled(page)
    assert page.get_by_text("Stopped:").count() == 0
    assert "no map" not in page.locator("[data-testid=stMain]").inner_text()
