"""GoogLeNet in Caffe's layout, as BVLC published it: its layer names, its order of colours, its shapes.

Reference: bvlc_googlenet/train_val.prototxt (Caffe model zoo). Its first convolution reads blue, green, red.
"""

from __future__ import annotations

import re

from torch import Tensor

from core.layer_names import HEAD, INCEPTION_CONVS, STEM

_BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",
    "branch4.1": "pool_proj",
}
_KINDS = {"weight": "weight", "weights": "weight", "0": "weight", "bias": "bias", "biases": "bias", "1": "bias"}
FIRST = r"conv1[/_]7x7_s2[./_](?:weights?|0)"  # as a pattern: the parameter by which the layout is known
_PARAMETER = re.compile(rf"(.+?)[./_]({'|'.join(_KINDS)})")


def _caffe_name(conv: str) -> str:
    """Map `inception3a.branch2.0.conv` to `inception_3a_3x3_reduce`."""
    block, _, branch = conv.removesuffix(".conv").partition(".")
    return f"inception_{block.removeprefix('inception')}_{_BRANCHES[branch]}"


# Caffe's layer -> torchvision's; `/` and `_` are one, because a module's attribute cannot be named with a slash
_LAYERS = {
    **dict(zip(("conv1_7x7_s2", "conv2_3x3_reduce", "conv2_3x3"), STEM, strict=True)),
    **{_caffe_name(conv): conv for conv in INCEPTION_CONVS},
    "loss3_classifier": HEAD,
    "loss3_classifier_1": HEAD,  # as converters name it, which flatten first
}


def torchvision_name(name: str) -> str | None:
    """Return torchvision's name of a parameter of Caffe's GoogLeNet (`inception_3a/1x1.weight`), None for any other."""
    found = _PARAMETER.fullmatch(name)
    layer = _LAYERS.get(found[1].replace("/", "_")) if found else None
    return f"{layer}.{_KINDS[found[2]]}" if found and layer else None


def is_auxiliary(name: str) -> bool:
    """Whether a parameter belongs to one of Caffe's two auxiliary heads."""
    return name.startswith(("loss1/", "loss2/", "loss1_", "loss2_"))


def without_leading_ones(name: str, value: Tensor) -> Tensor:
    """Return a parameter in its own dimensions: old files keep every blob in four, (1, 1, 1000, 1024) for fc."""
    wanted = 1 if name.endswith(".bias") else 2 if name.startswith(HEAD) else 4
    while value.ndim > wanted and value.shape[0] == 1:
        value = value[0]
    return value


def rgb_first(weight: Tensor) -> Tensor:
    """Turn the inputs of the first convolution, (out, 3, h, w), from blue, green, red to red, green, blue, or back."""
    return weight.flip(1)
