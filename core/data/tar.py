"""Images in a tar archive (ImageNet's `ILSVRC2012_img_val.tar`), read where they lie: nothing is unpacked."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from core.data.disk import require_utf8, unreadable
from core.data.files import is_picture
from core.data.labelled import LabelTable
from core.data.layout import Layout
from core.data.pictures import broken, refuse_large
from core.data.regions import regions_of
from core.data.stored import StoredSource
from core.errors import BrokenDataError

SUFFIX = ".tar"
MAX_NAME = 255  # of a member: as long as names on a disk may be
_MAX_HEADER = 2**20  # what may be read at once of what describes a member


class Member(NamedTuple):
    """Where a file lies in an archive, in bytes."""

    offset: int
    size: int


@dataclass(frozen=True)
class TarShelf:
    """The image files in an archive."""

    where: Path
    members: Mapping[str, Member] = field(repr=False)
    state: tuple[int, int]  # the archive's size and time

    def names(self) -> tuple[str, ...]:
        """Return the names of all images in it, sorted."""
        return tuple(sorted(self.members))

    def holds(self, name: str) -> bool:
        """Whether there is an image of that name."""
        return name in self.members

    def read(self, name: str) -> bytes:
        """Return the bytes of an image; the file is opened for each, so that any number of readers may."""
        member = self.members[name]
        refuse_large(member.size, name)
        try:
            with self.where.open("rb") as file:
                file.seek(member.offset)
                data = file.read(member.size)
        except OSError as error:
            raise unreadable(self.where, error) from error
        if len(data) < member.size:
            raise broken(name, "the archive ends within it")
        return data

    def stamp(self, name: str) -> tuple[int, ...]:
        """Return where the image lies in the archive, and the archive's size and time."""
        return *self.members[name], *self.state


def tar_layout(table: LabelTable) -> Layout:
    """Return the layout of an archive of images labelled by this kind of table, which lies beside it."""
    return Layout(
        f"tar-{table.name}",
        f"a tar archive of images with {table.title} beside it",
        table.numbering,
        partial(_recognises, table),
        partial(_opens, table),
    )


def is_tar(path: Path) -> bool:
    """Whether a path is an archive, by its name."""
    return path.suffix.lower() == SUFFIX and path.is_file()


def open_tar(path: Path) -> TarShelf:
    """List the images in an archive.

    BrokenDataError if it is malformed, or has a member that no archive of images has: a path out of it, a link, a
    device, an endless name.
    """
    try:
        state = path.stat()
        return _listed(path, (state.st_size, state.st_mtime_ns))
    except OSError as error:
        raise unreadable(path, error) from error


def _recognises(table: LabelTable, path: Path) -> bool:
    return is_tar(path) and table.find(open_tar(path)) is not None


def _opens(table: LabelTable, name: str, path: Path) -> StoredSource:
    shelf = open_tar(path)
    known = table.open(shelf)
    regions = regions_of(shelf, known.files)
    return StoredSource(name, shelf, known.classes, known.labels, known.files, regions, known.notes)


@lru_cache(maxsize=2)
def _listed(path: Path, state: tuple[int, int]) -> TarShelf:
    found: dict[str, Member] = {}
    with path.open("rb") as file:
        for member in _members(path, file):
            name = _name(member, path)
            if name in found:
                raise _refused(path, f"has {name} twice", "each name once")
            if is_picture(PurePosixPath(name).name):
                found[name] = Member(member.offset_data, member.size)
    if not found:
        raise _refused(path, "holds no images (jpg, jpeg, png)", "image files, not archives of them")
    return TarShelf(path, found, state)


def _members(path: Path, file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """Yield the files in an archive, keeping none in memory."""
    try:
        with tarfile.open(fileobj=cast(BinaryIO, _Headers(file)), mode="r:") as archive:
            while member := archive.next():
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all
                if not member.isdir():
                    yield member
            _require_end(file, archive.offset)
    except (tarfile.TarError, ValueError, EOFError, RecursionError) as error:
        raise _refused(path, f"is no tar archive, or a damaged one ({error})", "an archive as it was made") from error


def _require_end(file: BinaryIO, offset: int) -> None:
    """tarfile takes a damaged header for the end of the archive."""
    file.seek(offset)
    if any(file.read(tarfile.BLOCKSIZE)):
        raise tarfile.ReadError(f"no header at byte {offset:,}")


class _Headers:
    """A file of which only little is read at once: what describes a member may claim to be of any length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)


def _name(member: tarfile.TarInfo, path: Path) -> str:
    if not member.isreg() or member.issparse():
        raise _refused(path, f"has {member.name[:80]!r}, which is a link or a device", "files and folders")
    if len(member.name) > MAX_NAME:
        raise _refused(path, f"has a name of {len(member.name):,} letters", f"names of at most {MAX_NAME}")
    require_utf8(member.name, path)
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise _refused(path, f"has {member.name!r}, which leads out of it", "names without .. and no leading /")
    return str(name)


def _refused(path: Path, what: str, allowed: str) -> BrokenDataError:
    return BrokenDataError(f"{path} {what}", allowed, "download it again, or unpack what you trust of it into a folder")
