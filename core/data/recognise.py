"""What data are, said before anything is run on them: layout, images, classes, and what these are to a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data.example import region_of
from core.data.layout import Layout
from core.data.mapping import Mapping as ClassMapping
from core.data.mapping import remarks
from core.data.protocol import Source
from core.data.readings import by_order
from core.data.source import reading
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
    mapping: ClassMapping
    present: tuple[int, ...]  # the network's classes that have images, ascending
    region: str  # what is known of where targets are: "mask", "boxes", ""
    notes: tuple[str, ...]
    ways: Mapping[str, str]  # what to name it to have its classes matched by order, where they are not all by name


def recognise(text: str, network: Sequence[str]) -> Description:
    """Describe the data that `text` names, for a network with these classes; no image is read.

    Classes that have images and are none of the network's are no error here: they are `mapping.unmatched`. All else is
    what `open_source` does: it raises the same where the data cannot be read, or could be read in several ways.
    """
    found = reading(text, network)
    layout, source = found.layout, found.source
    mapping = replace(found.mapping, unmatched=found.lost)
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
        ways=by_order(found, network),
        notes=(*_own_notes(source), *_on_presence(present, network), *remarks(mapping), *_on_counting(layout, counts)),
    )


def _own_notes(source: Source) -> tuple[str, ...]:
    return source.notes if isinstance(source, StoredSource) else ()


def _on_presence(present: Sequence[int], network: Sequence[str]) -> tuple[str, ...]:
    if len(present) in (0, len(network)):
        return ()
    return (f"images of {len(present):,} of the network's {count(len(network), 'class', 'classes')}",)


def _on_counting(layout: Layout, counts: Sequence[int]) -> tuple[str, ...]:
    """Return a note on a table that has every number from 1 on, and no 0."""
    if layout.numbering != "index" or counts[0] or not all(counts[1:]):
        return ()
    return (f"every number from 1 to {len(counts) - 1:,} occurs, and 0 does not: counted from 1?",)
