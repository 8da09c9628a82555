"""The weights and masks of retrained networks, one folder a run in the store's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import BrokenDataError, MissingFileError
from core.paths import writable
from core.pruning.mask_files import load_masks, save_masks
from core.pruning.masks import Masks
from core.store.retrained import MASKS, WEIGHTS, has_weights, weights_folder


@dataclass(frozen=True, eq=False)
class Weights:
    """What a retraining left: a state dict, and the masks of what is removed."""

    state: dict[str, Tensor]
    masks: Masks


def save_weights(store: Path, run_id: str, weights: Weights) -> None:
    """Write the weights of a run; StorageError if the folder cannot be written."""
    folder = writable(weights_folder(store, run_id))
    save_masks(weights.masks, folder / MASKS)
    partial = folder / f"{WEIGHTS}.partial"
    save_file({name: value.cpu().contiguous() for name, value in weights.state.items()}, partial)
    partial.replace(folder / WEIGHTS)


def load_weights(store: Path, run_id: str) -> Weights:
    """Read what `save_weights` wrote; MissingFileError if it is not here, BrokenDataError if it is damaged."""
    folder = weights_folder(store, run_id)
    if not has_weights(store, run_id):
        raise MissingFileError(
            f"the weights of the retrained run {run_id} are not here",
            f"{folder / WEIGHTS}",
            "run it again: they are made anew on this machine",
        )
    try:
        return Weights(load_file(folder / WEIGHTS), load_masks(folder / MASKS))
    except SafetensorError as error:
        raise BrokenDataError(f"{folder / WEIGHTS} is damaged ({error})", "", "delete it and run it again") from error
