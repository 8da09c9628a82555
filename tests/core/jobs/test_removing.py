from __future__ import annotations

import pytest

from core.errors import InvalidSettingError
from core.experiment import ExperimentSpec, Extent
from core.jobs.executor import Executor
from core.jobs.removing import jobs_on, remove_network
from core.networks.kept import keep_network, kept_networks
from core.networks.registry import load_network
from core.pruning.settings import Pruning
from core.sensitivity import Scan
from core.store import queue
from core.store.database import open_store
from tests.core.networks.checkpoints import saved, small_state


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return saved(small_state(24), tmp_path_factory.mktemp("own") / "own.safetensors").read_bytes()


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))
    return open_store()


@pytest.fixture
def path(store, data):
    return keep_network("own.safetensors", data, {"size": 64})


def ask_for_accuracy(executor, spec):
    executor.submit([spec], Extent(10))


def ask_for_sensitivity(executor, spec):
    executor.sensitivity(spec, Scan(Pruning(), rates=(0.5,), images=10))


def ask_for_speed(executor, spec):
    executor.efficiency([spec])


@pytest.mark.parametrize("ask", [ask_for_accuracy, ask_for_sensitivity, ask_for_speed])
def test_a_network_that_is_waited_for_stays(store, path, ask):
    ask(Executor(store), ExperimentSpec(str(path), pruning=Pruning(rate=0.5)))
    jobs = jobs_on(store, str(path))
    assert jobs
    with pytest.raises(InvalidSettingError, match=r"queued jobs? needs? own") as refused:
        remove_network(store, path)
    assert jobs[0].title in refused.value.given
    assert kept_networks() == (path,)
    queue.cancel(store, [job.id for job in jobs])
    remove_network(store, path)
    assert kept_networks() == ()


def test_a_running_job_counts_and_those_of_other_networks_do_not(store, path, data):
    other = keep_network("other.safetensors", data, {"size": 96})
    assert load_network(str(other)).preset.crop == 96
    Executor(store).submit([ExperimentSpec(str(other))], Extent(10))
    queue.claim(store, "cpu")
    assert jobs_on(store, str(path)) == ()
    with pytest.raises(InvalidSettingError, match="1 running job needs other"):
        remove_network(store, other)
    remove_network(store, path)
    assert kept_networks() == (other,)


def test_data_that_are_packed_first_count(store, path, tmp_path):
    from tests.core.data.images import save

    for number in range(24):
        save(tmp_path / "photos" / f"{number:02d}" / "one.png", number)
    Executor(store).prepare(ExperimentSpec(str(path), data=str(tmp_path / "photos")))
    assert [job.kind for job in jobs_on(store, str(path))] == ["pack"]
