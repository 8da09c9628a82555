"""Parquet shards as Hugging Face's imagenet-1k has them: columns `image` {bytes, path} and `label`.

A path is a file, a folder of shards of one split, or one split of several: `FOLDER/validation-*.parquet`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.data.disk import require_utf8, unreadable
from core.data.labelled import MAX_CLASSES
from core.data.layout import Layout
from core.data.pictures import MAX_BYTES, broken, refuse_large
from core.data.shards import SUFFIX, absent, is_split, shards, splits
from core.data.stored import StoredSource
from core.data.tables import require_few
from core.errors import BrokenDataError
from core.words import printable

_ITEMS, _PATHS = "image.bytes", "image.path"
_SUSPICIOUS, _SQUEEZED = 2**26, 10  # so many bytes in a row group, so much smaller on disk: no picture is squeezed so
_ERRORS = (
    pa.ArrowException,
    OSError,
    ValueError,
)  # what pyarrow raises on malformed bytes, names not in UTF-8 among it


class Place(NamedTuple):
    """Where an image lies in the shards."""

    shard: int
    group: int
    row: int  # in the group


@dataclass(frozen=True)
class ParquetShelf:
    """The images in some shards, read by row group."""

    where: Path
    shards: tuple[Path, ...]
    states: tuple[tuple[int, int], ...]  # size and time of each
    places: dict[str, Place] = field(repr=False)

    def names(self) -> tuple[str, ...]:
        """Return the names of all images, sorted."""
        return tuple(sorted(self.places))

    def holds(self, name: str) -> bool:
        """Whether there is an image of that name."""
        return name in self.places

    def read(self, name: str) -> bytes:
        """Return the bytes of an image; those in the same row group follow at little cost, in their order."""
        place = self.places[name]
        value = _cell(self.shards[place.shard], self.states[place.shard], place)
        if value is None:
            raise broken(name, "the cell is empty")
        refuse_large(len(value), name)
        return bytes(value)

    def stamp(self, name: str) -> tuple[int, ...]:
        """Return where the image lies in its shard, and the shard's size and time."""
        place = self.places[name]
        return place.group, place.row, *self.states[place.shard]


def open_shards(name: str, path: Path) -> StoredSource:
    """Open shards: as many classes as their metadata names, or as the labels say.

    BrokenDataError if a column is missing, or a label is none (a test split has -1) or out of range.
    """
    files = shards(path)
    labels, names, places = _read(files)
    _require_labels(labels, path)
    number = len(names) or int(labels.max()) + 1
    if labels.max() >= number:
        raise _no_label(path, f"the label {labels.max():,}", number)
    shelf = ParquetShelf(path, files, tuple(_state(file) for file in files), places)
    classed = names or tuple(map(str, range(number)))
    return StoredSource(name, shelf, classed, labels, tuple(places), notes=absent(files))


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return len(splits(path)) == 1
    return is_split(path) or (path.suffix == SUFFIX and path.is_file())


def _read(files: Sequence[Path]) -> tuple[NDArray[np.int64], tuple[str, ...], dict[str, Place]]:
    """Return labels, class names and places; of the images only the paths are read."""
    labels: list[NDArray[np.int64]] = []
    paths: list[str | None] = []
    places: list[Place] = []
    names: set[tuple[str, ...]] = set()
    for shard, file in enumerate(files):
        with _opened(file) as table:
            require_few(len(paths) + _rows(table, file), files[0].parent if files[1:] else file)
            found = _columns(table, file)
            labels.append(found[0])
            paths += found[1]
            places += _places(shard, table)
            names.add(_class_names(table))
    if len(names) != 1:
        raise _refused(files[0].parent, "has shards that name their classes differently", "shards of one data set")
    return np.concatenate(labels), names.pop(), _named(paths, places, files)


def _opened(file: Path, **options: Any) -> Any:
    try:
        # without the first two, whole row groups are read ahead
        return pq.ParquetFile(file, buffer_size=2**20, pre_buffer=False, page_checksum_verification=True, **options)
    except FileNotFoundError as error:
        raise unreadable(file, error) from error
    except _ERRORS as error:
        raise _refused(file, f"is no parquet file, or a damaged one ({_short(error)})", "a whole file") from error


