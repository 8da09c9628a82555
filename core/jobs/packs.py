"""Which packs the jobs of a store use, and how those that none uses are deleted."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial

from core.data.layouts import LAYOUTS
from core.data.pack import pack_folder
from core.data.packs import KeptPack, delete_pack
from core.errors import InvalidSettingError, PrunescopeError
from core.experiment import ExperimentSpec
from core.jobs.named import specs_of
from core.store.database import Store
from core.store.queue import OPEN, Job, jobs


def users_of(store: Store, pack: KeptPack) -> tuple[Job, ...]:
    """Return the queued and running jobs that measure or train on the data of a pack, or pack it.

    Where that cannot be told, a job counts as one of them.
    """
    opened = cache(partial(_is_of, store, pack))  # many jobs are on the same images, and to open these takes a while
    return tuple(job for job in jobs(store, OPEN) if any(_uses(one, pack, opened) for one in specs_of(store, job)))


def delete_unused_pack(store: Store, pack: KeptPack) -> None:
    """Delete a pack, whose source stays as it is; InvalidSettingError while a job uses it, errors of `delete_pack`."""
    users = users_of(store, pack)
    if users:
        raise InvalidSettingError(
            f"the pack of {pack.title} is used by {users[0].title}",
            "a pack that no queued or running job uses",
            "cancel that job, or wait until it is done",
        )
    delete_pack(pack)


def _uses(spec: ExperimentSpec, pack: KeptPack, opened: Callable[[str], bool]) -> bool:
    """Whether an experiment names the path of a pack, which may be of an earlier state of it, or opens that pack."""
    named = [spec.data, *([spec.retraining.data] if spec.retraining else [])]
    return any(_path(data) == _path(pack.source) for data in named) or opened(spec.dense().to_json())


def _is_of(store: Store, pack: KeptPack, spec: str) -> bool:
    """Whether a pack is that of the images which an experiment evaluates."""
    from core.jobs.subject import find_subject  # loads torch

    try:
        subject = find_subject(ExperimentSpec.from_json(spec), store.folder)
        return pack_folder(subject.source, subject.preset, subject.cache).name == pack.id
    except PrunescopeError:
        return not pack.source  # nothing says of what that is a pack: it may be of these


def _path(data: str) -> str:
    """Return the path that names data, without a layout and however it is spelt; other names stay different."""
    layout, _, rest = data.strip().partition(":")
    path = rest if layout in LAYOUTS and rest else data.strip()
    return os.path.realpath(os.path.expanduser(path))  # noqa: PTH111 - Path's raises where there is no such user
