"""Reading data for a network: its classes mapped, and a question where order or number alone would decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.devkit import are_of_ilsvrc
from core.data.folder import FOLDERS, WNIDS
from core.data.layout import Layout, Numbering
from core.data.layouts import LAYOUTS
from core.data.mapping import Mapping as ClassMapping
from core.data.mapping import Matched, Unmatched, map_classes, renumbered
from core.data.names import has_names, in_imagenets_order
from core.data.numbered import FROM1, NUMBERS
from core.data.numbers import are_all_of_imagenet, numbers_of
from core.data.protocol import Source
from core.data.stored import StoredSource
from core.errors import InvalidSettingError
from core.words import listed

_HOW: dict[Numbering, str] = {
    "numbers": "numbers are the network's, counted from 0",
    "from1": "numbers counted from 1",
    "folders": "class folders in alphabetical order",
    "index": "the table's numbers are the network's",
    "list": "the labels' own numbers are the network's",
}


class AmbiguousDataError(InvalidSettingError):
    """Data that can be read in several ways, or in one that nothing confirms; `ways` has names for them and words."""

    def __init__(self, given: str, ways: Mapping[str, str]) -> None:
        self.ways = ways
        named = [f"{way} ({what})" if what else way for way, what in ways.items()]
        one = "name it so if that is right; else choose another network or other images"
        mend = "name one of these" if len(ways) > 1 else one
        super().__init__(given, listed(named), f"{mend}; the page Data has a button for each way")


@dataclass(frozen=True)
class Reading:
    """Data opened with their own classes, and what these are to a network."""

    layout: Layout
    source: Source
    mapping: ClassMapping

    @property
    def lost(self) -> tuple[Unmatched, ...]:
        """The classes that have images and are none of the network's."""
        present = set(np.unique(self.source.labels).tolist())
        return tuple(one for one in self.mapping.unmatched if one.place in present)


def read_for(network: Sequence[str], text: str, layout: Layout, path: Path) -> Reading:
    """Open the data that `text` names in a layout, and map their classes; raises what the layout raises.

    AmbiguousDataError where nothing but order or number says which class is which, unless `text` names the layout: that
    is the answer.
    """
    source = layout.opens(text, path)
    if is_named(text, layout):
        return _read(layout, source, network, by_order=True)
    if layout is NUMBERS:
        return _read_numbers(path, source, network)
    found = _read(layout, source, network)
    if found.mapping.asks:
        raise _asked(source, {_way(found): _told(found, layout.numbering)})
    return found


def for_network(found: Reading, network: Sequence[str]) -> Source:
    """Return the source with the network's numbers; InvalidSettingError if a class that has images is none of its."""
    if found.lost:
        raise _refused(found, network)
    return renumbered(found.source, found.mapping, network) if isinstance(found.source, StoredSource) else found.source


def by_order(found: Reading, network: Sequence[str]) -> dict[str, str]:
    """Return the way to take data by order whose names are not all the network's, if none of them contradicts it."""
    if not found.lost or is_named(found.source.name, found.layout) or not isinstance(found.source, StoredSource):
        return {}
    ordered = _read(found.layout, found.source, network, by_order=True)
    if ordered.lost or not ordered.mapping.matched:
        return {}
    return {_way(found): _told(ordered, found.layout.numbering)}


def is_named(text: str, layout: Layout) -> bool:
    """Whether a text names the layout of its path."""
    return text.strip().startswith(f"{layout.name}:") and layout.name in LAYOUTS


def _read(layout: Layout, source: Source, network: Sequence[str], *, by_order: bool = False) -> Reading:
    present = np.unique(source.labels).tolist()
    of_ilsvrc = layout.numbering == "index" and are_of_ilsvrc(source.ids)
    mapping = map_classes(
        source.classes, layout.numbering, network, by_order=by_order, present=present, of_ilsvrc=of_ilsvrc
    )
    return Reading(layout, source, mapping if isinstance(source, StoredSource) else _in_place(mapping, network))


