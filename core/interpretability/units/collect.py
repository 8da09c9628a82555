"""The pass over the images: every unit is watched at once, and no activation is kept that need not be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from core.data.packed import Pack
from core.errors import InvalidSettingError
from core.interpretability.inspection import Subject
from core.interpretability.units.activity import Activity
from core.interpretability.units.files import About, TallyFiles, read_tally
from core.interpretability.units.keys import salts
from core.interpretability.units.tally import Tally, absorb, activity_of, empty_tally
from core.interpretability.units.watch import Watched
from core.networks.network import weights_sha256
from core.progress import Progress, silent
from core.units.study import UnitStudy
from core.words import count

BATCH = {"cpu": 32, "cuda": 256}
ROUND = 256  # images that the tally takes in at once
EVERY = 20.0  # seconds after which it is saved


def collect(subject: Subject, pack: Pack, study: UnitStudy, folder: Path, progress: Progress = silent) -> Activity:
    """Run the first `study.images` of the pack's order through the network, once, and return what its units did.

    `folder` is this network's own: the result stays there, and on the way a part of it, from which the next call goes
    on. A longer study goes on from a shorter one that keeps as many extremes. `progress` hears of each batch and may
    raise to cancel: nothing stays behind in the network. Raises InvalidSettingError if the pack has too few images,
    BrokenDataError for activations that are not finite numbers, StorageError.
    """
    if study.images > len(pack):
        raise InvalidSettingError(
            f"a study of {count(study.images, 'image')}", f"at most the {len(pack):,} there are", "look at fewer images"
        )
    watched, files = Watched(subject, pack, study.places), TallyFiles(folder, study)
    widths = watched.widths()
    about = {
        "network": weights_sha256(subject.module.state_dict()),
        "data": pack.fingerprint,
        "widths": json.dumps(widths),
    }
    tally = files.furthest(about, empty_tally(sum(widths), study.keep, len(pack.classes))).to(subject.device)
    if not files.whole.is_file():
        _finish(tally, watched, files, about, progress)
    return _activity(tally.to("cpu"), study, widths)


def find_activity(folder: Path, study: UnitStudy) -> Activity | None:
    """Return what `collect` left in a folder for a study; None if it did not finish there, or the file is damaged."""
    found = read_tally(TallyFiles(folder, study).whole)
    if found is None:
        return None
    tally, about = found
    return _activity(tally, study, tuple(json.loads(about["widths"])))


def _finish(tally: Tally, watched: Watched, files: TallyFiles, about: About, progress: Progress) -> None:
    """Bring a tally to the study's end, saving it now and then.

    It takes images in by rounds that begin at multiples of ROUND, wherever it goes on from and whatever the batch.
    """
    study, order, device = files.study, watched.pack.order, watched.subject.device
    noise = salts(study.seed, len(tally.mean)).to(device)
    batch, saved = BATCH[torch.device(device).type], time.monotonic()
    while (done := tally.images) < study.images:
        images = order[done : min(study.images, done + ROUND - done % ROUND)]
        seen, batch = watched.look(images, batch, _telling(progress, done, study.images))
        absorb(tally, seen, noise)
        if done + len(images) < study.images and time.monotonic() - saved > EVERY:
            files.save(tally, about)
            saved = time.monotonic()
    files.save(tally, about)


def _telling(progress: Progress, before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total, "watching the units")


def _activity(tally: Tally, study: UnitStudy, widths: tuple[int, ...]) -> Activity:
    return activity_of(tally, salts(study.seed, sum(widths)), study.places, widths)
