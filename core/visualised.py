"""What came of feature visualisations, kept beside the runs. No torch.

The pictures lie in a file in the run's own folder, named by the visualisation; the store's row says what they are of,
by hash, and which weights they were made with.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidSettingError, StorageError
from core.paths import writable
from core.store.database import Store
from core.store.retrained import SHA, TRAINING, units_folder
from core.store.runs import find_result, put_result, require_run
from core.visualisation import Visualisation, visualisation_from_json


@dataclass(frozen=True, eq=False)
class Visualised:
    """The pictures of a unit on the way from noise to the end, and its activation by each as it is shown."""

    frames: NDArray[np.uint8]  # (s, b, h, w, 3)
    steps: tuple[int, ...]  # s, after how many steps each was taken
    activations: NDArray[np.float32]  # (s, b)
    seed: int  # that they were really made with
    attempts: int  # 1 unless the first ones failed

    @property
    def reached(self) -> float:
        """The activation by the last picture; of several their mean."""
        return float(self.activations[-1].mean())


@dataclass(frozen=True)
class Refused:
    """Why there is no picture of a unit, in the three parts of an error."""

    given: str
    allowed: str
    mend: str

    @property
    def error(self) -> InvalidSettingError:
        """The same as an error."""
        return InvalidSettingError(self.given, self.allowed, self.mend)


def keep_visualised(
    store: Store, run_id: str, visualisation: Visualisation, found: Visualised | Refused, seconds: float
) -> None:
    """Write what a run's network shows, or why it does not. CancelledError if the run was deleted; StorageError."""
    about = _refusal(found) if isinstance(found, Refused) else _pictures(_file(store, run_id, visualisation), found)
    about |= {"visualisation": visualisation.to_json(), "weights": _weights(store, run_id), "seconds": seconds}
    try:
        with store.writing() as db:
            require_run(db, run_id)
            put_result(db, run_id, visualisation.kind, about)
    except Exception:
        _file(store, run_id, visualisation).unlink(missing_ok=True)
        raise


def find_visualised(store: Store, run_id: str, visualisation: Visualisation) -> Visualised | Refused | None:
    """Return what is kept of a run; None if nothing is, it is damaged, or the network was retrained anew since."""
    about = find_result(store, run_id, visualisation.kind)
    if about is None or about["weights"] != _weights(store, run_id):
        return None
    if "refused" in about:
        return Refused(*about["refused"])
    frames = _read(_file(store, run_id, visualisation), about["sha256"])
    if frames is None:
        return None
    activations = np.array(about["activations"], np.float32)
    return Visualised(frames, tuple(about["steps"]), activations, about["seed"], about["attempts"])


def known_seconds(store: Store) -> Iterator[tuple[Visualisation, float]]:
    """Yield the latest visualisations whose pictures were made at the first attempt, and how long each took."""
    query = "SELECT run_id, kind FROM results WHERE kind LIKE 'visualised/%' ORDER BY written_at DESC LIMIT 5"
    with store.reading() as db:
        rows = db.execute(query).fetchall()
    for row in rows:
        about = find_result(store, row["run_id"], row["kind"])
        if about and about.get("attempts") == 1:
            yield visualisation_from_json(about["visualisation"]), float(about["seconds"])


def _weights(store: Store, run_id: str) -> str | None:
    """Return the SHA-256 of a retrained run's weights; None of another: its id says which they are."""
    sha: str | None = (find_result(store, run_id, TRAINING) or {}).get(SHA)
    return sha


def _file(store: Store, run_id: str, visualisation: Visualisation) -> Path:
    return units_folder(store.folder, run_id) / f"visualised-{visualisation.id}.npz"


def _refusal(refused: Refused) -> dict[str, Any]:
    return {"refused": [refused.given, refused.allowed, refused.mend]}


def _pictures(file: Path, found: Visualised) -> dict[str, Any]:
    """Write the pictures and return what the row says of them."""
    packed = io.BytesIO()
    np.savez_compressed(packed, frames=found.frames)
    return {
        "sha256": _write(file, packed.getvalue()),
        "activations": found.activations.tolist(),
        "steps": found.steps,
        "seed": found.seed,
        "attempts": found.attempts,
    }


def _write(file: Path, content: bytes) -> str:
    partial = writable(file.parent) / f"{file.name}.partial"
    try:
        partial.write_bytes(content)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(
            f"{file} could not be written ({error.strerror or error})",
            "a disk with room that this user may write to",
            "make room or mend the permissions, then ask again",
        ) from error
    return hashlib.sha256(content).hexdigest()


def _read(file: Path, sha256: str) -> NDArray[np.uint8] | None:
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    with np.load(io.BytesIO(content)) as opened:
        frames: NDArray[np.uint8] = opened["frames"]
    return frames
