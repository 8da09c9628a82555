"""Units whose activations are planted, and what is known of them then."""

from __future__ import annotations

import numpy as np

from core.interpretability.units.activity import Activity
from core.units.study import UnitStudy

SMALL = UnitStudy(images=300, explanations=4, tasks=10)


def unit_rows(values):
    """Return rows of unit length, float32."""
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def random_embeddings(images, width=16, seed=0):
    return unit_rows(np.random.default_rng(seed).normal(size=(images, width)))


def planted(activations, study=SMALL, widths=None, places=None, labels=None):
    """Return what the streaming pass would have found: `activations` (n, units) on the images at `places`."""
    images, units = activations.shape
    where = np.arange(images) if places is None else np.asarray(places)
    order = where[np.argsort(activations, axis=0, kind="stable")].T.astype(np.int32)
    ordered = np.sort(activations, axis=0).T.astype(np.float32)
    classes = np.zeros(images, int) if labels is None else labels
    return Activity(
        places=study.places[: len(widths or (units,))],
        widths=tuple(widths or (units,)),
        images=images,
        top=order[:, ::-1][:, : study.keep],
        bottom=order[:, : study.keep],
        top_values=ordered[:, ::-1][:, : study.keep],
        bottom_values=ordered[:, : study.keep],
        mean=activations.mean(axis=0),
        variance=activations.var(axis=0),
        minimum=ordered[:, 0],
        maximum=ordered[:, -1],
        zeros=(activations <= 0).mean(axis=0).astype(np.float32),
        sample=activations[:256].T.astype(np.float32),
        class_means=np.stack([activations[classes == c].mean(axis=0) for c in range(classes.max() + 1)], 1).astype(
            "f4"
        ),
    )
