"""Whether a source is packed, what packing takes, and how far it is."""

from __future__ import annotations

import shutil

import streamlit as st

from core.data.pack import Pack, pack_cost
from core.experiment import ExperimentSpec
from core.jobs.executor import PACK
from core.jobs.subject import Subject
from core.store.queue import Job
from core.words import count, size
from pages.widgets.core_access import executor, keep_workers, store
from pages.widgets.errors import plain
from pages.widgets.one_job import Work, draw_work


def draw_packing(spec: ExperimentSpec, subject: Subject) -> None:
    """Draw how the packing of some data stands; runs again by itself while it is under way."""
    wanted = spec.dense().to_json()

    def packs_it(job: Job) -> bool:
        """Whether a job packs the data as they are made for the network of `spec`."""
        return job.kind == PACK and ExperimentSpec.from_json(job.request["of"]).dense().to_json() == wanted

    stopping, kept = "Stopping after these images", "What is packed is kept; Pack goes on from there."
    draw_work(Work(packs_it, stopping, kept, "Packing failed"), lambda: _stands(spec, subject))


def _stands(spec: ExperimentSpec, subject: Subject) -> None:
    pack = subject.packed()
    if pack is None:
        _offer(spec, subject)
    else:
        _packed(pack)


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
