"""What a network is shown and what its outputs are called, where its file says it, and where it does not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from torchvision.models import GoogLeNet_Weights

from core.data.preset import Preset
from core.errors import BrokenDataError
from core.networks.checkpoint import Checkpoint
from core.networks.network import BVLC_NORMALISATION, IMAGENET_NORMALISATION, IMAGENET_PRESET, Normalisation
from core.words import count, listed, shortened

_NAMESAKES = ((134, 517), (638, 639), (264, 474))  # of ImageNet's classes: crane, maillot, cardigan in many lists
_FEW, _LONGEST = 3, 60  # numbers, and characters of a name, that a message repeats

IMAGENET_CLASSES: tuple[str, ...] = tuple(GoogLeNet_Weights.IMAGENET1K_V1.meta["categories"])


@dataclass(frozen=True)
class Feeding:
    """How a picture becomes the input of the first convolution."""

    preset: Preset
    normalisation: Normalisation
    transform_input: bool  # ImageNet's normalisation is brought to (x - 0.5) / 0.5 inside of the network
    said: bool  # by the file, by what is beside it or by its architecture, rather than assumed

    def in_words(self) -> str:
        """Return what is done to pixels: "ImageNet's normalisation, then transform_input"."""
        how = self.normalisation
        mean, std = (", ".join(f"{value:g}" for value in values) for values in (how.mean, how.std))
        formula = f"(pixels / {how.unit:g} - ({mean})) / ({std})"
        told = "ImageNet's normalisation" if how == IMAGENET_NORMALISATION else formula
        return f"{told}, {'then' if self.transform_input else 'without'} transform_input"


def feeding_of(checkpoint: Checkpoint) -> Feeding:
    """Return how the network is fed: as is said of it; where nothing is said, as such networks are.

    BrokenDataError if it is said to be shown more pixels than there are after resizing.

    `googlenet-bvlc` takes BVLC's means. Other networks take ImageNet's normalisation, at 256 and 224 pixels; their
    inputs are transformed too, as torchvision's ImageNet weights want it and those fine-tuned from them, unless a
    normalisation is said, or there are other than 1,000 classes and auxiliary heads in the file: torchvision leaves
    the heads out when it fine-tunes, and transforms nothing when it trains from scratch.
    """
    about, bvlc = checkpoint.about, checkpoint.architecture == "googlenet-bvlc"
    usual = BVLC_NORMALISATION if bvlc else IMAGENET_NORMALISATION
    said = about.mean is not None and about.std is not None
    scale = about.unit or (255.0 if said else usual.unit)
    normalisation = Normalisation(about.mean, about.std, scale) if about.mean and about.std else usual
    transform = _transforms(checkpoint) if about.transform_input is None else about.transform_input
    return Feeding(_preset(checkpoint), normalisation, transform, said or bvlc or about.transform_input is not None)


def _transforms(checkpoint: Checkpoint) -> bool:
    if checkpoint.architecture == "googlenet-bvlc" or checkpoint.about.mean is not None:
        return False
    return checkpoint.outputs == len(IMAGENET_CLASSES) or not checkpoint.keys.dropped


def _preset(checkpoint: Checkpoint) -> Preset:
    about = checkpoint.about
    if about.size is None and about.resize is None:
        return IMAGENET_PRESET
    crop = about.size or IMAGENET_PRESET.crop
    if about.resize is not None and about.resize < crop:
        raise BrokenDataError(
            f"{checkpoint.path} is said to have resize {about.resize} and to be shown {crop} pixels a side",
            f"resize: {crop} or more, for what is cropped from a smaller image has black edges",
            f"say both, size and resize, in {checkpoint.path.stem}.json beside it",
        )
    return Preset(about.resize or crop, crop)


def identity(weights_sha: str, feeding: Feeding, checkpoint: Checkpoint) -> str:
    """Return the fingerprint of a network: of its weights, and of its feeding where that is not the usual one.

    Fed otherwise, the same weights give other figures, so that they are another network. The usual feeding is that of
    torchvision's ImageNet weights for 1,000 classes, ImageNet's normalisation alone for any other number, and BVLC's.
    """
    bvlc, imagenet = checkpoint.architecture == "googlenet-bvlc", checkpoint.outputs == len(IMAGENET_CLASSES)
    usual = (BVLC_NORMALISATION, False) if bvlc else (IMAGENET_NORMALISATION, imagenet)
    how = (feeding.normalisation, feeding.transform_input)
    return weights_sha if how == usual else hashlib.sha256(f"{weights_sha} {how!r}".encode()).hexdigest()


@dataclass(frozen=True)
class ClassNames:
    """The names of the outputs in their order, and where they come from."""

    names: tuple[str, ...]
    origin: str
    said: bool  # of the file, or beside it, rather than assumed
    numbered: bool = False

    @property
    def shared(self) -> dict[str, tuple[int, ...]]:
        """The names that several classes have, with the numbers of these."""
        return _shared(self.names)


def class_names(checkpoint: Checkpoint) -> ClassNames:
    """Return the names of the network's classes.

    Names that are said come first, then the folder's `classes.txt` if it has as many lines as there are outputs, then
    ImageNet's if there are 1,000; else they are numbered. BrokenDataError if it is said to have another number of
    classes, or two of the same name that are not namesakes in ImageNet.
    """
    about, outputs = checkpoint.about, checkpoint.outputs
    if about.classes and len(about.classes) != outputs:
        raise BrokenDataError(
            f"{checkpoint.path} is said to have {len(about.classes):,} classes and has {outputs:,} outputs",
            "one name for each output",
            f"say them, one a line, in {checkpoint.path.stem}.classes.txt beside it",
        )
    if about.classes:
        return ClassNames(_distinct(checkpoint, about.classes), "as is said of the file", said=True)
    if about.shared_classes and len(about.shared_classes) == outputs:
        return ClassNames(_distinct(checkpoint, about.shared_classes), "by classes.txt beside it", said=True)
    if outputs == len(IMAGENET_CLASSES):
        return ClassNames(IMAGENET_CLASSES, "ImageNet's, because there are 1,000", said=False)
    numbers = tuple(f"class {place}" for place in range(outputs))
    return ClassNames(numbers, "numbered, because nothing names them", said=False, numbered=True)


def _distinct(checkpoint: Checkpoint, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names that tell classes apart: a folder of images could belong to either of two namesakes."""
    alike = _NAMESAKES if len(names) == len(IMAGENET_CLASSES) else ()
    wrong = [(name, places) for name, places in _shared(names).items() if places not in alike]
    if wrong:
        name, places = wrong[0]
        numbers = [f"{place:,}" for place in places[:_FEW]] + (["others"] if len(places) > _FEW else [])
        more = f", and {count(len(wrong) - 1, 'more name')} twice" if len(wrong) > 1 else ""
        raise BrokenDataError(
            f"{checkpoint.path} is said to have several classes {shortened(name, _LONGEST)!r}: "
            f"{listed(numbers)} (counted from 0){more}",
            "a name of its own for each class; ImageNet's cranes, maillots and cardigans where ImageNet has them",
            "write what tells them apart behind the names",
        )
    return names


def _shared(names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    return {name: tuple(found) for name, found in places.items() if len(found) > 1}
