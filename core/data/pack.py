"""Pack a source once for a preset: resumable, by one process at a time, and only used whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from filelock import Timeout

from core.data.decode import spans
from core.data.journal import Entry, ensure_journal, gone_through, has_journal, resume, vouch, write
from core.data.manifest import FORMAT, chunk_hash, load_doubted, load_manifest, save_manifest
from core.data.mend import mend
from core.data.packed import DOUBTED, MANIFEST, PIXELS, Pack, Skipped, row_bytes
from core.data.packs import ASIDE, delete_pack, lock_of, note_source, note_use, packs_folder
from core.data.preset import Preset
from core.data.processes import map_where_it_pays
from core.data.protocol import Source
from core.errors import BrokenDataError, CancelledError, StorageError
from core.paths import cache_folder, require_room, writable
from core.progress import Cancelled, Progress, never, silent

__all__ = [
    "Pack",
    "PackCost",
    "Skipped",
    "data_fingerprint",
    "delete_pack",
    "find_pack",
    "known_pack",
    "pack",
    "pack_cost",
    "pack_folder",
]


@dataclass(frozen=True)
class PackCost:
    """What is left to do for a pack: images to decode and bytes on the disk."""

    images: int
    bytes: int


def pack_folder(source: Source, preset: Preset, cache: Path | None = None) -> Path:
    """Return the folder in which the pack of a source lies, or will lie."""
    key = hashlib.sha256(f"{FORMAT} {source.identity()} {preset.name}".encode()).hexdigest()
    return packs_folder(cache or cache_folder()) / key[:24]


def pack_cost(source: Source, preset: Preset, cache: Path | None = None) -> PackCost:
    """Return what packing the source still costs: nothing of a pack that is there, though it may have to be mended."""
    left = len(source) - _images_there(source, pack_folder(source, preset, cache))
    return PackCost(left, left * row_bytes(preset))


def find_pack(source: Source, preset: Preset, cache: Path | None = None) -> Pack | None:
    """Return the pack if it is there, whole and of the right size; None otherwise. Nothing is packed."""
    found = load_manifest(pack_folder(source, preset, cache))
    return None if found is None else replace(found, source=source.name, title=source.title)


def known_pack(source: Source, preset: Preset, cache: Path | None = None) -> Pack | None:
    """Return what is known of the finished pack, though it be in doubt or damaged; None if there is none.

    What was measured on it stays its own meanwhile: mending gives the same pixels or fails. Images are only to be read
    from what `find_pack` or `pack` return.
    """
    known = load_doubted(pack_folder(source, preset, cache))
    return None if known is None else known[0]


def data_fingerprint(source: Source, preset: Preset, cache: Path | None = None) -> str | None:
    """Return the fingerprint that the pack has or will have; None if the images have to be packed to know it."""
    if source.generated:
        return _recipe_fingerprint(source, preset)
    known = known_pack(source, preset, cache)
    return None if known is None else known.fingerprint


def pack(
    source: Source,
    preset: Preset,
    *,
    cache: Path | None = None,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Pack:
    """Return the pack of a source for a preset, packing it first, or going on with packing it, where need be.

    Images that cannot be decoded are skipped and named in `Pack.skipped`; BrokenDataError if none can. While another
    process packs the same, this one waits for it. Of a damaged pack, what is damaged is packed anew; DamagedPackError
    if the source does not give what was there any more. CancelledError if `cancelled` says so (what is packed is kept),
    StorageError if the disk is full or read-only.
    """
    folder = pack_folder(source, preset, cache)
    if load_manifest(folder) is None:
        writable(folder.parent)
        with _alone(folder, source, progress, cancelled):
            if load_manifest(folder) is None:  # nobody else finished it in the meantime
                _make(source, preset, folder, progress, cancelled)
    packed = find_pack(source, preset, cache)
    if packed is None:
        raise BrokenDataError(f"the pack {folder} changed as soon as it was written", "", "pack it again")
    note_use(folder)
    return packed


def _images_there(source: Source, folder: Path) -> int:
    if load_doubted(folder) is not None:
        return len(source)
    return gone_through(folder, len(source)) if (folder / PIXELS).exists() else 0


def _recipe_fingerprint(source: Source, preset: Preset) -> str:
    return hashlib.sha256(f"{source.identity()} {preset.name}".encode()).hexdigest()


@contextmanager
def _alone(folder: Path, source: Source, progress: Progress, cancelled: Cancelled) -> Iterator[None]:
    """Hold the pack's lock; the system lets go of it when the process ends, however it ends."""
    progress(0, len(source), f"waiting for {source.title}")
    try:
        with lock_of(folder).acquire(cancel_check=cancelled):
            yield
    except Timeout as error:
        raise _stopped(source) from error


