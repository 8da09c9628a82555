from __future__ import annotations

import pytest

from core.experiment import Extent
from core.jobs.executor import Executor
from core.store import queue

PAGE = "pages/runs.py"


def words(page):
    elements = (*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.subheader)
    return " ".join(one.value for one in elements).replace("\\", "")


def button(page, label, place=0):
    return [one for one in page.button if one.label == label][place]


def history(page):
    return page.dataframe[0].value


@pytest.fixture
def queued(measured, empty_store, specs):
    """Two jobs that nobody does yet: the measured networks on more images."""
    return Executor(empty_store).submit([specs[0.2]], Extent(200)).jobs


def test_nothing_yet_says_what_belongs_here_and_where_to_begin(empty_store, visit):
    page = visit(PAGE)
    assert not page.exception
    assert "Nothing is queued" in words(page)
    assert "There is none yet" in words(page)


def test_the_queue_shows_each_job_and_cancels_one_alone(queued, empty_store, visit):
    page = visit(PAGE)
    assert all(job.title in words(page) for job in queued)
    page.button(key=f"cancel-{queued[1].id}").click().run()
    assert [job.id for job in Executor(empty_store).list(queue.OPEN)] == [queued[0].id]


def test_a_running_job_says_how_far_it_is(queued, empty_store, visit):
    job = queue.claim(empty_store, "cpu")
    with empty_store.writing() as db:
        queue.report(db, job.id, 50, 200, 10.0, "evaluating")
    page = visit(PAGE)
    assert "evaluating 50 of 200 images at 10 images/s, 15 s left" in words(page)
    assert "waiting" in words(page)


def test_the_whole_queue_can_be_cancelled(queued, empty_store, visit):
    button(visit(PAGE), "Cancel").click().run()
    assert Executor(empty_store).list(queue.OPEN) == []


def test_a_failed_job_shows_why_until_it_is_tried_again_or_dismissed(queued, empty_store, visit):
    job = queue.claim(empty_store, "cpu")
    queue.finish(empty_store, job, queue.FAILED, "the disk is full")
    page = visit(PAGE)
    assert "the disk is full" in words(page)
    page.button(key=f"retry-{job.id}").click().run()
    assert len(Executor(empty_store).list(queue.OPEN)) == 2
    queue.finish(empty_store, queue.claim(empty_store, "cpu", [job.id]), queue.FAILED, "still full")
    page = visit(PAGE)
    page.button(key=f"dismiss-{job.id}").click().run()
    assert "still full" not in words(page)


def test_the_log_of_a_job_is_shown_on_demand(queued, empty_store, visit):
    (empty_store.folder / "logs").mkdir(exist_ok=True)
    (empty_store.folder / "logs" / f"{queued[0].id}.log").write_text("out of memory; going on with 16")
    page = visit(PAGE)
    assert not page.code
    page.session_state[f"log-{queued[0].id}"] = True
    page.run()
    assert "going on with 16" in page.code[0].value


def test_the_history_lists_every_run_and_filters_narrow_it(measured, visit):
    assert sorted(history(visit(PAGE))["id"]) == sorted(measured.values())
    narrowed = visit(PAGE, only_technique="Unstructured")
    assert sorted(history(narrowed)["id"]) == sorted([measured[0.2], measured[0.5]])


def test_shipped_runs_are_labelled(measured, empty_store, visit):
    with empty_store.writing() as db:
        db.execute("UPDATE runs SET shipped = 1 WHERE id = ?", (measured[0.0],))
        db.execute("DELETE FROM jobs WHERE subject = ?", (measured[0.0],))
    states = history(visit(PAGE)).set_index("id")["state"]
    assert states[measured[0.0]] == "shipped"
