"""Every network: what it is, where it comes from, how good it is, what was pruned in it; and adding one's own."""

from __future__ import annotations

import streamlit as st

from core.known_networks import KnownNetwork
from core.words import count, listed
from pages.widgets.errors import plain, shown_errors
from pages.widgets.network_add import draw_add
from pages.widgets.network_card import draw_network
from pages.widgets.network_known import Known, find_known
from pages.widgets.network_table import choose_network, draw_table
from pages.widgets.router import through_router


def page() -> None:
    """Draw the page."""
    headline, table, adding = (st.container() for _ in range(3))
    with adding:
        draw_add()
    known = find_known()
    headline.markdown(plain(_headline(known)))
    with table:
        draw_table(known)
    draw_network(known, choose_network(known))


def _headline(known: Known) -> str:
    kinds = {
        "by name": sum(one.name == one.network for one in known.networks),
        "added here": sum(one.added for one in known.networks),
        "from runs": sum(_from_runs(one) for one in known.networks),
    }
    missing = [one.name for one in known.networks if known.described[one.name] is None]
    away = f" Not at hand: {listed(missing)}." if missing else ""
    told = listed([f"{number:,} {words}" for words, number in kinds.items() if number])
    return f"{count(len(known.networks), 'network')}: {told}.{away}"


def _from_runs(one: KnownNetwork) -> bool:
    return not one.added and one.name != one.network


through_router()
with shown_errors():
    page()
