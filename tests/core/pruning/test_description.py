from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from core.networks.registry import DEMO_CHECKPOINT, load_network
from core.pruning.description import describe
from core.pruning.masks import make_masks, pruned_copy, sparsity
from core.pruning.settings import Pruning


@pytest.fixture
def pruned(tmp_path):
    """A checkpoint of a network that was pruned, and how sparse it is."""
    demo = load_network("demo").module
    masks = make_masks(demo, Pruning(technique="structured", rate=0.4))
    state = pruned_copy(demo, masks).half().state_dict()
    path = tmp_path / "theirs.safetensors"
    save_file({f"module.{name}": value for name, value in state.items()}, path)
    return path, sparsity(demo, masks)


def test_the_demo_network_is_what_its_file_says():
    about = describe(DEMO_CHECKPOINT)
    assert about.sha256 == load_network("demo").sha256
    assert (about.architecture, about.parameters, about.stored_as) == ("googlenet", 5_624_504, ("float16",))
    assert (len(about.classes), about.classes_from) == (24, "as is said of the file")
    assert (about.technique, about.transform_input, about.warnings) == ("none", False, ())


def test_a_network_pruned_elsewhere_is_described(pruned):
    path, expected = pruned
    about = describe(path)
    assert (about.technique, about.form, about.prefix) == ("structured", "clean", "module.")
    assert about.sparsity == {"prunable": expected.prunable, "conv": expected.conv, "all": expected.all}
    assert about.layer_sparsity["inception4c.branch1.conv"] == pytest.approx(0.4, abs=0.01)
    assert about.layer_sparsity["conv1.conv"] == pytest.approx(0, abs=1e-3)


def test_what_is_assumed_is_told(pruned):
    warnings = describe(pruned[0]).warnings
    assert any("transform_input is assumed; say it in theirs.json" in warning for warning in warnings)
    assert any("theirs.classes.txt" in warning for warning in warnings)
    assert [one.partition(":")[0] for one in describe(pruned[0]).assumed] == [
        "nothing says how it was fed",
        "its classes are numbered, because nothing names them",
    ]
    pruned[0].with_suffix(".json").write_text(
        json.dumps({"transform_input": False, "classes": [f"x{place}" for place in range(24)]})
    )
    assert describe(pruned[0]).warnings == describe(pruned[0]).assumed == ()


def test_weights_that_are_not_finite_are_told(tmp_path):
    state = load_network("demo").module.state_dict()
    state["fc.bias"] = torch.full_like(state["fc.bias"], torch.nan)
    torch.save(state, tmp_path / "odd.pth")
    warnings = describe(tmp_path / "odd.pth").warnings
    assert any(warning.startswith("not finite: 24 values of fc.bias") for warning in warnings)
