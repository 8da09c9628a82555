"""Does a map lie on the object? Measured against masks or boxes, beside the area: what a uniform map scores.

Objects lie in the middle more often than not, so a map that always marks the middle scores more than the area: a soft
spot there hits the target of 35 % of the validation scenes, whose area is 8 %. The score of another image's map, or of
a randomised network's, is the stricter yardstick.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidSettingError
from core.interpretability.measures.measure import Maps, Masks, Measure, Scores, as_maps, check_same_shape, flat


def localisation(maps: Maps, masks: Masks) -> dict[str, Scores]:
    """Return each measure of `LOCALISATION` for maps (n, h, w) and the objects' masks (n, h, w): arrays (n,).

    NaN where a measure is not defined. Raises InvalidSettingError for shapes or masks that do not fit, BrokenDataError
    for maps that are not finite.
    """
    return {name: measure.compute(maps, masks) for name, measure in LOCALISATION.items()}


def pointing(maps: Maps, masks: Masks) -> Scores:
    """Return 1 where the map's largest value lies inside the mask, else 0 (Zhang et al. 2016): (n,).

    Without the paper's tolerance of 15 pixels. Pixels that tie for the largest value count as the share of them that
    lies inside: a uniform map scores the area. NaN for an empty mask.
    """
    values, inside = _pair(maps, masks)
    largest = values == values.max(1, keepdims=True)
    return _where_known((largest & inside).sum(1), largest.sum(1), inside)


def inside(maps: Maps, masks: Masks) -> Scores:
    """Return the share of a map's positive attribution that lies inside the mask (Wang et al. 2020): (n,).

    NaN where nothing is positive, and for an empty mask.
    """
    values, mask = _pair(maps, masks)
    positive = np.maximum(values, 0)
    largest = positive.max(1, keepdims=True)
    shares = np.divide(positive, largest, out=np.zeros_like(positive), where=largest > 0)  # sums cannot overflow
    return _where_known((shares * mask).sum(1), shares.sum(1), mask)


def area(masks: Masks) -> Scores:
    """Return the share of the pixels that lie inside each mask, which is what chance scores: (n,); NaN if none do."""
    mask = flat(as_masks(masks))
    return _where_known(mask.sum(1), np.full(len(mask), mask.shape[1]), mask)


def as_masks(masks: NDArray[Any]) -> Masks:
    """Return the masks (n, h, w); InvalidSettingError for another shape, no pixels or values other than yes and no."""
    values = np.asarray(masks)
    if values.ndim != 3 or 0 in values.shape[1:] or values.dtype != np.bool_:
        raise InvalidSettingError(
            f"masks of shape {values.shape} and type {values.dtype}", "yes or no, (n, height, width)", "mask >= 128"
        )
    return values


def _pair(maps: Maps, masks: Masks) -> tuple[NDArray[np.float64], Masks]:
    """Return maps and masks, each (n, pixels)."""
    values, mask = as_maps(maps), as_masks(masks)
    check_same_shape(values, mask)
    return flat(values), flat(mask)


def _where_known(parts: NDArray[Any], wholes: NDArray[Any], mask: Masks) -> Scores:
    """Return part / whole; NaN where the whole is 0 or the mask is empty."""
    known = mask.any(1) & (wholes > 0)
    scores: Scores = np.divide(parts, wholes, out=np.full(len(mask), np.nan), where=known)
    return scores


LOCALISATION: dict[str, Measure] = {  # of maps and masks (n, h, w)
    measure.name: measure
    for measure in (
        Measure(
            name="pointing",
            title="Pointing game",
            short="Pointing",
            meaning="Whether the map's largest value lies on the object; over many images the share of hits "
            "(Zhang et al. 2016, arXiv 1608.00507).\n"
            "One pixel decides, and large or central objects are easily hit: hold it against the area, which is what "
            "chance hits, and against another image's map.",
            lowest=0.0,
            highest=1.0,
            compute=pointing,
        ),
        Measure(
            name="inside",
            title="Positive attribution inside the object",
            short="Inside",
            meaning="Which share of what the map counts for the class lies on the object "
            "(energy-based pointing game, Wang et al. 2020, arXiv 1910.01279).\n"
            "A network may rightly use the surroundings. Hold it against the area, which is what a uniform map scores, "
            "and against another image's map.",
            lowest=0.0,
            highest=1.0,
            compute=inside,
        ),
    )
}
