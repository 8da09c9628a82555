"""Serve the dashboard on a free port and look at it in a real browser: for the browser tests and the screenshots."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from core.jobs.process import stop_workers
from core.paths import ROOT
from core.store.database import open_store
from scripts.reruns import reruns_of

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def served(cache: Path, start_seconds: float = 60.0) -> Iterator[str]:
    """Yield the address of a dashboard on `cache`; it and its workers are stopped at the end."""
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "PRUNESCOPE_CACHE": str(cache), "PRUNESCOPE_WORKERS": "auto"}
    with (cache / "app.log").open("wb") as log:
        app = subprocess.Popen(
            [*command, "--server.headless", "true"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", start_seconds)
        yield f"http://127.0.0.1:{port}"
    finally:
        app.terminate()
        app.wait()
        stop_workers(open_store(cache))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


def settled(page: Page, seconds: float = 60.0) -> None:
    """Wait until all that was asked of a followed page has run to its end and its figures are drawn."""
    page.wait_for_selector("[data-testid=stApp]", timeout=seconds * 1000)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        page.wait_for_function(
            "() => document.querySelector('[data-testid=stMainBlockContainer]')"
            " && !document.querySelector('[data-testid=stApp][data-test-script-state=running]')"
            " && !document.querySelector('[data-testid=stSkeleton]')",
            timeout=seconds * 1000,
        )
        page.wait_for_timeout(500)  # Plotly draws a moment after its element is there
        if not reruns_of(page).due:
            return
    raise TimeoutError(f"{page.url} still runs after {seconds:.0f} s")


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def _wait_for(url: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(f"nothing answered at {url} within {seconds:.0f} s")
