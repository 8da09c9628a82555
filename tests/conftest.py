from __future__ import annotations

import os

# Before torch is loaded: threads that wait must not spin, the tests run on few cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Side by side with other test processes each takes one core.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# A test that wants a worker process starts one: pages under test must not leave any behind.
os.environ["PRUNESCOPE_WORKERS"] = "none"

import pytest
from hypothesis import HealthCheck, settings

from core.experiment import ExperimentSpec
from core.jobs.subject import find_subject
from core.store.database import open_store

# On shared cores time says nothing of an example.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def packs(tmp_path_factory):
    """A folder of packed scenes that all tests share: packing is done once, and so is comparing images by content."""
    cache = tmp_path_factory.mktemp("packed")
    find_subject(ExperimentSpec(), cache).pack()
    (cache / "digests").mkdir()
    return cache / "packs"


@pytest.fixture
def cache(packs, tmp_path, monkeypatch):
    """A cache folder of the test's own, its scenes packed already; processes started by the test use it too."""
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "packs").symlink_to(packs)
    (folder / "digests").symlink_to(packs.parent / "digests")
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(folder))
    return folder


@pytest.fixture
def store(cache):
    """An empty store."""
    return open_store(cache)
