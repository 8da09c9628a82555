"""Bring a file from the web: told how far it is, stopped by whoever listens, taken up where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO
from urllib.request import Request, urlopen

from core.paths import require_room
from core.progress import Progress, now_and_then, silent

_CHUNK = 2**18  # bytes
_PATIENCE = 30.0  # seconds without a byte


def download(url: str, file: Path, *, size: int = 0, progress: Progress = silent) -> None:
    """Bring what is missing of a file, which may have been begun; `size` is the whole's in bytes, 0 if not known.

    `progress` hears of bytes and may raise to cancel: what came stays. StorageError, before anything is written, if the
    disk has no room for the rest; OSError if nothing answers, or the connection ends before the file is whole. Whether
    it is the right one is for the caller to check.
    """
    name = url.rsplit("/", 1)[-1]
    here = file.stat().st_size if file.is_file() else 0
    if size and here == size:
        return
    rest = {"Range": f"bytes={here}-"} if 0 < here < size else {}
    with urlopen(Request(url, headers=rest), timeout=_PATIENCE) as answer:
        goes_on = answer.status == 206
        announced = int(answer.headers.get("Content-Length", 0)) + (here if goes_on else 0)
        # what is here is gone on with, or written over
        require_room(file.parent, max(size, announced) - here, f"downloading {name}")
        with file.open("ab" if goes_on else "wb") as out:
            begun = here if goes_on else 0
            total = size or announced
            done = _copy(answer, out, begun, total, now_and_then(progress), name)
    if done < total:
        raise OSError(f"the connection ended after {done:,} of {total:,} bytes")
    progress(done, done, f"downloading {name}")


def _copy(answer: BinaryIO, out: BinaryIO, done: int, total: int, progress: Progress, name: str) -> int:
    """Copy what comes and return how many bytes are there then, with the `done` before."""
    progress(done, total, f"downloading {name}")
    while data := answer.read(_CHUNK):
        out.write(data)
        done += len(data)
        progress(done, max(done, total), f"downloading {name}")
    return done
