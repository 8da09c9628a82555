"""Units whose scores are set, not measured: for tables, figures and pages that show results."""

from __future__ import annotations

import math

import numpy as np

from core.store.batches import append
from core.store.runs import put_result
from core.units.places import block_of
from core.units.results import UNIT
from core.units.study import UnitStudy, study_to_json

STUDY = UnitStudy(images=400)
WIDTH = 4  # units of each layer


def planted(scores, dead=(), study=STUDY):
    """Units of all layers with these scores, again and again; those whose rows are in `dead` are constant."""
    count = WIDTH * len(study.places)
    units = np.zeros(count, UNIT)
    units["place"], units["unit"] = np.divmod(np.arange(count), WIDTH)
    units["mis"] = np.resize(np.asarray(scores, float), count)
    units["mis_low"], units["mis_high"], units["hard"] = units["mis"] - 0.05, units["mis"] + 0.02, units["mis"]
    units["mean"], units["deviation"], units["minimum"], units["maximum"] = 0.5, 0.1, 0.0, 1.0
    units["top"] = (np.arange(count)[:, None] + np.arange(9)) % 90
    units["classes"] = np.arange(count)[:, None] % 5 + np.arange(3)
    units["constant"][list(dead)] = True
    for name in ("mis", "mis_low", "mis_high", "hard"):
        units[name][list(dead)] = math.nan
    return units


def figures(units, study=STUDY):
    """The figures of a network with these units, as the job writes them."""
    layers = np.asarray(study.places)[units["place"]]
    blocks = np.asarray([block_of(layer) for layer in layers])
    return {
        **_part(units),
        "study": study_to_json(study),
        "images": study.images,
        "layers": {name: _part(units[layers == name]) for name in dict.fromkeys(layers.tolist())},
        "blocks": {name: _part(units[blocks == name]) for name in dict.fromkeys(blocks.tolist())},
    }


def _part(units):
    live = units[~units["constant"]]
    known = {"units": len(units), "live": len(live), "constant": len(units) - len(live)}
    if not len(live):
        return known | dict.fromkeys(("mis", "mis_low", "mis_high", "median", "hard"))
    mis, hard = float(live["mis"].mean()), float(live["hard"].mean())
    spread = {"mis": mis, "mis_low": mis - 0.01, "mis_high": mis + 0.01, "hard": hard}
    return known | spread | {"median": float(np.median(live["mis"]))}


def write(store, run_id, units, study=STUDY):
    """Write the units of a run into a store."""
    with store.writing() as db:
        append(db, run_id, study.kind, 0, units, 1.0)
        put_result(db, run_id, study.kind, figures(units, study))


def write_yardstick(store, dense_id, score, study=STUDY):
    """Write what the dense network scores with fresh random weights."""
    with store.writing() as db:
        put_result(db, dense_id, study.yardstick, figures(planted([score], study=study), study))
