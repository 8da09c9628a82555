"""Sources of labelled images, and how a source is recognised from what the user gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.data.disk import entries
from core.data.files import folders_in, pictures_in
from core.data.imagenette import IMAGENETTE, open_imagenette
from core.data.layout import Layout
from core.data.layouts import LAYOUTS
from core.data.protocol import Source
from core.data.readings import AmbiguousDataError, Reading, for_network, read_for
from core.data.shards import is_split, split_path, splits
from core.data.tar import is_tar, open_tar
from core.errors import BrokenDataError, InvalidSettingError, MissingFileError, PrunescopeError
from core.paths import user_path

__all__ = [
    "ALLOWED",
    "SCENES",
    "TRAINING_SCENES",
    "AmbiguousDataError",
    "Reading",
    "Source",
    "layout_of",
    "open_source",
    "reading",
]

SCENES, TRAINING_SCENES = "scenes", "scenes:training"
ALLOWED = "; or ".join(
    (
        f"{SCENES!r} (the generated scenes)",
        f"'{IMAGENETTE}:val' or '{IMAGENETTE}:train' (downloaded on request)",
        *(layout.title for layout in LAYOUTS.values()),
    )
)


def open_source(text: str, network: Sequence[str] | None = None) -> Source:
    """Open the generated scenes (`scenes`), Imagenette (`imagenette:val`), or images recognised from what is there.

    `scenes:training` are the scenes that one trains on. `LAYOUT:PATH` opens a path in one of the `LAYOUTS`, where it
    could be several. Without a network the classes are the data's own. `network` has the names of a network's classes:
    the labels are then its numbers, as `core.data.mapping` finds them, and there are as many classes.

    InvalidSettingError if nothing is named, several things could be meant, or a class that has images is none of the
    network's; MissingFileError if there is no such path, BrokenDataError if it is there but malformed.
    """
    if network is not None:
        return for_network(reading(text, network), network)
    layout, path = layout_of(text)
    return layout.opens(text, path)


def reading(text: str, network: Sequence[str]) -> Reading:
    """Return the data that `text` names with their own classes, and what these are to a network; refuses none of them.

    Raises what `open_source` raises where the data cannot be read, or could be read in several ways.
    """
    layout, path = layout_of(text)
    return read_for(network, text, layout, path)


def layout_of(text: str) -> tuple[Layout, Path]:
    """Return the layout that `text` names or that its path has, and the path; raises what `open_source` raises."""
    name, _, rest = text.strip().partition(":")
    if name in _NAMED:
        return _NAMED[name], Path(rest)
    if name in LAYOUTS and rest:
        return LAYOUTS[name], _existing(rest)
    path = _existing(text)
    found = [layout for layout in LAYOUTS.values() if layout.recognises(path)]
    if len(found) > 1:
        raise _several(path, {f"{layout.name}:{path}": layout.title for layout in found})
    return (found or [_unrecognised(path)])[0], path


def _several(path: Path, ways: Mapping[str, str]) -> AmbiguousDataError:
    return AmbiguousDataError(f"{path} can be read in {len(ways)} ways", ways)


def _scenes(name: str, path: Path) -> Source:
    from core.data.scenes import ScenesSource  # drawing is loaded by those who want scenes

    split = {SCENES: "validation", TRAINING_SCENES: "training"}.get(name.strip())
    if split is None:
        raise InvalidSettingError(f"data {name.strip()!r}", f"{SCENES} or {TRAINING_SCENES}", "name one of these")
    return ScenesSource(split)


def _always(path: Path) -> bool:
    return True


_NAMED = {
    SCENES: Layout(SCENES, "generated scenes", "list", _always, _scenes),
    IMAGENETTE: Layout(IMAGENETTE, "Imagenette, as torchvision downloads it", "folders", _always, open_imagenette),
}


def _existing(text: str) -> Path:
    if not text.strip():
        raise InvalidSettingError("no data was named", ALLOWED, "name one of these")
    path = user_path(text.strip())
    if not path.exists() and not is_split(path):
        raise MissingFileError(
            f"there is no folder or file {path}", "one that is there", "check the spelling, or mount the disk"
        )
    return path


def _unrecognised(path: Path) -> Layout:
    """Raise the error that says why a path is no data, and what in it may be."""
    if not path.is_dir():
        raise _strange_file(path)
    choices = [str(one) for one in _choices(path)]
    if len(choices) > 1:
        raise _several(path, dict.fromkeys(choices, ""))
    raise _strange_folder(path, choices)


def _strange_file(path: Path) -> BrokenDataError:
    if is_tar(path):
        open_tar(path)  # which tells what is wrong with the archive itself
        mend = f"put one of these beside it, in {path.parent}"
        given = f"nothing says which class the images in {path} are of"
        return BrokenDataError(given, "labels.csv, val.txt or ImageNet's devkit beside the archive", mend)
    return BrokenDataError(f"{path} is a file", ALLOWED, f"give its folder ({path.parent}) if that is meant")


def _strange_folder(folder: Path, choices: list[str]) -> BrokenDataError:
    if not entries(folder):
        return BrokenDataError(f"{folder} is empty", ALLOWED, "put images there, or choose another folder")
    if any(pictures_in(folder)):
        return BrokenDataError(
            f"{folder} holds images, but nothing says which class they are of",
            ALLOWED,
            "add labels.csv, or sort the images into one folder per class",
        )
    mend = f"did you mean {choices[0]}?" if choices else "put images there, or choose another folder"
    return BrokenDataError(f"{folder} holds no images (jpg, jpeg, png) that are labelled", ALLOWED, mend)


def _choices(folder: Path) -> list[Path]:
    """Return what in a folder could have been meant: splits of shards, folders, archives."""
    shards = [split_path(folder, split) for split in splits(folder) if split]
    inside = [folder / name for name in folders_in(folder)]
    archives = sorted(Path(entry.path) for entry in entries(folder) if is_tar(Path(entry.path)))
    return shards + [path for path in (*inside, *archives) if _is_data(path)]


def _is_data(path: Path) -> bool:
    try:
        return len(splits(path)) > 1 or any(layout.recognises(path) for layout in LAYOUTS.values())
    except PrunescopeError:
        return False
