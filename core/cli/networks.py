"""What one file of weights is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from core.cli.options import Json
from core.cli.output import show
from core.known_networks import how_it_was_read, looks_like
from core.pruning.description import NetworkDescription, describe
from core.words import count, listed, percent, size


def network(
    path: Annotated[str, typer.Argument(help="a checkpoint of a GoogLeNet: .safetensors, or weights-only .pth")],
    as_json: Json = False,
) -> None:
    """Say what a checkpoint holds, how it is read, and what was pruned in it."""
    about = describe(path)
    show(asdict(about), as_json, "\n".join(f"{name:13} {words}" for name, words in _in_words(about).items()))


def _in_words(about: NetworkDescription) -> dict[str, str]:
    """Return the description short enough to read; all of it is in the JSON."""
    shares = {"prunable": "the prunable weights", "conv": "all conv weights", "all": "all parameters"}
    zeros = listed([f"{percent(about.sparsity[name])} of {words}" for name, words in shares.items()])
    transform = ", then transform_input" if about.transform_input else ""
    told = {
        "network": about.title,
        "source": f"{about.source}, {size(about.file_bytes)}",
        "sha256": about.sha256,
        "architecture": f"{about.architecture}, {count(about.parameters, 'parameter')}",
        "classes": f"{count(len(about.classes), 'class', 'classes')}, {about.classes_from}",
        "images": f"{about.preset}, mean {about.mean}, std {about.std} of pixels / {about.unit:g}{transform}",
        "file": "; ".join(how_it_was_read(about)) or "read as it is",
        "zeros": looks_like(about) if about.technique == "none" else f"look like {looks_like(about)}: {zeros}",
    }
    return told | {f"warning {place}": text for place, text in enumerate(about.warnings, 1)}
