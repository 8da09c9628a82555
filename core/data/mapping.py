"""Which class of a network each class of the data is: the mapping whose silent errors spoil every figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Frequencies
from dataclasses import dataclass, replace

import numpy as np

from core.data.layout import Numbering
from core.data.names import (
    NOBODY,
    Answer,
    answers,
    are_akin,
    has_names,
    imagenets,
    in_imagenets_order,
    places_of_imagenets,
    synonyms,
)
from core.data.numbers import number_of, numbers_of
from core.data.stored import StoredSource
from core.data.wnids import imagenet_names, imagenet_wnids, is_wnid, wnid_places
from core.words import count


@dataclass(frozen=True)
class Matched:
    """A class of the data and the network's class that it is."""

    name: str
    place: int  # among the data's classes
    index: int  # among the network's
    network_name: str

    @property
    def renamed(self) -> bool:
        """Whether both have names in words, and other ones."""
        coded = any(number_of(name) is not None or is_wnid(name) for name in (self.name, self.network_name))
        return not coded and not are_akin(self.name, self.network_name)


@dataclass(frozen=True)
class Unmatched:
    """A class of the data that is none of the network's, and why."""

    name: str
    place: int
    why: str


@dataclass(frozen=True)
class Mapping:
    """All classes of the data, and what they were matched by."""

    by: str  # "wnid", "name", "number", "from1" (numbers counted from 1), "order"
    matched: tuple[Matched, ...]
    unmatched: tuple[Unmatched, ...]
    asks: bool = False  # order or number alone says so: whoever did not ask for it is to be asked


def map_classes(
    classes: Sequence[str],
    numbering: Numbering,
    network: Sequence[str],
    *,
    by_order: bool = False,
    present: Collection[int] | None = None,
    of_ilsvrc: bool = False,
) -> Mapping:
    """Match the data's classes to the network's names; `present` are those that have images, all if None.

    `of_ilsvrc` says that they are of ILSVRC's own images, of which the published tables number classes as ImageNet.
    A number in a table or of a folder is the number of the class, unless the table's name for it is that of another
    one. Folders and lists are matched by name, wnids by the names that ImageNet gives them. Only where none of the
    names is the network's they are matched by order, alphabetical for folders. `asks` says that nothing but order or
    number decides, and that it might have been meant otherwise. `by_order` is the answer to that: order or number
    decides wherever no name contradicts it.
    """
    seen = range(len(classes)) if present is None else sorted(present)
    if numbering in ("folders", "list"):
        return _by_name(classes, numbering, network, by_order, 0 in seen)
    names = [name if numbering == "index" and name != str(place) else "" for place, name in enumerate(classes)]
    numbers = _numbers(classes, numbering)
    given = answers(names, network)
    cells = enumerate(zip(numbers, classes, names, given, strict=True))
    found = [_numbered(place, number, told, one, network, max(numbers)) for place, (number, *told, one) in cells]
    fits = all(isinstance(found[place], Matched) for place in seen)
    table = _Table([numbers[place] for place in seen], [names[place] for place in seen], [given[p] for p in seen])
    asks = not by_order and fits and _is_doubtful(table, names, network, of_ilsvrc)
    return _mapping("from1" if numbering == "from1" else "number", found, asks)


def renumbered(source: StoredSource, mapping: Mapping, network: Sequence[str]) -> StoredSource:
    """Return a source with the network's numbers: all of its classes that have images are matched.

    The classes are as many as the network's, and keep the data's own names where they have any.
    """
    index = np.full(len(source.classes), -1, dtype=np.int64)
    names = _others(source.classes, mapping.by, network)
    for one in mapping.matched:
        index[one.place] = one.index
        names[one.index] = one.name
    notes = (*source.notes, *remarks(mapping))
    return replace(source, classes=tuple(names), labels=index[source.labels], notes=notes)


