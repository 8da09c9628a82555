"""How a retraining went: accuracy, loss and sparsity over its epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS, Palette, palette, template
from core.training.history import History, Row

HEIGHT = 470  # pixels
_GAP = 0.05  # between panels, share of the height
_MOST_STEPS = 8  # that are named


@dataclass(frozen=True)
class _Panel:
    """One of the panels: columns of the history under each other's words, whether they are shares, and its part."""

    title: str
    held_out: str | None
    training: str | None
    share: bool
    low: float
    high: float

    @property
    def names(self) -> dict[str, str]:
        """The words of each column."""
        pairs = ((self.held_out, "held-out images"), (self.training, "training views"))
        return {column: words for column, words in pairs if column}


_PANELS = (
    _Panel("Top-1", "held_out_top1", "top1", True, 0.62 + _GAP / 2, 1.0),
    _Panel("Loss", "held_out_loss", "loss", False, 0.26 + _GAP / 2, 0.62 - _GAP / 2),
    _Panel("Sparsity", "sparsity", None, True, 0.0, 0.26 - _GAP / 2),
)


def training_curves(history: History, technique: str | None, *, dark: bool = False) -> go.Figure:
    """Return accuracy, loss and sparsity over the epochs of a retraining, below each other on one axis.

    Held-out images in the technique's colour (grey for a dense control), the views that were trained on thin beside
    them. Each step of pruning and training begins, before its first epoch, with the network as it was just pruned.
    """
    figure, colours = go.Figure(), palette(dark)
    at = list(_places(history.rows))
    colour = TECHNIQUE_COLOURS.get(technique or "", DENSE_COLOUR)
    for place, panel in enumerate(_PANELS):
        _add_panel(figure, history.rows, at, panel, f"y{place + 1 if place else ''}", (colour, colours.muted))
    _style(figure, dark)
    _mark_steps(figure, history.rows, at, colours)
    return figure


def _places(rows: Sequence[Row]) -> Iterator[int]:
    """Yield for each row how many epochs were trained by then."""
    before, last = 0, 0
    for row in rows:
        if row.epoch == 0:
            before = last
        last = before + row.epoch
        yield last


def _add_panel(
    figure: go.Figure, rows: Sequence[Row], at: list[int], panel: _Panel, axis: str, colours: tuple[str, str]
) -> None:
    for (column, words), colour in zip(panel.names.items(), colours, strict=False):
        figure.add_scatter(
            x=at,
            y=[getattr(row, column) for row in rows],
            yaxis=axis,
            name=words,
            mode="lines+markers",
            line={"color": colour, "width": 2 if column == panel.held_out else 1},
            marker={"size": 5 if column == panel.held_out else 4},
            hovertext=[_hover(row) for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=panel is _PANELS[0],
        )


def _hover(row: Row) -> str:
    trained = f"epoch {row.epoch}" if row.epoch else "just pruned"
    shares = (("held-out top-1", row.held_out_top1), ("training top-1", row.top1), ("sparsity", row.sparsity))
    numbers = (("held-out loss", row.held_out_loss), ("training loss", row.loss), ("learning rate", row.learning_rate))
    lines = [f"<b>step {row.step}, {trained}</b>"]
    lines += [f"{words} {100 * value:.1f} %" for words, value in shares if value is not None]
    lines += [f"{words} {value:.3g}" for words, value in numbers if value is not None]
    return "<br>".join(lines)


def _style(figure: go.Figure, dark: bool) -> None:
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom", "font": {"size": 12}}
    margin = {"l": 56, "r": 8, "t": 32, "b": 44}
    figure.update_layout(template=template(dark), height=HEIGHT, legend=legend, margin=margin, hovermode="closest")
    for place, panel in enumerate(_PANELS):
        shares = {"tickformat": ".0%", "range": [0, 1.04]} if panel.share else {"rangemode": "tozero"}
        look = {"domain": [panel.low, panel.high], "title": {"text": panel.title, "font": {"size": 12}}, "nticks": 5}
        figure.update_layout({f"yaxis{place + 1 if place else ''}": look | shares | {"fixedrange": True}})
    figure.update_xaxes(title="Epochs trained", anchor=f"y{len(_PANELS)}", fixedrange=True, rangemode="tozero")
    figure.update_xaxes(tickformat="d", nticks=8)


def _mark_steps(figure: go.Figure, rows: Sequence[Row], at: Sequence[int], colours: Palette) -> None:
    """Draw a line where each step of pruning and training begins."""
    begins = {row.step: place for row, place in zip(reversed(rows), reversed(at), strict=True)}
    if len(begins) < 2:
        return
    for step, place in begins.items():
        line = {"color": colours.muted, "width": 1, "dash": "dot"}
        figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, yref="paper", line=line, layer="below")
        if len(begins) <= _MOST_STEPS:
            figure.add_annotation(
                text=f"step {step}", x=place, y=0.26 - _GAP / 2, yref="paper", xanchor="left", yanchor="top",
                showarrow=False, font={"size": 11, "color": colours.muted},
            )  # fmt: skip
