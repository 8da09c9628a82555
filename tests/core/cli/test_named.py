from __future__ import annotations

import pytest

from core.cli.named import network_in_files, network_in_words
from core.experiment import ExperimentSpec
from core.pruning.settings import Pruning
from core.training.retraining import Retraining

HOW = Retraining(data_sha="of the images")


@pytest.mark.parametrize(("own_zeros", "words"), [(0.001, "dense"), (0.3, "as it came")])
def test_lines_call_a_network_dense_only_if_it_came_so(own_zeros, words):
    row = {"technique": None, "rate": 0.0, "own_zeros": own_zeros, "retraining": None}
    assert network_in_words(row) == words
    assert network_in_words(row | {"retraining": "retrained"}) == f"{words}, retrained"
    assert network_in_words(row | {"technique": "structured", "rate": 0.2}) == "structured 0.20"


@pytest.mark.parametrize(("own_zeros", "words"), [(0.001, "dense"), (0.3, "as-it-came")])
def test_files_call_a_network_dense_only_if_it_came_so(own_zeros, words):
    assert network_in_files(ExperimentSpec(), own_zeros) == words
    assert network_in_files(ExperimentSpec(retraining=HOW), own_zeros) == f"{words}-retrained"
    assert network_in_files(ExperimentSpec(pruning=Pruning("structured", rate=0.2)), own_zeros) == "structured-0.2"
