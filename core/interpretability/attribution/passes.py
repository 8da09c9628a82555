"""The passes that one call makes: counted, reported, cancelled, and fewer at once where memory is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from core.errors import InvalidSettingError
from core.interpretability.attribution.method import Query
from core.progress import Progress
from core.words import count

BYTES_PER_PIXEL = 1100  # of a forward and a backward pass, measured on a CPU at 224 pixels; DeepLIFT takes 2400
_CPU = (16, 0.9e9)  # most images at once (on two cores as fast as 32), and bytes for them
_CUDA_MOST, _CUDA_SHARE = 256, 0.5  # most images at once, and the share of the free memory for them

Explain = Callable[[Query], Tensor]


def passes_at_once(inputs: Tensor) -> int:
    """Return how many images of this size (n, 3, h, w) fit into the memory at hand: at least 1."""
    most, memory = _cuda_memory(inputs.device) if inputs.is_cuda else _CPU
    return max(1, min(most, int(memory / (BYTES_PER_PIXEL * inputs.shape[-2] * inputs.shape[-1]))))


def _cuda_memory(device: torch.device) -> tuple[int, float]:
    free, _ = torch.cuda.mem_get_info(device)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return _CUDA_MOST, _CUDA_SHARE * (free + unused)


@dataclass
class Meter:
    """How many passes a call has made, and whom to tell: `progress` may raise to cancel."""

    progress: Progress
    title: str
    total: int
    done: int = 0
    note: str = ""

    def report(self) -> None:
        """Tell how many passes are behind us."""
        self.progress(min(self.done, self.total), self.total, self.title + self.note)


@contextmanager
def counted(module: nn.Module, meter: Meter) -> Iterator[None]:
    """Report each batch that goes through the module, whoever sends it there, for as long as this lasts."""

    def count_images(part: nn.Module, inputs: tuple[Tensor, ...], logits: Tensor) -> None:
        meter.report()
        meter.done += len(logits)

    meter.report()
    with hooked([module], count_images):
        yield
    meter.done = meter.total
    meter.report()


@contextmanager
def hooked(parts: Sequence[nn.Module], hook: Callable[..., Tensor | None]) -> Iterator[None]:
    """Let `hook(part, inputs, output)` see, or replace, what the parts put out; it is gone afterwards in any case."""
    handles = [part.register_forward_hook(hook) for part in parts]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def explained(query: Query, explain: Explain, meter: Meter, passes: int, *, one_by_one: bool) -> Tensor:
    """Return the maps of all images (n, h, w) on the CPU, `passes` each; out of memory, go on with half the batch.

    Raises InvalidSettingError if not even one image fits.
    """
    maps: list[Tensor] = []
    done = 0
    while done < len(query.inputs):
        meter.done = passes * done
        found = _attempt(query.part(done, 1 if one_by_one else query.batch), explain)
        if found is None:
            query = replace(query, batch=query.batch // 2)
            meter.note = f" (memory is short: {count(query.batch, 'image')} at once)"
        else:
            maps.append(found)
            done += len(found)
    return torch.cat(maps)


def _attempt(part: Query, explain: Explain) -> Tensor | None:
    try:
        return explain(part).float().cpu()
    except torch.OutOfMemoryError as error:
        if part.batch == 1:
            size = " x ".join(map(str, part.inputs.shape[-2:]))
            raise InvalidSettingError(
                f"an image of {size} pixels does not fit into the memory of {part.inputs.device}",
                "what fits while other programs use the device",
                "make the image smaller, or work on the CPU (--device cpu)",
            ) from error
    torch.cuda.empty_cache()
    return None
