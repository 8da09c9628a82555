"""Which class of a network each class of the data is: the mapping whose silent errors spoil every figure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data.layout import Numbering
from core.data.protocol import Source
from core.data.stored import StoredSource
from core.data.wnids import imagenet_wnids, is_wnid
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
        words = [_first(name) for name in (self.name, self.network_name)]
        return all(not _is_code(word) for word in words) and words[0] != words[1]


@dataclass(frozen=True)
class Unmatched:
    """A class of the data that is none of the network's, and why."""

    name: str
    place: int
    why: str


@dataclass(frozen=True)
class Mapping:
    """All classes of the data: `by` says how they were matched."""

    by: str  # "wnid", "number", "name"
    matched: tuple[Matched, ...]
    unmatched: tuple[Unmatched, ...]


def map_classes(classes: Sequence[str], numbering: Numbering, network: Sequence[str]) -> Mapping:
    """Match the data's classes to the network's names, as opening the data for that network would.

    By wnid where these are ImageNet's 1,000; class folders by name where each has the name of a class; else class i is
    class i, where the index of a class is a number in a table, or where there are as many on both sides. A class folder
    of the name of another class is then a mismatch.
    """
    if len(network) == len(imagenet_wnids()) and any(map(is_wnid, classes)):
        return _mapping("wnid", [_by_wnid(place, name, network) for place, name in enumerate(classes)])
    if numbering == "folders" and _are_names_of(classes, network):
        return _mapping("name", [_of_name(place, name, network) for place, name in enumerate(classes)])
    if numbering != "index" and len(classes) != len(network):
        return _mapping("name", [_too_few_or_many(place, name, classes, network) for place, name in enumerate(classes)])
    if numbering == "folders":
        return _mapping("name", [_by_name(place, name, classes, network) for place, name in enumerate(classes)])
    return _mapping("number", [_by_number(place, name, network) for place, name in enumerate(classes)])


def by_name(source: Source, network: Sequence[str]) -> Source:
    """Return a source of class folders with the network's classes, where all its own have their names."""
    if not isinstance(source, StoredSource) or not _are_names_of(source.classes, network):
        return source
    index = np.array([network.index(name) for name in source.classes], dtype=np.int64)
    return replace(source, classes=tuple(network), labels=index[source.labels])


def doubts(mapping: Mapping) -> tuple[str, ...]:
    """Return a note on matched classes whose names differ; none if there are none."""
    renamed = [one for one in mapping.matched if one.renamed]
    if not renamed:
        return ()
    first = renamed[0]
    return (
        f"{count(len(renamed), 'class', 'classes')} called otherwise by the network, "
        f"such as {first.name!r}, its {first.network_name!r}",
    )


def _mapping(by: str, found: list[Matched | Unmatched]) -> Mapping:
    matched = tuple(one for one in found if isinstance(one, Matched))
    return Mapping(by, matched, tuple(one for one in found if isinstance(one, Unmatched)))


def _are_names_of(classes: Sequence[str], network: Sequence[str]) -> bool:
    """Whether each of the names is that of one class; ImageNet has two cranes, in one list of words."""
    return all(network.count(name) == 1 for name in classes)


def _of_name(place: int, name: str, network: Sequence[str]) -> Matched:
    return Matched(name, place, network.index(name), name)


def _by_wnid(place: int, name: str, network: Sequence[str]) -> Matched | Unmatched:
    if name not in imagenet_wnids():
        return Unmatched(name, place, "none of ImageNet's 1,000 wnids")
    index = imagenet_wnids().index(name)
    return Matched(name, place, index, network[index])


def _by_number(place: int, name: str, network: Sequence[str]) -> Matched | Unmatched:
    if place >= len(network):
        return Unmatched(name, place, f"number {place:,}, and the network tells {len(network):,} classes apart")
    return Matched(name, place, place, network[place])


def _by_name(place: int, name: str, classes: Sequence[str], network: Sequence[str]) -> Matched | Unmatched:
    if name != network[place] and (name in network or network[place] in classes):
        return Unmatched(name, place, f"number {place:,} in order, where the network has {network[place]!r}")
    return Matched(name, place, place, network[place])


def _too_few_or_many(place: int, name: str, classes: Sequence[str], network: Sequence[str]) -> Unmatched:
    return Unmatched(name, place, f"one of {len(classes):,} classes, and the network tells {len(network):,} apart")


def _first(name: str) -> str:
    """Return the first of several synonyms."""
    return name.partition(",")[0].strip().lower()


def _is_code(word: str) -> bool:
    return is_wnid(word) or re.fullmatch(r"(class )?[0-9]+", word) is not None
