from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.decode import pixel_row
from core.errors import InvalidSettingError
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning
from core.training.parallel import Ranks
from core.training.recalibrate import norms, recalibrate
from core.training.retraining import Retraining
from tests.core.training.tiny import HALF, Pictures, same_weights, thin_network, trained

ALONE = Ranks(torch.device("cpu"))
ONLY = {"epochs": 0, "optimiser": "none", "recalibrate": True}


def inputs_of(network, images):
    rows = np.stack([pixel_row(images.image(place), network.preset) for place in range(len(images))])
    return network.inputs(torch.from_numpy(rows))


@torch.no_grad()
def test_the_statistics_are_the_direct_mean_and_variance():
    network, images = thin_network(), Pictures(12)
    module = network.copy()
    recalibrate(network, module, images, Retraining(batch=12), ALONE)
    first = module.conv1.conv(inputs_of(network, images))
    assert torch.allclose(module.conv1.bn.running_mean, first.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(module.conv1.bn.running_var, first.var((0, 2, 3)), rtol=1e-4)


@torch.no_grad()
def test_over_several_batches_it_is_their_mean_and_the_old_statistics_do_not_matter():
    network, images = thin_network(), Pictures(12)
    one, other = network.copy(), network.copy()
    for layer in norms(other):
        layer.running_mean.fill_(7.0), layer.running_var.fill_(9.0)
    for module in (one, other):
        recalibrate(network, module, images, Retraining(batch=4), ALONE)
    assert same_weights(one, other)
    whole = network.copy()
    recalibrate(network, whole, images, Retraining(batch=12), ALONE)
    assert torch.allclose(one.conv1.bn.running_mean, whole.conv1.bn.running_mean, atol=1e-5)
    assert all(layer.momentum == 0.1 and not layer.training for layer in norms(one))


def test_it_changes_statistics_and_nothing_else(tmp_path):
    network = thin_network()
    found = trained(tmp_path, HALF, network, **ONLY)
    pruned = pruned_copy(network.module, make_masks(network.module, HALF))
    changed = {
        name for name, value in pruned.state_dict().items() if not torch.equal(value, found.module.state_dict()[name])
    }
    assert {name.rpartition(".")[2] for name in changed} == {"running_mean", "running_var", "num_batches_tracked"}
    assert found.history.rows == ()
    assert list(tmp_path.iterdir()) == []


def test_labels_do_not_matter(tmp_path):
    images, others = Pictures(), Pictures()
    others.labels = others.labels[::-1].copy()
    one, other = (trained(tmp_path, images=given, **ONLY) for given in (images, others))
    assert same_weights(one.module, other.module)


def test_after_training_the_statistics_are_those_of_the_trained_weights(tmp_path):
    plain = trained(tmp_path / "1", epochs=1)
    anew = trained(tmp_path / "2", epochs=1, recalibrate=True)
    parameters = zip(plain.module.parameters(), anew.module.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in parameters)
    assert not torch.equal(plain.module.conv1.bn.running_mean, anew.module.conv1.bn.running_mean)


def test_a_network_without_batch_norm_is_refused(tmp_path):
    with pytest.raises(InvalidSettingError, match="Thin has no batch norm that could be re-calibrated"):
        trained(tmp_path, Pruning(), thin_network("googlenet-bvlc"), **ONLY)


def test_batches_of_one_image_are_refused_and_two_are_enough(tmp_path):
    with pytest.raises(InvalidSettingError, match="batches of 1 image to re-calibrate"):
        trained(tmp_path, batch=1, **ONLY)
    with pytest.raises(InvalidSettingError, match="batches of 1 image to re-calibrate"):
        trained(tmp_path, images=Pictures(1), **ONLY)
    assert trained(tmp_path, images=Pictures(2), batch=2, **ONLY).masks
