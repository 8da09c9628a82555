"""Be a worker."""

from __future__ import annotations

import logging
import signal
from typing import Annotated

import typer

from core.cli.options import Device
from core.jobs.devices import pick_device
from core.jobs.worker import work
from core.store.database import open_store


def worker(
    device: Device = "auto",
    idle: Annotated[float | None, typer.Option(help="go away after so many seconds without work")] = None,
) -> None:
    """Take queued jobs and do them, until interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    work(open_store(), pick_device(device), idle)
