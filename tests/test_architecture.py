"""Imports run one way; the core knows nothing of the app; the store knows nothing of torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([ROOT / "app.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")])

# Each layer may import from the layers after it, and from its own.
LAYERS = (
    ("core.cli", "core.benchmarks"),
    ("core.jobs", "core.figures"),
    ("core.export",),
    ("core.training", "core.evaluation", "core.interpretability"),
    ("core.pruning",),
    ("core.networks",),
    ("core.data",),
)


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path):
    """Yield (module, name) of each import; name is None for a plain import."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            yield from ((node.module, alias.name) for alias in node.names)


def graph():
    names = {module(path) for path in FILES}
    return {
        module(path): {
            target
            for base, name in imported(path)
            for target in ((f"{base}.{name}",) if f"{base}.{name}" in names else (base,))
            if target in names and target != module(path)
        }
        for path in FILES
    }


def test_there_are_no_import_cycles():
    tuple(TopologicalSorter(graph()).static_order())


def test_the_core_knows_nothing_of_the_app():
    outside = {"streamlit", "pages", "app"}
    guilty = [p for p in FILES if module(p).startswith("core") for m, _ in imported(p) if m.split(".")[0] in outside]
    assert guilty == []


def test_pages_draw_and_leave_computing_to_the_core():
    guilty = [p for p in FILES if not module(p).startswith("core") for m, _ in imported(p) if m.startswith("torch")]
    assert guilty == []


def test_nobody_imports_a_private_name():
    guilty = [(module(p), name) for p in FILES for m, name in imported(p) if name and name.startswith("_")]
    own = [(where, name) for where, name in guilty if name not in ("__version__",)]
    assert [one for one in own if not one[1].startswith("__")] == []


def layer_of(name):
    return next((i for i, layer in enumerate(LAYERS) for part in layer if f"{name}.".startswith(f"{part}.")), None)


def test_imports_run_one_way():
    found = {source: {t: layer_of(t) for t in targets} for source, targets in graph().items()}
    wrong = [
        (source, target)
        for source, targets in found.items()
        for target, layer in targets.items()
        if layer_of(source) is not None and layer is not None and layer < layer_of(source)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["core.store.runs", "core.store.queue", "core.store.predictions", "core.experiment"])
def test_the_store_and_the_specs_know_no_torch(name):
    code = f"import sys, {name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
