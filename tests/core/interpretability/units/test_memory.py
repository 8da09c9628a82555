from __future__ import annotations

import subprocess
import sys

import pytest

from core.units.study import MOST_KEPT

SCRIPT = """
import sys
from pathlib import Path

from core.evaluation.inference import forward
from core.interpretability.units.collect import BATCH, collect
from core.networks.googlenet import googlenet
from core.units.study import UnitStudy
from tests.core.interpretability.units.noise import look_into, noise
import torch

folder = Path(sys.argv[2])
keep = int(sys.argv[3])
study = UnitStudy(images=2 * keep + 200, tasks=keep // 10)
assert study.keep == keep
subject, pack = look_into(googlenet(1000), 96), noise(folder, study.images, 96, 1000)
if sys.argv[1] == "watched":
    found = collect(subject, pack, study, folder)
    assert found.top.shape == (8280, keep)
else:
    for start in range(0, study.images, BATCH["cpu"]):
        images = pack.order[start : start + BATCH["cpu"]]
        forward(subject.module, subject.network.inputs(torch.from_numpy(pack.batch(images))))
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(1024 * int(peak.split()[1]))
"""


WHAT = ("watched", "plain")  # each twice: by how the allocator happens to go, one is some 20 MB above another


def peak(what, folder, keep):
    """Return the most memory, in bytes, that a process took which did this."""
    folder.mkdir()
    words = [sys.executable, "-c", SCRIPT, what, str(folder), str(keep)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's own memory is Linux's to say")
@pytest.mark.parametrize("keep", [200, MOST_KEPT])
def test_watching_all_units_takes_less_than_200_megabytes(tmp_path, keep):
    watched, plain = (min(peak(what, tmp_path / f"{what} {time}", keep) for time in range(2)) for what in WHAT)
    assert watched - plain < 200e6
