"""Take the README's pictures of the pages, light and dark: `screenshots.py [FOLDER]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from core.experiment import ExperimentSpec
from core.jobs.devices import pick_device
from core.jobs.executor import Executor
from core.jobs.foreground import work_through
from core.jobs.subject import find_subject, resolved
from core.pruning.settings import Pruning
from core.store.database import Store, open_store
from core.store.demo import import_demo
from core.training.presets import PRESETS
from core.units.study import UnitStudy
from core.visualisation import Visualisation
from scripts.serving import chromium, served, settled

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
SHOWN = Pruning("unstructured", rate=0.6)
INSPECTED = (Pruning("unstructured", rate=0.5), Pruning("structured", rate=0.1), Pruning("connection", rate=0.15))
RETRAINED = Pruning("structured", rate=0.3)
WAYS = {  # a technique as it was pruned, re-calibrated and retrained, with the dense controls
    "technique": RETRAINED.technique,
    "structured_rates": "0.2, 0.3, 0.4",
    "retraining": ["none", "recalibrate", "quick"],
}
STUDIED = (Pruning("structured", rate=0.1), Pruning("structured", rate=0.2), Pruning("unstructured", rate=0.8))
UNIT = ("inception4c.branch1.conv", 17)
LOST = "Dense right, pruned wrong"
WIDE, NARROW = 1440, 800


def main(folder: Path) -> None:
    """Serve the demo on a cache of its own and photograph each page at 1440 pixels, and in `narrow/` at 800."""
    with tempfile.TemporaryDirectory() as cache:
        pages = _addresses(Path(cache))
        with served(Path(cache)) as address, chromium() as browser:
            for name, (path, ready) in pages.items():
                for theme in THEMES:
                    _take(browser, address + path, ready, theme, WIDE, folder / f"{name}-{theme}.png")
                    _take(browser, address + path, ready, theme, NARROW, folder / "narrow" / f"{name}-{theme}.png")


def _addresses(cache: Path) -> dict[str, tuple[str, str]]:
    """Return for each page its path with settings worth showing, and what is there when it is drawn."""
    store = open_store(cache)
    import_demo(store)
    subject = find_subject(ExperimentSpec(), cache)
    subject.pack()
    chosen, moving, *beside = (
        ExperimentSpec(pruning=pruning).run_id(subject.network.sha256, subject.fingerprint() or "")
        for pruning in (SHOWN, *INSPECTED)
    )
    retrained = resolved(ExperimentSpec(pruning=RETRAINED, retraining=PRESETS["quick"].retraining))
    ways = WAYS | {"run": retrained.run_id(subject.network.sha256, subject.fingerprint() or "")}
    inspected = urlencode({"run": moving, "runs": ",".join(beside), "images_of": LOST, "outline": "true"})
    _look_at_units(store)
    first, *others = (
        ExperimentSpec(pruning=pruning).run_id(subject.network.sha256, subject.fingerprint() or "")
        for pruning in STUDIED
    )
    units = {"run": first, "with": ",".join(others), "layer": UNIT[0], "unit": UNIT[1]}
    points = "g.scatterlayer g.points path"
    return {
        "tradeoffs": (f"/?run={chosen}", points),
        "retraining": (f"/?{urlencode(ways, doseq=True)}", points),
        "saliency": (f"/saliency?{inspected}", "[data-testid=stImage] img"),
        "forgetting": (f"/forgetting?{urlencode({'run': chosen})}", "[data-testid=stPlotlyChart] .plot-container"),
        "forgotten": (f"/forgetting?{urlencode({'run': chosen, 'show': 'Images'})}", "[data-testid=stImage] img"),
        "units": (f"/units?{urlencode(units)}", ".js-plotly-plot .main-svg"),
        "unit": (f"/units?{urlencode(units | {'show': 'One unit'})}", ".js-plotly-plot .main-svg"),
        "task": (f"/units?{urlencode(units | {'show': 'One unit', 'view': 'Play'})}", "[data-testid=stImage] img"),
        "runs": ("/runs", "[data-testid=stDataFrame]"),
    }


def _look_at_units(store: Store) -> None:
    """Make what does not ship with the scores: all extreme images of the units, and the pictures of one."""
    executor, specs = Executor(store), [ExperimentSpec(pruning=pruning) for pruning in STUDIED]
    asked = (executor.units(specs, UnitStudy(), activity=True), executor.visualise(specs, Visualisation(*UNIT)))
    work_through(store, [job for job in asked if job], pick_device())


def _take(browser: Browser, url: str, ready: str, theme: Theme, width: int, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(
        viewport={"width": width, "height": 1000}, color_scheme="dark" if theme == "dark" else "light"
    )
    page.goto(url)
    page.wait_for_selector(ready, timeout=120_000)
    settled(page)
    _grow(page, width)
    page.screenshot(path=target)
    page.close()


def _grow(page: Page, width: int) -> None:
    """Make the window as high as the page, up to two windows."""
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(1000, int(height)), 2000)})
    page.wait_for_timeout(800)  # Streamlit and Plotly lay out anew


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
