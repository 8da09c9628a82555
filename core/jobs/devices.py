"""The devices work can run on, and the locks that let one job at a time and one worker onto each."""

from __future__ import annotations

from pathlib import Path

import torch
from filelock import FileLock

from core.errors import InvalidSettingError
from core.paths import writable
from core.store.database import Store


def devices() -> list[str]:
    """Return the names of all devices: each CUDA device, or the CPU where there is none."""
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or ["cpu"]


def pick_device(text: str = "auto") -> str:
    """Return the device that `auto`, `cpu`, `cuda` or `cuda:N` means here; InvalidSettingError if it is not there."""
    if text == "auto":
        return devices()[0]
    wanted = "cuda:0" if text == "cuda" else text
    if wanted in {"cpu", *devices()}:
        return wanted
    raise InvalidSettingError(
        f"device {text!r}", f"auto, cpu, {', '.join(devices())}", "use auto to take what is there"
    )


def device_lock(store: Store, device: str) -> FileLock:
    """Return the lock to hold while computing on `device` for this store; a killed holder's lock is free again."""
    return FileLock(writable(store.folder / "locks") / f"device-{device.replace(':', '')}.lock")


def worker_lock(store: Store, device: str) -> FileLock:
    """Return the lock that the one worker process of `device` holds as long as it lives."""
    return FileLock(writable(store.folder / "locks") / f"worker-{device.replace(':', '')}.lock")


def pid_file(store: Store, device: str) -> Path:
    """Return the file where the worker of `device` notes its process id; it counts only while the lock is held."""
    return store.folder / "locks" / f"worker-{device.replace(':', '')}.pid"