def _in_place(mapping: ClassMapping, network: Sequence[str]) -> ClassMapping:
    """Leave of a mapping what is in its place: generated images keep their numbers."""
    if not mapping.asks and len(mapping.matched) == len(network) and all(m.place == m.index for m in mapping.matched):
        return mapping
    why = f"generated images need a network with their classes in their order, and it has {len(network):,}"
    lost = [*mapping.unmatched, *(Unmatched(one.name, one.place, why) for one in mapping.matched)]
    return ClassMapping(mapping.by, (), tuple(sorted(lost, key=lambda one: one.place)))


def _read_numbers(path: Path, source: Source, network: Sequence[str]) -> Reading:
    """Read folders named by number as what they can be; AmbiguousDataError unless they can be one thing only."""
    named = _read(FOLDERS, source, network)
    if named.mapping.by == "name" and not named.mapping.unmatched:
        return named
    fits = [one for one in _readings(path, source, network) if not one.mapping.unmatched]
    published = are_all_of_imagenet(source.classes) and in_imagenets_order(network)
    if published:
        fits = fits[:1]
    if not fits:
        return _read(NUMBERS, source, network)
    if not (published or _is_plain(fits, network)):
        raise _asked(source, {_way(one): _differing(one, fits) for one in fits})
    return next(one for one in fits if one.layout is not FOLDERS)


def _is_plain(fits: Sequence[Reading], network: Sequence[str]) -> bool:
    """Whether nothing else can be meant by numbers: all readings agree, and the network has no names."""
    agreed = len({_labels(one) for one in fits}) == 1 and any(_counts(one, fits) for one in fits)
    return agreed and not has_names(network)


def _counts(found: Reading, fits: Sequence[Reading]) -> bool:
    """Whether a reading counts classes: from a 0 that is there, or from 1 where that is the alphabetical order too."""
    return found.layout is NUMBERS or (found.layout is FROM1 and len(fits) > 1)


def _readings(path: Path, source: Source, network: Sequence[str]) -> list[Reading]:
    """Return the ways in which folders named by number may be read, whether or not all classes are matched so."""
    alphabetical = FOLDERS.opens(source.name, path)
    found = [_read(NUMBERS, source, network, by_order=True), _read(FOLDERS, alphabetical, network, by_order=True)]
    from_0 = 0 in numbers_of(source.classes)
    return found if from_0 else [*found, _read(FROM1, source, network, by_order=True)]


def _labels(found: Reading) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((one.name, one.index) for one in found.mapping.matched))


def _differing(found: Reading, others: Iterable[Reading]) -> str:
    """Return what a reading takes the first folder for that is not the same in all of them."""
    told = [dict(_labels(one)) for one in others]
    first = next((name for name in told[0] if len({one[name] for one in told}) > 1), None)
    matched = found.mapping.matched
    return _example(next((one for one in matched if one.name == first), matched[0]), found.layout.numbering)


def _told(found: Reading, numbering: Numbering) -> str:
    """Return what a reading takes the first class for that has images."""
    present = set(np.unique(found.source.labels).tolist())
    matched = found.mapping.matched
    return _example(next((one for one in matched if one.place in present), matched[0]), numbering)


def _example(one: Matched, numbering: Numbering) -> str:
    return f"{_HOW[numbering]}: {one.name!r} is the network's class {one.index}, {one.network_name!r}"


def _way(found: Reading) -> str:
    """Return the text that names a reading; what is known by a name of its own has a folder too."""
    where = found.source.shelf.where if isinstance(found.source, StoredSource) else ""
    return f"{found.layout.name if found.layout.name in LAYOUTS else WNIDS.name}:{where}"


def _asked(source: Source, ways: Mapping[str, str]) -> AmbiguousDataError:
    given = f"nothing but order or number says which of the network's classes those of {source.name} are"
    return AmbiguousDataError(given, ways)


def _refused(found: Reading, network: Sequence[str]) -> InvalidSettingError:
    lost, own = found.lost, len(np.unique(found.source.labels))
    which = f"{lost[0].name!r} and {len(lost) - 1:,} more" if lost[1:] else repr(lost[0].name)
    ordered = [f"; or name it {way} if {what}" for way, what in by_order(found, network).items()]
    return InvalidSettingError(
        f"{found.source.name} has {own:,} classes, and {which} cannot be matched to the network's: {lost[0].why}",
        f"images of the network's own {len(network):,} classes",
        "choose another network or other images; the page Data, or `python -m core data PATH`, shows every class"
        + "".join(ordered),
    )
