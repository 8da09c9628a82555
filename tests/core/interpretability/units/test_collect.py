from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import BrokenDataError, CancelledError, InvalidSettingError, StorageError
from core.experiment import ExperimentSpec
from core.interpretability.units import collect as passes
from core.interpretability.units.collect import collect, find_activity
from core.interpretability.units.keys import keys, salts
from core.interpretability.units.maps import unit_maps
from core.jobs.inspected import inspected
from core.jobs.subject import find_subject
from core.networks.layers import all_layers
from core.networks.network import IMAGENET_NORMALISATION
from core.units.study import UnitStudy
from tests.core.interpretability.units.noise import STUDY, hooks, look_into

LONG = replace(STUDY, images=400)
VALUES = ("top_values", "bottom_values", "minimum", "maximum", "mean", "variance", "zeros", "sample", "class_means")


def assert_same(one, other):
    assert (one.places, one.widths, one.images) == (other.places, other.widths, other.images)
    for name in ("top", "bottom", *VALUES):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def assert_close(one, other):
    """Batches made up otherwise may be rounded otherwise, and what is hardly zero may be so no more."""
    for name in VALUES:
        slack = 0.02 if name == "zeros" else 1e-4
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-3, atol=slack, err_msg=name)


def stops_after(images):
    def progress(done, total, what):
        if done >= images:
            raise CancelledError("enough")

    return progress


@pytest.fixture(scope="module")
def whole(network, pack, tmp_path_factory):
    """What 400 images say."""
    return collect(look_into(network), pack, LONG, tmp_path_factory.mktemp("whole"))


def activations(module, pack, images):
    """Return the units' activations (units, images) and the positions (units, images, h w) after each ReLU, plainly."""
    x, before, after = IMAGENET_NORMALISATION(torch.from_numpy(pack.batch(pack.order[:images]))), [], []
    plain = module.to(memory_format=torch.contiguous_format)
    handles = [layer.register_forward_hook(lambda _, __, y: before.append(y)) for layer in all_layers(plain).values()]
    blocks = [block for name, block in plain.named_modules() if hasattr(block, "conv") and hasattr(block, "relu")]
    handles += [block.register_forward_hook(lambda _, __, y: after.append(y)) for block in blocks]
    with torch.no_grad():
        plain(x)
    for handle in handles:
        handle.remove()
    means = [y.double().flatten(2).mean(2) if y.ndim == 4 else y.double() for y in before]
    zeros = [(y == 0).double().mean((0, 2, 3)) for y in after]
    return torch.cat(means, 1).T.numpy(), torch.cat(zeros).numpy()


def test_the_pass_is_what_plain_hooks_and_numpy_say(subject, network, pack, tmp_path):
    found = collect(subject, pack, STUDY, tmp_path)
    exact, zeros = activations(network, pack, STUDY.images)
    images = pack.order[: STUDY.images]
    assert exact.shape == (sum(found.widths), STUDY.images) == (7280 + 16, STUDY.images)
    scale = exact.std(1)
    assert (abs(found.sample - exact).max(1) < 1e-4 * scale + 1e-6).all()
    assert (abs(found.mean - exact.mean(1)) < 1e-4 * scale + 1e-6).all()
    np.testing.assert_allclose(np.sqrt(found.variance), scale, rtol=1e-3)
    np.testing.assert_allclose(found.zeros[:-16], zeros, atol=0.02)
    assert np.isnan(found.zeros[-16:]).all()
    ranked = keys(torch.from_numpy(found.sample.copy()), torch.from_numpy(images), salts(0, len(exact))).argsort(1)
    assert (found.bottom == images[ranked[:, : STUDY.keep]]).all()
    assert (found.top == images[ranked.flip(1)[:, : STUDY.keep]]).all()


def test_the_batch_does_not_matter(subject, pack, whole, tmp_path, monkeypatch):
    monkeypatch.setitem(passes.BATCH, "cpu", 50)
    assert_close(collect(subject, pack, LONG, tmp_path), whole)


def test_a_finished_study_is_read_and_not_made_again(subject, pack, tmp_path):
    made = collect(subject, pack, STUDY, tmp_path)
    assert_same(find_activity(tmp_path, STUDY), made)
    assert_same(collect(subject, pack, STUDY, tmp_path, stops_after(0)), made)
    assert [file.name for file in tmp_path.iterdir()] == ["layers-20-0-90.safetensors"]
    for other in (replace(STUDY, images=91), replace(STUDY, seed=1), replace(STUDY, tasks=4)):
        assert find_activity(tmp_path, other) is None


def test_a_pass_that_was_cut_off_goes_on_bit_for_bit(subject, network, pack, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(passes, "EVERY", 0)
    with pytest.raises(CancelledError):
        collect(subject, pack, LONG, tmp_path, stops_after(300))
    assert hooks(subject.module) == 0
    assert find_activity(tmp_path, LONG) is None
    told = []
    found = collect(look_into(network), pack, LONG, tmp_path, lambda *heard: told.append(heard))
    assert_same(found, whole)
    assert told[0][0] > passes.ROUND
    assert told[-1][:2] == (400, 400)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_longer_study_goes_on_from_a_shorter_one(subject, pack, whole, tmp_path):
    collect(subject, pack, STUDY, tmp_path)
    told = []
    found = collect(subject, pack, LONG, tmp_path, lambda *heard: told.append(heard[0]))
    assert told[0] > STUDY.images
    assert_close(found, whole)
    assert find_activity(tmp_path, STUDY).images == STUDY.images


def damage(file):
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)


def cut(file):
    file.write_bytes(file.read_bytes()[:-1000])


