"""A user's first minutes, in a real browser on the real demo."""

from __future__ import annotations

import re
import time

import pytest

from core.store.database import open_store
from core.store.runs import runs_frame
from scripts.reruns import follow
from scripts.serving import settled

POINTS = "g.scatterlayer g.points path"
PATIENT = 120_000  # milliseconds


def points(page):
    return page.locator(POINTS).count()


def type_into(page, key, text):
    field = page.locator(f".st-key-{key} input")
    field.fill(text)
    field.press("Enter")


def choose_only(page, key, wanted):
    for pill in page.locator(f".st-key-{key} button[data-variant=pills]").all():
        chosen = pill.get_attribute("aria-pressed") == "true"
        if chosen != (pill.inner_text().strip() == wanted):
            pill.click()
            settled(page)


def test_from_choosing_structured_to_two_different_maps(app, page, cache):
    page.goto(app)
    page.wait_for_selector(POINTS, timeout=PATIENT)
    settled(page)
    choose_only(page, "technique", "structured")
    type_into(page, "structured_rates", "0.04, 0.06")
    type_into(page, "images", "96")
    settled(page)
    before = points(page)
    assert "2 new networks" in page.locator("[data-testid=stMain]").inner_text()
    page.locator(".st-key-run_button button").click()
    page.wait_for_function(
        f"(n) => document.querySelectorAll('{POINTS}').length === n", arg=before + 2, timeout=PATIENT
    )
    page.wait_for_function("() => document.body.innerText.includes('known this exactly')", timeout=PATIENT)
    settled(page)
    frame = runs_frame(open_store(cache))
    fresh = frame[frame["rate"].isin([0.04, 0.06]) & (frame["technique"] == "structured")]
    assert list(fresh["images"]) == [96, 96]

    settled(page)
    box = page.locator(POINTS).nth(before).bounding_box()  # of the structured curve, before its end
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("button", name="Look inside").click(timeout=PATIENT)
    page.wait_for_url(re.compile("saliency"), timeout=PATIENT)
    page.wait_for_function("() => document.querySelectorAll('[data-testid=stImage] img').length > 2", timeout=PATIENT)
    settled(page)
    tiles = [image.get_attribute("src") for image in page.locator("[data-testid=stImage] img").all()]
    dense, pruned = tiles[-2:]
    assert dense != pruned
    assert page.request.get(dense).body() != page.request.get(pruned).body()


def test_the_demo_curve_is_there_before_anything_is_run(app, page):
    began = time.monotonic()
    page.goto(app)
    page.wait_for_selector(POINTS, timeout=PATIENT)
    settled(page)
    assert points(page) >= 25  # three techniques at eight rates or more, and the dense network
    assert time.monotonic() - began < 60


@pytest.mark.slow
def test_the_address_reproduces_the_view(app, page, browser):
    page.goto(f"{app}/?technique=structured&x=sparsity&images=64")
    page.wait_for_selector(POINTS, timeout=PATIENT)
    settled(page)
    shown = points(page)
    again = follow(browser.new_page())
    again.goto(page.url)
    again.wait_for_selector(POINTS, timeout=PATIENT)
    settled(again)
    assert points(again) == shown < 25
    assert "64" in again.locator(".st-key-images input").input_value()
    again.close()


@pytest.mark.slow
def test_bad_settings_are_refused_and_what_is_shown_stays(app, page):
    page.goto(f"{app}/?unstructured_rates=0.5,1.2")
    page.wait_for_selector(POINTS, timeout=PATIENT)
    settled(page)
    text = page.locator("[data-testid=stMain]").inner_text()
    assert "1.2" in text
    assert points(page) > 0
