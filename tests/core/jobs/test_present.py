"""Accuracy among the classes that have images, where these are fewer than the network tells apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.scenes import CLASSES
from core.evaluation.inference import folded_copy, forward
from core.experiment import ExperimentSpec, Extent
from core.jobs.evaluate import evaluate
from core.jobs.subject import find_subject
from core.networks.registry import DEMO_CHECKPOINT, load_network
from core.store.predictions import load, load_present
from core.store.runs import find_result
from tests.core.data.images import save

pytestmark = pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")
PRESENT = [3, 7, 20]


@pytest.fixture
def spec(tmp_path):
    folder = tmp_path / "three"
    lines = ["file,class_index,class_name"]
    for number in range(40):
        save(folder / f"{number:02d}.png", seed=number)
        lines.append(f"{number:02d}.png,{PRESENT[number % 3]},{CLASSES[PRESENT[number % 3]]}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return ExperimentSpec(data=str(folder))


def row(store, spec, images):
    (found,) = evaluate(store, [spec], Extent(images), "cpu")
    return found


def test_it_is_top_1_with_all_other_logits_left_out(store, spec):
    found = row(store, spec, 40)
    network, pack = load_network("demo"), find_subject(spec, store.folder).packed()
    logits = forward(folded_copy(network.module), network.inputs(torch.from_numpy(pack.batch(pack.order))))
    masked = torch.full_like(logits, -torch.inf)
    masked[:, PRESENT] = logits[:, PRESENT]
    right = (masked.argmax(1).numpy() == pack.labels[pack.order]).mean()
    assert found["top1_present"] == pytest.approx(right)
    assert found["top1_present_low"] <= right <= found["top1_present_high"]
    assert found["classes_present"] == 3
    assert found["top1"] <= found["top1_present"]  # on no image can leaving wrong classes out do harm


def test_a_longer_run_continues_a_shorter_one_and_figures_are_over_the_images_asked_for(store, spec):
    row(store, spec, 33)
    found = row(store, spec, 40)
    within = load_present(store, found["run_id"])
    labels = load(store, found["run_id"])["label"]
    assert len(within) == len(labels) == 40
    assert np.isin(within["class"], PRESENT).all()
    fewer = row(store, spec, 20)
    assert fewer["top1_present"] == pytest.approx((within["class"] == labels)[:20].mean())


def test_what_was_not_noted_is_made_up_for_when_a_run_goes_on(store, spec):
    run_id = row(store, spec, 16)["run_id"]
    before = load(store, run_id)
    with store.writing() as db:
        db.execute("DELETE FROM batches WHERE kind = 'present'")
    assert "top1_present" not in row(store, spec, 16)
    assert "top1_present" in row(store, spec, 40)
    assert len(load_present(store, run_id)) == 40
    assert load(store, run_id)[: len(before)].tobytes() == before.tobytes()


def test_where_every_class_has_images_there_is_nothing_to_restrict(store):
    found = row(store, ExperimentSpec(), 24)
    assert "top1_present" not in found
    assert "top1_present" not in find_result(store, found["run_id"], "accuracy")
