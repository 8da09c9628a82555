"""Attribution maps of one image as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from core.cli.options import (
    Criterion,
    Data,
    Device,
    Form,
    Json,
    NetworkName,
    Preprocess,
    Rates,
    Scope,
    Seed,
    Target,
    Technique,
    Weights,
)
from core.cli.output import show
from core.data.preset import pixels
from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, in_words
from core.figures.maps import common_limit, overlay
from core.interpretability import inspection
from core.interpretability.attribution.registry import METHODS, find_method
from core.interpretability.question import Question, target_class
from core.jobs.devices import pick_device
from core.jobs.subject import Subject, find_subject
from core.paths import cache_folder, writable
from core.pruning.settings import Pruning

ImageId = Annotated[str, typer.Option(help="the image's id, as `data` and the pages give it")]
MethodName = Annotated[str, typer.Option(help=", ".join(METHODS))]
Opacity = Annotated[float, typer.Option(help="of the map over the picture, 0 to 1")]


@dataclass(frozen=True)
class _View:
    """What one network makes of the image."""

    pruning: Pruning
    looked_into: inspection.Subject
    probabilities: NDArray[np.float32]  # (classes,)
    target: int
    map: NDArray[np.float32]  # (h, w)


def attribute(
    image_id: ImageId,
    out: Annotated[Path, typer.Option(help="the folder to write to")],
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    method: MethodName = "gradcam",
    target: Target = "true",
    technique: Technique = "unstructured",
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rate: Rates = None,
    seed: Seed = 0,
    opacity: Opacity = 0.5,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Write, for the dense network and each rate, a map of what counts in an image: PNG on one scale, and NPZ."""
    rates = dict.fromkeys([0.0, *(rate or [])])
    prunings = [Pruning(technique, criterion, scope, one, form, seed) for one in rates]
    subject = find_subject(ExperimentSpec(network, weights, data, preprocess), cache_folder())
    index = _index(subject, image_id)
    picture = pixels(subject.source.image(index), subject.preset).permute(1, 2, 0).numpy()
    question = Question(method, target, seed=seed)
    views = _views(subject, picture, int(subject.source.labels[index]), prunings, question, pick_device(device))
    limit = common_limit([view.map for view in views])
    for view in views:
        files = _write(writable(out), view, picture, method, limit, opacity)
        row = _row(subject, view, image_id, int(subject.source.labels[index])) | {"method": method, "limit": limit}
        show(row | files, as_json, f"{in_words(view.pruning):32} {row['prediction']:24} {files['picture']}")


def _index(subject: Subject, image_id: str) -> int:
    if image_id in subject.source.ids:
        return subject.source.ids.index(image_id)
    ids = subject.source.ids
    raise InvalidSettingError(f"there is no image {image_id!r}", f"{ids[0]} to {ids[-1]}", f"try --image-id {ids[0]}")


def _views(
    subject: Subject,
    picture: NDArray[np.uint8],
    label: int,
    prunings: Sequence[Pruning],
    question: Question,
    device: str,
) -> list[_View]:
    views: list[_View] = []
    for pruning in prunings:
        one = inspection.subject(subject.network, pruning, device)
        own = inspection.probabilities(one, picture[None])[0]
        dense = views[0].probabilities if views else own
        about = target_class(question.target, label, list(dense), list(own))
        views.append(_View(pruning, one, own, about, inspection.attributions(one, picture[None], [about], question)[0]))
    return views


def _write(
    folder: Path, view: _View, picture: NDArray[np.uint8], method: str, limit: float, opacity: float
) -> dict[str, str]:
    name = "dense" if view.pruning.dense else f"{view.pruning.technique}-{view.pruning.rate:g}"
    numbers, shown = folder / f"{name}-{method}.npz", folder / f"{name}-{method}.png"
    np.savez_compressed(numbers, map=view.map, picture=picture, target=view.target)
    signed = find_method(method).signed
    Image.fromarray(overlay(picture, view.map, limit=limit, signed=signed, opacity=opacity, dark=False)).save(shown)
    return {"map": str(numbers), "picture": str(shown)}


def _row(subject: Subject, view: _View, image_id: str, label: int) -> dict[str, Any]:
    classes, own = subject.network.classes, view.probabilities
    return {
        "network": subject.network.name,
        "data": subject.source.name,
        "image_id": image_id,
        "true_class": classes[label],
        "target_class": classes[view.target],
        "technique": None if view.pruning.dense else view.pruning.technique,
        "rate": view.pruning.rate,
        "sparsity": asdict(view.looked_into.sparsity),
        "prediction": classes[int(own.argmax())],
        "probability": float(own.max()),
        "target_probability": float(own[view.target]),
    }
