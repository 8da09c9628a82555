"""Which pruned network is set against its dense network. The URL holds it by run id (`run`)."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.families import Family, Member
from core.jobs.subject import Subject
from pages.widgets.family import choose_curve, choose_family, choose_rate, subject_of_family, typical


@dataclass(frozen=True)
class Pair:
    """A pruned or retrained network of a family and its dense network; None for what was not run."""

    family: Family
    pruned: Member | None

    @property
    def dense(self) -> Member | None:
        """The run of the dense network."""
        return self.family.dense

    @property
    def subject(self) -> Subject:
        """The network and the images that the runs are of. Raises what stands in the way of it."""
        return subject_of_family(self.family)


def choose_pair(found: tuple[Family, ...]) -> Pair:
    """Draw the choice of the dense network with its images, of a curve, and of a rate on it. `found` is not empty."""
    left, middle, right = st.columns([3, 3, 5])
    with left:
        family = choose_family(found, "run")
    curves = family.curves()
    if not curves:
        return Pair(family, None)
    pruned = family.member(st.query_params.get("run", ""))
    if pruned is None or pruned.spec.is_dense:
        pruned = typical(next(iter(curves.values())))
    st.query_params["run"] = pruned.id
    with middle:
        curve = choose_curve(curves, pruned, _go)
    with right:
        note = "The nominal share that was removed. The slider moves over the runs of the curve."
        choose_rate("Rate", curve, pruned, note, _go)
    return Pair(family, pruned)


def _go(run: str) -> None:
    st.query_params["run"] = run
