"""The job that downloads images."""

from __future__ import annotations

from core.data.imagenette import fetch_imagenette
from core.jobs.task import Task
from core.progress import Progress


def fetch_data(task: Task) -> None:
    """Download and unpack Imagenette; cancelled, it leaves what came so far, and a later job goes on from there."""
    fetch_imagenette(task.store.folder, _telling(task))


def _telling(task: Task) -> Progress:
    """Return what tells how far each part is, at the speed of that part alone; both count bytes."""
    parts: dict[str, tuple[Task, int]] = {}

    def tell(done: int, total: int, what: str) -> None:
        part, begun = parts.setdefault(what, (task.from_now(), done))
        part.tell(done, total, what, done - begun)

    return tell