def _make(source: Source, preset: Preset, folder: Path, progress: Progress, cancelled: Cancelled) -> None:
    try:
        if not mend(source, folder, progress, cancelled):
            _let_go_of_manifest(source, preset, folder)
            _write(source, preset, writable(folder), progress, cancelled)
    except OSError as error:
        raise _not_written(folder, error) from error


def _write(source: Source, preset: Preset, folder: Path, progress: Progress, cancelled: Cancelled) -> None:
    def checked(stop: int) -> None:
        progress(stop, len(source), f"checking what is packed of {source.title}")
        if cancelled():
            raise _stopped(source)

    note_source(source, preset, folder)
    entries = resume(folder, row_bytes(preset), checked)
    start = entries[-1].stop if entries else 0
    _require_space(folder, (len(source) - start) * row_bytes(preset))
    entries += _grow(source, preset, folder, start, progress, cancelled)
    _finish(source, preset, folder, entries)


def _grow(
    source: Source, preset: Preset, folder: Path, start: int, progress: Progress, cancelled: Cancelled
) -> Iterator[Entry]:
    """Pack from image `start` on, yielding each entry of the journal once it is written."""
    progress(start, len(source), f"packing {source.title}")
    written = map_where_it_pays(partial(write, source, preset, folder), spans(start, len(source), preset))
    with closing(written) as entries:  # ends the helper processes at once
        for entry in entries:
            vouch(folder, entry)
            yield entry
            progress(entry.stop, len(source), f"packing {source.title}")
            if cancelled() and entry.stop < len(source):
                raise _stopped(source)


def _finish(source: Source, preset: Preset, folder: Path, entries: list[Entry]) -> None:
    skipped = tuple(Skipped(index, source.ids[index], why) for entry in entries for index, why in entry.skipped)
    indices = np.delete(np.arange(len(source), dtype=np.int64), [one.index for one in skipped])
    if len(indices) == 0:
        raise _nothing_left(source, skipped)
    made = Pack(
        folder=folder,
        source=source.name,
        title=source.title,
        preset=preset,
        classes=source.classes,
        labels=source.labels[indices],
        ids=tuple(source.ids[index] for index in indices),
        indices=indices,
        skipped=skipped,
        fingerprint="",
        digests=b"".join(_bytes_of(entry) for entry in entries),
    )
    digests = (digest for entry in entries for digest in entry.digests)
    fingerprint = _recipe_fingerprint(source, preset) if source.generated else _content_fingerprint(made, digests)
    save_manifest(
        replace(made, fingerprint=fingerprint),
        tuple((len(entry.digests), chunk_hash(_bytes_of(entry))) for entry in entries if entry.digests),
    )


def _bytes_of(entry: Entry) -> bytes:
    return bytes.fromhex("".join(entry.digests))


def _content_fingerprint(made: Pack, digests: Iterable[str]) -> str:
    found = hashlib.sha256(made.preset.name.encode())
    for row in zip(digests, made.labels.tolist(), made.ids, strict=True):
        found.update(json.dumps(row).encode())
    return found.hexdigest()


def _let_go_of_manifest(source: Source, preset: Preset, folder: Path) -> None:
    """Make of a finished pack whose manifest is damaged one to go on with; set it aside where nothing says its rows."""
    manifests = [file for name in (MANIFEST, DOUBTED) if (file := folder / name).exists()]
    if manifests and has_journal(folder, len(source)):
        ensure_journal(folder, spans(0, len(source), preset))
        for file in manifests:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    elif manifests:
        shutil.rmtree(_aside(folder), ignore_errors=True)
        folder.rename(_aside(folder))


def _aside(folder: Path) -> Path:
    return folder.with_name(folder.name + ASIDE)


def _require_space(folder: Path, needed: int) -> None:
    """Raise StorageError if there is too little, even without what was set aside."""
    if needed > shutil.disk_usage(folder).free:
        shutil.rmtree(_aside(folder), ignore_errors=True)
    require_room(folder, needed, "packing")


def _not_written(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder} could not be written ({error.strerror or error})",
        "a disk with room that this user may write to",
        "make room or mend the permissions, then pack again: what is packed is kept",
    )


def _stopped(source: Source) -> CancelledError:
    return CancelledError(f"packing {source.title} was stopped", mend="pack again to go on from there")


def _nothing_left(source: Source, skipped: tuple[Skipped, ...]) -> BrokenDataError:
    return BrokenDataError(
        f"none of the {len(source):,} images of {source.title} can be decoded (the first: {skipped[0].reason})",
        "whole JPEG or PNG images",
        "look at the files, replace them and try again",
    )
