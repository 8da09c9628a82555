"""Pictures that drive a unit furthest, dense beside pruned, as files."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from core.cli.named import named_runs, network_in_files, specs_of
from core.cli.options import Criterion, Device, Form, Json, NetworkName, Rates, RunIds, Scope, Technique, Weights
from core.cli.output import Bar, show
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, spec_in_words
from core.figures.sheet import sheet
from core.interpretability.visualisation.visualise import visualise as visualised
from core.jobs.devices import pick_device
from core.jobs.inspected import inspected
from core.jobs.subject import find_subject, same_network
from core.networks.network import Network
from core.networks.registry import load_network
from core.paths import cache_folder, writable
from core.pruning.settings import Pruning
from core.store.runs import Run
from core.visualisation import MOST_DIVERSE, OBJECTIVES, SIZE, STEPS, TRANSFORMS, Visualisation
from core.visualised import Visualised

Layer = Annotated[str, typer.Option(help="inception4c.branch1.conv, an inception block (inception4c), or fc")]
Objective = Annotated[str, typer.Option(help="; ".join(f"{name}: {what}" for name, what in OBJECTIVES.items()))]
Sign = Annotated[int, typer.Option(help="1: the picture that drives the unit up; -1: down")]
Transforms = Annotated[str, typer.Option(help="; ".join(f"{name}: {what}" for name, what in TRANSFORMS.items()))]
Diversity = Annotated[int, typer.Option(help=f"how many pictures, each unlike the others: 1 to {MOST_DIVERSE}")]
VisualSeed = Annotated[int, typer.Option("--seed", help="of the noise that the pictures begin as, and random pruning")]


@dataclass(frozen=True)
class _Asked:
    """A network: pruned as the spec says, or as the retraining of a run of the store left it."""

    spec: ExperimentSpec
    run_id: str = ""  # empty: no run was named


@dataclass(frozen=True, eq=False)
class _View:
    """What one network shows, or why it shows nothing."""

    asked: _Asked
    sparsity: dict[str, float]
    found: Visualised | InvalidSettingError
    seconds: float


def visualise(
    layer: Layer,
    unit: Annotated[int, typer.Option(help="the output channel, or the class of a logit, from 0")],
    out: Annotated[Path, typer.Option(help="the folder to write to")],
    network: NetworkName = "demo",
    weights: Weights = None,
    technique: Technique = "structured",
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rate: Rates = None,
    run: RunIds = None,
    objective: Objective = "channel",
    sign: Sign = 1,
    steps: Annotated[int, typer.Option(help="steps of the optimisation")] = STEPS,
    size: Annotated[int, typer.Option(help="pixels a side")] = SIZE,
    transforms: Transforms = "usual",
    diversity: Diversity = 1,
    seed: VisualSeed = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Write the picture that drives a unit furthest: of the dense network, each rate and each run, from one noise.

    One PNG a network, and one of all side by side. Each line tells the activation that is reached, by which seed and
    at which attempt, and the seconds it took; of a unit that pruning removed, that there is no picture.
    """
    how = Visualisation(layer, unit, objective, sign, steps, size, transforms, diversity, seed)
    runs = named_runs(run or [])
    dense = _network(network, weights, runs)
    rates = dict.fromkeys([0.0, *(rate or [])])
    prunings = [Pruning(technique, criterion, scope, one, form, seed) for one in rates]
    named = [_Asked(spec, one.id) for spec, one in zip(specs_of(runs), runs, strict=True) if not spec.is_dense]
    asked = [*(_Asked(ExperimentSpec(network, weights, pruning=one)) for one in prunings), *named]
    into, views = writable(out, chosen=True), []
    for view in _views(dense, asked, how, pick_device(device)):
        views.append(view)
        row = _row(dense, view) | {"file": _write(into, how, view, dense.zeros)}
        show(row, as_json, _line(row, view))
    if len(views) > 1:
        _write_all(into, dense, how, views)


def _network(name: str, weights: str | None, runs: Sequence[Run]) -> Network:
    """Return the dense network, that of the runs if there are any."""
    for one in runs[:1]:
        return same_network(find_subject(specs_of([one])[0].dense(), cache_folder()), one.network_sha)
    return load_network(name, weights, Bar())


def _views(dense: Network, networks: Sequence[_Asked], how: Visualisation, device: str) -> Iterator[_View]:
    for one in networks:
        subject = inspected(dense, one.spec, one.run_id, cache_folder(), device)
        began = time.perf_counter()
        try:
            found: Visualised | InvalidSettingError = visualised(subject, how, Bar())
        except InvalidSettingError as error:
            if one.spec.is_dense:
                raise
            found = error
        yield _View(one, asdict(subject.sparsity), found, time.perf_counter() - began)


def _row(dense: Network, view: _View) -> dict[str, Any]:
    spec, found = view.asked.spec, view.found
    known = found if isinstance(found, Visualised) else None
    return {
        "network": dense.name,
        "run_id": view.asked.run_id or None,
        "technique": None if spec.pruning.dense else spec.pruning.technique,
        "rate": spec.pruning.rate,
        "own_zeros": dense.zeros,
        "retraining": spec.retraining and spec.retraining.in_words(),
        "sparsity": view.sparsity,
        "activation": known and known.reached,
        "activations": known and known.activations[-1].tolist(),
        "start": known and float(known.activations[0].mean()),
        "seed": known and known.seed,
        "attempts": known and known.attempts,
        "seconds": view.seconds,
        "refused": None if known else str(found),
    }


def _write(folder: Path, how: Visualisation, view: _View, own_zeros: float) -> str | None:
    if not isinstance(view.found, Visualised):
        return None
    file = folder / f"{_file_name(how, view.asked, own_zeros)}.png"
    Image.fromarray(_picture(view.found)).save(file)
    return str(file)


def _write_all(folder: Path, dense: Network, how: Visualisation, views: Sequence[_View]) -> None:
    """Write the pictures side by side, each with its network and what it reached."""
    panels = [
        (f"{spec_in_words(view.asked.spec, dense.zeros)}: {view.found.reached:.2f}", _picture(view.found))
        for view in views
        if isinstance(view.found, Visualised)
    ]
    caption = [f"{dense.title}: {how.in_words()}. Beside each network: the activation that is reached."]
    name = f"{how.place}-{how.unit}-all-{how.id[:6]}.png"
    Image.fromarray(sheet(panels, caption, None, dark=False)).save(folder / name)


def _picture(found: Visualised) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the last pictures side by side."""
    return np.concatenate(list(found.frames[-1]), axis=1)


def _file_name(how: Visualisation, asked: _Asked, own_zeros: float) -> str:
    """Return a name that tells the files of other networks and settings apart, and which is which."""
    spec = asked.spec
    what = network_in_files(spec, own_zeros)
    about = json.dumps([spec.network, spec.weights, spec.pruning.canonical(), asked.run_id, how.id], sort_keys=True)
    return f"{how.place}-{how.unit}-{what}-{hashlib.sha256(about.encode()).hexdigest()[:6]}"


def _line(row: dict[str, Any], view: _View) -> str:
    what = spec_in_words(view.asked.spec, row["own_zeros"])
    if row["refused"]:
        return f"{what:32} no picture: {row['refused']}"
    attempt = f", attempt {row['attempts']} with seed {row['seed']}" if row["attempts"] > 1 else ""
    return f"{what:32} activation {row['activation']:8.3f} in {row['seconds']:.1f} s{attempt}  {row['file']}"
