"""Where the files of runs lie, a folder each: networks, checkpoints of those being made, units. No torch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from core.errors import StorageError

WEIGHTS, MASKS = "weights.safetensors", "masks.safetensors"
TRAINING = "training"  # the kind of result that says how the weights came about, and by SHA-256 which they are
SHA = "weights_sha256"  # where it says so
LIVE = "training/live"  # the same of a training under way or cut off, epoch by epoch; gone once the weights are there


def weights_folder(store: Path, run_id: str) -> Path:
    """Return where the weights of a run lie, or would; `store` is the store's folder."""
    return _folder(store, "retrained", run_id)


def checkpoint_folder(store: Path, run_id: str) -> Path:
    """Return where the checkpoints of a run lie while it is retrained, or would."""
    return _folder(store, "retraining", run_id)


def units_folder(store: Path, run_id: str) -> Path:
    """Return where what was seen of the units of a run lies, or would."""
    return _folder(store, "units", run_id)


def has_weights(store: Path, run_id: str) -> bool:
    """Return whether the weights of a run are here. They are written last, so that they are there whole or not."""
    return weights_stamp(store, run_id) is not None


def weights_stamp(store: Path, run_id: str) -> int | None:
    """Return when the weights of a run were written, in nanoseconds; None if they are not here.

    What is remembered of a retrained network holds for the weights of this moment only.
    """
    with suppress(OSError):
        return (weights_folder(store, run_id) / WEIGHTS).stat().st_mtime_ns
    return None


def delete_networks(store: Path, run_ids: Iterable[str]) -> None:
    """Delete all files of runs; StorageError if they are there and cannot be deleted."""
    for run_id in run_ids:
        for folder in (weights_folder, checkpoint_folder, units_folder):
            _delete(folder(store, run_id))


def delete_weights(store: Path, run_ids: Iterable[str]) -> None:
    """Delete the weights of runs, not the checkpoints, from which a training that was cut off goes on; StorageError."""
    for run_id in run_ids:
        _delete(weights_folder(store, run_id))


def delete_units(store: Path, run_ids: Iterable[str]) -> None:
    """Delete what was seen of the units of runs, of whose networks it does not hold any more; StorageError."""
    for run_id in run_ids:
        _delete(units_folder(store, run_id))


def _folder(store: Path, what: str, run_id: str) -> Path:
    if not run_id.isalnum():  # it becomes a part of a path that is deleted with all that is in it
        raise ValueError(f"{run_id!r} is no id of a run")
    return store / what / run_id


def _delete(folder: Path) -> None:
    if not folder.is_dir():
        return
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be deleted ({error.strerror})",
            "a folder that this user may delete",
            "change its permissions, or delete it by hand",
        ) from error
