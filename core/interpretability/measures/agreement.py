"""How far two maps agree: on ranks, on local structure, on their strongest pixels, on direction.

Signed maps are compared with their sign: what speaks for the class in one and against it in the other is no
agreement. No measure depends on the scale of either map. Where one of two maps is constant (a Grad-CAM that is zero
everywhere), there is nothing to agree on, and each measure is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.interpretability.measures.measure import Maps, Measure, Scores, as_maps, check_same_shape, flat

TOP = 0.1  # the share of the pixels that `iou` looks at
WINDOW = 7  # pixels, the side of SSIM's square window
TOGETHER = 16  # pairs computed at once: more are no faster and need more memory


def agreement(one: Maps, other: Maps) -> dict[str, Scores]:
    """Return each measure of `AGREEMENT` for the pairs of two stacks of maps (n, h, w): arrays (n,).

    NaN where a map of the pair is constant. Raises InvalidSettingError unless both are as large, BrokenDataError for
    values that are not finite.
    """
    return {name: measure.compute(one, other) for name, measure in AGREEMENT.items()}


def spearman(one: Maps, other: Maps) -> Scores:
    """Return Spearman's rank correlation over the pixels, ties by average ranks: (n,)."""
    return _each(one, other, _spearman)


def ssim(one: Maps, other: Maps) -> Scores:
    """Return the mean structural similarity (Wang et al. 2004) of maps divided by their largest magnitude: (n,).

    Square windows of 7 pixels, or of the largest odd number that fits; constants 0.01 and 0.03; covariances over the
    window as they are. The data range is what such maps can span: 2 if a map of the pair is signed, else 1.
    """
    return _each(one, other, _ssim)


def iou(one: Maps, other: Maps) -> Scores:
    """Return the intersection over union of the two maps' top tenths of the pixels by value: (n,).

    Pixels that tie for the last places share these evenly, as fractions, so that a top tenth is always as large and
    no tie is broken by place; intersection and union are then the sums of the lesser and of the greater shares.
    """
    return _each(one, other, _iou)


def cosine(one: Maps, other: Maps) -> Scores:
    """Return the cosine of the angle between the maps as vectors, not centred: (n,)."""
    return _each(one, other, _cosine)


def _each(one: Maps, other: Maps, compare: Callable[[Maps, Maps], Scores]) -> Scores:
    """Compare all pairs, some at a time; NaN for pairs with a constant map."""
    first, second = as_maps(one), as_maps(other)
    check_same_shape(first, second)
    scores = np.full(len(first), np.nan)
    alive = np.flatnonzero(~(_constant(first) | _constant(second)))
    for start in range(0, len(alive), TOGETHER):
        places = alive[start : start + TOGETHER]
        scores[places] = compare(_scaled(first[places]), _scaled(second[places]))
    return scores


def _constant(maps: Maps) -> NDArray[np.bool_]:
    constant: NDArray[np.bool_] = flat(maps).max(1) == flat(maps).min(1)
    return constant


def _scaled(maps: Maps) -> Maps:
    """Divide each map by its largest magnitude: the greatest of them never overflow when squared."""
    scaled: Maps = maps / np.abs(maps).max((1, 2), keepdims=True)
    return scaled


def _spearman(one: Maps, other: Maps) -> Scores:
    from scipy.stats import rankdata

    first, second = (rankdata(flat(maps), axis=1) for maps in (one, other))
    mean = (first.shape[1] + 1) / 2
    return _angle(first - mean, second - mean)


def _ssim(one: Maps, other: Maps) -> Scores:
    from skimage.metrics import structural_similarity

    side = min(WINDOW, *one.shape[1:])
    window = side if side % 2 else side - 1
    spans = np.where((one.min((1, 2)) < 0) | (other.min((1, 2)) < 0), 2.0, 1.0)
    return np.array(
        [
            structural_similarity(a, b, win_size=window, data_range=span, use_sample_covariance=False)  # type: ignore[no-untyped-call]
            for a, b, span in zip(one, other, spans.tolist(), strict=True)
        ]
    )


def _iou(one: Maps, other: Maps) -> Scores:
    first, second = _top(one), _top(other)
    scores: Scores = np.minimum(first, second).sum(1) / np.maximum(first, second).sum(1)
    return scores


def _top(maps: Maps) -> NDArray[np.float64]:
    """Return each pixel's share in the top tenth: 1 above its last value, an even part at it, 0 below: (n, pixels)."""
    values = flat(maps)
    size = max(1, round(TOP * values.shape[1]))
    last = -np.partition(-values, size - 1)[:, size - 1 : size]
    above, tied = values > last, values == last
    left = size - above.sum(1, keepdims=True)
    shares: NDArray[np.float64] = above + tied * (left / tied.sum(1, keepdims=True))
    return shares


def _cosine(one: Maps, other: Maps) -> Scores:
    return _angle(flat(one), flat(other))


def _angle(one: Maps, other: Maps) -> Scores:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines: Scores = np.clip(np.einsum("np,np->n", one, other) / lengths, -1, 1)
    return cosines


AGREEMENT: dict[str, Measure] = {  # of two stacks of maps (n, h, w)
    measure.name: measure
    for measure in (
        Measure(
            name="spearman",
            title="Rank correlation of the pixels (Spearman)",
            short="Spearman",
            meaning="Whether both maps put the pixels in the same order: 1 the same, 0 unrelated, -1 reversed "
            "(used for maps by Adebayo et al. 2018, arXiv 1810.03292).\n"
            "It weighs the many pixels that hardly count like the few that do, and not how strongly they count.",
            lowest=-1.0,
            highest=1.0,
            compute=spearman,
        ),
        Measure(
            name="ssim",
            title="Structural similarity (SSIM)",
            short="SSIM",
            meaning="Whether both maps have the same local structure, seen through windows of 7 x 7 pixels "
            "(Wang et al. 2004, doi 10.1109/TIP.2003.819861; for maps Adebayo et al. 2018, arXiv 1810.03292).\n"
            "Large flat areas agree by themselves: two sparse maps can score high and mark different things.",
            lowest=-1.0,
            highest=1.0,
            compute=ssim,
        ),
        Measure(
            name="iou",
            title="Overlap of the top 10 % of the pixels (IoU)",
            short="Top-10 % IoU",
            meaning="How much of what either map marks most strongly both mark: intersection over union of the top "
            "tenths (as top-k overlap in Ghorbani et al. 2019, arXiv 1710.10547).\n"
            "Nothing about the other nine tenths; two unrelated maps score about 0.05.",
            lowest=0.0,
            highest=1.0,
            compute=iou,
        ),
        Measure(
            name="cosine",
            title="Cosine similarity",
            short="Cosine",
            meaning="Whether both maps point the same way as vectors of pixels: 1 equal up to scale, -1 opposite.\n"
            "A few strong pixels decide it; two maps without negative values are never below 0, whatever they mark.",
            lowest=-1.0,
            highest=1.0,
            compute=cosine,
        ),
    )
}
