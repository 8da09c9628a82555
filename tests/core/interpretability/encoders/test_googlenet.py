from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.preset import Preset
from core.errors import BrokenDataError
from core.interpretability.encoders.registry import load_encoder, resolved_encoding
from core.networks.network import IMAGENET_NORMALISATION, Network
from core.networks.registry import load_network
from core.units.study import Encoding
from tests.core.interpretability.conftest import BVLC
from tests.reference import needs_reference


def dense(module):
    return Network("x", "x", module, tuple("abcdefghijklmnop"), Preset(64, 64), IMAGENET_NORMALISATION, "5" * 64)


def encoder(network):
    return load_encoder(resolved_encoding(Encoding()), network, "cpu")


def pooled(network, pixels):
    """Return what leaves the average pooling of the network itself."""
    found = []
    hook = network.module.avgpool.register_forward_hook(lambda module, inputs, output: found.append(output.flatten(1)))
    with torch.no_grad():
        network.module(network.inputs(torch.from_numpy(pixels)))
    hook.remove()
    return found[0].numpy()


def cosine(one, other):
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def test_embeddings_are_the_pooled_features_at_unit_length(network, pixels):
    rows = encoder(dense(network)).embed(pixels.numpy())
    assert rows.shape == (3, 1024)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.allclose(cosine(rows, pooled(dense(network), pixels.numpy())), 1, atol=1e-6)


def test_an_embedding_does_not_depend_on_the_images_beside_it(network, pixels):
    alone = encoder(dense(network)).embed(pixels[:1].numpy())
    assert np.allclose(encoder(dense(network)).embed(pixels.numpy())[:1], alone, atol=1e-5)


def test_it_is_known_by_the_weights_of_the_dense_network(network):
    assert encoder(dense(network)).sha256 == "5" * 64


def test_the_network_stays_as_it_was(network, pixels):
    before = pooled(dense(network), pixels.numpy())
    encoder(dense(network)).embed(pixels.numpy())
    assert network.fc.out_features == 16
    assert np.array_equal(pooled(dense(network), pixels.numpy()), before)


def test_a_network_of_zeros_is_refused(network, pixels):
    zeros = dense(network).copy()
    for parameter in zeros.parameters():
        parameter.data.zero_()
    with pytest.raises(BrokenDataError, match="3 of 3 images are zero"):
        encoder(dense(zeros)).embed(pixels.numpy())


@needs_reference("weights/googlenet_bvlc.safetensors")
def test_the_network_of_2014_embeds_too():
    picture = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    network = load_network("googlenet-bvlc", BVLC)
    assert np.allclose(cosine(encoder(network).embed(picture), pooled(network, picture)), 1, atol=1e-6)
