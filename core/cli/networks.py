"""What one file of weights is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from core.cli.options import Json
from core.cli.output import show
from core.pruning.description import describe
from core.words import listed, percent


def network(
    path: Annotated[str, typer.Argument(help="a checkpoint of a GoogLeNet: .safetensors, or weights-only .pth")],
    as_json: Json = False,
) -> None:
    """Say what a checkpoint holds, how it is read, and what was pruned in it."""
    about = asdict(describe(path))
    show(about, as_json, "\n".join(f"{name:16} {value}" for name, value in _in_words(about).items()))


def _in_words(about: Mapping[str, Any]) -> dict[str, str]:
    """Return the description short enough to read; all of it is in the JSON."""
    told = {name: str(about[name]) for name in ("title", "architecture", "sha256", "preset")}
    told["parameters"] = f"{about['parameters']:,}, stored as {listed(about['stored_as'])}"
    told["classes"] = f"{len(about['classes']):,}, {about['classes_from']}"
    told["keys"] = f"{about['layout']}'s" + (f", prefix {about['prefix']}" if about["prefix"] else "")
    told["left out"] = f"{len(about['dropped'])} keys of auxiliary heads"
    told["pruning"] = " ".join(filter(None, (about["form"], about["technique"])))
    told["sparsity"] = f"{percent(about['sparsity']['prunable'])} of the prunable weights"
    return told | {f"warning {place}": text for place, text in enumerate(about["warnings"], 1)}
