"""Numbers in words, the same way everywhere: on the screen, in hovers, in tables."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence

NOT_KNOWN = "–"


def percent(share: float, decimals: int = 1) -> str:
    """Return a share as "81.2 %"."""
    return NOT_KNOWN if math.isnan(share) else f"{100 * share:.{decimals}f} %"


def points(difference: float) -> str:
    """Return a difference of two shares as "-3.1 points"."""
    return NOT_KNOWN if math.isnan(difference) else f"{_signed(100 * difference)} points"


def points_between(low: float, high: float) -> str:
    """Return an interval of a difference as "-4.0 to -2.2"."""
    return f"{_signed(100 * low)} to {_signed(100 * high)}"


def between(low: float, high: float) -> str:
    """Return an interval of a share as "79.3 to 83.0 %"."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def probability(p: float) -> str:
    """Return a p-value as "p = 0.031" or "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def count(number: int, one: str, many: str = "") -> str:
    """Return "1 image", "1,000 images"; `many` where the plural is not `one` + s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return how long something takes, as exactly as one wants to know: "40 s", "2 min", "1.5 h"."""
    if seconds < 55:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f} h" if seconds < 36 * 3600 else f"{seconds / 86400:.1f} days"


def moment(timestamp: float) -> str:
    """Return a point in time as "2026-03-01 14:05", local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(timestamp))


def speed(images_per_second: float) -> str:
    """Return "34 images/s", with a decimal below ten."""
    return f"{images_per_second:,.{0 if images_per_second >= 10 else 1}f} images/s"


def size(byte_count: float) -> str:
    """Return "38 MB" or "7.4 GB"."""
    return f"{byte_count / 1e9:.1f} GB" if byte_count >= 1e9 else f"{max(1, round(byte_count / 1e6))} MB"


def listed(words: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def by_id(names: Mapping[str, str]) -> dict[str, str]:
    """Return names by their ids, with the beginning of the id where the name alone does not tell two apart."""
    often = Counter(names.values())
    return {one: f"{name} ({one[:6]})" if often[name] > 1 else name for one, name in names.items()}


def shortened(name: str, longest: int) -> str:
    """Cut a name so that it has at most so many characters."""
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def printable(text: str) -> str:
    """Return a text without what cannot be printed: control characters, marks that turn the direction of writing."""
    return "".join(letter for letter in text if letter.isprintable())
