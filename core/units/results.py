"""What is known of the units of networks, as tables. No torch."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from core.errors import InvalidSettingError
from core.store.batches import load
from core.store.database import Store
from core.store.runs import find_result, results_of
from core.units.places import block_of
from core.units.study import UnitStudy, study_from_json

SHOWN = 9  # of the most and of the least activating images, those that are kept with the scores
FAVOURED = 3  # classes with the highest mean activation

# One row a unit, in the order of `UnitStudy.places` and of the channels. Of a constant unit the scores are NaN.
UNIT = np.dtype(
    [
        ("place", "<i2"),  # its place in UnitStudy.places
        ("unit", "<i2"),
        ("constant", "?"),  # the same over the images but for rounding: Activity.constant
        ("mis", "<f4"),
        ("mis_low", "<f4"),  # 95 %, bootstrap over the tasks; images as they are
        ("mis_high", "<f4"),
        ("hard", "<f4"),  # share of tasks decided correctly; needs no alpha
        ("mean", "<f4"),  # of the activation: the spatial mean of the channel
        ("deviation", "<f4"),
        ("minimum", "<f4"),
        ("maximum", "<f4"),
        ("zeros", "<f4"),  # share of positions where the channel is zero after its ReLU; NaN of logits
        ("top", "<i4", (SHOWN,)),  # places in the pack, the most activating image first
        ("bottom", "<i4", (SHOWN,)),  # the least activating first
        ("classes", "<i2", (FAVOURED,)),  # the highest mean activation first; -1 where there are fewer classes
    ]
)
Units = np.ndarray[Any, np.dtype[np.void]]  # (units,) of UNIT


def load_units(store: Store, run_id: str, study: UnitStudy) -> Units:
    """Return the units of a run as a study (resolved) left them; none if it was not studied, or is damaged."""
    return load(store, run_id, study.kind, UNIT)


def unit_frame(units: Units, study: UnitStudy) -> pd.DataFrame:
    """Return one row a unit: the columns of UNIT, with `layer` (its place's name) and `block`, indexed 0..n-1.

    `top`, `bottom` and `classes` are left out: these are lists, `load_units` has them.
    """
    names = [name for name in units.dtype.names or () if units.dtype[name].shape == ()]
    frame = pd.DataFrame({name: units[name] for name in names})
    frame.insert(0, "layer", np.asarray(study.places)[units["place"]])
    frame.insert(1, "block", [block_of(place) for place in frame["layer"]])
    return frame.drop(columns="place")


def study_figures(store: Store, study: UnitStudy, network_sha: str, data_sha: str) -> dict[str, dict[str, Any]]:
    """Return by run id the figures of the networks that a study (resolved) scored.

    `images`, `units`, `live`, `constant`, and over the live units `mis` (mean), `mis_low`, `mis_high`, `median`,
    `hard`; under `layers` and `blocks` the same by name.
    """
    return results_of(store, study.kind, network_sha, data_sha)


def randomised_figures(store: Store, study: UnitStudy, dense_id: str) -> dict[str, Any] | None:
    """Return the figures, as those of a network, of the dense one with fresh random weights; None if not known."""
    return find_result(store, dense_id, study.yardstick)


def known_studies(store: Store, dense_id: str) -> list[UnitStudy]:
    """Return the studies that the dense run took part in, the latest first."""
    query = """SELECT kind FROM results WHERE run_id = ? AND kind LIKE 'mis/%' AND kind NOT LIKE '%/%/%'
        ORDER BY written_at DESC"""
    with store.reading() as db:
        kinds = [row["kind"] for row in db.execute(query, (dense_id,))]
    found = []
    for kind in kinds:
        values = find_result(store, dense_id, kind) or {}
        with suppress(InvalidSettingError, TypeError, KeyError):  # of a version that knew other settings
            found.append(study_from_json(values["study"]))
    return found
