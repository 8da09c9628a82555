from __future__ import annotations

import json
import math
from dataclasses import replace

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from core.data.scenes import CLASSES
from core.evaluation.statistics import wilson
from core.experiment import ExperimentSpec, Extent, with_controls
from core.jobs.estimate import estimate, expected_speed, expected_training_speed, outlook
from core.jobs.subject import find_subject
from core.networks.googlenet import googlenet
from core.pruning.settings import Pruning
from core.store.queue import Job
from core.training.retraining import Retraining


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """An untrained network that tells the scenes apart, and the scenes."""
    folder = tmp_path_factory.mktemp("untrained")
    torch.manual_seed(0)
    about = {"classes": json.dumps(CLASSES), "size": "128", "mean": "[0.5, 0.5, 0.5]", "std": "[0.2, 0.2, 0.2]"}
    save_file(googlenet(len(CLASSES)).state_dict(), folder / "net.safetensors", about)
    return find_subject(ExperimentSpec(str(folder / "net.safetensors")), folder)


@pytest.fixture
def specs(subject):
    dense = ExperimentSpec(subject.network.name)
    return [replace(dense, pruning=Pruning(rate=rate)) for rate in (0.2, 0.5)]


def known(subject, measured, state="done", shipped=False):
    """Return `runs_frame` of specs of which so many images are measured, at 10 a second."""
    rows = []
    for spec, images in measured:
        bounds = wilson(images // 2, images)
        ids = {"id": spec.run_id(subject.network.sha256, subject.fingerprint()), "state": state, "shipped": shipped}
        figures = {"images": images, "top1_low": bounds.low, "top1_high": bounds.high, "images_per_second": 10.0}
        rows.append(ids | figures)
    return pd.DataFrame(rows, columns=None if rows else ["id", "state", "shipped"])


def test_the_dense_network_is_part_of_the_cost(subject, specs):
    cost = estimate(known(subject, []), specs, subject, Extent(100))
    assert (cost.new, cost.open, cost.known, cost.images) == (3, 0, 0, 300)


def test_what_is_known_costs_nothing_and_what_is_begun_only_the_rest(subject, specs):
    frame = known(subject, [(specs[0].dense(), 400), (specs[0], 100)])
    cost = estimate(frame, specs, subject, Extent(250))
    assert (cost.new, cost.known, cost.images) == (2, 1, 150 + 250)
    assert cost.seconds == pytest.approx(40)


def test_images_are_no_more_than_there_are(subject, specs):
    assert estimate(known(subject, []), specs[:1], subject, Extent()).images == 2 * len(subject.source)


def test_a_precision_that_is_reached_is_known(subject, specs):
    frame = known(subject, [(spec, 400) for spec in (specs[0].dense(), *specs)])
    assert estimate(frame, specs, subject, Extent(precision=0.05)).new == 0
    assert estimate(frame, specs, subject, Extent(precision=0.02)).new == 3


def test_what_is_queued_already_is_not_new(subject, specs):
    frame = known(subject, [(spec, 10) for spec in (specs[0].dense(), *specs)], state="queued")
    cost = estimate(frame, specs, subject, Extent(100))
    assert (cost.new, cost.open, cost.images) == (0, 3, 0)


QUICK = Retraining(epochs=2, steps=3, data_sha="e" * 64)
RECALIBRATED = Retraining(epochs=0, optimiser="none", data_sha="e" * 64)
POOLS = {"e" * 64: 1000}


def test_training_counts_each_image_once_an_epoch_for_the_control_too(subject, specs):
    both = replace(QUICK, recalibrate=True)
    for way, trained, calibrated in ((QUICK, 6000, 0), (RECALIBRATED, 0, 1000), (both, 6000, 1000)):
        asked = [replace(spec, retraining=way) for spec in specs[:1]]
        cost = estimate(known(subject, []), with_controls(asked), subject, Extent(100), POOLS)
        assert (cost.new, cost.images, cost.trained) == (3, 300 + 2 * calibrated, 2 * trained)
    assert estimate(known(subject, []), specs, subject, Extent(100)).trained == 0


def test_a_trained_network_is_not_trained_again_and_a_begun_training_goes_on(subject, specs):
    control, pruned = with_controls([replace(specs[0], retraining=QUICK)])
    frame = known(subject, [(specs[0].dense(), 400), (control, 50), (pruned, 50)])
    begun = frame.assign(epochs=[math.nan, 6.0, 4.0], images=[400, 50, math.nan])
    cost = estimate(begun, [control, pruned], subject, Extent(100), POOLS)
    assert (cost.new, cost.images, cost.trained) == (2, 50 + 100, 2 * 1000)


def test_the_time_is_that_of_evaluation_and_training_each_at_its_speed(subject, specs):
    control = replace(specs[0].dense(), retraining=QUICK)
    frame = known(subject, [(specs[0].dense(), 400)]).assign(training_images_per_second=20.0)
    cost = estimate(frame, [control], subject, Extent(100), POOLS)
    assert cost.training_speed.measured_here
    assert cost.seconds == pytest.approx(100 / 10 + 6000 / 20)


def test_training_is_guessed_to_be_slower_than_evaluation_until_something_was_trained(subject, specs):
    frame = known(subject, [(specs[0], 100)])
    speed = expected_training_speed(frame, 128, expected_speed(frame, 128))
    assert not speed.measured_here
    assert speed.images_per_second < 10
    half = expected_training_speed(frame, 128, expected_speed(frame, 128), area=0.25)
    assert half.images_per_second == pytest.approx(4 * speed.images_per_second)


def test_a_shipped_network_is_trained_anew_when_more_is_asked_of_it(subject, specs):
    retrained = replace(specs[0], retraining=QUICK)
    frame = known(subject, [(specs[0].dense(), 400), (retrained, 50)]).assign(epochs=6.0, shipped=[False, True])
    assert estimate(frame, [retrained], subject, Extent(100), POOLS).trained == 6000
    assert estimate(frame, [retrained], subject, Extent(50), POOLS).trained == 0


def test_speed_comes_from_runs_made_here_never_from_shipped_ones(subject, specs):
    measured = [(specs[0], 100)]
    assert expected_speed(known(subject, measured), 128).images_per_second == 10
    assert expected_speed(known(subject, measured), 128).measured_here
    guess = expected_speed(known(subject, measured, shipped=True), 128)
    assert guess is None or not guess.measured_here


@pytest.mark.skipif(torch.cuda.is_available(), reason="nothing is assumed of a GPU")
def test_a_guess_grows_as_the_images_shrink(subject):
    small, large = (expected_speed(known(subject, []), pixels) for pixels in (112, 224))
    assert small.images_per_second == pytest.approx(4 * large.images_per_second)


def job(state, done=0, total=0, speed=None, images=None, identity="id"):
    request = {"images": images, "precision": None}
    return Job(
        identity, "accuracy", "run", "title", request, state, None, done, total, speed, "", False, 0.0, None, None
    )


def test_what_is_left_counts_the_running_job_and_those_that_wait():
    ahead = outlook([job("running", 40, 100, 10.0, 100), job("queued", images=100), job("queued")])
    assert ahead.waiting == 2
    assert ahead.seconds_left == pytest.approx((60 + 100 + 100) / 10)


@pytest.mark.parametrize("jobs", [[], [job("queued", images=10)], [job("running", speed=5.0), job("queued")]])
def test_time_left_is_not_made_up(jobs):
    assert outlook(jobs).seconds_left is None


def test_batches_of_training_say_nothing_of_how_long_an_evaluation_takes():
    jobs = [job("running", 40, 100, 2.0, identity="trains"), job("queued", images=100)]
    assert outlook(jobs, {"trains"}).seconds_left is None
    assert outlook(jobs[:1], {"trains"}).seconds_left == pytest.approx(30)
    assert outlook([jobs[1], job("queued", images=10, identity="later")], {"later"}).seconds_left is None
