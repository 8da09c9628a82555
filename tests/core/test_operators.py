"""Both ways, each in a process of its own: operators are registered once and for all in a process."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.paths import ROOT

FORWARD = """
import core.operators
import torch, torchvision
from torchvision.models import GoogLeNet
logits = GoogLeNet(3, aux_logits=False, init_weights=False).eval()(torch.zeros(1, 3, 32, 32))
assert logits.shape == (1, 3)
print(core.operators.OPERATORS, torch.ops.torchvision.nms.default._schema)
"""
SCHEMA = "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
LOADED = """
import core.operators
import torch
print(core.operators.OPERATORS, hasattr(torch.ops.torchvision, "nms"))
"""


@pytest.fixture
def site(tmp_path) -> Path:
    """A folder that holds the installed torchvision, less its compiled operators."""
    (spec,) = importlib.util.find_spec("torchvision").submodule_search_locations
    package = tmp_path / "torchvision"
    package.mkdir()
    for part in Path(spec).iterdir():
        if not part.name.startswith("_C"):
            (package / part.name).symlink_to(part)
    return tmp_path


def run(code: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(str(folder) for folder in (*folders, ROOT))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def printed(code: str, *folders: Path) -> str:
    finished = run(code, *folders)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def test_torchvision_works_as_installed_here():
    assert printed(FORWARD).endswith(SCHEMA)


def test_without_compiled_operators_torchvision_alone_cannot_be_imported(site):
    assert "torchvision::nms does not exist" in run("import torchvision", site).stderr


def test_absent_operators_are_declared(site):
    assert printed(FORWARD, site) == f"declared {SCHEMA}"


def test_operators_that_cannot_be_loaded_are_declared(site):
    (site / "torchvision" / "_C.so").write_text("linked against what is not here")
    assert printed(FORWARD, site) == f"declared {SCHEMA}"


def test_compiled_operators_that_can_be_loaded_are_left_to_themselves(site):
    compile_library(site / "torchvision" / "_C.so")
    assert printed(LOADED, site) == "compiled False"  # this library brings none, and none are declared in its place


def compile_library(target: Path) -> None:
    """Build a real library that can be loaded."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source = target.with_suffix(".c")
    source.write_text("int loaded(void) { return 1; }")
    subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(target)], check=True, capture_output=True)
