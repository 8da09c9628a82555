"""What pruning changes class by class: sorted bars of accuracy and of confusions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.evaluation.accuracy import changed
from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS, palette, template
from core.words import count, percent, points, points_between, probability, shortened

MOST = 36  # rows that a picture holds before those in between are left out
_FIRST, _LAST = 20, 10  # rows that are shown then
_ROW = 23  # pixels
_LONGEST = 26  # characters of a class name before it is cut
_MARK = "●"

Row = Mapping[Hashable, Any]


def class_changes(
    classes: pd.DataFrame, technique: str, *, who: str = "pruned", base: str = "dense", dark: bool = False
) -> go.Figure:
    """Return the change of top-1 of each class (`per_class`) as a bar with its paired 95 % interval, losses on top.

    Classes that are said to have changed (`changed`) have a filled bar, a mark and a bold name, the others an empty
    bar. Of more than `MOST` classes the ends are shown, and in a row between them how many are left out. `who` and
    `base` are what the pruned network is called, and the one beside it.
    """
    marked = changed(classes)
    first, last = ends(len(classes))
    shown = [*range(first), *range(len(classes) - last, len(classes))]
    rows = classes.iloc[shown].to_dict("records")
    places = [place + (place >= first and first + last < len(classes)) for place in range(len(shown))]
    bars = _change_bars(rows, places, marked.iloc[shown].tolist(), technique, (who, base), palette(dark).text)
    figure = go.Figure(bars)
    names = [_marked(row["name"], mark) for row, mark in zip(rows, marked.iloc[shown], strict=True)]
    _lay_out(figure, places, names, dark)
    _write_beside(figure, places, [f"{_shares(row)}  n {row['images']:,}" for row in rows], dark)
    if first + last < len(classes):
        between = f"… {count(len(classes) - first - last, 'class', 'classes')} between …"
        figure.add_annotation(text=between, x=0, y=first, showarrow=False, font={"color": palette(dark).muted})
    return figure.update_xaxes(title="Change of top-1, points, with paired 95 % interval", tickformat=".0f")


def ends(rows: int) -> tuple[int, int]:
    """Return how many rows are shown of the beginning and of the end of a table."""
    return (rows, 0) if rows <= MOST else (_FIRST, _LAST)


def confusion_bars(
    shifts: pd.DataFrame,
    technique: str,
    *,
    who: str = "pruned",
    base: str = "dense",
    dark: bool = False,
    most: int = _FIRST,
) -> go.Figure:
    """Return the change of the `most` pairs of classes whose confusion changed most (`confusion_shifts`) as bars.

    Filled where that network, called `who`, makes the mistake more often, empty where it makes it less often.
    """
    rows = shifts.head(most).to_dict("records")
    places = list(range(len(rows)))
    figure = go.Figure(
        go.Bar(
            x=[row["change"] for row in rows],
            y=places,
            orientation="h",
            marker=_fill([row["change"] > 0 for row in rows], technique),
            hovertext=[_confusion_hover(row, who, base) for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    _lay_out(figure, places, [_from_to(row) for row in rows], dark)
    _write_beside(figure, places, [f"{row['dense']:,} → {row['pruned']:,}  of {row['images']:,}" for row in rows], dark)
    return figure.update_xaxes(title="Change of the number of images", tickformat=",d")


def _change_bars(
    rows: Sequence[Row], places: Sequence[int], marked: Sequence[bool], technique: str, names: tuple[str, str], ink: str
) -> go.Bar:
    values = [100 * row["change"] for row in rows]
    return go.Bar(
        x=values,
        y=list(places),
        orientation="h",
        marker=_fill(marked, technique),
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [100 * row["change_high"] - value for row, value in zip(rows, values, strict=True)],
            "arrayminus": [value - 100 * row["change_low"] for row, value in zip(rows, values, strict=True)],
            "thickness": 1.2,
            "width": 3,
            "color": ink,
        },
        hovertext=[_class_hover(row, mark, *names) for row, mark in zip(rows, marked, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _fill(full: Sequence[bool], technique: str) -> dict[str, Any]:
    colour = TECHNIQUE_COLOURS.get(technique, DENSE_COLOUR)
    return {"color": [colour if one else "rgba(0,0,0,0)" for one in full], "line": {"width": 1.4, "color": colour}}


def _lay_out(figure: go.Figure, places: Sequence[int], names: Sequence[str], dark: bool) -> None:
    rows = max(places, default=0) + 1
    margin = {"l": 8, "r": 124, "t": 8, "b": 48}
    figure.update_layout(template=template(dark), height=rows * _ROW + 64, margin=margin, bargap=0.35, showlegend=False)
    figure.update_xaxes(zeroline=True, zerolinewidth=1, zerolinecolor=palette(dark).muted, fixedrange=True, nticks=7)
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(places),
        ticktext=list(names),
        range=[rows - 0.4, -0.6],
        tickfont={"color": palette(dark).text},
        automargin=True,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )


def _write_beside(figure: go.Figure, places: Sequence[int], words: Sequence[str], dark: bool) -> None:
    """Write something at the right end of each row."""
    font = {"size": 12, "color": palette(dark).muted}
    for place, text in zip(places, words, strict=True):
        figure.add_annotation(
            text=text, x=1, xref="paper", xanchor="left", xshift=8, y=place, showarrow=False, font=font
        )


def _class_hover(row: Row, marked: bool, who: str, base: str) -> str:
    found = "a change" if marked else "may be chance"
    lines = (
        f"<b>{row['name']}</b>",
        f"{base} {percent(row['dense'])}, {who} {percent(row['pruned'])}",
        f"{points(row['change'])} ({points_between(row['change_low'], row['change_high'])})",
        f"McNemar {probability(row['mcnemar_p'])}, for all classes together {probability(row['adjusted_p'])}: {found}",
        f"on {count(row['images'], 'image')}",
    )
    return "<br>".join(lines)


def _confusion_hover(row: Row, who: str, base: str) -> str:
    lines = (
        f"<b>{row['true_name']} taken for {row['predicted_name']}</b>",
        f"{base} {row['dense']:,}, {who} {row['pruned']:,}",
        f"of {count(row['images'], 'image')} of {row['true_name']}",
    )
    return "<br>".join(lines)


def _shares(row: Row) -> str:
    return f"{100 * row['dense']:.0f} → {100 * row['pruned']:.0f} %"


def _marked(name: str, mark: bool) -> str:
    short = shortened(name, _LONGEST)
    return f"<b>{short} {_MARK}</b>" if mark else short


def _from_to(row: Row) -> str:
    return " → ".join(shortened(row[name], _LONGEST) for name in ("true_name", "predicted_name"))