def empty(file):
    file.write_bytes(b"")


@pytest.mark.parametrize("harm", [damage, cut, empty])
def test_a_damaged_file_is_set_aside_and_done_again(subject, pack, tmp_path, harm):
    made = collect(subject, pack, STUDY, tmp_path)
    (file,) = tmp_path.iterdir()
    harm(file)
    assert find_activity(tmp_path, STUDY) is None
    assert_same(collect(subject, pack, STUDY, tmp_path), made)
    assert file.with_name(f"{file.name}.aside").is_file()


def test_what_a_kill_left_half_written_is_of_no_concern(subject, pack, tmp_path):
    made = collect(subject, pack, STUDY, tmp_path)
    (file,) = tmp_path.iterdir()
    half = tmp_path / "layers-20-0.partial"
    half.write_bytes(file.read_bytes()[:5000])
    file.unlink()
    assert_same(collect(subject, pack, STUDY, tmp_path), made)
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_cannot_be_is_told(subject, pack, tmp_path):
    (tmp_path / "units").write_text("a file")
    with pytest.raises(StorageError, match="units"):
        collect(subject, pack, STUDY, tmp_path / "units")


def test_what_is_of_other_weights_or_images_is_not_gone_on_from(subject, network, pack, tmp_path):
    collect(subject, pack, STUDY, tmp_path)
    changed = look_into(network)
    changed.module.conv1.conv.weight.data[0] *= 2
    fresh = collect(changed, pack, STUDY, tmp_path / "fresh")
    assert_same(collect(changed, pack, STUDY, tmp_path), fresh)
    other = replace(pack, fingerprint="other")
    told = []
    collect(changed, other, STUDY, tmp_path, lambda *heard: told.append(heard))
    assert told


def test_ties_are_broken_by_the_seed(network, pack, tmp_path):
    flat = look_into(network)
    flat.module.conv1.conv.weight.data.zero_()
    first, second = (collect(flat, pack, replace(STUDY, seed=seed), tmp_path) for seed in (0, 1))
    assert first.constant.all()
    assert (first.top_values == second.top_values).all()
    assert (first.top != second.top).mean() > 0.9
    assert (first.top[1:] != first.top[:-1]).mean() > 0.9


def test_a_network_of_zeros_has_only_constant_units(network, pack, tmp_path):
    nothing = look_into(network)
    for tensor in nothing.module.state_dict().values():
        tensor.zero_()
    found = collect(nothing, pack, STUDY, tmp_path)
    assert found.constant.all()
    assert (found.variance == 0).all()
    assert (found.zeros[:-16] == 1).all()


def test_activations_that_are_not_finite_are_named(network, pack, tmp_path):
    broken = look_into(network)
    broken.module.inception4b.branch2[0].conv.weight.data[0, 0] = float("nan")
    with pytest.raises(BrokenDataError, match=r"inception4b\.branch2\.0\.conv"):
        collect(broken, pack, STUDY, tmp_path)
    assert hooks(broken.module) == 0
    assert not list(tmp_path.iterdir())


def test_where_memory_is_short_batches_are_halved(subject, pack, tmp_path, caplog):
    roomy = collect(subject, pack, STUDY, tmp_path / "roomy")

    def cramped(module, given):
        if len(given[0]) > 8:
            raise torch.OutOfMemoryError("too many")

    subject.module.inception3a.register_forward_pre_hook(cramped)
    found = collect(subject, pack, STUDY, tmp_path / "cramped")
    assert [record.args for record in caplog.records] == [(32, 16), (16, 8)]
    assert_close(found, roomy)


def test_too_few_images_are_refused(subject, pack, tmp_path):
    with pytest.raises(InvalidSettingError, match="at most the 600"):
        collect(subject, pack, UnitStudy(images=601), tmp_path)


def test_blocks_are_watched_after_their_relus(subject, pack, tmp_path):
    study = replace(STUDY, at="blocks")
    found = collect(subject, pack, study, tmp_path)
    assert found.places == study.places
    assert found.widths == (256, 480, 512, 512, 512, 528, 832, 832, 1024)
    assert found.minimum.min() >= 0
    assert ((found.zeros > 0) & (found.zeros < 1)).any()
    assert (found.zeros[found.maximum == 0] == 1).all()


@pytest.mark.parametrize("place", ["conv1.conv", "inception4c.branch3.1.conv", "fc"])
def test_a_map_has_the_units_activation_as_its_mean(subject, pack, whole, place):
    images = 32  # a whole batch: another size may be rounded otherwise
    units = whole.units_of(place)
    maps = unit_maps(subject, pack.batch(pack.order[:images]), place, 3)
    assert maps.shape == {"conv1.conv": (images, 16, 16), "fc": (images, 1, 1)}.get(place, (images, 2, 2))
    np.testing.assert_allclose(maps.mean((1, 2)), whole.sample[units][3, :images], rtol=1e-4, atol=1e-5)
    assert hooks(subject.module) == 0


@pytest.mark.slow
def test_the_demo_networks_logits_favour_their_own_classes(cache, tmp_path):
    named = find_subject(ExperimentSpec(), cache)
    dense = inspected(named.network, ExperimentSpec().dense(), "", cache, "cpu")
    found = collect(dense, named.pack(), UnitStudy(images=480), tmp_path)
    logits = found.units_of("fc")
    assert not found.constant.any()
    assert (found.class_means[logits].argmax(1) == np.arange(len(named.network.classes))).mean() > 0.9
    tops = named.pack().labels[found.top[logits, :5]] == np.arange(len(named.network.classes))[:, None]
    assert tops.mean() > 0.9
