"""What is kept of a unit in one network, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.families import Member
from core.units.comparison import hard_name
from core.units.results import FAVOURED
from core.words import NOT_KNOWN, count, percent, shortened
from pages.widgets.errors import plain
from pages.widgets.unit_scene import UnitScene
from pages.widgets.unit_views import row_of

_LINE = 26  # characters that fit beside another word
_HELP = (
    "{hard}: how well a machine can tell which of two images activates the unit strongly, after it has seen {k} that "
    "do and {k} that do not; the share of {n} tasks decided rightly, 0.5 by guessing. {score}: the mean probability of "
    "the right answer, with its 95 % interval over the tasks, the images as they are. Activation: mean and standard "
    "deviation, then the range, over {images}; zero: the share of positions at which it is zero after its ReLU. It "
    "favours the classes with the highest mean activation."
)


def facts_of(scene: UnitScene, member: Member, chosen: tuple[str, int]) -> list[str]:
    """Return what is known of a unit, a place and a number, line by line: as many where it is live, one where not."""
    row = row_of(scene, member, *chosen)
    if row is None or row["constant"]:
        return [f":red[**{_how_constant(scene, member, row, chosen)}**]"]
    zeros = "" if np.isnan(row["zeros"]) else f", {percent(float(row['zeros']))} zero"
    favoured = [shortened(scene.classes[label], _LINE) for label in row["classes"].tolist() if label >= 0]
    return [
        f"live · {plain(hard_name(scene.study))} **{row['hard']:.2f}**",
        f"{plain(scene.study.score)} **{row['mis']:.3f}**",
        f"{row['mis_low']:.3f} to {row['mis_high']:.3f} (95 % over the tasks)",
        f"activation {value(row['mean'])} ± {value(row['deviation'])}",
        f"{value(row['minimum'])} to {value(row['maximum'])}{zeros}",
        *(f"{'then' if place else 'favours'} {plain(name)}" for place, name in enumerate(favoured)),
        *["&nbsp;"] * (FAVOURED - len(favoured)),
    ]


def explained(scene: UnitScene, member: Member) -> str:
    """Return what the network is, and what the lines under its name mean."""
    study = scene.study
    what = "" if member.spec.is_dense else f"{member.words}. "
    images = count(study.images, "image")
    return what + _HELP.format(
        hard=hard_name(study).capitalize(), score=study.score, k=study.explanations, n=study.tasks, images=images
    )


def technique_of(member: Member) -> str:
    """Return the technique that a network's colour stands for; empty for the dense network and its control."""
    return "" if member.spec.pruning.dense else member.spec.pruning.technique


def value(number: float) -> str:
    """Return an activation with three significant digits and a true minus sign."""
    return NOT_KNOWN if np.isnan(number) else f"{number:#.3g}".removesuffix(".").replace("-", "−")


def _how_constant(scene: UnitScene, member: Member, row: Any | None, chosen: tuple[str, int]) -> str:
    dense = row_of(scene, scene.dense, *chosen)
    if row is None:
        return "not known"
    if member.id == scene.dense.id:
        return "constant"
    return "constant, as in the dense network" if dense is not None and dense["constant"] else "died"
