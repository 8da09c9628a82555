"""When the names of two classes are those of one: spelling, synonyms, numbers, and ImageNet's namesakes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from core.data.numbers import number_of
from core.data.wnids import imagenet_names, imagenet_wnids, wnid_places
from core.words import printable

# What ImageNet itself calls classes for which torchvision found other words, to tell them from their like.
_ALSO = {
    134: ("crane",),
    264: ("Cardigan, Cardigan Welsh corgi",),
    639: ("maillot", "maillot, tank suit"),
}


@dataclass(frozen=True)
class Answer:
    """What a network has under the name of one class of the data."""

    candidates: tuple[int, ...]  # its classes that may be called so
    index: int | None  # the one of them that is meant; None where that cannot be told


NOBODY = Answer((), None)


def spelled(name: str) -> str:
    """Return a name as it is seen: letters in their composed form, none that cannot be printed."""
    return unicodedata.normalize("NFC", printable(name)).strip()


def folded(name: str) -> str:
    """Return a name without case, underscores and hyphens; numbers in words ("class_07") as "class 7"."""
    number = number_of(name)
    words = " ".join(re.split(r"[\s_-]+", spelled(name))).casefold()
    return unicodedata.normalize("NFC", words) if number is None else f"class {number}"


def are_akin(one: str, other: str) -> bool:
    """Whether two names have a synonym in common, and are not two of a kind ("lamp, floor" and "lamp, table")."""
    common = synonyms(one) & synonyms(other) or _sense(one) & _sense(other)
    return bool(common) and _may_be_one(one, other)


def synonyms(name: str) -> frozenset[str]:
    """Return all that a class of that name is called, folded: what commas divide, and ImageNet's words for a wnid."""
    place = wnid_places().get(name)
    names = (name,) if place is None else _called(place)
    return frozenset(folded(part) for one in names for part in one.split(",") if part.strip())


def as_matched(own: str, theirs: str) -> tuple[str, ...]:
    """Return what the data call a class and what the network has it for: ("n01440764", "tench"); or the one name."""
    first = tuple(name.partition(",")[0] for name in (own, theirs))
    if folded(first[0]) != folded(first[1]):
        return first
    return first[1:] if _may_be_one(own, theirs) else (own, theirs)


def has_names(network: Sequence[str]) -> bool:
    """Whether the names of a network's classes say more than their places."""
    return any(number_of(name) != place for place, name in enumerate(network))


def answers(classes: Sequence[str], network: Sequence[str]) -> tuple[Answer, ...]:
    """Return for the name of each class of the data what the network has under it; "" is no name.

    The strictest claim comes first and stands: the very name; the same class of ImageNet's; the same name but for case,
    underscores, hyphens and the way a number is written; the first of several synonyms. At each, a name counts where
    nothing else of its list comes to the same. ImageNet's namesakes (two cranes, a cardigan and a Cardigan) are taken
    for one another by none of these, unless both lists have the very same names: a list must tell them apart, or be
    all of ImageNet's in its order.
    """
    ours, theirs = _Names.of(tuple(classes)), _Names.of(tuple(network))
    meant: dict[int, int] = {}
    for level in _LEVELS:
        for one, other in level(ours, theirs):
            if one not in meant and other not in meant.values():
                meant[one] = other
    if len(ours.names) == len(theirs.names) and ours.spelled == theirs.spelled:
        meant = {place: place for place, name in enumerate(ours.names) if name}
    near = _Near(theirs)
    return tuple(Answer(near.to(name, ours.senses[place]), meant.get(place)) for place, name in enumerate(ours.names))


@lru_cache(maxsize=8)
def places_of_imagenets(network: tuple[str, ...]) -> tuple[int | None, ...]:
    """Return which class of a network each of ImageNet's 1,000 is, by name; None where it is none."""
    return tuple(one.index for one in answers(imagenet_wnids(), network))


def in_imagenets_order(network: Sequence[str]) -> bool:
    """Whether a network's classes have the names of ImageNet's 1,000, in their order."""
    return len(network) == len(imagenet_wnids()) and places_of_imagenets(tuple(network)) == tuple(range(len(network)))


def imagenets(classes: Sequence[str]) -> tuple[int | None, ...]:
    """Return which of ImageNet's 1,000 each class of a list is by its name; None where none or that cannot be told."""
    senses = _Names.of(tuple(classes)).senses
    return tuple(next(iter(some)) if len(some) == 1 else None for some in senses)


@dataclass(frozen=True)
class _Names:
    """A list of names, each in all the forms in which it is compared; none of "" is one."""

    names: tuple[str, ...]
    spelled: tuple[str, ...]
    folded: tuple[str, ...]
    first: tuple[str, ...]  # of several synonyms, folded
    senses: tuple[frozenset[int], ...]  # which of ImageNet's classes it may be

    @staticmethod
    @lru_cache(maxsize=8)
    def of(names: tuple[str, ...]) -> _Names:
        first = tuple(folded(name.partition(",")[0]) for name in names)
        return _Names(names, tuple(map(spelled, names)), tuple(map(folded, names)), first, _senses(names))


