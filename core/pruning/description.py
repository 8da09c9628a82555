"""What a file of weights is: all that can be told of a network without showing it an image. Loads torch when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.paths import user_path

if TYPE_CHECKING:
    from core.networks.checkpoint import Checkpoint
    from core.networks.conventions import ClassNames, Feeding


_NAMED = 3  # entries of a file that a warning names


@dataclass(frozen=True)
class NetworkDescription:
    """A network in a file: where it comes from, what it is, what was done to read it, what was pruned in it."""

    source: str
    title: str
    sha256: str  # by which runs know it: of its weights, and of how it is fed where that is unusual
    file_bytes: int
    architecture: str
    parameters: int
    classes: tuple[str, ...]
    classes_from: str  # who says their names
    classes_numbered: bool  # because nobody does
    stored_as: tuple[str, ...]  # types of the stored weights, "float16"
    layout: str  # whose names the keys have, "torchvision" or "caffe"
    wrapper: str  # the entry of the file that held the state dict, "" if the file is one
    prefix: str  # that was taken off every key
    dropped: tuple[str, ...]  # keys of auxiliary heads, which are left out
    masked: tuple[str, ...]  # parameters that were multiplied with their masks
    flipped: bool  # whether the first convolution was turned from blue, green, red
    preset: str  # which pixels it is shown
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    unit: float
    transform_input: bool
    feeding_said: bool  # by the file, by what is beside it or by its architecture, rather than assumed
    technique: str  # that its zeros look like, "none" or "mixed"
    form: str
    sparsity: Mapping[str, float]  # of what was pruned, over prunable, conv and all
    layer_sparsity: Mapping[str, float]  # share of zeros of each conv and fc, by accident too
    warnings: tuple[str, ...]  # of what is wrong with it, and of what is assumed, with how to say it
    assumed: tuple[str, ...]  # for nothing says it


def describe(path: Path | str) -> NetworkDescription:
    """Return what the network in a file is; the file is read once.

    Weights that are not finite are told in the warnings; measuring refuses what they lead to. Raises the errors of
    `read_googlenet`, and BrokenDataError if it is said to have another number of classes than outputs.
    """
    from core.networks.checkpoint import read_googlenet
    from core.networks.conventions import class_names, feeding_of
    from core.networks.registry import network_of
    from core.pruning.recognise import recognise_pruning

    file = user_path(path)
    checkpoint = read_googlenet(file)
    network = network_of(checkpoint, str(path))
    names, feeding, found = class_names(checkpoint), feeding_of(checkpoint), recognise_pruning(network.module)
    assumed = _assumed(file, names, feeding)
    return NetworkDescription(
        source=str(file),
        title=network.title,
        sha256=network.sha256,
        file_bytes=file.stat().st_size,
        parameters=sum(parameter.numel() for parameter in network.module.parameters()),
        classes=names.names,
        classes_from=names.origin,
        classes_numbered=names.numbered,
        preset=feeding.preset.name,
        mean=feeding.normalisation.mean,
        std=feeding.normalisation.std,
        unit=feeding.normalisation.unit,
        transform_input=feeding.transform_input,
        feeding_said=feeding.said,
        technique=found.technique,
        form=found.form,
        sparsity={name: getattr(found.sparsity, name) for name in ("prunable", "conv", "all")},
        layer_sparsity={one.name: one.sparsity for one in found.layers},
        warnings=(*_faults(checkpoint, names), *(f"{what}; {mend}" for what, mend in assumed.items())),
        assumed=tuple(assumed),
        **_reading(checkpoint),
    )


def _reading(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return how the weights were found in the file."""
    keys = checkpoint.keys
    return {
        "architecture": checkpoint.architecture,
        "stored_as": checkpoint.dtypes,
        "layout": keys.layout,
        "wrapper": checkpoint.wrapper,
        "prefix": keys.prefix,
        "dropped": keys.dropped,
        "masked": keys.masked,
        "flipped": checkpoint.flipped,
    }


def _faults(checkpoint: Checkpoint, names: ClassNames) -> tuple[str, ...]:
    from core.networks.checkpoint import not_finite

    odd = not_finite(checkpoint.state)
    told = {
        f"not finite: {odd}; what it says of images will be refused": bool(odd),
        f"its file holds other weights too, under {_others(checkpoint)}: to use those, save them alone": bool(
            checkpoint.others
        ),
        f"its classes {_namesakes(names)}: told apart by their numbers alone": names.said and bool(names.shared),
    }
    return tuple(fault for fault, holds in told.items() if holds)


def _assumed(file: Path, names: ClassNames, feeding: Feeding) -> dict[str, str]:
    """Return what is assumed of a network, for nothing says it, and how to say it."""
    told = {
        f"nothing says how it was fed: {feeding.in_words()} is assumed": f"say it in {file.stem}.json beside it",
        f"its classes are {names.origin}": f"name them, one a line, in {file.stem}.classes.txt",
    }
    holds = (not feeding.said, names.numbered)
    return {what: mend for (what, mend), one in zip(told.items(), holds, strict=True) if one}


def _others(checkpoint: Checkpoint) -> str:
    from core.words import listed, shortened

    more = ["others"] if len(checkpoint.others) > _NAMED else []
    return listed([*(repr(shortened(name, 40)) for name in checkpoint.others[:_NAMED]), *more])


def _namesakes(names: ClassNames) -> str:
    """Return "134 and 517 are both 'crane'"."""
    from core.words import listed

    told = {name: listed([f"{place}" for place in places]) for name, places in names.shared.items()}
    return listed([f"{places} are both {name!r}" for name, places in told.items()])
