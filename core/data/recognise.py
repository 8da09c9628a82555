"""What data are, said before anything is run on them: layout, images, classes, and what these are to a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.example import region_of
from core.data.mapping import Mapping, doubts, map_classes
from core.data.protocol import Source
from core.data.source import layout_of
from core.data.stored import StoredSource
from core.words import count


@dataclass(frozen=True)
class Description:
    """Data as recognised, beside a network."""

    path: str  # as it was given
    layout: str  # its name, a key of `LAYOUTS`
    layout_title: str
    title: str
    images: int
    classes: tuple[str, ...]  # the data's own; some may have no image
    counts: tuple[int, ...]  # images of each
    mapping: Mapping
    present: tuple[int, ...]  # the network's classes that have images, ascending
    region: str  # what is known of where targets are: "mask", "boxes", ""
    notes: tuple[str, ...]


def recognise(text: str, network: Sequence[str]) -> Description:
    """Describe the data that `text` names, for a network with these classes; no image is read.

    Classes that are none of the network's are no error here: they are `mapping.unmatched`. Raises what `open_source`
    raises where the data themselves cannot be read, or could be read in several ways.
    """
    layout, path = layout_of(text, len(network))
    source = layout.opens(text, path, None)
    mapping = map_classes(source.classes, layout.numbering, network)
    counts = np.bincount(source.labels, minlength=len(source.classes)).tolist()
    present = tuple(sorted(one.index for one in mapping.matched if counts[one.place]))
    return Description(
        path=text,
        layout=layout.name,
        layout_title=layout.title,
        title=source.title,
        images=len(source),
        classes=source.classes,
        counts=tuple(counts),
        mapping=mapping,
        present=present,
        region=region_of(source),
        notes=(*_own_notes(source), *_on_presence(present, network), *doubts(mapping)),
    )


def _own_notes(source: Source) -> tuple[str, ...]:
    return source.notes if isinstance(source, StoredSource) else ()


def _on_presence(present: Sequence[int], network: Sequence[str]) -> tuple[str, ...]:
    if len(present) in (0, len(network)):
        return ()
    return (f"images of {len(present):,} of the network's {count(len(network), 'class', 'classes')}",)
