"""What the README's pictures show: a store worth looking at, and the addresses of its views."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from safetensors.torch import save_file

from core.added_networks import add_file
from core.data.scenes import CLASSES, ScenesSource
from core.experiment import ExperimentSpec
from core.jobs.devices import pick_device
from core.jobs.executor import Executor
from core.jobs.foreground import work_through
from core.jobs.subject import find_subject, resolved
from core.known_data import add_data
from core.networks.network import Network
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning
from core.store.database import Store, open_store
from core.store.demo import import_demo
from core.training.presets import PRESETS
from core.units.study import UnitStudy
from core.visualisation import Visualisation

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
ELSEWHERE = "pruned_elsewhere"
CUT = Pruning("connection", rate=0.15)
FILES = 240  # scenes as files


def addresses(cache: Path) -> dict[str, tuple[str, str]]:
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
    files = _scenes_as_files(cache / "shapes" / "val")
    add_data(cache, str(files))
    _add_network(subject.network, cache / f"{ELSEWHERE}.safetensors")
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
        "own": ("/saliency?images_from=Your+own&method=Saliency", "[data-testid=stImage] img"),
        "data": (f"/data?{urlencode({'data': str(files)})}", "[data-testid=stImage] img"),
        "networks": (f"/networks?{urlencode({'named': ELSEWHERE})}", "[data-testid=stDataFrame]"),
        "runs": ("/runs", "[data-testid=stDataFrame]"),
    }


def _look_at_units(store: Store) -> None:
    """Make what does not ship with the scores: all extreme images of the units, and the pictures of one."""
    executor, specs = Executor(store), [ExperimentSpec(pruning=pruning) for pruning in STUDIED]
    asked = (executor.units(specs, UnitStudy(), activity=True), executor.visualise(specs, Visualisation(*UNIT)))
    work_through(store, [job for job in asked if job], pick_device())


def _scenes_as_files(folder: Path) -> Path:
    """Write scenes as somebody's own images, a folder a class."""
    source = ScenesSource("training")
    for place in range(FILES):
        file = folder / CLASSES[source.labels[place]] / f"{place}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        source.image(place).save(file, quality=95)
    return folder


def _add_network(network: Network, file: Path) -> None:
    """Add a network that somebody pruned without a word about it."""
    save_file(pruned_copy(network.module, make_masks(network.module, CUT)).state_dict(), file)
    add_file(file, like=network)
    file.unlink()
