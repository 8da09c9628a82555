"""From the scores of all units to one unit, and a task played, in a real browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from core.experiment import ExperimentSpec
from core.jobs.devices import pick_device
from core.jobs.executor import Executor
from core.jobs.foreground import work_through
from core.jobs.subject import find_subject
from core.networks.registry import DEMO_CHECKPOINT
from core.pruning.settings import Pruning
from core.store.database import open_store
from core.store.demo import import_demo
from core.units.study import UnitStudy
from scripts.serving import settled

PATIENT = 120_000  # milliseconds
PICTURES = "[data-testid=stImage] img"
STUDY = UnitStudy(images=96, explanations=3, tasks=5)
PRUNED = ExperimentSpec(pruning=Pruning("structured", rate=0.2))

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")


def test_a_row_of_the_table_leads_to_the_unit_and_its_pictures(app, page, cache):
    page.goto(f"{app}/units?{urlencode({'show': 'Browse'})}")
    page.wait_for_selector("[data-testid=stDataFrame]", timeout=PATIENT)
    settled(page)
    box = page.locator("[data-testid=stDataFrame]").first.bounding_box()
    page.mouse.click(box["x"] + 12, box["y"] + 62)  # the box of the first row
    page.wait_for_url("**layer=*", timeout=PATIENT)
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=PATIENT)
    settled(page)
    address = parse_qs(urlsplit(page.url).query)
    assert address["show"] == ["One unit"]
    assert f"{address['layer'][0]} {address['unit'][0]}" in said(page)
    assert "MIS (googlenet features)" in said(page)


@pytest.mark.slow
def test_a_person_plays_a_task_and_sees_what_the_machine_said(app, page, cache):
    store = open_store(cache)
    import_demo(store)
    work_through(store, [Executor(store).units([PRUNED], STUDY)], pick_device())
    subject = find_subject(PRUNED, cache)
    run = PRUNED.run_id(subject.network.sha256, subject.fingerprint())
    unit = {"study": STUDY.id, "layer": "inception4c.branch1.conv", "unit": 23}
    page.goto(f"{app}/units?{urlencode({'run': run, 'show': 'One unit', 'view': 'Play', **unit})}")
    page.wait_for_selector(PICTURES, timeout=PATIENT)
    settled(page)
    assert "The machine" not in said(page)
    page.get_by_role("button", name=re.compile("^Left")).first.click()
    page.get_by_text(re.compile("The machine is (right|wrong)")).wait_for(timeout=PATIENT)
    assert re.search(r"You are (right|wrong)\.", said(page))
    page.get_by_text(re.compile("you [01] of 1 right")).wait_for(timeout=PATIENT)  # counted after the answer


def said(page):
    return page.locator("[data-testid=stMain]").inner_text()
