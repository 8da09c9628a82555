"""A table of units to look through: which of them, in which order, with their strongest images."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import PrunescopeError
from core.families import Member
from core.figures.export import file_name
from core.figures.unit_thumbnails import thumbnails
from core.units.browsing import LISTINGS, Listing, listed_units, named_units
from core.units.comparison import DIED, hard_name, units_table
from core.words import NOT_KNOWN, count
from pages.widgets.address import name_unknown
from pages.widgets.core_access import made_at
from pages.widgets.errors import plain
from pages.widgets.family import show
from pages.widgets.kept import Kept
from pages.widgets.unit_pairs import pairs_of
from pages.widgets.unit_parts import choose_part
from pages.widgets.unit_scene import UnitScene, open_unit
from pages.widgets.unit_views import pixels_of

PER_PAGE = 50
_TABLE = "units_table"
_IMAGES, _SIDE, _ROW = 4, 64, 52  # images a row, pixels of each as it is kept, pixels of a row
_STRIPS = 8192  # at 6 kB each


@dataclass(frozen=True, eq=False)
class _Rows:
    """The units that are listed, of one network."""

    scene: UnitScene
    member: Member
    listing: Listing
    units: pd.DataFrame

    @property
    def paired(self) -> bool:
        """Whether there is a change to show: the network is not the dense one, and the units are live."""
        return self.member is not self.scene.dense and not self.died

    @property
    def died(self) -> bool:
        """Whether these units died: they are shown as they were in the dense network, for now nothing drives them."""
        return self.listing.state == DIED

    @property
    def whose(self) -> Member:
        """The network in which the units are shown."""
        return self.scene.dense if self.died else self.member


def draw_browse(scene: UnitScene) -> None:
    """Draw the filters, a page of the table, and the download of all its units."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        member = _choose_member(scene)
        listing = _choose_listing(paired=member is not scene.dense)
        part = choose_part(scene, "in", on_change=_to_first_page)
        text = st.text_input(
            "Find", key="find", bind="query-params", width=200, placeholder="unit or class", on_change=_to_first_page,
            help="In the names of the units and of the classes that they favour.",
        )  # fmt: skip
    units = listed_units(_units(scene, member), listing, part, text or "")
    rows = _Rows(scene, member, listing, units)
    if units.empty:
        st.info("There is no such unit. Choose other units, another layer, or another word to find.")
    else:
        _draw_page(rows)
    _offer_download(rows)


def _choose_member(scene: UnitScene) -> Member:
    """Draw the choice of a network; the URL holds it by run id (`whose`)."""
    offered = {member.id: member for member in (*scene.beside, scene.dense)}
    named = st.query_params.get("whose", "")
    show("whose_in", named if named in offered else next(iter(offered)))
    chosen = st.segmented_control(
        "Network", list(offered), format_func=scene.titles.__getitem__, required=True, key="whose_in",
        on_change=_on_member,
    )  # fmt: skip
    return offered[str(chosen)]


def _on_member() -> None:
    st.query_params["whose"] = st.session_state["whose_in"]
    _to_first_page()


def _choose_listing(*, paired: bool) -> Listing:
    offered = [title for title, one in LISTINGS.items() if paired or not one.paired]
    name_unknown("which", "list of units", list(LISTINGS))
    if st.session_state.get("which") not in (None, *offered):
        show("which", offered[0])
    title = st.selectbox(
        "Which",
        offered,
        index=offered.index("Lost most") if paired else 0,
        key="which",
        bind="query-params",
        width=170,
        on_change=_to_first_page,
        help="; ".join(f"{title}: {LISTINGS[title].meaning}" for title in offered),
    )
    return LISTINGS[title]


def _to_first_page() -> None:
    st.session_state["units_page"] = 1


def _units(scene: UnitScene, member: Member) -> pd.DataFrame:
    """Return all units of a network, named, with what changed against the dense one."""
    return _named(scene.study.id, member.id, made_at(member.spec, member.id), scene.classes, scene, member)


@st.cache_resource(max_entries=32, show_spinner=False)
def _named(
    study: str, run: str, made: int | None, classes: tuple[str, ...], _scene: UnitScene, _member: Member
) -> pd.DataFrame:
    named = named_units(_scene.raw(_member), _scene.units(_member), classes)
    if _member is _scene.dense:
        return named.assign(state=named["constant"].map({True: "constant", False: "live"}))
    pairs = pairs_of(_scene, _member)
    return named.assign(state=pairs["state"], change=pairs["change"])


