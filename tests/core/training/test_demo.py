from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from scipy.stats import binomtest

from core.data.scenes import CLASSES, SIZE, ScenesSource
from core.data.scenes.drawing import DrawnScenes, draw_scenes
from core.errors import CancelledError
from core.networks.googlenet import googlenet
from core.paths import DEMO
from core.training.demo import DemoRecipe, measure, train_demo
from core.training.views import Phase

SHIPPED = DEMO / "googlenet-demo.safetensors"
TINY = DemoRecipe(scenes=16, phases=(Phase(32, 16, 0.5), Phase(48, 8, 0.8)), batch=4, held_out=8)


def metadata_of(file: Path) -> dict[str, str]:
    with safe_open(file, "pt") as opened:
        return opened.metadata()


def stop_at(step: int):
    def progress(done: int, total: int, what: str) -> None:
        if what.startswith("training") and done == step:
            raise CancelledError("stopped")

    return progress


def test_the_rate_rises_to_its_peak_and_falls_to_nothing():
    recipe = DemoRecipe()
    rates = [recipe.rate(done / 1000) for done in range(1001)]
    assert max(rates) == pytest.approx(recipe.peak)
    assert rates.index(max(rates)) == pytest.approx(1000 * recipe.warm_up, abs=1)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_any_other_recipe_has_another_identity():
    recipes = [TINY, replace(TINY, seed=1), replace(TINY, scenes=17), replace(TINY, phases=TINY.phases[:1])]
    assert len({recipe.identity() for recipe in recipes}) == len(recipes)


@pytest.mark.slow
def test_training_goes_on_bit_for_bit_where_it_was_stopped(tmp_path):
    whole = train_demo(TINY, tmp_path / "whole")
    with pytest.raises(CancelledError):
        train_demo(TINY, tmp_path / "halves", stop_at(3), save_every=0)
    halves = train_demo(TINY, tmp_path / "halves")
    assert metadata_of(halves) == metadata_of(whole)
    expected, found = load_file(whole), load_file(halves)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.slow
def test_the_file_says_what_it_is(tmp_path):
    file = train_demo(TINY, tmp_path)
    metadata = metadata_of(file)
    assert (metadata["architecture"], metadata["size"], metadata["images"]) == ("googlenet", str(SIZE), "8")
    assert json.loads(metadata["classes"]) == list(CLASSES)
    assert json.loads(metadata["recipe"])["phases"][0]["pixels"] == 32
    assert googlenet(len(CLASSES)).state_dict().keys() == load_file(file).keys()


def test_measuring_counts_right_answers():
    """A network that always answers one class is right on exactly the scenes of that class."""

    class Constant(torch.nn.Module):
        def forward(self, x):
            return torch.arange(len(CLASSES), 0, -1.0).expand(len(x), -1)

    labels = np.array([0, 0, 1, 4, 5, 6, 7, 0])
    scenes = DrawnScenes(np.zeros((8, 8, 8, 3), np.uint8), np.zeros((8, 4), np.int16), labels)
    accuracy = measure(Constant(), scenes, torch.device("cpu"), batch=3)
    assert (accuracy.top1, accuracy.top5, accuracy.images) == (3 / 8, 5 / 8, 8)


def shipped() -> tuple[torch.nn.Module, dict[str, str]]:
    network = googlenet(len(CLASSES))
    network.load_state_dict({key: value.float() for key, value in load_file(SHIPPED).items()})
    return network.eval(), metadata_of(SHIPPED)


def test_the_shipped_network_was_trained_on_the_scenes_as_they_are_drawn_now():
    _, metadata = shipped()
    recipe = json.loads(metadata["recipe"])
    counts = {"training": recipe["scenes"], "validation": recipe["held_out"]}
    assert json.loads(metadata["data"]) == {split: ScenesSource(split, n).identity() for split, n in counts.items()}
    assert json.loads(metadata["classes"]) == list(CLASSES)
    assert SHIPPED.stat().st_size <= 15e6


@pytest.mark.slow
def test_the_shipped_network_is_as_accurate_as_it_says(tmp_path):
    network, metadata = shipped()
    scenes = draw_scenes(ScenesSource("validation", 500), tmp_path)
    right = round(500 * measure(network, scenes, torch.device("cpu")).top1)
    assert binomtest(right, 500, float(metadata["top1"])).pvalue > 0.001
