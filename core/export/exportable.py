"""What is exported: a run's network with all that is known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.export import ExportedProgram

from core.data.preset import Preset
from core.evaluation.efficiency import try_compact
from core.experiment import ExperimentSpec, spec_in_words
from core.export.classifier import Classifier
from core.networks.network import Network, weights_sha256
from core.pruning.masks import Masks

DYNAMIC_BATCH = "n"


@dataclass(frozen=True, eq=False)
class Exportable:
    """A run's network and what was measured of it."""

    network: Network  # the dense one
    preset: Preset
    spec: ExperimentSpec
    run_id: str | None  # None: its data are not packed, so that it has none
    data_sha: str | None
    module: nn.Module  # with what was removed at zero
    masks: Masks
    figures: Mapping[str, Any]  # kind of result -> what was measured
    images: NDArray[np.uint8]  # (n, h, w, 3), real ones to check what is written with

    @cached_property
    def classifier(self) -> Classifier:
        """The compact network with its preprocessing; where nothing can be taken out, the masked one."""
        small, _ = self._small
        return Classifier(small.module if small else self.module, self.network.normalisation)

    @cached_property
    def program(self) -> ExportedProgram:
        """The classifier as a `torch.export` program of any batch size."""
        example = torch.zeros(2, *self.images.shape[1:], dtype=torch.uint8)  # of 1, the size would be taken as fixed
        batch = torch.export.Dim(DYNAMIC_BATCH, min=1)
        with torch.no_grad():
            return torch.export.export(self.classifier, (example,), dynamic_shapes=({0: batch},))

    @cached_property
    def logits(self) -> NDArray[np.float32]:
        """What the classifier says of the images: (n, classes)."""
        with torch.inference_mode():
            return self.classifier(torch.from_numpy(self.images)).numpy()  # type: ignore[no-any-return]

    @cached_property
    def _small(self) -> tuple[Any, str]:
        return try_compact(self.module)

    def removed(self) -> dict[str, Any]:
        """Return how many channels are gone from which layer of the network files, or why none are."""
        small, why = self._small
        counts = {name: len(channels) for name, channels in small.removed.items()} if small else {}
        return {"compact": small is not None, "removed_channels": counts, "why_not": why}

    def about(self) -> dict[str, Any]:
        """Return what a reader of the files has to know, as JSON values."""
        state, normalisation = self.module.state_dict(), self.network.normalisation
        return {
            "title": f"{self.network.title}, {spec_in_words(self.spec, self.network.zeros)}",
            "run_id": self.run_id,
            "spec": json.loads(self.spec.to_json()),
            "network": {
                "name": self.network.name,
                "title": self.network.title,
                "sha256": self.network.sha256,
                "architecture": "googlenet-bvlc" if "conv1.conv.bias" in state else "googlenet",
                "transform_input": bool(self.network.module.transform_input),
            },
            "weights_sha256": weights_sha256(state),
            "data_sha256": self.data_sha,
            "preprocessing": {**asdict(self.preset), **asdict(normalisation)} | _PREPROCESSING,
            "classes": list(self.network.classes),
            "network_files": self.removed(),
            "figures": dict(self.figures),
        }


_PREPROCESSING = {
    "steps": "RGB; shorter side to `resize` (null: as it is), bilinear with antialiasing as Pillow does it; centre "
    "`crop` x `crop`; for weights.safetensors then (pixels / unit - mean) / std, channels first; the network files "
    "take the pixels as uint8 (n, crop, crop, 3) and do the rest themselves",
}
