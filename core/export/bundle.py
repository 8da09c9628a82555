"""Write a run to a folder or a zip file: whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidSettingError, StorageError
from core.export.exportable import Exportable
from core.export.formats import FORMATS, Files
from core.progress import Progress, silent
from core.strict_json import strict_json

ABOUT, SNIPPET = "run.json", "load.py"


def export(run: Exportable, out: Path, formats: Sequence[str] = tuple(FORMATS), progress: Progress = silent) -> Path:
    """Write a run to the folder `out`, or to a zip file if it is named so, and return it.

    Beside the files of each format there are `run.json`, which says what they are, and `load.py`, which classifies an
    image with them without Prunescope. Raises InvalidSettingError for an unknown format and if something is there
    already, StorageError if it cannot be written, and BrokenDataError if what was written does not say the same.
    """
    check_formats(formats)
    check_free(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as made:
            folder = Path(made) / out.stem
            folder.mkdir()
            _fill(run, folder, formats, progress)
            _put(folder, out)
    except OSError as error:
        raise StorageError(
            f"{out} cannot be written ({error.strerror or error})",
            "a folder with free space that this user may write to",
            "make room, or choose another place",
        ) from error
    return out


def check_formats(formats: Sequence[str]) -> None:
    """Raise InvalidSettingError unless these are formats, and any."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InvalidSettingError(
            f"format {unknown[0]!r}" if unknown else "no format", ", ".join(FORMATS), "choose any of these"
        )


def check_free(out: Path) -> None:
    """Raise InvalidSettingError if there is something at `out` but an empty folder: nothing is overwritten."""
    if out.exists() and not (out.is_dir() and out.suffix != ".zip" and not any(out.iterdir())):
        raise InvalidSettingError(
            f"{out} is there already", "a new folder, an empty one, or a new .zip file", "choose another name"
        )


def _fill(run: Exportable, folder: Path, formats: Sequence[str], progress: Progress) -> None:
    files: Files = {}
    for done, name in enumerate(formats):
        progress(done, len(formats), f"writing {FORMATS[name].title}")
        files |= FORMATS[name].write(run, folder)
    text = strict_json({**run.about(), "files": files}, indent=2, ascii_only=False)
    (folder / ABOUT).write_text(text + "\n", encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name(SNIPPET), folder / SNIPPET)
    for path in folder.iterdir():  # safetensors writes files that only their owner may read
        shutil.copymode(folder / ABOUT, path)
    progress(len(formats), len(formats), "done")


def _put(folder: Path, out: Path) -> None:
    if out.suffix != ".zip":
        folder.replace(out)
        return
    packed = folder.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{out.stem}/{path.name}")
    packed.replace(out)
