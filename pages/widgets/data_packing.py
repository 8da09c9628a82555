"""Whether a source is packed, what packing takes, and how far it is."""

from __future__ import annotations

import shutil

import streamlit as st

from core.data.pack import Pack, pack_cost
from core.experiment import ExperimentSpec
from core.jobs.executor import PACK
from core.jobs.subject import Subject
from core.store.queue import FAILED, OPEN, RUNNING, Job, forget
from core.words import count, duration, size
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import plain, shown_errors
from pages.widgets.progress import POLL_SECONDS, job_words


def draw_packing(spec: ExperimentSpec, subject: Subject) -> None:
    """Draw how the packing of some data stands; runs again by itself while it is under way."""
    working = bool(_jobs(spec, OPEN))
    st.fragment(_live, run_every=POLL_SECONDS if working else None)(spec, subject, working)


def _live(spec: ExperimentSpec, subject: Subject, working: bool) -> None:
    with shown_errors():
        jobs = _jobs(spec, OPEN)
        if working and not jobs:
            st.rerun()
        if jobs:
            keep_workers()
            _under_way(jobs[0])
            return
        for job in _jobs(spec, (FAILED,)):
            _failed(job)
        pack = subject.packed()
        if pack is None:
            _offer(spec, subject)
        else:
            _packed(pack)


def _jobs(spec: ExperimentSpec, states: tuple[str, ...]) -> list[Job]:
    """Return the jobs in these states that pack the data as they are made for the network of `spec`."""
    wanted = spec.dense().to_json()
    return [
        job
        for job in executor().list(states)
        if job.kind == PACK and ExperimentSpec.from_json(job.request["of"]).dense().to_json() == wanted
    ]


def _under_way(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, text=plain(_progress_words(job)))
        if st.button("Cancel", key=f"cancel {job.id}", help="What is packed is kept; Pack goes on from there."):
            executor().cancel([job.id])


def _progress_words(job: Job) -> str:
    if job.cancelling:
        return "Stopping after these images"
    if job.state != RUNNING:
        return "Waiting for what is queued before it"
    left = f", about {duration(job.seconds_left)} left" if job.seconds_left is not None and job.done else ""
    words = job_words(job)
    return f"{words[:1].upper()}{words[1:]}{left}"


def _failed(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(plain(job.message), title="Packing failed")
        if st.button("Dismiss", key=f"dismiss {job.id}"):
            forget(store(), [job.id])
            st.rerun()


def _offer(spec: ExperimentSpec, subject: Subject) -> None:
    needed = pack_cost(subject.source, subject.preset, subject.cache).bytes
    free = shutil.disk_usage(store().folder).free
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Pack", type="primary", key="pack", disabled=needed > free):
            executor().prepare(spec)
            keep_workers()
            st.rerun()
        st.markdown(plain(_need(needed, free)), width="content" if needed <= free else "stretch")


def _need(needed: int, free: int) -> str:
    if needed > free:
        mend = "Make room (packs can be deleted below), or set PRUNESCOPE_CACHE to a folder on a larger disk."
        return f"Not packed yet. It takes {size(needed)}, and {size(free)} are free on the disk. {mend}"
    if not needed:
        return "Packed, but in doubt: Pack, or the first run, checks it and mends what is damaged."
    words = f"Not packed yet. It takes {size(needed)} of the {size(free)} free on the disk, once"
    return f"{words}; the first run packs by itself."


def _packed(pack: Pack) -> None:
    side = pack.preset.crop
    taken = size(pack.file.stat().st_size)
    st.markdown(
        plain(f"Packed: {count(len(pack), 'image')} of {side} x {side} pixels, {taken} on disk."),
        help=plain(f"In {pack.folder}; fingerprint {pack.fingerprint[:12]}"),
    )
    if pack.skipped:
        with st.expander(f"{count(len(pack.skipped), 'image')} skipped: broken, so in no figure"):
            st.dataframe([{"image": one.id, "why": one.reason} for one in pack.skipped], hide_index=True)
