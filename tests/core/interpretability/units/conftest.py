from __future__ import annotations

import pytest

from tests.core.interpretability.units.noise import look_into, noise


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    return noise(tmp_path_factory.mktemp("noise"))


@pytest.fixture
def subject(network):
    return look_into(network)