def remarks(mapping: Mapping) -> tuple[str, ...]:
    """Return what should be known of a mapping that is not by names: that it is by order, or that names differ."""
    if mapping.by == "order" and mapping.matched:
        first = mapping.matched[0]
        return (f"matched by order alone: {first.name!r} is the network's class {first.index}, {first.network_name!r}",)
    if mapping.by == "from1":
        return ("numbers are counted from 1",)
    renamed = [one for one in mapping.matched if one.renamed]
    if not renamed:
        return ()
    first = renamed[0]
    return (
        f"{count(len(renamed), 'class', 'classes')} called otherwise by the network, "
        f"such as {first.name!r}, its {first.network_name!r}",
    )


def _mapping(by: str, found: Sequence[Matched | Unmatched], asks: bool = False) -> Mapping:
    matched = tuple(one for one in found if isinstance(one, Matched))
    return Mapping(by, matched, tuple(one for one in found if isinstance(one, Unmatched)), asks)


def _numbers(classes: Sequence[str], numbering: Numbering) -> list[int]:
    if numbering == "index":
        return list(range(len(classes)))
    return [number - (numbering == "from1") for number in numbers_of(classes)]


def _numbered(
    place: int, number: int, called: Sequence[str], given: Answer, network: Sequence[str], highest: int
) -> Matched | Unmatched:
    """Match a number of which a table says that it is `called` so: what it is shown as, and its name, "" without."""
    shown, name = called
    if not 0 <= number < len(network):
        one_more = "; counted from 1?" if highest == len(network) else ""
        told = f"number {number:,}, and the network tells {len(network):,} classes apart, from 0{one_more}"
        return Unmatched(shown, place, told)
    other = _another(number, name, given, network)
    if other is not None:
        told = f"number {number:,}, which the network calls {network[number]!r}; {network[other]!r} is its {other:,}"
        return Unmatched(shown, place, told)
    return Matched(shown, place, number, network[number])


def _another(number: int, name: str, given: Answer, network: Sequence[str]) -> int | None:
    """Return the class of the network whose name a table has for the number of another one; None if it has not."""
    if given.index not in (None, number):
        return given.index
    if not name or number in given.candidates or are_akin(name, network[number]):
        return None
    akin = synonyms(name)
    return next((place for place, other in enumerate(network) if not akin.isdisjoint(synonyms(other))), None)


@dataclass(frozen=True)
class _Table:
    """What a table says of the classes that have images."""

    numbers: Sequence[int]
    names: Sequence[str]  # "" where it has none
    given: Sequence[Answer]

    def is_confirmed(self, senses: Sequence[int | None], network: Sequence[str]) -> bool:
        """Whether most of the names are those of the classes numbered so, of the network's or else of ImageNet's."""
        rows = zip(self.numbers, self.names, self.given, strict=True)
        agree = [number in one.candidates or are_akin(name, network[number]) for number, name, one in rows if name]
        if not has_names(network):
            rows_named = zip(self.numbers, self.names, strict=True)
            agree = [senses[number] == number for number, name in rows_named if name]
        return 2 * sum(agree) > len(agree)


def _is_doubtful(table: _Table, names: Sequence[str], network: Sequence[str], of_ilsvrc: bool) -> bool:
    """Whether a table's numbers may be meant otherwise: from 1, as those of other classes, or as the network's names.

    Numbers alone are enough, where a 0 occurs, for a network without names, and for one with ImageNet's in their order
    if the images are ILSVRC's own or of all of the 1,000.
    """
    if table.is_confirmed(imagenets(names), network):
        return False
    if 0 not in table.numbers:
        return True
    if not has_names(network):
        return False
    published = of_ilsvrc or set(table.numbers) == set(range(len(imagenet_wnids())))
    return any(table.names) or not (published and in_imagenets_order(network))


def _by_name(
    classes: Sequence[str], numbering: Numbering, network: Sequence[str], by_order: bool, from_0: bool
) -> Mapping:
    unnamed = numbering == "list" and all(name == str(place) for place, name in enumerate(classes))
    wordless = unnamed or not has_names(network)
    given = (NOBODY,) * len(classes) if wordless else answers(classes, network)
    ordered = _places_in_order(classes, unnamed, network)
    by = "name" if wnid_places().keys().isdisjoint(classes) else "wnid"
    named = _mapping(by, _named(classes, given, network))
    if not named.unmatched or ordered is None:
        return named
    if by_order and _agree(given, ordered):
        return _in_order(classes, ordered, network, asks=False)
    if any(one.candidates for one in given) or (by == "wnid" and len(network) == 1000 and has_names(network)):
        return named
    usual = (from_0 or not unnamed) and _is_usual(classes, unnamed, network)
    return _in_order(classes, ordered, network, asks=not by_order and not usual)