class _Near:
    """The classes of a network that a name comes near to."""

    def __init__(self, theirs: _Names) -> None:
        self._called: dict[str | int, set[int]] = defaultdict(set)
        for place, first in enumerate(theirs.first):
            if first:
                self._called[first].add(place)
            for sense in theirs.senses[place]:
                self._called[sense].add(place)

    def to(self, name: str, senses: Iterable[int]) -> tuple[int, ...]:
        keys: list[str | int] = [folded(name.partition(",")[0]), *senses] if name else []
        return tuple(sorted({place for key in keys for place in self._called.get(key, ())}))


Pairs = Iterator[tuple[int, int]]


def _exactly(ours: _Names, theirs: _Names) -> Pairs:
    pairs = _pairs(ours.spelled, theirs.spelled)
    same = set(ours.spelled) == set(theirs.spelled)  # whoever named them, it was the same one
    return pairs if same else _unless_namesakes(pairs, ours, theirs)


def _as_imagenets(ours: _Names, theirs: _Names) -> Pairs:
    for one, other in _pairs(_only_senses(ours), _only_senses(theirs)):
        if _may_be_one(ours.names[one], theirs.names[other]):
            yield one, other


def _folded(ours: _Names, theirs: _Names) -> Pairs:
    return _unless_namesakes(_pairs(ours.folded, theirs.folded), ours, theirs)


def _by_first_synonym(ours: _Names, theirs: _Names) -> Pairs:
    for one, other in _unless_namesakes(_pairs(ours.first, theirs.first), ours, theirs):
        if _may_be_one(ours.names[one], theirs.names[other]):
            yield one, other


_LEVELS: tuple[Callable[[_Names, _Names], Pairs], ...] = (_exactly, _as_imagenets, _folded, _by_first_synonym)


def _pairs(ours: Sequence[str], theirs: Sequence[str]) -> Pairs:
    """Yield the places of what is there once in each of two lists."""
    once, found = _once(ours), _once(theirs)
    return ((place, found[key]) for key, place in once.items() if key in found)


def _once(keys: Sequence[str]) -> dict[str, int]:
    often = Counter(keys)
    return {key: place for place, key in enumerate(keys) if key and often[key] == 1}


def _only_senses(names: _Names) -> list[str]:
    return [str(*some) if len(some) == 1 else "" for some in names.senses]


def _unless_namesakes(pairs: Pairs, ours: _Names, theirs: _Names) -> Pairs:
    for one, other in pairs:
        some, others = ours.senses[one], theirs.senses[other]
        if some == others and len(some) < 2:
            yield one, other


def _may_be_one(one: str, other: str) -> bool:
    """Whether all of one's synonyms are the other's too, where both have several."""
    if not ("," in one and "," in other):
        return True
    some, others = synonyms(one), synonyms(other)
    return some <= others or others <= some


def _called(place: int) -> tuple[str, ...]:
    """Return the names of one of ImageNet's classes."""
    return imagenet_names()[place], *_ALSO.get(place, ())


@cache
def _imagenets_words() -> Mapping[str, frozenset[int]]:
    """Return which of ImageNet's classes are called by a folded name."""
    found: dict[str, set[int]] = defaultdict(set)
    for place in range(len(imagenet_wnids())):
        for name in _called(place):
            found[folded(name)].add(place)
    return {name: frozenset(places) for name, places in found.items()}


def _senses(names: Sequence[str]) -> tuple[frozenset[int], ...]:
    """Return which of ImageNet's classes each name of a list may be; the list may tell its namesakes apart."""
    found = [_sense(name) for name in names]
    if len(found) == len(imagenet_wnids()) and all(place in some for place, some in enumerate(found)):
        return tuple(frozenset([place]) for place in range(len(found)))
    written = Counter(map(_words, names))
    found = [_written_so(name, some, written) for name, some in zip(names, found, strict=True)]
    settled = {place for some in found if len(some) == 1 for place in some}
    return tuple(some - settled if len(some) > 1 else some for some in found)


def _sense(name: str) -> frozenset[int]:
    if name in wnid_places():
        return frozenset([wnid_places()[name]])
    words = _imagenets_words()
    return words.get(folded(name)) or words.get(folded(name.partition(",")[0])) or frozenset()


def _words(name: str) -> str:
    """Return the first synonym with its case, its words a space apart."""
    return " ".join(re.split(r"[\s_-]+", spelled(name.partition(",")[0])))


def _written_so(name: str, some: frozenset[int], written: Mapping[str, int]) -> frozenset[int]:
    """Return the one of several classes whose very name it is, where the list has the very name of each once."""
    own = {imagenet_names()[place]: place for place in some}
    apart = len(some) > 1 and all(written[one] == 1 for one in own)
    return frozenset([own[_words(name)]]) if apart and _words(name) in own else some
