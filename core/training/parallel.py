"""Several processes that train one network: torch's DistributedDataParallel, started by torchrun.

One step sees the images that it would see in one process, split over the ranks, and its loss is summed over all of
them. Dropout draws other numbers on each rank. Batch norm takes its statistics over all ranks' images on CUDA
(SyncBatchNorm); on the CPU, where torch has no such layer, over each rank's own images, so that there, and only with
batch norm, training in two processes is training with half the batch to the statistics.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

_PATIENCE = timedelta(hours=2)  # of the others while the first rank writes, or measures alone


@dataclass(frozen=True)
class Ranks:
    """Which of `count` processes this is; one that is alone is the first of one."""

    device: torch.device
    rank: int = 0
    count: int = 1
    control: dist.ProcessGroup | None = None  # for words between processes, whatever the device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes, tells and is told."""
        return self.rank == 0

    def share(self, value: Any) -> Any:
        """Return the first rank's value on all ranks."""
        if self.count == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, group=self.control)
        return box[0]

    def agree(self, said: bool) -> bool:
        """Return what the first rank said, on all ranks."""
        if self.count == 1:
            return said
        word = torch.tensor([said])
        dist.broadcast(word, src=0, group=self.control)
        return bool(word)

    def total(self, value: Tensor) -> Tensor:
        """Return the sum over all ranks; the same bits on each."""
        if self.count > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def mean_(self, values: list[Tensor]) -> None:
        """Replace each value by its mean over all ranks."""
        for value in values if self.count > 1 else []:
            dist.all_reduce(value)
            value /= self.count


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Be one of the ranks that torchrun started (WORLD_SIZE, RANK, LOCAL_RANK), or alone.

    Each rank takes the CUDA device of its LOCAL_RANK; on the CPU they talk by gloo. A group that is there already is
    used and left as it is; one that was made here is given up at the end, also after an error, so that the others do
    not wait for this rank.
    """
    if not several():
        yield Ranks(torch.device(device))
        return
    own = _own_device(device)
    first_here = not dist.is_initialized()
    if first_here:
        dist.init_process_group("nccl" if own.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Ranks(own, dist.get_rank(), dist.get_world_size(), dist.new_group(backend="gloo", timeout=_PATIENCE))
    finally:
        if first_here:
            dist.destroy_process_group()


def several() -> bool:
    """Return whether torchrun started several processes, of which this is one."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def leads() -> bool:
    """Return whether this process is the first of those that torchrun started, or alone."""
    return os.environ.get("RANK", "0") == "0"


def spread(module: nn.Module, ranks: Ranks) -> nn.Module:
    """Return what to call in training: the module itself where this process is alone."""
    if ranks.count == 1:
        return module
    if ranks.device.type == "cuda":
        synchronised = nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        return DistributedDataParallel(synchronised, device_ids=[ranks.device.index])
    return DistributedDataParallel(module)


def without_sync(module: nn.Module) -> AbstractContextManager[None]:
    """Return a context in which gradients are added up on each rank, not yet over the ranks."""
    if isinstance(module, DistributedDataParallel):
        return cast(AbstractContextManager[None], module.no_sync())
    return nullcontext()


def _own_device(device: str) -> torch.device:
    if not device.startswith("cuda"):
        return torch.device(device)
    own = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(own)
    return own
