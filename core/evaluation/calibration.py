"""Whether a network is right as often as it is sure: the confidence is the probability of its likeliest class."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidSettingError
from core.evaluation.accuracy import right
from core.evaluation.statistics import wilson
from core.predictions import Predictions

BINS = 15  # as Guo et al. 2017
_TRIALS = 200


def confidence(predictions: Predictions) -> NDArray[np.float64]:
    """Return the probability of the likeliest class of each image: (n,), 0..1."""
    return np.clip(predictions["probabilities"][:, 0].astype(np.float64), 0, 1)


def reliability(predictions: Predictions, bins: int = BINS) -> pd.DataFrame:
    """Return what the images of each of `bins` equally wide bins (low, high] of confidence came to.

    `low`, `high`, `images`, `confidence` (mean) and `accuracy` with its Wilson 95 % interval `accuracy_low`,
    `accuracy_high`; NaN in empty bins. The reliability diagram of Guo et al. 2017 (arXiv 1706.04599), section 2.
    """
    values, correct = confidence(predictions), right(predictions)
    place, edges = _bins(values, bins), np.linspace(0, 1, bins + 1)
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:]})
    table["images"] = np.bincount(place, minlength=bins)
    table["confidence"] = pd.Series(values).groupby(place).mean()
    table["accuracy"] = pd.Series(correct).groupby(place).mean()
    bounds = [_bounds(*pair) for pair in zip(np.bincount(place, correct, bins), table["images"], strict=True)]
    return table.join(pd.DataFrame(bounds, columns=["accuracy_low", "accuracy_high"]))


def calibration_error(predictions: Predictions, bins: int = BINS) -> float:
    """Return the expected calibration error, 0..1: the mean over the images of |accuracy - confidence| of their bin.

    Guo et al. 2017 (arXiv 1706.04599), equation 3, after Naeini, Cooper & Hauskrecht 2015 (AAAI). NaN without images.
    """
    values = confidence(predictions)
    return _error(right(predictions) - values, _bins(values, bins))


def calibration_floor(predictions: Predictions, bins: int = BINS, seed: int = 0) -> float:
    """Return the calibration error that a perfectly calibrated network of the same confidences has by chance.

    The mean over 200 draws in which each image is right with the probability that was given (consistency resampling,
    Bröcker & Smith 2007, Weather and Forecasting 22:651): few images a bin make the error large by themselves.
    """
    values = confidence(predictions)
    place, random = _bins(values, bins), np.random.default_rng(seed)
    return float(np.mean([_error((random.random(len(values)) < values) - values, place) for _ in range(_TRIALS)]))


def overconfidence(predictions: Predictions) -> float:
    """Return the mean confidence less the accuracy, -1..1; its magnitude is at most the calibration error."""
    if not len(predictions):
        return float("nan")
    return float(confidence(predictions).mean() - right(predictions).mean())


def _bins(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Return the bin of each value: the i-th holds what is above i / bins and at most (i + 1) / bins."""
    if bins < 1:
        raise InvalidSettingError(f"{bins} bins", "1 or more", "use 10 to 15")
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(inner, values, side="left").astype(np.int64)


def _bounds(successes: float, images: int) -> tuple[float, float]:
    if not images:
        return np.nan, np.nan
    interval = wilson(int(successes), images)
    return interval.low, interval.high


def _error(gaps: NDArray[np.float64], place: NDArray[np.int64]) -> float:
    """Return the mean over the images of |mean gap of the image's bin|: (n,) of right - confidence."""
    return float(np.abs(np.bincount(place, gaps)).sum() / len(gaps)) if len(gaps) else np.nan
