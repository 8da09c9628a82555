"""The job that prunes one layer at a time, layer by layer and rate by rate, and counts what the network still knows.

The images are taken in parts. Of each part the dense network's own values are computed once, stage by stage, and only
what depends on the pruned layer is run again (core/evaluation/replay.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.data.pack import Pack
from core.errors import BrokenDataError
from core.evaluation.accuracy import right
from core.evaluation.inference import folded_copy, forward
from core.evaluation.predict import tabulate
from core.evaluation.replay import Replay, changed_block, replays
from core.experiment import ExperimentSpec
from core.jobs.executor import put_runs, run_of
from core.jobs.subject import find_subject
from core.jobs.task import Task
from core.networks.network import Network
from core.pruning.masks import make_masks
from core.pruning.settings import pruning_from
from core.sensitivity import POINT, Points, Scan, known_points, scan_from_json, scan_to_json
from core.store.batches import append
from core.store.runs import find_run, put_result

Right = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Work:
    task: Task
    scan: Scan
    network: Network
    folded: nn.Module  # on the task's device
    pack: Pack
    dense_id: str
    before: int  # points that an earlier job measured

    @property
    def total(self) -> float:
        """The whole scan, in passes."""
        return self.scan.passes(len(self.pack))

    def done(self, points: int) -> float:
        """How far the scan is when so many points are there, in passes."""
        return self.total - self.scan.passes(len(self.pack), points)


@dataclass(frozen=True, eq=False)
class _Part:
    """The images of a part of the order, and what the dense network says of them."""

    inputs: Tensor
    labels: Tensor
    places: NDArray[np.int64]
    dense: Right

    def right(self, logits: Tensor) -> Right:
        """Return which images a network with these logits is right about."""
        return right(tabulate(logits, self.labels, self.places))


def measure_sensitivity(task: Task) -> None:
    """Bring a scan to the number of images it asks for, from where an earlier job left it.

    A killed worker loses the point it was at and nothing else. A dense run that was deleted meanwhile stays deleted.
    """
    work, known = _prepare(task)
    count = len(known)
    for number, part in enumerate(work.scan.parts(len(work.pack))):
        left = (number + 1) * work.scan.points - count
        if left > 0:
            for point, seconds in _points(work, part, work.scan.points - left):
                _record(work, count, point, seconds)
                count += 1


def _prepare(task: Task) -> tuple[_Work, Points]:
    request = task.job.request
    spec, scan = ExperimentSpec.from_json(request["of"]), scan_from_json(request["scan"])
    subject = find_subject(spec, task.store.folder, task.progress)
    pack = subject.pack(task.progress)
    run = run_of(spec, subject)
    if not request["known"]:
        put_runs(task.store, [run])
    _check_run(task, run.id)
    folded = folded_copy(subject.network.module).to(task.device)
    known = known_points(task.store, run.id, scan, len(pack))
    return _Work(task.from_now(), scan, subject.network, folded, pack, run.id, len(known)), known


def _check_run(task: Task, run_id: str) -> None:
    if find_run(task.store, run_id) is None:
        raise BrokenDataError("the dense network's run was deleted", "", "ask for the scan again")


def _points(work: _Work, part: slice, start: int) -> Iterator[tuple[Points, float]]:
    """Yield the points of a part from the `start`-th on, and the seconds that each took."""
    images, rates = _part(work, part), work.scan.rates
    first, rate = divmod(start, len(rates))
    for replay in replays(work.folded, images.inputs, work.scan.layers[first:]):
        _check_run(work.task, work.dense_id)
        for place in range(rate, len(rates)):
            began = time.perf_counter()
            found = _measure(work, images, replay, place)
            yield found, time.perf_counter() - began
        rate = 0


def _part(work: _Work, part: slice) -> _Part:
    places = work.pack.order[part]
    device = torch.device(work.task.device)
    inputs = work.network.inputs(torch.from_numpy(work.pack.batch(places)).to(device))
    labels = torch.from_numpy(work.pack.labels[places]).to(device)
    images = _Part(inputs, labels, places, np.zeros(len(places), np.bool_))
    return replace(images, dense=images.right(forward(work.folded, inputs)))


def _measure(work: _Work, images: _Part, replay: Replay, rate: int) -> Points:
    """Return the point of a layer and a rate on the images of a part."""
    scan, module = work.scan, work.network.module
    # settings that name this layer only: the other 53 need not be ranked to find that they stay
    alone = pruning_from(scan.pruning(replay.layer, scan.rates[rate]).canonical())
    masks = make_masks(module, alone)
    pruned = images.dense
    if masks:
        block = changed_block(module, replay.layer, masks).to(work.task.device)
        pruned = images.right(replay.logits(block))
    counts = len(pruned), pruned.sum(), (images.dense & ~pruned).sum(), (~images.dense & pruned).sum()
    return np.array([(scan.layers.index(replay.layer), rate, *counts)], POINT)


def _record(work: _Work, count: int, point: Points, seconds: float) -> None:
    """Write a point, the `count`-th, and how far the scan is."""
    task, scan = work.task, work.scan
    layer, rate = scan.layers[point["layer"][0]], scan.rates[point["rate"][0]]
    done, before = work.done(count + 1), work.done(work.before)
    with task.store.writing() as db:
        append(db, work.dense_id, scan.kind, count, point, seconds)
        put_result(db, work.dense_id, scan.kind, {"scan": scan_to_json(scan), "points": count + 1})
        row = task.tell_within(
            db, round(done), round(work.total), f"{layer} at {rate:.2f}, in whole passes:", round(done - before)
        )
    task.stop_if_asked(row)
