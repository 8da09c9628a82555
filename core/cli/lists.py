"""What there is: networks, data, attribution methods."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from core.cli.options import Json, NetworkName, Preprocess, Weights
from core.cli.output import Bar, show
from core.experiment import ExperimentSpec
from core.interpretability.attribution.registry import METHODS
from core.jobs.subject import find_subject
from core.networks.registry import NETWORKS
from core.store.database import open_store


def networks(as_json: Json = False) -> None:
    """List the dense networks and whether each is at hand."""
    for name, entry in NETWORKS.items():
        path = entry.find()
        about = {"network": name, "title": entry.title, "file": str(path) if path else None, "needs": entry.needs}
        show(about, as_json, f"{name:16} {entry.title:24} {path or entry.needs}")


def methods(as_json: Json = False) -> None:
    """List the attribution methods: what each says, what it cannot, its parameters and its cost in passes."""
    for name, method in METHODS.items():
        settings = method.settings()
        about = {
            "method": name,
            "title": method.title,
            "meaning": method.meaning,
            "limits": method.limits,
            "parameters": settings,
            "baseline": method.baseline,
            "passes": asdict(method.cost(settings)),
        }
        show(about, as_json, f"{name:16} {method.title:24} {method.meaning}")


def data(
    path: Annotated[str, typer.Argument(help="scenes, or a folder of images")] = "scenes",
    network: NetworkName = "demo",
    weights: Weights = None,
    preprocess: Preprocess = "preset",
    pack: Annotated[bool, typer.Option("--pack", help="pack it now")] = False,
    as_json: Json = False,
) -> None:
    """Say what images a source holds for a network and whether they are packed; pack them on request."""
    spec = ExperimentSpec(network, weights, path, preprocess)
    subject = find_subject(spec, open_store().folder)
    packed = subject.pack(Bar()) if pack else subject.packed()
    about = {
        "path": path,
        "title": subject.source.title,
        "images": len(subject.source),
        "classes": len(subject.source.classes),
        "preset": subject.preset.name,
        "packed": packed is not None,
        "fingerprint": subject.fingerprint(),
        "skipped": [{"id": one.id, "reason": one.reason} for one in packed.skipped] if packed else [],
    }
    show(about, as_json, "\n".join(f"{key:12} {value}" for key, value in about.items()))
