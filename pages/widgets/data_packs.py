"""What is packed in this cache, of whatever source: what it takes on the disk, and how it is deleted."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core.data.packs import BEGUN, DOUBTFUL, SET_ASIDE, WHOLE, KeptPack, kept_packs
from core.jobs.packs import delete_unused_pack, users_of
from core.words import count, listed, size
from pages.widgets.core_access import store
from pages.widgets.errors import plain, shown_errors

_STATES = {
    WHOLE: "ready",
    BEGUN: "begun: packing goes on from there",
    DOUBTFUL: "in doubt: checked and mended when used next",
    SET_ASIDE: "damaged, set aside: of no use",
}
_WHAT = (
    "Each source is packed once for each way of making pixels of its images, so that networks read them at the speed "
    "of the disk. A pack can be made again at any time; what was measured on it stays."
)


def draw_packs() -> None:
    """Draw all packs of the cache, folded, and what can be done with them."""
    packs = kept_packs(store().folder)
    taken = size(sum(one.bytes for one in packs)) if packs else "none"
    with st.expander(f"Packed images on this disk: {taken}"):
        st.caption(plain(_WHAT))
        if not packs:
            st.markdown("Nothing is packed yet. *Pack*, above, packs a source; so does the first run on it.")
            return
        chosen = _table(packs)
        _actions(packs, chosen)


def _table(packs: Sequence[KeptPack]) -> list[KeptPack]:
    """Draw a row a pack and return those that are ticked."""
    event = st.dataframe(
        pd.DataFrame([_row(one) for one in packs]),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key="kept_packs " + " ".join(one.id for one in packs),  # what was ticked is not ticked in another list
        column_config={
            "images": st.column_config.NumberColumn(format="localized", help="Packed so far"),
            "of": st.column_config.NumberColumn(format="localized", help="Images of the source"),
            "MB": st.column_config.NumberColumn(format="%.1f", help="On the disk"),
            "last used (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "pixels": st.column_config.TextColumn(help="Shorter side resized to, then the centre cut out"),
        },
    )
    return [packs[place] for place in event.selection.rows]


def _row(one: KeptPack) -> dict[str, object]:
    return {
        "source": one.source or one.title,
        "MB": one.bytes / 1e6,  # seen in a narrow window too
        "pixels": one.preset,
        "state": _STATES[one.state],
        "images": one.images,
        "of": one.of,
        "last used (UTC)": datetime.fromtimestamp(one.used, UTC),
    }


def _actions(packs: Sequence[KeptPack], chosen: list[KeptPack]) -> None:
    free = size(shutil.disk_usage(store().folder).free)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Delete …", key="delete_packs", disabled=not chosen):
            _confirm(chosen)
        words = f"{count(len(packs), 'pack')}, {size(sum(one.bytes for one in packs))}; {free} free on the disk"
        st.markdown(plain(f"{words}." if chosen else f"{words}. Tick rows to delete."), width="content")


@st.dialog("Delete packs")
def _confirm(chosen: list[KeptPack]) -> None:
    used = [one.title for one in chosen if users_of(store(), one)]
    if used:
        st.warning(plain(f"{listed(used)}: queued or running work is about it. Cancel that first, then delete."))
        return
    st.markdown(
        "\n".join(f"- {plain(f'{one.source or one.title}, {one.preset}: {size(one.bytes)}')}" for one in chosen)
    )
    freed = size(sum(one.bytes for one in chosen))
    st.markdown(
        plain(
            f"{count(len(chosen), 'pack')} will be gone, {freed}. The images themselves and all that was measured "
            "stay; the next run on them packs them again."
        )
    )
    with st.container(horizontal=True):
        if st.button(f"Delete {count(len(chosen), 'pack')}", type="primary"):
            with shown_errors():
                for one in chosen:
                    delete_unused_pack(store(), one)
            st.rerun()
        if st.button("Keep them"):
            st.rerun()
