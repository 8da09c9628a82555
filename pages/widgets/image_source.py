"""Whose image is looked into: one of the data, or a picture of the user's own. The URL holds it (`images_from`)."""

from __future__ import annotations

import streamlit as st

from core.experiment import ExperimentSpec
from core.families import Family
from core.networks.kept import kept_networks
from core.networks.registry import NETWORKS
from core.unmeasured import same_network, told_apart, unmeasured
from pages.widgets.address import name_unknown

DATA, OWN = "Data", "Your own"
_FILE = "file"  # a network in the URL, as Trade-offs writes it: `network`, with `weights` or `checkpoint`


def wants_own(found: tuple[Family, ...]) -> bool:
    """Draw the choice and return whether it is a picture of the user's own; `found` are the networks of runs."""
    name_unknown("images_from", "place that images are from", (DATA, OWN))
    chosen = st.segmented_control(
        "Images from",
        (DATA, OWN),
        default=DATA,
        required=True,
        key="images_from",
        bind="query-params",
        label_visibility="collapsed",
        on_change=_forget_unmeasured,
        args=(found,),
        help="An image of the data, or a picture of yours: upload or paste it. A few samples are there.",
    )
    return chosen == OWN


def with_unmeasured(found: tuple[Family, ...]) -> tuple[Family, ...]:
    """Return the networks that a picture of one's own can be shown to; that of the URL first.

    `network` in the URL names it as in Trade-offs, with `weights` or `checkpoint`. To those of runs come those that
    are at hand and of which nothing was measured.
    """
    name_unknown("network", "network", [*NETWORKS, _FILE])
    named = _named()
    wanted = dict.fromkeys([*([named] if named else []), *_at_hand()])
    added = [unmeasured(spec, found) for spec in wanted if not any(same_network(spec, one.spec) for one in found)]
    every = told_apart((*found, *added))
    return tuple(sorted(every, key=lambda one: not same_network(named, one.spec))) if named else every


def _named() -> ExperimentSpec | None:
    name, weights = st.query_params.get("network"), st.query_params.get("weights")
    if name == _FILE:
        name, weights = st.query_params.get("checkpoint"), None
    return ExperimentSpec(name, weights or None) if name else None


def _at_hand() -> list[ExperimentSpec]:
    named = [ExperimentSpec(name) for name, entry in NETWORKS.items() if entry.find() is not None]
    return named + [ExperimentSpec(str(path)) for path in kept_networks()]


def _forget_unmeasured(found: tuple[Family, ...]) -> None:
    """Take the networks out of the URL that are of no run: the data were not measured on them."""
    if not any(family.member(st.query_params.get("run", "")) for family in found):
        for name in ("run", "runs", "closeup"):
            st.query_params.pop(name, None)
