"""What there is: networks, data, attribution methods."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.data_sheet import DOZEN, write_sheet
from core.cli.options import Json, NetworkName, Preprocess, Weights
from core.cli.output import Bar, show
from core.data.imagenette import IMAGENETTE, fetch_imagenette
from core.data.layouts import LAYOUTS
from core.data.pack import pack_cost
from core.data.recognise import Description, recognise
from core.data.source import SCENES
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec
from core.interpretability.attribution.registry import METHODS
from core.jobs.subject import Subject, find_subject
from core.known_networks import added_networks
from core.networks.registry import NETWORKS, load_network
from core.store.database import open_store
from core.words import size

_LISTED = 3
_PATH = (
    f"{SCENES}, {IMAGENETTE}:val, a folder of labelled images, a tar archive or parquet shards of them; LAYOUT:PATH "
    f"where it could be several: {', '.join(LAYOUTS)}"
)


def networks(as_json: Json = False) -> None:
    """List the networks by name and whether each is at hand, then those that were added, which are named by file."""
    for name, entry in NETWORKS.items():
        path = entry.find()
        about = {"network": name, "title": entry.title, "file": str(path) if path else None, "needs": entry.needs}
        show(about, as_json, f"{name:16} {entry.title:24} {path or entry.needs}")
    for name, path in added_networks().items():
        about = {"network": str(path), "title": name, "file": str(path), "needs": None}
        show(about, as_json, f"{'(file)':16} {name:24} {path}")


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
    path: Annotated[str, typer.Argument(help=_PATH)] = SCENES,
    network: NetworkName = "demo",
    weights: Weights = None,
    preprocess: Preprocess = "preset",
    fetch: Annotated[bool, typer.Option("--fetch", help=f"download {IMAGENETTE} first, where it is not here")] = False,
    pack: Annotated[bool, typer.Option("--pack", help="pack it now")] = False,
    sheet: Annotated[
        Path | None, typer.Option(help=f"draw {DOZEN} images with their class names into this PNG file")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say how data are recognised, what their classes are to a network, and whether they are packed; or pack them."""
    if fetch:
        _fetch(path)
    spec = ExperimentSpec(network, weights, path, preprocess)
    found = recognise(path, load_network(network, weights).classes)
    subject = find_subject(spec, open_store().folder) if pack or not found.mapping.unmatched else None
    about = _described(found) | _packed(subject, pack) | _drawn(spec, found, sheet)
    show(about, as_json, "\n".join(f"{key:12} {_in_words(value)}" for key, value in about.items()))


def _drawn(spec: ExperimentSpec, found: Description, file: Path | None) -> dict[str, Any]:
    return {} if file is None else {"sheet": str(write_sheet(spec, found, file))}


def _fetch(path: str) -> None:
    if not path.startswith(f"{IMAGENETTE}:"):
        raise InvalidSettingError(f"--fetch {path}", f"{IMAGENETTE}:val or {IMAGENETTE}:train", "leave out --fetch")
    fetch_imagenette(progress=Bar())


def _described(found: Description) -> dict[str, Any]:
    return {
        "path": found.path,
        "title": found.title,
        "layout": found.layout,
        "layout_title": found.layout_title,
        "images": found.images,
        "classes": len(found.classes),
        "mapped": len(found.mapping.matched),
        "mapped_by": found.mapping.by,
        "unmatched": [{"class": one.name, "why": one.why} for one in found.mapping.unmatched],
        "present": len(found.present),
        "region": found.region,
        "notes": list(found.notes),
    }


def _packed(subject: Subject | None, pack: bool) -> dict[str, Any]:
    """Return what is packed; of data whose classes are not the network's, nothing."""
    if subject is None:
        return {"preset": None, "packed": False, "bytes_to_pack": None, "fingerprint": None, "skipped": []}
    needed = pack_cost(subject.source, subject.preset, subject.cache).bytes
    if pack and needed:
        free = shutil.disk_usage(open_store().folder).free
        typer.echo(f"packing takes {size(needed)} of the {size(free)} free on the disk", err=True)
    packed = subject.pack(Bar()) if pack else subject.known()
    return {
        "preset": subject.preset.name,
        "packed": packed is not None,
        "bytes_to_pack": 0 if packed else needed,
        "fingerprint": subject.fingerprint(),
        "skipped": [{"id": one.id, "reason": one.reason} for one in packed.skipped] if packed else [],
    }


def _in_words(value: Any) -> str:
    """Return a value for a terminal: of a long list the first three."""
    if not isinstance(value, list):
        return str(value)
    first = "; ".join(": ".join(one.values()) if isinstance(one, dict) else one for one in value[:_LISTED])
    return f"{first}; and {len(value) - _LISTED:,} more" if len(value) > _LISTED else first or "none"
