"""A training that is stopped goes on as if it had not been."""

from __future__ import annotations

import io
import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.data.preset import Preset
from core.errors import CancelledError, PrunescopeError
from core.paths import ROOT
from core.training import watch
from core.training.checkpoint import Checkpoints
from tests.core.training.tiny import HALF, same_weights, thin_network, trained

CONTENT = {"weights": torch.arange(6.0).view(2, 3), "rows": [{"loss": None, "step": 1}], "position": (0, 1, 2)}


@pytest.fixture(scope="module")
def network():
    return thin_network()


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path, "this training")


def cancel_at(step: int):
    def progress(done: int, total: int, what: str) -> None:
        if what.startswith("training") and done >= 4 * step:  # images; each step takes 4
            raise CancelledError("cancelled")

    return progress


# --- files


def test_what_was_saved_is_loaded(checkpoints):
    assert checkpoints.load() is None
    checkpoints.save(CONTENT)
    found = checkpoints.load()
    assert torch.equal(found["weights"], CONTENT["weights"])
    assert (found["rows"], tuple(found["position"])) == (CONTENT["rows"], CONTENT["position"])


def test_another_trainings_checkpoint_is_never_taken(checkpoints, tmp_path):
    checkpoints.save(CONTENT)
    assert Checkpoints(tmp_path, "another training").load() is None
    assert checkpoints.load() is not None


@pytest.mark.parametrize("damage", ["cut short", "one bit", "empty"])
def test_a_damaged_file_is_set_aside_and_the_one_before_is_taken(checkpoints, damage, caplog):
    checkpoints.save(CONTENT | {"number": 1})
    checkpoints.save(CONTENT | {"number": 2})
    data = bytearray(checkpoints.last.read_bytes())
    data[len(data) // 2] ^= 1
    checkpoints.last.write_bytes({"cut short": data[: len(data) // 2], "one bit": data, "empty": b""}[damage])
    with caplog.at_level(logging.WARNING):
        assert checkpoints.load()["number"] == 1
    assert "is damaged" in caplog.text
    assert checkpoints.last.with_name("training.checkpoint.damaged").exists()


def test_killed_between_the_two_renames_the_one_before_is_taken(checkpoints):
    checkpoints.save(CONTENT | {"number": 1})
    checkpoints.last.replace(checkpoints.previous)
    assert checkpoints.load()["number"] == 1


FULL = """
import resource, sys
from pathlib import Path
import torch
from core.errors import StorageError
from core.training.checkpoint import Checkpoints
checkpoints = Checkpoints(Path(sys.argv[1]), "this training")
checkpoints.save({"number": 1, "weights": torch.zeros(10)})
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    checkpoints.save({"number": 2, "weights": torch.zeros(100_000)})
except StorageError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_checkpoint_and_no_rest(checkpoints, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "the checkpoint could not be written" in done.stdout
    assert "goes on from the checkpoint before" in done.stdout
    assert checkpoints.load()["number"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["training.checkpoint"]


# --- going on


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 2, "epochs": 1, "save_every": 0.0},
        pytest.param({"epochs": 3, "patience": 1, "learning_rate": 0.3}, marks=pytest.mark.slow),
        pytest.param(
            {"epochs": 2, "optimiser": "adamw", "batch": 2, "accumulate": 2, "save_every": 0.0, "distillation": 0.5},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_cancelled_training_goes_on_bit_for_bit(tmp_path, network, settings, monkeypatch):
    monkeypatch.setattr(watch, "TELL_EVERY", 0.0)
    whole = trained(tmp_path / "whole", network=network, **settings)
    for step in (1, 3, 4):
        with pytest.raises(CancelledError):
            trained(tmp_path / "parts", network=network, progress=cancel_at(step), **settings)
    told = []
    parts = trained(tmp_path / "parts", network=network, told=told.append, **settings)
    assert same_weights(parts.module, whole.module)
    figures = [[(row.loss, row.held_out_loss, row.top1) for row in found.history.rows] for found in (parts, whole)]
    assert figures[0] == figures[1]
    assert told[0].rows == parts.history.rows[: len(told[0].rows)]


def test_a_finished_training_is_not_done_again(tmp_path, network):
    first = trained(tmp_path, network=network, epochs=1)
    told = []
    again = trained(tmp_path, network=network, epochs=1, progress=lambda *what: told.append(what))
    assert told == []
    assert same_weights(first.module, again.module)


@pytest.mark.parametrize("change", [{"learning_rate": 0.02}, {"preset": Preset(None, 32)}])
def test_another_recipe_begins_at_the_beginning(tmp_path, network, change):
    settings = {"epochs": 1, "crop": 1.0, **change}
    trained(tmp_path, network=network, epochs=1, crop=1.0)
    other = trained(tmp_path, network=network, **settings)
    assert same_weights(other.module, trained(tmp_path / "fresh", network=network, **settings).module)


@pytest.mark.slow
def test_a_training_that_diverges_keeps_its_last_good_checkpoint(tmp_path, network):
    """The learning rate grows until nothing holds; what was written before is finite."""
    settings = {"epochs": 60, "learning_rate": 10.0, "schedule": "constant", "warm_up": 50.0, "weight_decay": 1.0}
    with pytest.raises(PrunescopeError, match="the last good checkpoint is") as raised:
        trained(tmp_path, HALF, network, **settings)
    assert "lower learning rate" in raised.value.mend
    file = tmp_path / "training.checkpoint"
    assert str(file) in str(raised.value)
    saved = torch.load(io.BytesIO(file.read_bytes()[32:]), weights_only=True)
    assert all(value.isfinite().all() for value in saved["module"].values())


KILLED = """
import sys
from pathlib import Path
from safetensors.torch import save_file
from core.networks.registry import load_network
from core.data.scenes import CLASSES
from core.pruning.settings import Pruning
from core.training.images import drawn_once, training_source
from core.training.retrain import retrain
from core.training.retraining import Retraining

how = Retraining(images=64, epochs=2, steps=2, batch=16, size=0.375)
images = drawn_once(training_source(how, "scenes", CLASSES), Path(sys.argv[2]))
found = retrain(
    load_network("demo"), Pruning("structured", rate=0.5), how, images,
    device="cpu", folder=Path(sys.argv[1]), save_every=float(sys.argv[3]),
)
save_file(found.module.state_dict(), Path(sys.argv[1]) / "found.safetensors")
"""


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_bits(tmp_path):
    def start(name: str, save_every: float) -> subprocess.Popen:
        arguments = [tmp_path / name, tmp_path / "cache", str(save_every)]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen([sys.executable, "-c", KILLED, *arguments], cwd=ROOT, env=env)

    def changed(file: Path) -> int:
        return file.stat().st_mtime_ns if file.exists() else 0

    assert start("whole", 3600).wait(300) == 0
    checkpoint, kills, lot = tmp_path / "killed" / "training.checkpoint", 0, random.Random(0)
    while not (tmp_path / "killed" / "found.safetensors").exists():
        before, process = changed(checkpoint), start("killed", 0.0)
        while kills < 5 and changed(checkpoint) == before and process.poll() is None:
            time.sleep(0.01)
        if kills < 5:
            time.sleep(lot.uniform(0, 0.4))  # in the middle of a step or of writing the next checkpoint
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait(300)
    assert kills == 5
    whole, killed = (load_file(tmp_path / name / "found.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(killed[name], value) for name, value in whole.items())
