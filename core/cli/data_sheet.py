"""A dozen images of some data with their class names, as a picture: one look tells whether labels are right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from core.data.names import as_matched
from core.data.order import stratified_order
from core.data.preset import cropped
from core.data.recognise import Description
from core.data.source import open_source
from core.errors import BrokenDataError
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
    Raises StorageError where nothing can be written.
    """
    named = _named(spec, found)
    picture = grid(list(islice(named, DOZEN)), _COLUMNS)
    (writable(file.absolute().parent, chosen=True) / file.name).write_bytes(png(picture))
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
        try:
            yield (
                " → ".join(as_matched(source.classes[source.labels[place]], theirs[source.labels[place]])),
                np.asarray(cropped(source.image(place), preset)),
            )
        except BrokenDataError:
            continue
