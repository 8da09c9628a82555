"""Which files a path of parquet shards stands for: one, all of a folder, or one split of several."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.data.disk import entries, is_file_or_link, real_file
from core.errors import BrokenDataError

SUFFIX = ".parquet"
_ANY = f"-*{SUFFIX}"
_SHARD = re.compile(r"(?P<split>.+)-(?P<number>[0-9]{5})-of-(?P<of>[0-9]{5})(-[0-9a-f]+)?\.parquet")


def splits(folder: Path) -> tuple[str, ...]:
    """Return the names of the splits whose shards lie in a folder: "" for files that are not named by split."""
    return tuple(sorted({_split(name) for name in _shards_in(folder)})) if folder.is_dir() else ()


def split_path(folder: Path, split: str) -> Path:
    """Return the path that stands for one split of several."""
    return folder / f"{split}{_ANY}"


def is_split(path: Path) -> bool:
    """Whether a path stands for one split of the shards in a folder."""
    return path.name.endswith(_ANY) and path.name.removesuffix(_ANY) in splits(path.parent)


def shards(path: Path) -> tuple[Path, ...]:
    """Return the files that a path stands for, in order, links among them checked.

    BrokenDataError for a folder whose shards are not those of one split.
    """
    if path.is_file():
        return (path,)
    if is_split(path):
        return _of_split(path.parent, path.name.removesuffix(_ANY))
    found = splits(path)
    if len(found) != 1:
        given = f"{path} holds shards of {len(found)} splits"
        raise BrokenDataError(given, "shards of one split", "download it again, or name other files")
    return _of_split(path, found[0])


def absent(files: Sequence[Path]) -> tuple[str, ...]:
    """Return the note on shards that are not among these files, by what their names say; none if all are there."""
    found = [match for match in (_SHARD.fullmatch(file.name) for file in files) if match]
    expected = max((int(match["of"]) for match in found), default=0)
    missing = expected - len({match["number"] for match in found})
    return (f"{missing:,} of {expected:,} shards are not here",) if missing > 0 else ()


def _of_split(folder: Path, split: str) -> tuple[Path, ...]:
    return tuple(real_file(folder, name) for name in sorted(_shards_in(folder)) if _split(name) == split)


def _shards_in(folder: Path) -> Iterator[str]:
    return (entry.name for entry in entries(folder) if entry.name.endswith(SUFFIX) and is_file_or_link(entry))


def _split(name: str) -> str:
    match = _SHARD.fullmatch(name)
    return match["split"] if match else ""
