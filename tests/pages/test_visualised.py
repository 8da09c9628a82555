"""The pictures of a unit on the page, without a browser: what is said of them, asked for and shown."""

from __future__ import annotations

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.experiment import ExperimentSpec
from core.jobs.executor import VISUALISE, put_runs, run_of
from core.jobs.subject import find_subject
from core.pruning.settings import Pruning
from core.store import queue
from core.visualisation import Visualisation
from core.visualised import Refused, Visualised, keep_visualised

DENSE, PRUNED = ExperimentSpec(), ExperimentSpec(pruning=Pruning("structured", rate=0.2))
PLACE, UNIT = "inception4c.branch1.conv", 17
ASKED = Visualisation(PLACE, UNIT)


@pytest.fixture
def runs(store, monkeypatch):
    """The runs of a dense and a pruned network, of which no unit was looked at, in the store that the page uses."""
    monkeypatch.setattr("core.store.demo.DEMO_RESULTS", store.folder / "none.sqlite")
    st.cache_resource.clear()
    found = [run_of(spec, find_subject(spec, store.folder)) for spec in (DENSE, PRUNED)]
    put_runs(store, found)
    yield found
    st.cache_resource.clear()


def section():
    import streamlit as st

    from core.families import families
    from core.store.runs import runs_frame
    from core.units.study import UnitStudy
    from pages.widgets.core_access import store, subject_of
    from pages.widgets.unit_scene import UnitScene
    from pages.widgets.visualised import draw_visualised

    (family,) = families(runs_frame(store()))
    members = tuple(sorted(family.members, key=lambda member: member.rate))
    scene = UnitScene(family, subject_of(family.spec), UnitStudy(), members, {one.id: one for one in members})
    draw_visualised(scene, st.query_params.get("layer", "inception4c.branch1.conv"), 17)


def drawn(**address):
    page = AppTest.from_function(section, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = str(value)
    page.run()
    assert not page.exception
    return page


def words(page):
    elements = (*page.markdown, *page.caption, *page.warning, *page.error)
    found = "\n".join(part for one in elements for part in (getattr(one, "title", None), one.value) if part)
    return found.replace("\\", "")


def pictures(seed=0, attempts=1):
    steps = ASKED.frames
    frames = np.random.RandomState(seed).randint(0, 255, (len(steps), 1, 128, 128, 3)).astype(np.uint8)
    return Visualised(frames, steps, np.arange(len(steps), dtype=np.float32)[:, None], seed, attempts)


def button(page, label):
    return next(one for one in page.button if one.label == label)


def test_with_none_it_says_what_they_are_and_asks_for_them_with_one_click(store, runs):
    page = drawn()
    assert "noise" in words(page)
    assert "2 pictures · about" in words(page)
    button(page, "Visualise").click().run()
    (job,) = queue.jobs(store)
    assert job.kind == VISUALISE
    assert job.request["visualisation"] == ASKED.to_json()
    assert button(page, "Visualise").disabled
    assert button(page, "Cancel")
    button(page, "Cancel").click().run()
    assert queue.jobs(store)[0].state == queue.CANCELLED


def test_tiles_show_the_step_that_is_chosen_and_tell_why_there_is_no_picture(store, runs):
    keep_visualised(store, runs[0].id, ASKED, pictures(1000, 2), 9.0)
    keep_visualised(store, runs[1].id, ASKED, Refused("it was removed", "one that was not", "choose another"), 0.1)
    page = drawn()
    assert len(page.get("image")) == 1
    assert "activation 10.0" in words(page)
    assert "attempt 2" in words(page)
    assert "No picture: it was removed." in words(page)
    assert "Visualise" not in [one.label for one in page.button]
    (slider,) = page.select_slider
    slider.set_value(ASKED.frames[2]).run()
    assert "activation 2.00" in words(page)
    assert "activation 0.00" in words(drawn(**{f"vis_after_{ASKED.steps}": 0}))


def test_the_rest_can_be_made_where_some_are_there(store, runs):
    keep_visualised(store, runs[0].id, ASKED, pictures(), 9.0)
    page = drawn()
    assert "1 picture · about 9 s" in words(page)
    button(page, "Visualise the others").click().run()
    assert queue.jobs(store)[0].request["specs"] == [PRUNED.to_json()]
    assert "No picture yet." in words(page)


def test_settings_in_the_address_make_another_question(store, runs):
    keep_visualised(store, runs[0].id, ASKED, pictures(), 9.0)
    page = drawn(drive="Down", vis_steps=64, vis_seed=3, vis_diversity=2, vis_transforms="none")
    button(page, "Visualise").click().run()
    how = Visualisation(PLACE, UNIT, sign=-1, steps=64, seed=3, diversity=2, transforms="none")
    assert queue.jobs(store)[0].request["visualisation"] == how.to_json()


def test_a_wrong_address_is_named_and_a_logit_has_no_position(runs):
    page = drawn(drive="Sideways", vis_steps="many", layer="fc")
    assert "Sideways" in words(page)
    assert "many" in words(page)
    assert "What is driven" not in [one.label for one in page.button_group]


def test_a_failed_job_says_why_and_is_tried_again(store, runs):
    page = drawn()
    button(page, "Visualise").click().run()
    claimed = queue.claim(store, "cpu")
    queue.finish(store, claimed, queue.FAILED, "out of memory")
    page = drawn()
    assert "out of memory" in words(page)
    button(page, "Try again").click().run()
    assert queue.jobs(store)[0].state == queue.QUEUED