def _rows(table: Any, file: Path) -> int:
    """Return how many rows a file has, as it says itself in two places."""
    about = table.metadata
    if about.num_rows != sum(about.row_group(group).num_rows for group in range(about.num_row_groups)):
        raise _refused(file, "counts its rows in two ways", "a whole file")
    return int(about.num_rows)


def _columns(table: Any, file: Path) -> tuple[NDArray[np.int64], list[str | None]]:
    inside = _require_columns(table.schema_arrow, file)
    _require_sizes(table.metadata, file)
    rows = table.metadata.num_rows
    try:
        labels = table.read(columns=["label"]).column("label")
        if labels.null_count:
            raise _no_label(file, "an image without a label", None)
        paths = _paths(file, rows, inside.get("path"))
        if not len(labels) == len(paths) == rows:
            raise _refused(
                file, f"has {len(labels):,} labels and {len(paths):,} paths in {rows:,} rows", "a whole file"
            )
        return np.asarray(labels.to_numpy(), np.int64), paths
    except _ERRORS as error:
        raise _refused(file, f"cannot be read ({_short(error)})", "a whole file") from error


def _paths(file: Path, rows: int, kind: Any) -> list[str | None]:
    """Return the path of each image, None where it has none; one that many share is in memory once, however long."""
    if kind is None or not pa.types.is_string(kind):
        return [None] * rows
    found: list[str | None] = []
    with _opened(file, read_dictionary=[_PATHS]) as table:
        for group in range(table.num_row_groups):
            for chunk in table.read_row_group(group, [_PATHS]).column("image").chunks:
                (paths,) = chunk.flatten()
                names = paths.dictionary.to_pylist()
                found += [None if place is None else names[place] for place in paths.indices.to_pylist()]
    return found


def _require_columns(schema: Any, file: Path) -> dict[str, Any]:
    """Return the types of what is inside the column image."""
    _require_once(schema, file)
    image = schema.field("image").type if "image" in schema.names else None
    inside = {one.name: one.type for one in image} if image is not None and pa.types.is_struct(image) else {}
    binary = inside.get("bytes")
    if binary is None or not (pa.types.is_binary(binary) or pa.types.is_large_binary(binary)):
        raise _refused(file, f"has no column image with bytes in it (its columns: {_names(schema)})", _COLUMNS)
    if "label" not in schema.names or not pa.types.is_integer(schema.field("label").type):
        raise _refused(file, f"has no column label of whole numbers (its columns: {_names(schema)})", _COLUMNS)
    return inside


def _require_once(schema: Any, file: Path) -> None:
    """Refuse columns of one name: which is meant nobody can say."""
    images = [schema.field(place).type for place, name in enumerate(schema.names) if name == "image"]
    inside = [f"image.{one.name}" for kind in images if pa.types.is_struct(kind) for one in kind]
    twice = [name for name in ("image", "label") if schema.names.count(name) > 1]
    twice += [name for name in (_ITEMS, _PATHS) if inside.count(name) > 1]
    if twice:
        raise _refused(file, f"has several columns {twice[0]}", _COLUMNS)


