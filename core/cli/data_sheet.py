"""A dozen images of some data with their class names, as a picture: one look tells whether labels are right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np

from core.data.names import as_matched
from core.data.order import stratified_order
from core.data.preset import cropped
from core.data.recognise import Description
from core.data.source import open_source
from core.errors import BrokenDataError, StorageError
from core.experiment import ExperimentSpec
from core.figures.export import png
from core.figures.maps import Picture
from core.figures.sheet import grid
from core.jobs.subject import find_subject
from core.networks.registry import load_network
from core.paths import cache_folder, writable

DOZEN = 12
_COLUMNS = 4


def write_sheet(spec: ExperimentSpec, found: Description, file: Path) -> Path:
    """Write a PNG file with a dozen images as the network is shown them, as many of each class as can be.

    Each has its name in the data, and after → the network's where that is another; where classes are none of the
    network's, their own names.
    Raises StorageError where nothing can be written, BrokenDataError where no image can be read.
    """
    cards = list(islice(_named(spec, found), DOZEN))
    if not cards:
        raise BrokenDataError(f"no image of {spec.data} can be read", "whole JPEG or PNG images", "name other images")
    try:
        (writable(file.absolute().parent, chosen=True) / file.name).write_bytes(png(grid(cards, _COLUMNS)))
    except OSError as error:
        why = error.strerror or error
        raise StorageError(f"{file} cannot be written ({why})", "a file this user may write", "name another") from error
    return file


def _named(spec: ExperimentSpec, found: Description) -> Iterator[tuple[str, Picture]]:
    """Yield titles and pictures in the order in which they are evaluated; broken ones are left out."""
    network = load_network(spec.network, spec.weights)
    if found.mapping.unmatched:
        source, preset = open_source(spec.data), network.preset
        theirs = source.classes
    else:
        subject = find_subject(spec, cache_folder())
        source, preset, theirs = subject.source, subject.preset, network.classes
    for place in stratified_order(source.labels).tolist():
        with suppress(BrokenDataError):
            picture = np.asarray(cropped(source.image(place), preset))
            yield " → ".join(as_matched(source.classes[source.labels[place]], theirs[source.labels[place]])), picture
