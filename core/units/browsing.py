"""The units of one network as a list: which of them, in which order, found by what they are called. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.units.places import unit_name
from core.units.results import Units


@dataclass(frozen=True)
class Listing:
    """A choice of units, and their order: by a column, the lowest first, or as they come in the network."""

    title: str
    meaning: str
    state: str = ""  # those of this state of core.units.comparison
    constant: bool | None = None  # those that are constant, or that are not
    order: str = ""
    falling: bool = False  # the highest first
    sign: int = 0  # those whose `order` is above (1) or below (-1) zero
    paired: bool = False  # takes the same units of the dense network


LISTINGS: dict[str, Listing] = {
    one.title: one
    for one in (
        Listing("All units", "in the order of the network"),
        Listing("Highest score", "live units, the highest score first", constant=False, order="mis", falling=True),
        Listing("Lowest score", "live units, the lowest score first", constant=False, order="mis"),
        Listing("Constant", "units that never change over the images", constant=True),
        Listing("Lost most", "live in both networks, the largest loss first", order="change", sign=-1, paired=True),
        Listing(
            "Gained most", "live in both networks, the largest gain first", order="change", falling=True, sign=1,
            paired=True,
        ),
        Listing("Died", "live in the dense network, constant in this one", state="died", paired=True),
        Listing("Woke", "constant in the dense network, live in this one", state="woke", paired=True),
    )
}  # fmt: skip


def named_units(units: Units, frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return `unit_frame` with `name` of the unit and `favours`, the classes with the highest mean activation."""
    known = [*classes, ""]  # -1: no class
    favours = np.array(known, dtype=object)[units["classes"]]
    return frame.assign(
        name=[unit_name(layer, unit) for layer, unit in zip(frame["layer"], frame["unit"], strict=True)],
        favours=[", ".join(name for name in row if name) for row in favours.tolist()],
    )


def of_part(units: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the units of a layer or of a block; empty: all. Of any table with the columns `layer` and `block`."""
    return units[(units["block"] == part) | (units["layer"] == part)] if part else units


def listed_units(units: pd.DataFrame, listing: Listing, part: str = "", text: str = "") -> pd.DataFrame:
    """Return the rows of `named_units` that a listing has, of a layer or block (empty: of all), in its order.

    `text` is looked for in the names of units and of the classes that they favour. A listing that is `paired` takes
    the columns `state` and `change` of `core.units.comparison.matched`.
    """
    units = of_part(units, part)
    wanted = _with_text(units, text.strip())
    if listing.state:
        wanted &= units["state"] == listing.state
    if listing.constant is not None:
        wanted &= units["constant"] == listing.constant
    if listing.sign:
        wanted &= listing.sign * units[listing.order] > 0
    found = units[wanted]
    if not listing.order:
        return found
    return found.sort_values(listing.order, ascending=not listing.falling, kind="stable")


def _with_text(units: pd.DataFrame, text: str) -> pd.Series:
    if not text:
        return pd.Series(True, index=units.index)
    look = {"case": False, "regex": False}
    return units["name"].str.contains(text, **look) | units["favours"].str.contains(text, **look)