def _named(classes: Sequence[str], given: Sequence[Answer], network: Sequence[str]) -> list[Matched | Unmatched]:
    often = Counter(one.candidates for one in given)
    found: list[Matched | Unmatched] = []
    for place, (name, one) in enumerate(zip(classes, given, strict=True)):
        if one.index is not None:
            found.append(Matched(name, place, one.index, network[one.index]))
        else:
            found.append(Unmatched(name, place, _why(name, one, classes, network, often)))
    return found


def _why(
    name: str,
    given: Answer,
    classes: Sequence[str],
    network: Sequence[str],
    often: Frequencies[tuple[int, ...], int],
) -> str:
    if len(given.candidates) > 1:
        places = " and ".join(map(str, given.candidates))
        return f"the network has {len(given.candidates)} classes of that name, {places}"
    if given.candidates:
        theirs = network[given.candidates[0]]
        several = f"one of several that are the network's {theirs!r}"
        return several if often[given.candidates] > 1 else f"perhaps the network's {theirs!r}, perhaps a namesake of it"
    if name.lower() in wnid_places() and name not in wnid_places():
        return f"written {name.lower()!r} it would be one of ImageNet's 1,000 wnids"
    if name in wnid_places():
        return f"ImageNet's {imagenet_names()[wnid_places()[name]]!r}, and the network has no class of that name"
    if is_wnid(name):
        return "none of ImageNet's 1,000 wnids"
    if any(often) or len(classes) == len(network):
        return "the network has no class of that name"
    return f"one of {len(classes):,} classes, and the network tells {len(network):,} apart, none of them by that name"


def _places_in_order(classes: Sequence[str], unnamed: bool, network: Sequence[str]) -> list[int | None] | None:
    """Return which class of the network each is by order alone; None where their numbers do not fit."""
    if len(network) == len(imagenet_wnids()) and not wnid_places().keys().isdisjoint(classes):
        return [wnid_places().get(name) for name in classes]
    if len(classes) == len(network) or (unnamed and len(classes) < len(network)):
        return list(range(len(classes)))
    return None


def _agree(given: Sequence[Answer], ordered: Sequence[int | None]) -> bool:
    """Whether no name is that of a class in another place."""
    return all(not one.candidates or place in one.candidates for one, place in zip(given, ordered, strict=True))


def _in_order(classes: Sequence[str], ordered: Sequence[int | None], network: Sequence[str], asks: bool) -> Mapping:
    found = [
        Unmatched(name, place, "none of ImageNet's 1,000 wnids")
        if index is None
        else Matched(name, place, index, network[index])
        for place, (name, index) in enumerate(zip(classes, ordered, strict=True))
    ]
    return _mapping("order", found, asks)


def _is_usual(classes: Sequence[str], unnamed: bool, network: Sequence[str]) -> bool:
    """Whether order needs no asking: as many classes as a network without names has, or all numbers of ImageNet's."""
    if len(classes) != len(network):
        return False
    if has_names(network):
        return unnamed and in_imagenets_order(network)
    return all(number_of(name) in (None, place) for place, name in enumerate(classes))


def _others(classes: Sequence[str], by: str, network: Sequence[str]) -> list[str]:
    """Return names for the network's classes before the data's own take their places: numbers, wnids or its own."""
    if not wnid_places().keys().isdisjoint(classes):
        if by == "order" and len(network) == len(imagenet_wnids()):
            return list(imagenet_wnids())
        names = list(network)
        for wnid, index in zip(imagenet_wnids(), places_of_imagenets(tuple(network)), strict=True):
            if index is not None:
                names[index] = wnid
        return names
    return list(network) if by == "name" else list(map(str, range(len(network))))
