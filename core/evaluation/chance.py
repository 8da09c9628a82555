"""Whether a network is no better than chance: the mark of labels that are not what it says, or of wrong pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.words import between, count, percent

ODDS = 1.5  # times those of guessing: up to there is a network that should be good said to be at chance


def chance_level(present: int, classes: int) -> float:
    """Return the top-1 of guessing among the classes that have images; of a single one, among all of the network.

    Labels that are mixed up leave a good network that much, for it still says one of the classes present.
    """
    return 1 / (present if present > 1 else classes)


def is_at_chance(figures: Mapping[str, Any], present: int, classes: int) -> bool:
    """Whether the interval of top-1 reaches down to chance: to `ODDS` times the odds of guessing, or lies below.

    `figures` are those of `core.evaluation.accuracy.accuracy`; `present` of the network's `classes` have images.
    """
    level = chance_level(present, classes)
    return level < 1 and bool(figures["top1_low"] <= ODDS * level / (1 - level + ODDS * level))


def chance_in_words(figures: Mapping[str, Any], present: int, classes: int) -> str:
    """Return what is to be said of a dense network that is at chance."""
    return (
        f"Top-1 {percent(figures['top1'])} ({between(figures['top1_low'], figures['top1_high'])}) on "
        f"{count(int(figures['images']), 'image')}: guessing among the {present if present > 1 else classes:,} classes "
        f"{'that have images' if 1 < present < classes else 'of the network'} would give "
        f"{percent(chance_level(present, classes))}. The mapping of the classes or the preprocessing may be wrong."
    )
