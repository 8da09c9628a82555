"""Where pictures of one's own come in: uploaded or pasted. What is refused is named with its reason."""

from __future__ import annotations

import streamlit as st

from core.uploads.photos import ALLOWED, MOST_AT_ONCE, MOST_BYTES
from core.words import count
from pages.widgets.errors import plain
from pages.widgets.own_pictures import Refused, refused, take

_ROUND = "uploads so far"  # a new uploader after each upload: the pictures are listed once, by their thumbnails
_KINDS = "image"  # anything that says it is one: what it really is, is found out here
_MEGABYTES = MOST_BYTES // 10**6
_AT_A_GLANCE = 3  # refusals that are shown unfolded


def draw_inbox() -> None:
    """Draw the ways in, and what was refused last."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        number = st.session_state.get(_ROUND, 0)
        st.file_uploader(
            "Upload pictures",
            type=_KINDS,
            accept_multiple_files=True,
            max_upload_size=_MEGABYTES,
            key=f"upload {number}",
            on_change=_on_upload,
            args=(number,),
            help=f"{ALLOWED}; up to {MOST_AT_ONCE} in a session. They stay in the memory of this session: nothing is "
            "written to disk, and closing the tab forgets them.",
            width=360,
        )
        with st.container(width=360):
            st.chat_input(
                "Or click here, paste (Ctrl+V), Enter",
                key="paste",
                accept_file="multiple",
                file_type=_KINDS,
                max_upload_size=_MEGABYTES,
                on_submit=_on_paste,
            )
    _name_refused(refused())


def _on_upload(number: int) -> None:
    _take([(file.name, file.getvalue()) for file in st.session_state[f"upload {number}"]])
    st.session_state[_ROUND] = number + 1


def _on_paste() -> None:
    _take([(file.name, file.getvalue()) for file in st.session_state["paste"].files])


def _take(files: list[tuple[str, bytes]]) -> None:
    first = take(files)
    if first is not None:
        st.query_params["own"] = first


def _name_refused(files: Refused) -> None:
    if not files:
        return
    lines = [f"- {plain(error.given)}. Allowed: {plain(error.allowed)}; {plain(error.mend)}" for _, error in files]
    st.warning("\n".join(lines[:_AT_A_GLANCE]), title=f"{count(len(files), 'file was', 'files were')} not taken")
    if lines[_AT_A_GLANCE:]:
        with st.expander(count(len(lines) - _AT_A_GLANCE, "more file"), type="compact"):
            st.markdown("\n".join(lines[_AT_A_GLANCE:]))
