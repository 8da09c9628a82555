"""Two processes that train together do what one does alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from core.paths import ROOT
from tests.core.training.tiny import thin_network, trained

SCRIPT = """
import json, os, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from core.errors import CancelledError
from core.training import watch
from tests.core.training.tiny import thin_network, trained

folder, kind, settings = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
cancel_at, watch.TELL_EVERY = settings.pop("cancel_at", None), 0.0
told = []

def progress(done, total, what):
    told.append(what)
    if done == cancel_at and what.startswith("training"):
        raise CancelledError("cancelled")

try:
    found = trained(folder / "checkpoints", network=thin_network(kind, dropout=0.0), progress=progress, **settings)
except CancelledError as error:
    print("cancelled", flush=True)
    sys.exit(0)
rank = os.environ["RANK"]
save_file(found.module.state_dict(), folder / f"weights-{rank}.safetensors")
save_file({name: mask.to(torch.uint8) for name, mask in found.masks.items()}, folder / f"masks-{rank}.safetensors")
(folder / f"told-{rank}.json").write_text(json.dumps({"told": len(told), **found.history.to_json()}))
"""


def together(folder, kind: str, **settings) -> str:
    """Run the script as two ranks, and return what they printed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    file = folder / "script.py"
    file.write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    arguments = [*command, file, folder, kind, json.dumps(settings)]
    done = subprocess.run(arguments, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(history: dict) -> list[float]:
    return [row["loss"] for row in history["rows"] if row["loss"] is not None]


@pytest.mark.slow
def test_without_batch_norm_two_ranks_end_with_the_weights_of_one(tmp_path):
    settings = {"steps": 2, "epochs": 2, "batch": 3, "accumulate": 2}
    together(tmp_path, "googlenet-bvlc", **settings)
    alone = trained(tmp_path / "alone", network=thin_network("googlenet-bvlc", dropout=0.0), **settings)
    first, second = (load_file(tmp_path / f"weights-{rank}.safetensors") for rank in (0, 1))
    for name, value in alone.module.state_dict().items():
        assert torch.equal(first[name], second[name])
        assert torch.allclose(first[name], value, rtol=1e-3, atol=1e-5)
    masks = [load_file(tmp_path / f"masks-{rank}.safetensors") for rank in (0, 1)]
    for name, mask in masks[0].items():
        assert torch.equal(mask, masks[1][name])
        assert not first[name][mask == 0].any()
    histories = [json.loads((tmp_path / f"told-{rank}.json").read_text()) for rank in (0, 1)]
    assert histories[0]["told"] > 0 == histories[1]["told"]
    assert losses(histories[0]) == pytest.approx([row.loss for row in alone.history.rows if row.loss], rel=1e-4)


@pytest.mark.slow
def test_with_batch_norm_two_ranks_hold_the_same_masks_and_agree(tmp_path):
    """Each rank takes statistics of its own images: the first loss is near that of one process, no more."""
    together(tmp_path, "googlenet", epochs=1, batch=8, recalibrate=True)
    first, second = (load_file(tmp_path / f"weights-{rank}.safetensors") for rank in (0, 1))
    assert all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)
    masks = load_file(tmp_path / "masks-1.safetensors")
    assert all(not first[name][mask == 0].any() for name, mask in masks.items())
    history = json.loads((tmp_path / "told-0.json").read_text())
    alone = trained(tmp_path / "alone", network=thin_network(dropout=0.0), epochs=1, batch=8, recalibrate=True)
    assert losses(history)[0] == pytest.approx(alone.history.rows[1].loss, rel=0.5)


@pytest.mark.slow
def test_cancelling_the_first_rank_stops_both_and_they_go_on_together(tmp_path):
    assert together(tmp_path, "googlenet-bvlc", epochs=2, cancel_at=8).count("cancelled") == 2
    together(tmp_path, "googlenet-bvlc", epochs=2)
    alone = trained(tmp_path / "alone", network=thin_network("googlenet-bvlc", dropout=0.0), epochs=2)
    found = load_file(tmp_path / "weights-0.safetensors")
    assert all(
        torch.allclose(found[name], value, rtol=1e-3, atol=1e-5) for name, value in alone.module.state_dict().items()
    )
