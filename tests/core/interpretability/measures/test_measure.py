from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.interpretability.measures.agreement import AGREEMENT
from core.interpretability.measures.faithfulness import FAITHFULNESS
from core.interpretability.measures.localisation import LOCALISATION

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("registry", [AGREEMENT, FAITHFULNESS, LOCALISATION])
def test_every_measure_says_in_two_lines_what_it_means(registry):
    for name, measure in registry.items():
        assert measure.name == name
        assert len(measure.meaning.splitlines()) == 2
        assert measure.title and measure.short
        assert measure.lowest < measure.highest


def test_listing_the_measures_loads_no_torch():
    names = ", ".join(
        f"core.interpretability.measures.{name}" for name in ("agreement", "faithfulness", "localisation")
    )
    code = f"import sys, {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
