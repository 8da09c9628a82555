"""One map in a window of its own: in full size, with its values, its whole caption, and to download.

The URL holds which (`closeup`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.figures.closeup import closeup
from core.figures.look import MASKED, Look
from core.figures.maps import Map, scale_bar
from pages.widgets.asked import View
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.pictures import caption_of, name_of, numbers_of, original, picture_in, sheet_of

_BARE = {"displayModeBar": False}


def enlarge(key: str) -> None:
    """Have the map of that network shown in a window of its own."""
    st.query_params["closeup"] = key


def draw_closeup(views: Sequence[View], look: Look, ends: Sequence[float]) -> None:
    """Open the window if the URL asks for it."""
    wanted = st.query_params.get("closeup")
    found = next(((view, end) for view, end in zip(views, ends, strict=True) if view.key == wanted), None)
    if found is not None:
        view, end = found
        together = sum(one.map is not None for one in views)
        st.dialog(plain(_title(view)), width="large", on_dismiss=_close)(_draw)(view, look, end, together)
    elif wanted is not None:
        st.query_params.pop("closeup")
        st.warning(f"There is no network {plain(wanted)} side by side with these, so none is enlarged.")


def _title(view: View) -> str:
    return f"{view.title}, {view.ask.image.id}"


def _draw(view: View, look: Look, end: float, together: int) -> None:
    entry, dark = view.ask.question.entry, is_dark()
    if view.map is None:
        st.warning(plain(view.reason), title="There is no map")
        return
    titles = ("Picture", f"{entry.title}, {entry.unit}")
    figure = closeup(original(view, look), picture_in(view, look, end), view.map, titles=titles, dark=dark)
    st.plotly_chart(figure, key="closeup figure", theme=None, config=_BARE)
    if look.style != MASKED:
        bar = scale_bar(limit=end, signed=entry.signed, dark=dark, unit=entry.unit)
        st.plotly_chart(bar, key="closeup scale", theme=None, config=_BARE)
    st.caption("  \n".join(plain(line) for line in caption_of(view, look, end, together)))
    _downloads(view, view.map, partial(sheet_of, view, look, end, together))


def _downloads(view: View, values: Map, drawn: Callable[[], bytes]) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "PNG with caption",
            drawn,
            f"{name_of(view)}.png",
            "image/png",
            on_click="ignore",
            help="The picture, the map, its scale and its caption in one image",
        )
        st.download_button(
            "NPZ with numbers",
            partial(numbers_of, view, values),
            f"{name_of(view)}.npz",
            "application/octet-stream",
            on_click="ignore",
            help="The map, the picture, the target and the question, for NumPy",
        )


def _close() -> None:
    st.query_params.pop("closeup", None)
