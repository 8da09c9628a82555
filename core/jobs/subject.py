"""From a spec's words to the network and the images that they name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.data.pack import Pack, data_fingerprint, find_pack, known_pack, pack
from core.data.preset import Preset
from core.data.source import Source, open_source
from core.errors import BrokenDataError, InvalidSettingError
from core.experiment import ExperimentSpec
from core.networks.network import Network
from core.networks.registry import load_network
from core.progress import Progress, silent
from core.training.images import Subset, require_enough, training_source
from core.training.retraining import Retraining
from core.training.separation import check_classes


@dataclass(frozen=True)
class Subject:
    """The dense network and the source that a spec names, and the pixels that the network is shown of it."""

    network: Network
    source: Source
    preset: Preset
    cache: Path

    def fingerprint(self) -> str | None:
        """Return the fingerprint of the data, None if it has to be packed to be known."""
        return data_fingerprint(self.source, self.preset, self.cache)

    def packed(self) -> Pack | None:
        """Return the packed data, None if it is not packed yet, or has to be checked and mended first."""
        return find_pack(self.source, self.preset, self.cache)

    def known(self) -> Pack | None:
        """Return what is known of the packed data, be it in doubt: not to read images from."""
        return known_pack(self.source, self.preset, self.cache)

    def available(self) -> int:
        """Return how many images there are to evaluate: of packed data those that are not broken."""
        known = self.known()
        return len(self.source) if known is None else len(known)

    def pack(self, progress: Progress = silent) -> Pack:
        """Return the packed data, packing it first where need be."""
        return pack(self.source, self.preset, cache=self.cache, progress=progress)


def find_subject(spec: ExperimentSpec, cache: Path, progress: Progress = silent) -> Subject:
    """Return what `spec` names.

    Raises the errors of `load_network` and `open_source`: where the data's classes are not the network's, every figure
    would be wrong.
    """
    network = load_network(spec.network, spec.weights, progress)
    source = open_source(spec.data, network.classes)
    preset = network.preset.without_resize() if spec.preprocess == "crop" else network.preset
    return Subject(network, source, preset, cache)


def training_images(spec: ExperimentSpec, network: Network) -> Source:
    """Return the images that a spec's network is retrained on.

    Raises InvalidSettingError where none belong to the data, and the errors of `open_source`.
    """
    if spec.retraining is None:
        raise InvalidSettingError("no retraining", "a spec with a retraining", "choose how to retrain")
    return training_source(spec.retraining, spec.data, network.classes)


def check_training_images(images: Source, retraining: Retraining, subject: Subject) -> None:
    """Refuse images to retrain on for what shows without reading any.

    Raises InvalidSettingError if they are the evaluated ones, too few, or do not show the evaluated classes.
    """
    if (images.source if isinstance(images, Subset) else images).identity() == subject.source.identity():
        raise InvalidSettingError(
            f"{images.name} is trained on and evaluated on",
            "training images none of which is a validation image",
            "name other images to train on (the field Training images; --train-data FOLDER)",
        )
    if retraining.trains:
        require_enough(len(images))
    check_classes(images, subject.source)


def resolved(spec: ExperimentSpec) -> ExperimentSpec:
    """Return the spec with its training images looked up, so that its run can be named; raises as `training_images`.

    That of a run is known to the last image: it stays as it is, also where those images are not here any more.
    """
    if spec.retraining is None or spec.retraining.data_sha:
        return spec
    images = training_images(spec, load_network(spec.network, spec.weights))
    return replace(spec, retraining=replace(spec.retraining, data=images.name, data_sha=images.identity()))


def same_network(subject: Subject, sha256: str) -> Network:
    """Return the subject's network if it is still the one of that fingerprint, else raise BrokenDataError."""
    if subject.network.sha256 != sha256:
        raise changed(f"the weights of {subject.network.title}", f"the weights with SHA-256 {sha256[:12]}...")
    return subject.network


def changed(what: str, allowed: str) -> BrokenDataError:
    """Return the error to raise where a run cannot be done any more as it was asked for; trying again is no mend."""
    return BrokenDataError(
        f"{what} changed since this run was asked for",
        allowed,
        "press Run with the settings of now: trying again asks for what was there then",
    )
