"""Which study of units is meant, and whether a network was studied so."""

from __future__ import annotations

from dataclasses import replace

from core.interpretability.encoders.registry import resolved_encoding
from core.interpretability.units.collect import find_activity
from core.jobs.subject import Subject
from core.store.database import Store
from core.store.retrained import units_folder
from core.store.runs import find_result
from core.units.results import load_units
from core.units.study import UnitStudy, within


def resolved_study(study: UnitStudy, subject: Subject) -> UnitStudy:
    """Return the study with the encoder's file looked up, on as many of the images as it asks for and there are.

    Of a study that is resolved already the file is looked up once more: with other weights it would be another study.
    Raises InvalidSettingError if the images are too few, and what `resolved_encoding` raises.
    """
    return replace(within(study, subject.available()), encoding=resolved_encoding(study.encoding))


def is_studied(store: Store, run_id: str, study: UnitStudy) -> bool:
    """Return whether the units of a run were scored as a study (resolved) says; what is damaged was not."""
    return find_result(store, run_id, study.kind) is not None and len(load_units(store, run_id, study)) > 0


def has_activity(store: Store, run_id: str, study: UnitStudy) -> bool:
    """Return whether what the scores of a run rest on is on this machine: all its extreme images, not nine of them."""
    return find_activity(units_folder(store.folder, run_id), study) is not None
