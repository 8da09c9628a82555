from __future__ import annotations

import tomllib

import pytest

from core.figures.theme import ACCENT, palette
from core.paths import ROOT

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())


@pytest.mark.parametrize("name", ["light", "dark"])
def test_figures_stand_on_the_ground_of_the_page_in_its_ink(name):
    theme, figures = CONFIG["theme"][name], palette(name == "dark")
    assert theme["backgroundColor"].upper() == figures.background.upper()
    assert theme["textColor"].upper() == figures.text.upper()


def test_pages_and_figures_share_one_accent():
    assert CONFIG["theme"]["light"]["primaryColor"].upper() == ACCENT.upper()


def test_the_server_keeps_to_this_machine_and_tells_visitors_no_internals():
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False
