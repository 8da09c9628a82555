"""Checkpoint files as they are found: for the tests of reading them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.layer_names import INCEPTION_CONVS, STEM
from core.networks.googlenet import googlenet, googlenet_bvlc

State = dict[str, Tensor]

CAFFE_BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",
    "branch4.1": "pool_proj",
}


def small_state(classes: int = 3) -> State:
    """The state of a GoogLeNet whose batch norm is not that of a fresh one."""
    torch.manual_seed(0)
    network = googlenet(classes, initialise=True)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return network.state_dict()


def bvlc_state(classes: int = 3) -> State:
    torch.manual_seed(0)
    return googlenet_bvlc(classes).state_dict()


def saved(state: State, path: Path, **metadata: object) -> Path:
    """Write a safetensors file, whose metadata are JSON texts."""
    about = {name: json.dumps(value) for name, value in metadata.items()}
    save_file({name: value.contiguous() for name, value in state.items()}, path, metadata=about or None)
    return path


def in_caffes_layout(state: State) -> State:
    """Rename the parameters of `googlenet-bvlc` to what Caffe's own file calls them, colours in its order."""
    names = dict(zip(STEM, ("conv1/7x7_s2", "conv2/3x3_reduce", "conv2/3x3"), strict=True)) | {"fc": "loss3/classifier"}
    for conv in INCEPTION_CONVS:
        block, _, branch = conv.removesuffix(".conv").partition(".")
        names[conv] = f"{block.replace('inception', 'inception_')}/{CAFFE_BRANCHES[branch]}"
    renamed = {}
    for key, value in state.items():
        layer, _, kind = key.rpartition(".")
        renamed[f"{names[layer]}.{kind}"] = value
    renamed["conv1/7x7_s2.weight"] = renamed["conv1/7x7_s2.weight"][:, [2, 1, 0]]
    return renamed
