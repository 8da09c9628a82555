"""The training images that the settings name, looked up once."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.experiment import ExperimentSpec
from core.jobs.subject import Subject, check_training_images, training_images
from core.sweep import Sweep

_SECONDS = 120  # so long is a folder believed to hold what it held


def with_training_images(sweep: Sweep, subject: Subject) -> tuple[Sweep, dict[str, int]]:
    """Return the sweep with the training images of its retrainings looked up, and how many they are by identity.

    Raises the errors of `core.jobs.subject.training_images` and `check_training_images`.
    """
    specs = [replace(sweep.dense, retraining=way) for way in sweep.retrainings]
    found = [_looked_up(spec, subject) for spec in specs]
    pools = {spec.retraining.data_sha: images for spec, images in found if spec.retraining}
    return replace(sweep, retrainings=tuple(spec.retraining for spec, _ in found)), pools


@st.cache_resource(
    ttl=_SECONDS,
    max_entries=64,
    show_spinner="Looking up the training images …",
    hash_funcs={ExperimentSpec: ExperimentSpec.to_json},
)
def _looked_up(spec: ExperimentSpec, _subject: Subject) -> tuple[ExperimentSpec, int]:
    if spec.retraining is None:
        return spec, 0
    images = training_images(spec, _subject.network)
    check_training_images(images, spec.retraining, _subject)
    retraining = replace(spec.retraining, data=images.name, data_sha=images.identity())
    return replace(spec, retraining=retraining), len(images)
