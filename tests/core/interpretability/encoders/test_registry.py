from __future__ import annotations

import subprocess
import sys

import pytest

from core.errors import InvalidSettingError
from core.interpretability.encoders.registry import ENCODERS, load_encoder, resolved_encoding
from core.units.study import Encoding, UnitStudy, score_name


def test_encoders_are_listed_without_loading_torch():
    code = "import core.interpretability.encoders.registry, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_default_of_a_study_is_an_encoder_that_needs_no_file():
    assert not ENCODERS[UnitStudy().encoding.name].needs_file


def test_no_two_encoders_share_the_name_of_their_score():
    assert len({score_name(Encoding(name)) for name in ENCODERS}) == len(ENCODERS)


@pytest.mark.parametrize("find", [resolved_encoding, lambda encoding: load_encoder(encoding, None, "cpu")])
def test_an_unknown_encoder_is_refused(find):
    with pytest.raises(InvalidSettingError, match=r"'lpips'.*googlenet, dreamsim, squeezenet"):
        find(Encoding("lpips"))
