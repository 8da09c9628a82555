"""Attribution maps of one image as files, and what they are worth."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from core.cli.named import named_runs, network_in_files, specs_of
from core.cli.options import (
    Criterion,
    Data,
    Device,
    Form,
    Json,
    NetworkName,
    Preprocess,
    Rates,
    RunIds,
    Scope,
    Seed,
    Target,
    Technique,
    Weights,
)
from core.cli.output import Bar, show
from core.data.example import Example, example, find_image
from core.data.order import another
from core.errors import BrokenDataError, InvalidSettingError
from core.experiment import ExperimentSpec, spec_in_words
from core.figures.maps import common_limit, overlay
from core.interpretability import inspection
from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.method import Value
from core.interpretability.attribution.registry import METHODS
from core.interpretability.measures.randomisation import FRESH_WEIGHTS, randomised_copy
from core.interpretability.question import Question
from core.interpretability.survey import INSTRUMENTS, Answered, Answers, Asked, ask
from core.jobs.devices import pick_device
from core.jobs.inspected import inspected
from core.jobs.subject import Subject, find_subject, same_network
from core.paths import cache_folder, writable
from core.pruning.settings import Pruning

ImageId = Annotated[str, typer.Option(help="the image's id, as `data` and the pages give it")]
MethodName = Annotated[str, typer.Option(help=", ".join(METHODS))]
BaselineName = Annotated[str | None, typer.Option(help=f"{', '.join(BASELINES)}; default: the method's own")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="a parameter of the method: steps=20; repeatable")]
Opacity = Annotated[float, typer.Option(help="of the map over the picture, 0 to 1")]


@dataclass(frozen=True)
class _Asked:
    """A network that is asked: pruned as the spec says, or as the retraining of a run of the store left it."""

    spec: ExperimentSpec
    run_id: str = ""  # empty: no run was named


@dataclass(frozen=True, eq=False)
class _View:
    """What one network makes of the image."""

    asked: _Asked
    inspected: inspection.Subject
    answers: Answers  # one


@dataclass(frozen=True, eq=False)
class _Image:
    """The image, and one of another class that the dense network is asked about for comparison, if there is one."""

    subject: Subject
    question: Question
    this: Example
    other: Example | None


def attribute(
    image_id: ImageId,
    out: Annotated[Path, typer.Option(help="the folder to write to")],
    network: NetworkName = "demo",
    weights: Weights = None,
    data: Data = "scenes",
    preprocess: Preprocess = "preset",
    method: MethodName = "gradcam",
    target: Target = "true",
    baseline: BaselineName = None,
    settings: Settings = None,
    technique: Technique = "unstructured",
    criterion: Criterion = "l1",
    scope: Scope = "local",
    form: Form = "clean",
    rate: Rates = None,
    run: RunIds = None,
    seed: Seed = 0,
    opacity: Opacity = 0.5,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Write, for the dense network, each rate and each run, a map of what counts in an image: PNG, one scale, and NPZ.

    Each line tells how far the map agrees with the dense network's (beside what a randomised network and another image
    score), where it lies if that is known, and for methods whose parts add up, how well they do.
    """
    runs, folder = named_runs(run or []), cache_folder()
    named = [_Asked(spec, one.id) for spec, one in zip(specs_of(runs), runs, strict=True)]
    dense = named[0].spec.dense() if named else ExperimentSpec(network, weights, data, preprocess)
    rates = dict.fromkeys([0.0, *(rate or [])])
    prunings = [Pruning(technique, criterion, scope, one, form, seed) for one in rates]
    question = Question(method, target, baseline, seed, tuple(_setting(text) for text in settings or ()))
    subject = find_subject(dense, folder)
    for one in runs[:1]:
        same_network(subject, one.network_sha)
    index = find_image(subject.source, image_id)
    image, into = (
        _Image(subject, question, _example(subject, index), _other(subject, index)),
        writable(out, chosen=True),
    )
    asked = [*(_Asked(replace(dense, pruning=one)) for one in prunings), *named]
    views = list(_views(image, asked, folder, pick_device(device)))
    limit = common_limit([view.answers["map"][0] for view in views])
    yardsticks = _yardsticks(image, views[0])
    for view in views:
        files = _write(into, view, image, limit, opacity)
        row = _row(image, view) | _measures(image, view.inspected, view.answers, views[0]) | yardsticks
        show(row | {"limit": limit} | files, as_json, _line(row, view, files))


def _example(subject: Subject, index: int) -> Example:
    return example(subject.source, subject.preset, index)


def _other(subject: Subject, index: int) -> Example | None:
    """Return an image of another class; none if there is none, or it cannot be decoded."""
    place = another(subject.source.labels, index)
    with suppress(BrokenDataError):
        return None if place is None else _example(subject, place)
    return None


def _setting(text: str) -> tuple[str, Value]:
    name, _, value = text.partition("=")
    try:
        return name, float(value) if value.replace(".", "", 1).isdigit() else value
    except ValueError as error:
        raise InvalidSettingError(f"--set {text!r}", "name=value", "for example --set steps=20") from error


