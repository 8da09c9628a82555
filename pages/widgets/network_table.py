"""All networks in a table, and the choice of the one that is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.known_networks import KnownNetwork, networks_table
from pages.widgets.address import name_unknown
from pages.widgets.network_known import Known

CHOSEN = "named"  # in the URL
_TABLE = "networks"


def choose_network(known: Known) -> KnownNetwork:
    """Draw the choice of a network."""
    names = [one.name for one in known.networks]
    if st.session_state.get(CHOSEN) not in names:  # else the address is about to follow, as where one was removed
        name_unknown(CHOSEN, "network", names)
    name = st.selectbox(
        "Look at", names, key=CHOSEN, bind="query-params", width=420, help="Or click on a row of the table."
    )
    return known.network(str(name))


def draw_table(known: Known) -> None:
    """Draw all networks; a click on a row chooses that one."""
    names = [one.name for one in known.networks]
    share = st.column_config.NumberColumn(format="%.1f")
    st.dataframe(
        networks_table(known.networks, known.described, known.runs, known.measured),
        hide_index=True,
        key=_TABLE,
        on_select=lambda: _choose(names),
        selection_mode="single-row",
        placeholder="–",
        column_config={
            "network": st.column_config.TextColumn(pinned=True, width=150),
            "source": st.column_config.TextColumn(width=170),
            "parameters": st.column_config.NumberColumn(format="localized"),
            "classes": st.column_config.NumberColumn(format="localized", width="small"),
            "top-1 %": share,
            "on": st.column_config.TextColumn(width=125, help="The images on which it was measured, as it is"),
            "n": st.column_config.NumberColumn("images", format="localized", width="small"),
            "looks": st.column_config.TextColumn(
                "zeros look like", width=125, help="The pruning that leaves such zeros"
            ),
            "sparsity %": st.column_config.NumberColumn(format="%.1f", help="Of the prunable weights"),
            "note": st.column_config.TextColumn(width=100),
            "sha256": st.column_config.TextColumn("SHA-256", width=100, help="Hover or copy for all of it"),
        },
    )


def _choose(names: Sequence[str]) -> None:
    rows = st.session_state[_TABLE].selection.rows
    if rows and rows[0] < len(names):
        st.session_state[CHOSEN] = names[rows[0]]
