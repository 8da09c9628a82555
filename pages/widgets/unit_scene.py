"""One study of the units of a family of networks, and which of the networks it scored are looked at.

The URL holds the networks by run id (`run` the first, `with` the others), the unit by `layer` and `unit`, the section
by `show`; the widgets only show and change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from core.families import Family, Member
from core.jobs.subject import Subject
from core.units.comparison import distinct_titles
from core.units.results import Units, load_units, unit_frame
from core.units.study import UnitStudy
from pages.widgets.core_access import made_at, store
from pages.widgets.kept import Kept

BESIDE = 3  # networks beside the dense one
ONE_UNIT = "One unit"

_TABLES = 64  # at 1 MB each
_DIGITS = 9  # of the number of a unit: more than any layer has


@dataclass(frozen=True, eq=False)
class UnitScene:
    """What every section of the page looks at."""

    family: Family
    subject: Subject
    study: UnitStudy  # resolved
    members: tuple[Member, ...]  # the dense network first, then up to three chosen ones; the study scored all of them
    scored: Mapping[str, Member]  # run id -> every member of the family that the study scored, the dense one first

    @property
    def dense(self) -> Member:
        """The run of the dense network."""
        return self.members[0]

    @property
    def beside(self) -> tuple[Member, ...]:
        """The chosen networks beside the dense one."""
        return self.members[1:]

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of their indices."""
        return self.subject.network.classes

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """What every scored network is called, by run id: no two of them the same."""
        return distinct_titles({**self.scored, **{member.id: member for member in self.members}}.values())

    def title(self, member: Member) -> str:
        """Return what a network is called."""
        return self.titles[member.id]

    def units(self, member: Member) -> pd.DataFrame:
        """Return the units of a network as `unit_frame`. It is shared by all sessions: not to be changed."""
        return tables_of(member, self.study)[1]

    def raw(self, member: Member) -> Units:
        """Return the units of a network as they are kept, with the lists of images and classes. Not to be changed."""
        return tables_of(member, self.study)[0]


def open_unit(place: str, unit: int) -> None:
    """Have the page show one unit. To be called before its widgets are drawn: from a callback."""
    st.query_params["layer"], st.query_params["unit"] = place, str(unit)
    st.session_state["show"] = ONE_UNIT


def unit_in_address() -> tuple[str, int] | None:
    """Return the place and the number of the unit that the URL names, None if it names none."""
    place, unit = st.query_params.get("layer", ""), st.query_params.get("unit", "")
    return (place, int(unit)) if place and unit.isdecimal() and len(unit) <= _DIGITS else None


def tables_of(member: Member, study: UnitStudy) -> tuple[Units, pd.DataFrame]:
    """Return the units of a network as they are kept, and as `unit_frame`; empty if they are damaged or not there.

    Read once for all sessions, those that are empty anew each time.
    """
    key = member.id, made_at(member.spec, member.id), study.id
    found = _kept().get(key)
    if found is not None:
        return found
    units = load_units(store(), member.id, study)
    units.flags.writeable = False
    frame = unit_frame(units, study)
    return _kept().put(key, (units, frame)) if len(units) else (units, frame)


@st.cache_resource(show_spinner=False)
def _kept() -> Kept[tuple[Units, pd.DataFrame]]:
    return Kept(_TABLES)
