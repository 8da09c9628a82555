"""When the names of two classes are those of one: after case, underscores, synonyms, and ImageNet's wnids."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.data.wnids import imagenet_names, imagenet_wnids, wnid_places

# What ImageNet itself calls two of its classes for which torchvision found other words, to tell them from their like.
_ALSO = {"crane bird": "crane", "maillot tank suit": "maillot"}


@dataclass(frozen=True)
class Answer:
    """What a network has under the name of one class of the data."""

    candidates: tuple[int, ...]  # its classes that are called so
    index: int | None  # the one of them that is meant; None where that cannot be told


NOBODY = Answer((), None)


def folded(name: str) -> str:
    """Return a name without case, underscores, hyphens, and all but the first of several synonyms."""
    return spelled(name).casefold()


def spelled(name: str) -> str:
    """Return the first of a name's synonyms, its words a space apart."""
    return " ".join(re.split(r"[\s_-]+", name.partition(",")[0].strip()))


def is_number(name: str) -> bool:
    """Whether a name is the number of a class ("12", "class 12"), and no word."""
    return re.fullmatch(r"(class ?)?[0-9]+", folded(name)) is not None


def are_akin(one: str, other: str) -> bool:
    """Whether two names have a synonym in common."""
    return not _synonyms(one).isdisjoint(_synonyms(other))


def as_matched(own: str, theirs: str) -> tuple[str, ...]:
    """Return what the data call a class and what the network has it for: ("n01440764", "tench"); or the one name."""
    first = tuple(name.partition(",")[0] for name in (own, theirs))
    return first[1:] if folded(own) == folded(theirs) else first


def has_names(network: Sequence[str]) -> bool:
    """Whether any class of a network has a name, rather than a number."""
    return not all(map(is_number, network))


def answers(classes: Sequence[str], network: Sequence[str]) -> tuple[Answer, ...]:
    """Return for the name of each class of the data what the network has under it; "" is no name.

    Several classes of a network may answer to one name (ImageNet has two cranes, a cardigan and a Cardigan). Which is
    meant can be told where the data name each of them exactly as the network does, or where the two lists of names are
    the same from the first to the last. A wnid stands for all of ImageNet's list, however few of them are there.
    """
    book = _Book.of(network)
    if wnid_places().keys().isdisjoint(classes):
        return _told(tuple(map(_word, classes)), book)
    known = dict(zip(imagenet_wnids(), _told(imagenet_names(), book), strict=True))
    return tuple(known[name] if name in known else book.only(_word(name)) for name in classes)


@lru_cache(maxsize=8)
def places_of_imagenets(network: tuple[str, ...]) -> tuple[int | None, ...]:
    """Return which class of a network each of ImageNet's 1,000 is, by name; None where it is none."""
    return tuple(one.index for one in answers(imagenet_wnids(), network))


def in_imagenets_order(network: Sequence[str]) -> bool:
    """Whether a network's classes have the names of ImageNet's 1,000, in their order."""
    return places_of_imagenets(tuple(network)) == tuple(range(len(network)))


def in_another_order(network: Sequence[str]) -> bool:
    """Whether a network tells 1,000 classes apart, most of them by ImageNet's names, but not in its order."""
    if len(network) != len(imagenet_wnids()):
        return False
    found = [one.candidates for one in answers(imagenet_wnids(), network)]
    strays = any(some and place not in some for place, some in enumerate(found))
    return strays and 2 * sum(map(bool, found)) > len(found)


@dataclass(frozen=True)
class _Book:
    """The names of a network's classes, and who answers to a word."""

    words: tuple[str, ...]
    called: dict[str, tuple[int, ...]]

    @staticmethod
    def of(network: Sequence[str]) -> _Book:
        words = tuple("" if _is_number(name, place) else _word(name) for place, name in enumerate(network))
        called = defaultdict(list)
        for place, word in enumerate(words):
            for one in _calls(word):
                called[one].append(place)
        return _Book(words, {word: tuple(places) for word, places in called.items()})

    def candidates(self, word: str) -> tuple[int, ...]:
        return tuple(sorted({place for one in _calls(word) for place in self.called.get(one, ())}))

    def only(self, word: str) -> Answer:
        found = self.candidates(word)
        return Answer(found, found[0] if len(found) == 1 else None)


def _told(words: Sequence[str], book: _Book) -> tuple[Answer, ...]:
    """Return the answers to a list of words; where several classes answer to one, the whole list may tell which."""
    found = [book.only(word) for word in words]
    written = Counter(map(spelled, words))
    same = len(words) == len(book.words) and all(place in one.candidates for place, one in enumerate(found))
    told = []
    for place, (word, one) in enumerate(zip(words, found, strict=True)):
        meant = one.index if len(one.candidates) < 2 else _written_so(word, one.candidates, book, written)
        told.append(Answer(one.candidates, place if meant is None and same else meant))
    return tuple(told)


def _written_so(word: str, candidates: Sequence[int], book: _Book, written: Counter[str]) -> int | None:
    """Return which of several classes is spelled as the word is, where the list has each of their spellings once."""
    theirs = [spelled(book.words[index]) for index in candidates]
    apart = len(set(theirs)) == len(theirs) and all(written[one] == 1 for one in theirs)
    return candidates[theirs.index(spelled(word))] if apart and spelled(word) in theirs else None


def _word(name: str) -> str:
    """Return the name in words of one of ImageNet's wnids; any other name as it is."""
    return imagenet_names()[wnid_places()[name]] if name in wnid_places() else name


def _calls(word: str) -> frozenset[str]:
    """Return what a class of that name answers to."""
    plain = folded(word)
    return frozenset((plain, _ALSO.get(plain, plain))) if plain else frozenset()


def _synonyms(name: str) -> frozenset[str]:
    return frozenset(call for one in _word(name).split(",") for call in _calls(one))


def _is_number(name: str, place: int) -> bool:
    """Whether the name of a class says no more than its place."""
    return folded(name) in (str(place), f"class {place}", f"class{place}")
