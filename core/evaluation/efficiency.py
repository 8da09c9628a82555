"""How large a network is and how fast: what can be counted, and what has to be measured.

The counts are ShrinkBench's (Blalock et al. 2020, "What is the state of neural network pruning?"): parameters,
parameters that are not zero, multiply-accumulates of convolutions and linear layers, and those of them whose weight is
not zero. The theoretical speed-up, MACs / nonzero MACs, is what a machine would gain that skipped every zero. Ours do
not: there masked zeros gain nothing, and only a compact network is measurably faster.
"""

from __future__ import annotations

import copy
import platform
import statistics
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from core.errors import InvalidSettingError
from core.evaluation.inference import folded_copy, forward
from core.networks.layers import Layer
from core.progress import Progress, silent
from core.pruning.compact import Compact, compact

LATENCY_BATCH, THROUGHPUT_BATCH = 1, 32
REPEATS = 5  # of a large batch; of a single image three times as many
_ZLIB_LEVEL = 1  # level 6 takes up to ten times as long and gains 5 % on networks that have many zeros


@dataclass(frozen=True)
class Size:
    """What a network takes. MACs are multiply-accumulates of convolutions and linear layers, for one image."""

    parameters: int
    nonzero: int
    macs: int
    nonzero_macs: int
    bytes: int  # of a safetensors file in float32
    compressed_bytes: int  # of one in float16, deflated (zlib)


def size_of(dense: nn.Module, pruned: nn.Module, pixels: int) -> dict[str, Any]:
    """Return what a pruned network takes, and what is left of it if it can be made compact.

    `pruned` has zeros where something was removed; `dense` is the network it was cut from, of the same architecture,
    whose shapes are looked up once for images of `pixels` a side. The fields are those of `Size`, and `compact`:
    {parameters, macs, bytes, compressed_bytes}, or None with the reason in `why`.
    """
    places = output_places(dense, pixels)
    small, why = try_compact(pruned)
    left = small and asdict(measured_size(small.module, places))
    return {**asdict(measured_size(pruned, places)), "pixels": pixels, "compact": left, "why": why}


def try_compact(pruned: nn.Module) -> tuple[Compact | None, str]:
    """Return the compact network and "", or None and the reason why there is none."""
    try:
        return compact(pruned), ""
    except InvalidSettingError as error:
        return None, error.given


def measured_size(module: nn.Module, places: Mapping[str, int]) -> Size:
    """Count a network whose layers' outputs have so many `places` (h x w): a compact one has the whole one's."""
    parameters = list(module.parameters())
    macs, nonzero_macs = count_macs(module, places)
    return Size(
        parameters=sum(one.numel() for one in parameters),
        nonzero=sum(_nonzero(one) for one in parameters),
        macs=macs,
        nonzero_macs=nonzero_macs,
        bytes=len(_file(module, torch.float32)),
        compressed_bytes=len(zlib.compress(_file(module, torch.float16), _ZLIB_LEVEL)),
    )


def count_macs(module: nn.Module, places: Mapping[str, int]) -> tuple[int, int]:
    """Return the multiply-accumulates for one image, and those of them whose weight is not zero."""
    weights = {name: found.weight for name, found in _layers(module).items()}
    macs = sum(weight.numel() * places[name] for name, weight in weights.items())
    return macs, sum(_nonzero(weight) * places[name] for name, weight in weights.items())


def _layers(module: nn.Module) -> dict[str, Layer]:
    return {name: part for name, part in module.named_modules() if isinstance(part, Layer)}


def _nonzero(values: Tensor) -> int:
    return int(values.count_nonzero())


def _file(module: nn.Module, kind: torch.dtype) -> bytes:
    state = module.state_dict()
    return save({name: (v.to(kind) if v.is_floating_point() else v).contiguous() for name, v in state.items()})


@lru_cache(maxsize=8)
def output_places(module: nn.Module, pixels: int) -> Mapping[str, int]:
    """Return at how many places (h x w) each conv and fc is computed for an image of `pixels` a side.

    Found by shapes alone, on the meta device; remembered for the module, whose architecture must not change.
    """
    shapes, found = copy.deepcopy(module).to("meta"), {}
    hooks = [
        layer.register_forward_hook(lambda _, __, out, name=name: found.update({name: out[0, 0].numel()}))
        for name, layer in _layers(shapes).items()
    ]
    with torch.no_grad():
        shapes(torch.empty(1, 3, pixels, pixels, device="meta"))
    for hook in hooks:
        hook.remove()
    return found


@dataclass(frozen=True)
class Timing:
    """Medians over repeats, between the quartiles. Latency is of one image at a time, in milliseconds."""

    latency_ms: float
    latency_low: float
    latency_high: float
    images_per_second: float
    images_per_second_low: float
    images_per_second_high: float


def device_in_words(device: str) -> str:
    """Return the name of a device: the model of the processor with the threads that compute, or of the GPU."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{_processor()}, {threads} thread{'s' * (threads > 1)}"


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def speeds(
    modules: Mapping[str, nn.Module], pixels: int, device: str, progress: Progress = silent
) -> dict[str, Timing]:
    """Measure networks side by side, as they are evaluated: batch norm folded, channels last, in inference mode.

    They take turns, so that a busy moment of the machine hits all of them alike, after a warm-up of each. Images are
    noise of `pixels` a side: what is in them makes no difference. A progress that raises stops it between two turns.
    """
    ready = {name: folded_copy(module).to(device) for name, module in modules.items()}
    latency = _turns(ready, LATENCY_BATCH, pixels, device, 3 * REPEATS, progress)
    through = _turns(ready, THROUGHPUT_BATCH, pixels, device, REPEATS, progress)
    return {name: _timing(latency[name], through[name]) for name in modules}


def _turns(
    modules: Mapping[str, nn.Module], batch: int, pixels: int, device: str, repeats: int, progress: Progress
) -> dict[str, list[float]]:
    """Return the seconds of each pass, by network."""
    images = torch.randn(batch, 3, pixels, pixels, device=device).contiguous(memory_format=torch.channels_last)
    passes = {name: _pass(module, images) for name, module in modules.items()}
    for warm_up in passes.values():
        warm_up(), warm_up()
    seconds: dict[str, list[float]] = {name: [] for name in modules}
    for turn in range(repeats):
        for name, one in passes.items():
            seconds[name].append(one())
        progress(turn + 1, repeats, f"timing batches of {batch}")
    return seconds


def _pass(module: nn.Module, images: Tensor) -> Callable[[], float]:
    def timed() -> float:
        _wait(images)
        began = time.perf_counter()
        forward(module, images)
        _wait(images)
        return time.perf_counter() - began

    return timed


def _wait(images: Tensor) -> None:
    """Wait until the device has done what it was given: a GPU computes while the program goes on."""
    if images.is_cuda:
        torch.cuda.synchronize(images.device)


def _timing(latency: Sequence[float], through: Sequence[float]) -> Timing:
    low, middle, high = statistics.quantiles(latency, n=4)
    slow, usual, fast = (THROUGHPUT_BATCH / seconds for seconds in reversed(statistics.quantiles(through, n=4)))
    return Timing(1e3 * middle, 1e3 * low, 1e3 * high, usual, slow, fast)
