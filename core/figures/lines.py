"""How a curve looks: the technique's colour, a dash for the retraining, a width for the scope, markers for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.series import CONTROL, Series, titles
from core.training.retraining import Retraining, retraining_from

_MARKERS = {"l1": "circle", "l2": "square", "random": "x"}
_OTHER_MARKER = "diamond"
_WIDTHS = {"local": 2.0, "global": 3.5}
_RECALIBRATED = "dot"
_RETRAINED = ("dash", "dashdot", "longdash", "longdashdot")  # one after the other, as far as there are ways
_UNFINISHED = 0.45  # opacity of a point that is still being measured


def series_lines(series: Iterable[Series]) -> dict[Series, dict[str, Any]]:
    """Return the line of each of the curves of one figure, in the order of its legend.

    Solid: not retrained; dotted: re-calibrated; other dashes: retrained, a dash for each way. A dense control has
    the dash of the curves that it is the control of.
    """
    every = list(titles(series))
    dashes = _dashes([one for one in every if not one.control])
    dashes = {_control(way): dash for way, dash in reversed(dashes.items())} | dashes
    taken = len({dash for dash in dashes.values() if dash in _RETRAINED})
    dashes = dashes | _dashes([one for one in every if one.retraining not in dashes], taken)
    return {
        one: {
            "color": TECHNIQUE_COLOURS.get(one.technique, DENSE_COLOUR),
            "width": _WIDTHS.get(one.scope, 1.5),
            "dash": dashes[one.retraining],
        }
        for one in every
    }


def _dashes(series: Iterable[Series], taken: int = 0) -> dict[Retraining | None, str]:
    ways = list(dict.fromkeys(one.retraining for one in series))
    trained = [way for way in ways if way and way.trains]
    found: dict[Retraining | None, str] = dict.fromkeys(ways, _RECALIBRATED) | {None: "solid"}
    return found | {way: _RETRAINED[(taken + place) % len(_RETRAINED)] for place, way in enumerate(trained)}


def _control(way: Retraining | None) -> Retraining | None:
    """Return the retraining of the dense control: without what concerns masks alone."""
    return way and retraining_from(way.canonical(masks=False))


def series_marker(series: Series, unfinished: Sequence[bool]) -> dict[str, Any]:
    """Return the markers of a curve's points: a symbol for the criterion, open for filters without their batch norm.

    Paler where a run is not finished.
    """
    symbol = _MARKERS.get(series.criterion, _OTHER_MARKER)
    return {
        "color": TECHNIQUE_COLOURS.get(series.technique, DENSE_COLOUR),
        "size": 9,
        "symbol": f"{symbol}-open" if series.form == "published" else symbol,
        "opacity": [_UNFINISHED if one else 1.0 for one in unfinished],
    }


def baseline(series: Series) -> Series | None:
    """Return the dense control that a curve of retrained networks begins at; None: it begins at the dense network."""
    way = _control(series.retraining)
    return Series(CONTROL, "", "", None, None, "", way) if way else None
