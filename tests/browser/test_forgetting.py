"""From what a pruned network forgot to what it looks at, in a real browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from core.networks.registry import DEMO_CHECKPOINT
from core.pruning.settings import Pruning
from scripts.serving import settled

PATIENT = 120_000  # milliseconds
PICTURES = "[data-testid=stImage] img"
CARDS = "[class*=st-key-inside] button:visible"

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")


@pytest.mark.slow
def test_a_forgotten_image_opens_in_saliency_with_the_network_that_forgot_it(app, page, cache):
    subject = find_subject(ExperimentSpec(), cache)
    run = ExperimentSpec(pruning=Pruning("structured", rate=0.1)).run_id(
        subject.network.sha256, subject.fingerprint() or ""
    )
    page.goto(f"{app}/forgetting?{urlencode({'run': run, 'show': 'Images'})}")
    page.wait_for_selector(CARDS, timeout=PATIENT)
    settled(page)
    first = page.locator(PICTURES).first.get_attribute("src")
    page.locator("[data-testid=stPagination] button", has_text="2").first.click()
    page.wait_for_url("**page=2*", timeout=PATIENT)
    settled(page)
    assert page.locator(PICTURES).first.get_attribute("src") != first
    page.locator(CARDS).nth(3).click()
    page.wait_for_url("**/saliency?*", timeout=PATIENT)
    settled(page)
    address = parse_qs(urlsplit(page.url).query)
    assert address["run"] == [run]
    assert address["image"][0] in page.locator("[data-testid=stMain]").inner_text()
