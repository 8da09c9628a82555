"""What a command says of the images before it measures on them: wrong labels are the error that nothing else tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from core.data.recognise import recognise
from core.evaluation.chance import chance_in_words, is_at_chance
from core.experiment import ExperimentSpec
from core.jobs.subject import Subject, find_subject
from core.known_data import is_confirmed
from core.store.database import Store
from core.store.runs import runs_frame


@dataclass(frozen=True)
class Doubts:
    """What is to be said of some images: notes, and among how many of how many classes a network could guess."""

    notes: tuple[str, ...]
    present: int
    classes: int

    def about(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a row about a run says of it: the notes, and whether the run is at chance."""
        return {"notes": list(self.notes), "at_chance": is_at_chance(row, self.present, self.classes)}

    def warn(self, row: Mapping[str, Any]) -> None:
        """Warn on standard error where a network that is not pruned is no better than guessing."""
        if row["technique"] is None and is_at_chance(row, self.present, self.classes):
            _say("warning", chance_in_words(row, self.present, self.classes))


def doubts_of(store: Store, spec: ExperimentSpec) -> Doubts:
    """Return what is to be said of the images of a spec, and say its notes on standard error.

    Raises what `find_subject` raises.
    """
    subject = find_subject(spec, store.folder)
    found = recognise(spec.data, subject.network.classes)
    notes = (*found.notes, *_unseen(store, spec, subject))
    for note in notes:
        _say("note", note)
    return Doubts(notes, len(found.present), len(subject.network.classes))


def _unseen(store: Store, spec: ExperimentSpec, subject: Subject) -> tuple[str, ...]:
    """Return the note on images that nobody has looked at, and on which nothing ran yet."""
    source, network, data = subject.source, subject.network.sha256, subject.fingerprint()
    if source.generated or is_confirmed(store.folder, subject.network.key, source.identity()):
        return ()
    if data and len(runs_frame(store, network, data)):
        return ()
    look = f"`python -m core data {spec.data} --sheet FILE.png` draws twelve with their class names"
    return (f"nobody has looked at these images yet: {look}",)


def _say(what: str, words: str) -> None:
    typer.echo(f"prunescope: {what}: {words}".replace("\n", " "), err=True)
