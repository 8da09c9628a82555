"""Several pruned networks taken together: whose most frequent answer counts."""

from __future__ import annotations

import streamlit as st

from core.families import Family, Member


def choose_population(family: Family) -> tuple[Member, ...]:
    """Draw the choice of curves and of a range of rates, and return the measured runs in it."""
    curves = {title: curve for title, curve in family.curves().items() if not curve[0].spec.is_control}
    left, right = st.columns([4, 5])
    with left:
        wanted = st.multiselect(
            "Population",
            list(curves),
            key="population",
            bind="query-params",
            placeholder="all curves",
            help="The curves whose runs are taken together: techniques, criteria or seeds.",
        )
    members = [member for title in wanted or curves for member in curves[title] if member.images]
    rates = sorted({member.rate for member in members})
    with right:
        low, high = _choose_range(rates)
    return tuple(member for member in members if low <= member.rate <= high)


def _choose_range(rates: list[float]) -> tuple[float, float]:
    if len(rates) < 2:
        return (rates[0], rates[0]) if rates else (0.0, 0.0)
    return st.select_slider(
        "Rates",
        rates,
        value=(rates[0], rates[-1]),
        format_func="{:g}".format,
        key="rates",
        bind="query-params",
        help="The runs at these nominal rates, both ends with them.",
    )