def _views(image: _Image, networks: Sequence[_Asked], folder: Path, device: str) -> Iterator[_View]:
    dense: Answers | None = None
    for one in networks:
        looked_into = inspected(image.subject.network, one.spec, one.run_id, folder, device)
        answers = _ask(image, looked_into, image.this, None if dense is None else dense["predicted"])
        dense = answers if dense is None else dense
        yield _View(one, looked_into, answers)


def _ask(image: _Image, inspected: inspection.Subject, about: Example, dense: NDArray[np.integer] | None) -> Answers:
    asked = Asked(np.array([about.index]), about.pixels[None], np.array([about.label]), dense)
    return ask(inspected, asked, image.question, Bar())


def _measures(image: _Image, inspected: inspection.Subject, answers: Answers, dense: _View) -> dict[str, float | None]:
    """Return agreement and localisation by their names; None where a measure is not defined."""
    masks = None if image.this.mask is None else image.this.mask[None]
    instrument = INSTRUMENTS["agreement"]
    answered = Answered(inspected, image.this.pixels[None], answers, dense.answers, masks)
    rows = instrument.measure(answered)
    return {name: _defined(float(rows[name][0])) for name in instrument.measures}


def _yardsticks(image: _Image, dense: _View) -> dict[str, float | None]:
    """Return the Spearman that a randomised network and another image score against the dense network's map."""
    fresh = replace(dense.inspected, module=randomised_copy(dense.inspected.module, FRESH_WEIGHTS))
    randomised = _ask(image, fresh, image.this, dense.answers["predicted"])
    other = None if image.other is None else _ask(image, dense.inspected, image.other, None)
    found = {"randomised": randomised, "other_image": other}
    return {
        name: None if answers is None else _measures(image, dense.inspected, answers, dense)["spearman"]
        for name, answers in found.items()
    }


def _write(folder: Path, view: _View, image: _Image, limit: float, opacity: float) -> dict[str, str]:
    question, values, picture = image.question, view.answers["map"][0], image.this.pixels
    how = json.dumps(_how(view.asked), sort_keys=True)
    name = _file_name(image, view.asked.spec, how)
    numbers, shown = folder / f"{name}.npz", folder / f"{name}.png"
    np.savez_compressed(
        numbers,
        map=values,
        picture=picture,
        image=image.this.id,
        target=int(view.answers["target"][0]),
        question=question.to_json(),
        network=image.subject.network.sha256,
        pruning=json.dumps(view.asked.spec.pruning.canonical(), sort_keys=True),
        run=view.asked.run_id,
        retraining=json.dumps(_retraining(view.asked.spec), sort_keys=True),
    )
    laid = overlay(picture, values, limit=limit, signed=question.entry.signed, opacity=opacity, dark=False)
    Image.fromarray(laid).save(shown)
    return {"map": str(numbers), "picture": str(shown)}


def _how(asked: _Asked) -> dict[str, object]:
    """Return what tells a network from others of the same weights."""
    retrained = {} if asked.spec.retraining is None else {"run": asked.run_id}
    return asked.spec.pruning.canonical() | retrained


def _retraining(spec: ExperimentSpec) -> dict[str, object] | None:
    return None if spec.retraining is None else spec.retraining.canonical(masks=not spec.is_control)


def _file_name(image: _Image, spec: ExperimentSpec, how: str) -> str:
    """Return a name that tells the files of other images, questions and networks apart, and which is which."""
    about = f"{image.question.id} {image.subject.network.sha256} {how}"
    what = network_in_files(spec, image.subject.network.zeros)
    identity = re.sub(r"[^\w.-]+", "-", image.this.id)
    return f"{identity}-{what}-{image.question.method}-{hashlib.sha256(about.encode()).hexdigest()[:6]}"


def _row(image: _Image, view: _View) -> dict[str, Any]:
    subject, answers, spec = image.subject, view.answers, view.asked.spec
    classes, target = subject.network.classes, int(answers["target"][0])
    shares = inspection.probabilities(view.inspected, image.this.pixels[None])[0]
    about = view.inspected, image.this.pixels[None], [target], image.question, answers["map"]
    complete = inspection.completeness(*about)
    rise, error = (None, None) if complete is None else (float(complete[0][0]), _defined(float(complete[1][0])))
    return {
        "network": subject.network.name,
        "data": subject.source.name,
        "image_id": image.this.id,
        "method": image.question.method,
        "question": image.question.in_words(),
        "true_class": classes[image.this.label],
        "target_class": classes[target],
        "run_id": view.asked.run_id or None,
        "technique": None if spec.pruning.dense else spec.pruning.technique,
        "rate": spec.pruning.rate,
        "own_zeros": subject.network.zeros,
        "retraining": spec.retraining and spec.retraining.in_words(),
        "sparsity": asdict(view.inspected.sparsity),
        "prediction": classes[int(shares.argmax())],
        "probability": float(shares.max()),
        "target_probability": float(shares[target]),
        "logit_rise": rise,
        "completeness_error": error,
    }


def _defined(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _line(row: dict[str, Any], view: _View, files: dict[str, str]) -> str:
    agree = "" if row.get("spearman") is None else f"Spearman {row['spearman']:.2f}"
    return f"{spec_in_words(view.asked.spec, row['own_zeros']):32} {row['prediction']:24} {agree:16} {files['picture']}"
