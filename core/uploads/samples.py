"""Photographs that come with scikit-image, for who has none at hand. None is downloaded."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from core.errors import MissingFileError
from core.uploads.photos import Photo, read_photo
from core.words import listed


@dataclass(frozen=True)
class Sample:
    """A photograph in scikit-image's package."""

    name: str
    title: str
    file: str
    credit: str  # who made it, as scikit-image's documentation says


SAMPLES: dict[str, Sample] = {
    sample.name: sample
    for sample in (
        Sample("cat", "Chelsea the cat", "chelsea.png", "Stéfan van der Walt, CC0"),
        Sample("coffee", "A cup of espresso", "coffee.png", "Rachel Michetti, CC0"),
        Sample(
            "motorcycle",
            "A motorcycle in a garage",
            "motorcycle_left.png",
            "Nera Nesic et al., Middlebury 2014",
        ),
        Sample("rocket", "A rocket at the launch", "rocket.jpg", "SpaceX, public domain"),
        Sample("astronaut", "Eileen Collins, astronaut", "astronaut.png", "NASA, public domain"),
    )
}


def samples() -> tuple[Sample, ...]:
    """Return the photographs that are installed here."""
    folder = _folder()
    return tuple(sample for sample in SAMPLES.values() if folder and (folder / sample.file).is_file())


def sample_photo(name: str) -> Photo:
    """Return a photograph of `samples()`; MissingFileError if there is none of that name here."""
    folder, here = _folder(), {sample.name: sample for sample in samples()}
    if folder is None or name not in here:
        given = f"there is no sample photograph {name!r}"
        raise MissingFileError(given, listed(list(here)) or "none is installed", "choose another, or upload one")
    return read_photo(here[name].title, (folder / here[name].file).read_bytes())


def _folder() -> Path | None:
    """Return where scikit-image keeps its pictures; found without loading it, which would take a second."""
    found = importlib.util.find_spec("skimage")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "data" if places else None
