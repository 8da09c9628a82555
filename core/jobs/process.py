"""Worker processes of their own, so that neither a closed browser nor a restarted app stops any work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from filelock import Timeout

from core.jobs.devices import devices, pid_file, worker_lock
from core.paths import ROOT, writable
from core.store.database import Store

IDLE_SECONDS = 300.0  # a worker that nobody needs goes away by itself


def ensure_workers(store: Store) -> None:
    """Start a worker process for each device that has none; none at all if PRUNESCOPE_WORKERS is `none`."""
    if os.environ.get("PRUNESCOPE_WORKERS") == "none":
        return
    for device in devices():
        if not has_worker(store, device):
            _start(store, device)


def has_worker(store: Store, device: str) -> bool:
    """Return whether a worker process of `device` is alive."""
    try:
        with worker_lock(store, device).acquire(blocking=False):
            return False
    except Timeout:
        return True


def stop_workers(store: Store) -> None:
    """Ask the workers of this store to stop; what they were at is queued again."""
    for device in devices():
        if has_worker(store, device):
            os.kill(int(pid_file(store, device).read_text()), signal.SIGTERM)


def _start(store: Store, device: str) -> None:
    log = writable(store.folder / "logs") / f"worker-{device.replace(':', '')}.log"
    command = [sys.executable, "-m", "core", "worker", "--device", device, "--idle", str(IDLE_SECONDS)]
    with log.open("ab") as output:
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PRUNESCOPE_CACHE": str(store.folder.resolve())},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