def _draw_page(rows: _Rows) -> None:
    pages = -(-len(rows.units) // PER_PAGE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{count(len(rows.units), 'unit')}: {_meaning(rows)}. Select a row to look into it.")
        page = _choose_page(pages)
    listed = rows.units.iloc[PER_PAGE * (page - 1) : PER_PAGE * page]
    shown = _units(rows.scene, rows.whose).loc[listed.index]
    st.dataframe(
        _table(rows, shown),
        hide_index=True,
        row_height=_ROW,
        height=_ROW * min(len(shown), 12) + 40,
        column_config=_columns(rows),
        key=_TABLE,
        on_select=lambda: _open_selected(shown),
        selection_mode="single-row",
        placeholder=NOT_KNOWN,
    )


def _meaning(rows: _Rows) -> str:
    return rows.listing.meaning + ("; shown as they were in the dense network" if rows.died else "")


def _choose_page(pages: int) -> int:
    if pages == 1:
        return 1
    if st.session_state.get("units_page", 1) > pages:
        st.session_state["units_page"] = 1
    return int(st.pagination(pages, key="units_page", bind="query-params", width="content"))


def _table(rows: _Rows, shown: pd.DataFrame) -> pd.DataFrame:
    """Return a page of the table; constant units have no score, and no image drives them more than another."""
    score, hard = rows.scene.study.score, hard_name(rows.scene.study)
    favours = shown["favours"].mask(shown["constant"], "")
    table = pd.DataFrame({"unit": shown["name"], "strongest images": _strips(rows, shown), "favours": favours})
    table[hard], table[score] = shown["hard"], shown["mis"]
    table["95 %"] = [_between(low, high) for low, high in zip(shown["mis_low"], shown["mis_high"], strict=True)]
    if rows.paired:
        table["change"] = shown["change"]
    if not rows.listing.state and rows.units["state"].nunique() > 1:
        table["state"] = shown["state"]
    return table.assign(activation=shown["mean"], deviation=shown["deviation"])


def _between(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{low:.3f} to {high:.3f}"


def _columns(rows: _Rows) -> dict[str, Any]:
    score, hard = rows.scene.study.score, hard_name(rows.scene.study)
    text = st.column_config.TextColumn
    return {
        "unit": text(width=190, pinned=True),
        "strongest images": st.column_config.ImageColumn(
            width=190, help=f"The {_IMAGES} images with the highest activation, the highest first"
        ),
        "favours": text(width=175, help="Classes with the highest mean activation, the highest first"),
        hard: _number("Share of the tasks that are decided correctly", width=195),
        score: _number("Mean probability of the correct decision over the tasks", width=165),
        "95 %": text(width=110, help=f"95 % interval of {score}: bootstrap over the tasks, the images as they are"),
        "change": _number(f"{score} less that of the same unit in the dense network", "%+.3f"),
        "activation": _number("Mean over the images of the channel's spatial mean"),
        "deviation": _number("Standard deviation of the activation over the images"),
    }


def _number(note: str, form: str = "%.3f", width: int = 75) -> Any:
    return st.column_config.NumberColumn(format=form, width=width, help=note)


def _open_selected(shown: pd.DataFrame) -> None:
    picked = st.session_state[_TABLE]["selection"]["rows"]
    if picked:
        row = shown.iloc[picked[0]]
        open_unit(str(row["layer"]), int(row["unit"]))


def _strips(rows: _Rows, shown: pd.DataFrame) -> list[str]:
    tops = rows.scene.raw(rows.whose)["top"][shown.index.to_numpy(), :_IMAGES].tolist()
    return [
        "" if constant else _strip(rows.scene, tuple(images))
        for images, constant in zip(tops, shown["constant"], strict=True)
    ]


def _strip(scene: UnitScene, images: tuple[int, ...]) -> str:
    """Return the images at these places of the pack as one small picture; empty if they cannot be read."""
    key: Hashable = scene.family.data_sha, images
    found = _kept().get(key)
    if found is not None:
        return found
    try:
        return _kept().put(key, thumbnails(pixels_of(scene.subject, images), _SIDE))
    except PrunescopeError:
        return ""


@st.cache_resource(show_spinner=False)
def _kept() -> Kept[str]:
    return Kept(_STRIPS)


def _offer_download(rows: _Rows) -> None:
    scene, member = rows.scene, rows.member
    every = len(scene.units(member))
    st.download_button(
        f"Download {every:,} units as CSV",
        lambda: (
            units_table(scene.units(member), scene.study, scene.title(member), member.id).to_csv(index=False).encode()
        ),
        file_name(f"prunescope-units-{scene.study.encoding.name}", member.id) + ".csv",
        "text/csv",
        on_click="ignore",
        help=plain(f"All units of {scene.title(member)}, the score by its whole name: {scene.study.in_words()}"),
    )
