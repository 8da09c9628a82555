"""Which classes lose, and what they are taken for instead."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.evaluation.accuracy import FALSE_DISCOVERIES, changed, per_class
from core.evaluation.confusion import confusion_shifts
from core.figures.forgetting import class_changes, confusion_bars, ends
from core.forgetting import class_table, confusion_table
from core.words import count, percent
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.said import Said
from pages.widgets.tables import folded_table

_QUIET = {"displayModeBar": False}
_MOST_PAIRS = 20


def draw_classes(said: Said) -> None:
    """Draw how the accuracy of each class changed."""
    classes = per_class(said.pruned, said.dense, said.classes)
    st.caption(plain(_classes_in_words(classes, said.who, said.base)))
    figure = class_changes(classes, said.technique, who=said.who, base=said.base, dark=is_dark())
    st.plotly_chart(figure, key="class_changes", config=_QUIET)
    percents = dict.fromkeys((f"{said.base} %", f"{said.who} %", "change", "low", "high"), "%.1f")
    folded_table(
        f"Table of {count(len(classes), 'class', 'classes')}",
        class_table(classes, said.who, said.base),
        classes,
        f"classes-{said.member.id}",
        {**percents, "McNemar p": "%.3g", "adjusted p": "%.3g"},
    )


def _classes_in_words(classes: pd.DataFrame, who: str, base: str) -> str:
    found, first_last = int(changed(classes).sum()), ends(len(classes))
    hidden = len(classes) - sum(first_last)
    ends_only = (
        f" Drawn are the first {first_last[0]} and the last {first_last[1]}; the table has all." if hidden else ""
    )
    return (
        f"Top-1 of each class on the same images, {who} less {base}, with the paired 95 % interval (Newcombe 1998, "
        f"method 10). ● marks the {found:,} of {count(len(classes), 'class', 'classes')} that changed: exact McNemar "
        f"tests, corrected for their number by Benjamini & Hochberg 1995, false discovery rate "
        f"{percent(FALSE_DISCOVERIES, 0)}. At the right top-1 {base} → {who} and the images of the class.{ends_only}"
    )


def draw_confusions(said: Said) -> None:
    """Draw which classes are taken for which more often, or less often, than before."""
    shifts = confusion_shifts(said.pruned, said.dense, said.classes)
    if shifts.empty:
        st.info("Both networks make the same mistakes equally often: no class is taken for another more or less often.")
        return
    st.caption(plain(_confusions_in_words(shifts, said.who, said.base)))
    figure = confusion_bars(shifts, said.technique, who=said.who, base=said.base, dark=is_dark(), most=_MOST_PAIRS)
    st.plotly_chart(figure, key="confusion_shifts", config=_QUIET)
    title = f"Table of {count(len(shifts), 'pair')}"
    folded_table(title, confusion_table(shifts, said.who, said.base), shifts, f"confusions-{said.member.id}", {})


def _confusions_in_words(shifts: pd.DataFrame, who: str, base: str) -> str:
    hidden = len(shifts) - _MOST_PAIRS
    more = f" The table has {count(hidden, 'more pair')}." if hidden > 0 else ""
    return (
        "True class → the class it is taken for: the pairs of the confusion matrix whose number of images changed "
        f"most. Filled: the {who} network makes this mistake more often; empty: less often. At the right the counts, "
        f"{base} → {who}, and how many images of the true class there are; few images may be "
        f"chance.{more}"
    )
