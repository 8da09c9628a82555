"""Draw the README's figure from what is in the demo: `figures.py [FOLDER]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import plotly.graph_objects as go

from core.experiment import ExperimentSpec
from core.figures.curves import tradeoff_curves
from core.figures.surveys import Panel, with_panels
from core.figures.theme import palette
from core.interpretability.question import Question
from core.jobs.subject import find_subject
from core.series import with_series
from core.store.database import open_store
from core.store.demo import import_demo
from core.store.runs import runs_frame
from core.surveys import Survey, survey_frame, yardsticks
from scripts.serving import chromium

SURVEY = Survey(Question("gradcam"))
MEASURES = ("spearman", "empty", "pointing")
WIDTH = 1000


def main(folder: Path) -> None:
    """Draw accuracy, agreement and place over the rate, light and dark."""
    with tempfile.TemporaryDirectory() as cache:
        for theme in ("light", "dark"):
            _save(_figure(Path(cache), dark=theme == "dark"), folder / f"demo-{theme}.png", dark=theme == "dark")


def _figure(cache: Path, *, dark: bool) -> go.Figure:
    store = open_store(cache)
    import_demo(store)
    subject = find_subject(ExperimentSpec(), cache)
    shas = subject.network.sha256, subject.fingerprint() or ""
    runs = with_series(runs_frame(store, *shas))
    marks = yardsticks(store, SURVEY, ExperimentSpec().run_id(*shas))
    panels = [Panel(measure, survey_frame(store, SURVEY, *shas), marks) for measure in MEASURES]
    figure = tradeoff_curves(runs, len(subject.network.classes), dark=dark)
    return with_panels(figure, runs, panels, dark=dark).update_layout(paper_bgcolor=palette(dark).background)


def _save(figure: go.Figure, target: Path, *, dark: bool) -> None:
    height = int(figure.layout.height)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": height}, device_scale_factor=1.5)
        body = figure.to_html(full_html=False, default_height=f"{height}px", config={"staticPlot": True})
        page.set_content(f"<body style='margin:0;background:{palette(dark).background}'>{body}</body>")
        page.wait_for_selector("g.scatterlayer g.points path")
        page.screenshot(path=target)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
