"""The pass over the images: every unit is watched at once, and no activation is kept that need not be."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.packed import Pack
from core.errors import InvalidSettingError
from core.evaluation.inference import forward
from core.interpretability.inspection import Subject, one_at_a_time
from core.interpretability.units.activity import Activity
from core.interpretability.units.files import load_tally, save_tally, set_aside
from core.interpretability.units.keys import salts
from core.interpretability.units.outputs import Outputs, check_finite, listening
from core.interpretability.units.tally import Seen, Tally, absorb, activity_of, empty_tally, same_layout
from core.networks.network import weights_sha256
from core.progress import Progress, silent
from core.units.study import UnitStudy
from core.words import count

BATCH = {"cpu": 32, "cuda": 256}
ROUND = 256  # images that the tally takes in at once
EVERY = 20.0  # seconds after which it is saved
_WHOLE, _PART = ".safetensors", ".part"
_log = logging.getLogger(__name__)

Images = NDArray[np.int64]  # (n,) places in the pack


def collect(subject: Subject, pack: Pack, study: UnitStudy, folder: Path, progress: Progress = silent) -> Activity:
    """Run the first `study.images` of the pack's order through the network, once, and return what its units did.

    `folder` belongs to this network and pack: the result stays there, and while it is made, a part of it, from which
    the next call goes on. A longer study goes on from a shorter one that keeps as many extremes. `progress` hears of
    each batch and may raise to cancel: nothing stays behind in the network. Raises InvalidSettingError if the pack has
    too few images, BrokenDataError for activations that are not finite, StorageError.
    """
    if study.images > len(pack):
        raise InvalidSettingError(
            f"a study of {count(study.images, 'image')}", f"at most the {len(pack):,} there are", "ask for fewer"
        )
    watched = _Watched(subject, pack, study, folder)
    widths = watched.widths()
    about = watched.about(widths)
    tally = _known(watched, about, empty_tally(sum(widths), study.keep, len(pack.classes))).to(subject.device)
    if tally.images < study.images or not _file(folder, study, study.images, _WHOLE).is_file():
        _go_on(watched, tally, about, progress)
    return activity_of(tally.to("cpu"), salts(study.seed, sum(widths)), study.places, widths)


def find_activity(folder: Path, study: UnitStudy) -> Activity | None:
    """Return what `collect` left in a folder for a study; None if it did not finish there, or the file is damaged."""
    found = load_tally(_file(folder, study, study.images, _WHOLE))
    if found is None:
        return None
    tally, about = found
    widths = tuple(json.loads(about["widths"]))
    return activity_of(tally, salts(study.seed, sum(widths)), study.places, widths)


@dataclass(frozen=True, eq=False)
class _Watched:
    subject: Subject
    pack: Pack
    study: UnitStudy
    folder: Path

    def outputs(self, images: Images) -> Outputs:
        """Return what the units give for images; BrokenDataError if that is not finite."""
        subject, device = self.subject, self.subject.device
        pixels = torch.from_numpy(self.pack.batch(images)).to(device)
        with one_at_a_time(device), listening(subject.module, self.study.places) as outputs:
            forward(subject.module, subject.network.inputs(pixels))
        check_finite(outputs)
        return outputs

    def widths(self) -> tuple[int, ...]:
        """Return how many units each place has."""
        means = self.outputs(self.pack.order[:1]).means
        return tuple(means[place].shape[1] for place in self.study.places)

    def about(self, widths: tuple[int, ...]) -> dict[str, str]:
        """Return what a file must be of to be gone on from."""
        return {
            "at": self.study.at,
            "seed": str(self.study.seed),
            "widths": json.dumps(widths),
            "network": weights_sha256(self.subject.module.state_dict()),
            "data": self.pack.fingerprint,
        }


def _go_on(watched: _Watched, tally: Tally, about: dict[str, str], progress: Progress) -> None:
    """Bring a tally to the study's end, saving it now and then."""
    study, device = watched.study, watched.subject.device
    noise = salts(study.seed, len(tally.mean)).to(device)
    batch, saved = BATCH[torch.device(device).type], time.monotonic()
    while (done := tally.images) < study.images:
        stop = min(study.images, (done // ROUND + 1) * ROUND)
        seen, batch = _look(watched, done, stop, batch, progress)
        absorb(tally, seen, noise)
        if stop < study.images and time.monotonic() - saved > EVERY:
            _save(watched, tally, about, _PART)
            saved = time.monotonic()
    _save(watched, tally, about, _WHOLE)


def _look(watched: _Watched, start: int, stop: int, batch: int, progress: Progress) -> tuple[Seen, int]:
    """Return what the units do on the images from `start` to `stop` of the order, and the batch that fits in memory."""
    parts: list[Outputs] = []
    at = start
    while at < stop:
        images = watched.pack.order[at : min(stop, at + batch)]
        outputs = _fitting(watched, images)
        if outputs is None:
            batch = len(images) // 2
            _log.warning("out of memory with %d images a batch; going on with %d", len(images), batch)
            continue
        parts.append(outputs)
        at += len(images)
        progress(at, watched.study.images, "watching the units")
    return _seen(watched, parts, watched.pack.order[start:stop]), batch


def _fitting(watched: _Watched, images: Images) -> Outputs | None:
    """Return what the units give for images; None if these are too many for the device's memory."""
    try:
        return watched.outputs(images)
    except torch.OutOfMemoryError:
        if len(images) == 1:
            raise
    torch.cuda.empty_cache()
    return None


def _seen(watched: _Watched, parts: list[Outputs], images: Images) -> Seen:
    places, device = watched.study.places, watched.subject.device
    widths = [parts[0].means[place].shape[1] for place in places]
    positions = [sum(part.positions.get(place, 0) for part in parts) for place in places]
    return Seen(
        values=torch.cat([torch.cat([part.means[place] for place in places], 1) for part in parts]).T.contiguous(),
        zeros=torch.cat([_zeros(parts, place, width, device) for place, width in zip(places, widths, strict=True)]),
        positions=torch.tensor(np.repeat(positions, widths), device=device),
        places=torch.from_numpy(images).to(device),
        labels=torch.from_numpy(watched.pack.labels[images]).to(device),
    )


def _zeros(parts: list[Outputs], place: str, width: int, device: str) -> Tensor:
    counted = [part.zeros[place] for part in parts if place in part.zeros]
    return torch.stack(counted).sum(0) if counted else torch.zeros(width, dtype=torch.int64, device=device)


def _known(watched: _Watched, about: dict[str, str], empty: Tally) -> Tally:
    """Return the tally that is furthest of those that can be gone on from; others are set aside."""
    for file in _usable(watched.folder, watched.study):
        found = load_tally(file)
        if found is not None and found[1] == about and same_layout(found[0], empty):
            return found[0]
        set_aside(file, "is damaged, or of other weights or images")
    return empty


def _usable(folder: Path, study: UnitStudy) -> Iterator[Path]:
    """Yield the files of the same extremes, no longer than the study, the longest first."""
    files = {
        file: int(file.stem.rpartition("-")[2])
        for end in (_WHOLE, _PART)
        for file in folder.glob(_name(study, "*", end))
    }
    yield from sorted((file for file, images in files.items() if images <= study.images), key=lambda file: -files[file])


def _save(watched: _Watched, tally: Tally, about: dict[str, str], end: str) -> None:
    """Write the tally; the parts before it are not needed any more."""
    file = _file(watched.folder, watched.study, tally.images, end)
    save_tally(file, tally, about)
    for older in _usable(watched.folder, watched.study):
        if older.suffix == _PART and older != file:
            older.unlink()


def _file(folder: Path, study: UnitStudy, images: int, end: str) -> Path:
    return folder / _name(study, str(images), end)


def _name(study: UnitStudy, images: str, end: str) -> str:
    return f"{study.at}-{study.keep}-{study.seed}-{images}{end}"
