from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.errors import MissingFileError
from core.networks.registry import load_network
from core.uploads.samples import SAMPLES, sample_photo, samples
from core.uploads.seen import seen
from tests.reference import REFERENCE, needs_reference


def test_all_photographs_are_installed_and_none_is_downloaded(monkeypatch):
    def refused(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refused)
    assert [sample.name for sample in samples()] == list(SAMPLES)
    photos = [sample_photo(sample.name) for sample in samples()]
    assert len({photo.id for photo in photos}) == len(photos) >= 5
    assert all(min(photo.pixels.shape[:2]) >= 224 for photo in photos)
    assert photos[0].title == SAMPLES["cat"].title
    assert all(sample.credit for sample in samples())


def test_an_unknown_one_is_refused():
    with pytest.raises(MissingFileError, match="cat, coffee"):
        sample_photo("dog")


def test_scikit_image_is_not_loaded_for_its_pictures():
    code = "import sys; from core.uploads.samples import *; sample_photo('cat'); sys.exit('skimage' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@needs_reference("weights/googlenet_bvlc.safetensors")
@pytest.mark.parametrize(("name", "said"), [("cat", "Egyptian cat"), ("coffee", "espresso"), ("motorcycle", "moped")])
def test_the_real_network_of_2014_knows_them(name, said):
    network = load_network("googlenet-bvlc", REFERENCE / "weights" / "googlenet_bvlc.safetensors")
    pixels = torch.from_numpy(seen(sample_photo(name), network.preset).pixels.copy())[None]
    with torch.inference_mode():
        assert network.classes[int(network.module(network.inputs(pixels)).argmax())] == said
