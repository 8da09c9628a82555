from __future__ import annotations

import pytest

from scripts.reruns import follow
from scripts.serving import CHROMIUM, chromium, served


def pytest_collection_modifyitems(items):
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser):
    page = follow(browser.new_page(viewport={"width": 1440, "height": 1000}))
    yield page
    page.close()


@pytest.fixture
def app(cache):
    """The address of a dashboard of the test's own."""
    with served(cache) as address:
        yield address
