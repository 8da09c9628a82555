"""What a source of labelled images is."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image


class Source(Protocol):
    """Labelled images, each with an id: as many as len() says."""

    @property
    def name(self) -> str:
        """What `open_source` was given."""

    @property
    def title(self) -> str:
        """What it is called on the screen."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of their indices; some may have no image."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class index of each image: (n,)."""

    @property
    def ids(self) -> tuple[str, ...]:
        """A name of each image: unique, and the same each time."""

    @property
    def generated(self) -> bool:
        """Whether a recipe makes the images, so that `identity` says all about every pixel."""

    def __len__(self) -> int: ...

    def image(self, index: int) -> Image:
        """Return one image; BrokenDataError if it cannot be decoded."""

    def identity(self) -> str:
        """Return a hash of what the source would yield, without reading any image."""
