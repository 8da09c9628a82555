"""Take the README's pictures of the pages, light and dark: `screenshots.py [FOLDER]`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from scripts.reruns import follow
from scripts.serving import chromium, served, settled
from scripts.showing import addresses

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDE, NARROW = 1440, 800


def main(folder: Path) -> None:
    """Serve the demo on a cache of its own and photograph each page at 1440 pixels, and in `narrow/` at 800."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["PRUNESCOPE_CACHE"] = cache  # where networks that are added are kept
        pages = addresses(Path(cache))
        with served(Path(cache)) as address, chromium() as browser:
            for name, (path, ready) in pages.items():
                for theme in THEMES:
                    _take(browser, address + path, ready, theme, WIDE, folder / f"{name}-{theme}.png")
                    _take(browser, address + path, ready, theme, NARROW, folder / "narrow" / f"{name}-{theme}.png")


def _take(browser: Browser, url: str, ready: str, theme: Theme, width: int, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    page = follow(
        browser.new_page(viewport={"width": width, "height": 1000}, color_scheme="dark" if theme == "dark" else "light")
    )
    page.goto(url)
    page.wait_for_selector(ready, timeout=120_000)
    settled(page)
    _grow(page, width)
    page.screenshot(path=target)
    page.close()


def _grow(page: Page, width: int) -> None:
    """Make the window as high as the page, up to two windows."""
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(1000, int(height)), 2000)})
    page.wait_for_timeout(800)  # Streamlit and Plotly lay out anew


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
