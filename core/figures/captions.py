"""What has to be said of a map so that one can judge it: target, method and its settings, baseline, scale, network."""

from __future__ import annotations

from collections.abc import Sequence

from core.figures.look import HEAT, MASKED, Look
from core.figures.maps import Map, clipped_share
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.question import Question, target_title
from core.words import percent


def details(question: Question) -> list[str]:
    """Return the method's settings, one a part: "steps 50", "baseline black", "seed 3"."""
    titles = {parameter.name: parameter.title.lower() for parameter in question.entry.parameters}
    parts = [f"{titles[name]} {_value(value)}" for name, value in question.settings.items()]
    if question.start is not None:
        parts.append(f"baseline {BASELINES[question.start].title}")
    return parts + ([f"seed {question.seed}"] if "seed" in question.canonical() else [])


def about(question: Question, target: str) -> str:
    """Return what the map is: "Grad-CAM for dotted star (true class)", then the settings."""
    return ", ".join([f"{question.entry.title} for {target} ({target_title(question.target)})", *details(question)])


def scale_in_words(look: Look, maps: Sequence[Map], ends: Sequence[float], together: int = 0) -> str:
    """Return where the scale of the maps ends and how much lies beyond; for masked pictures, what is visible.

    `together` is the number of maps that a common scale is made for, where these are only some of them.
    """
    if look.style == MASKED:
        return f"Visible are the {percent(look.share, 0)} of the pixels that count most for the class, in each map."
    together = max(len(maps), together)
    if together == 1:
        whose, values = "The colour scale", "all values"
    elif look.common:
        whose, values = f"One colour scale for all {together} maps", "all their values"
    else:
        whose, values = "The colour scale of each map", "its values"
    end = f"the maximum of {values}" if look.percentile == 100 else f"the {look.percentile:g}th percentile of {values}"
    beyond = clipped_share(maps, ends)
    here = " here" if together > len(maps) else ""
    said = f"; {percent(beyond)} of the pixels{here} lie beyond and take the colour of the end" if beyond else ""
    return f"{whose} ends at {end}{said}."


def shown_as(look: Look) -> str:
    """Return how the maps are shown: "heat map", "overlay at opacity 0.50"."""
    if look.style == MASKED:
        return "masked picture"
    return "heat map" if look.style == HEAT else f"overlay at opacity {look.opacity:.2f}"


def whole(question: Question, target: str, network: str, image: str, look: Look, scale: str) -> list[str]:
    """Return the whole caption of a map, a sentence or two a line; `scale` is what `scale_in_words` says of it."""
    return [
        f"{about(question, target)}.",
        f"Network: {network}.",
        f"Image: {image}.",
        f"Shown as {shown_as(look)}. {scale}",
    ]


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