def _require_sizes(about: Any, file: Path) -> None:
    """Refuse cells that no picture needs, by what the file says of its row groups: to read one takes all its bytes."""
    for group in map(about.row_group, range(about.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            if chunk.path_in_schema in (_ITEMS, _PATHS) and _is_bloated(chunk, group.num_rows):
                given = (
                    f"has {chunk.total_uncompressed_size:,} bytes of {chunk.path_in_schema} in {group.num_rows:,} rows"
                )
                raise _refused(file, f"{given}, {chunk.total_compressed_size:,} on disk", "encoded images")


def _is_bloated(chunk: Any, rows: int) -> bool:
    size, on_disk = int(chunk.total_uncompressed_size), int(chunk.total_compressed_size)
    return (size > _SUSPICIOUS and size > _SQUEEZED * on_disk) or size > MAX_BYTES * max(rows, 1)


_COLUMNS = "columns image (struct of bytes and path) and label (a whole number), as Hugging Face's imagenet-1k has"


def _places(shard: int, table: Any) -> Iterator[Place]:
    for group in range(table.metadata.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        yield from (Place(shard, group, row) for row in range(rows))


def _class_names(table: Any) -> tuple[str, ...]:
    """Return the class names in Hugging Face's metadata; nothing without, nor where they are no list of names."""
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        about = json.loads((table.schema_arrow.metadata or {})[b"huggingface"])
        names = about["info"]["features"]["label"]["names"]
        if isinstance(names, list) and all(isinstance(one, str) for one in names):
            return tuple(map(printable, names))
    return ()


def _named(paths: list[str | None], places: list[Place], files: Sequence[Path]) -> dict[str, Place]:
    """Return the places by the images' own names, or, where these are no names, by shard and row."""
    if all(paths) and len(set(paths)) == len(paths):
        names = [str(path) for path in paths]
    else:
        names = [f"{files[place.shard].stem}/{place.group}.{place.row}" for place in places]
    for name in names:
        require_utf8(name, files[0].parent)
    return dict(zip(names, places, strict=True))


def _require_labels(labels: NDArray[np.int64], path: Path) -> None:
    bad = labels[(labels < 0) | (labels >= MAX_CLASSES)]
    if len(bad):
        raise _no_label(path, f"the label {bad[0]:,}", None)
    if len(np.unique(labels)) < 2:
        raise _refused(path, "holds images of one class only", "images of at least two classes")


def _no_label(path: Path, what: str, classes: int | None) -> BrokenDataError:
    allowed = "whole numbers from 0" + (f" to {classes - 1:,}" if classes else "")
    return BrokenDataError(
        f"{path} has {what}", f"labels: {allowed}", "choose a split with labels, or a network with these classes"
    )


def _state(file: Path) -> tuple[int, int]:
    try:
        state = file.stat()
    except OSError as error:
        raise unreadable(file, error) from error
    return state.st_size, state.st_mtime_ns


class _Reader:
    """Rows of one row group, read forwards, one at a time.

    Several at once are no faster, and may be any number of bytes: a picture stored once can be in a million rows.
    """

    def __init__(self, file: Path, place: Place) -> None:
        self._rows = _opened(file).iter_batches(1, [place.group], [_ITEMS])
        self._at, self._row = 0, next(self._rows)

    def reaches(self, row: int) -> bool:
        """Whether a row is not behind."""
        return row >= self._at

    def cell(self, row: int) -> bytes | None:
        """Return the bytes in a row that is not behind."""
        while row > self._at:
            self._row = next(self._rows)
            self._at += 1
        found: bytes | None = self._row.column(0).field("bytes")[0].as_py()
        return found


_mine = threading.local()  # the reader of each thread: a file of pyarrow is not to be shared


def _cell(file: Path, state: tuple[int, int], place: Place) -> bytes | None:
    key = file, state, place.group
    try:
        if getattr(_mine, "key", None) != key or not _mine.reader.reaches(place.row):
            _mine.key, _mine.reader = None, None  # one at a time in memory
            _mine.key, _mine.reader = key, _Reader(file, place)
        return _mine.reader.cell(place.row)  # type: ignore[no-any-return]
    except (*_ERRORS, StopIteration) as error:
        _mine.key, _mine.reader = None, None
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable(file, error) from error
        raise broken(f"{file.name} row group {place.group}", _short(error)) from error


def _names(schema: Any) -> str:
    return ", ".join(schema.names[:20])


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _refused(path: Path, what: str, allowed: str) -> BrokenDataError:
    return BrokenDataError(f"{path} {what}", allowed, "download it again, or name other files")


PARQUET = Layout(
    "parquet", "parquet shards with columns image and label (Hugging Face)", "list", _recognises, open_shards
)
