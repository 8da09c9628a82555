"""What is exported says the same as the network it came from, and needs nothing of the project to say it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load, load_file

from core.data.example import example
from core.data.preset import Preset
from core.errors import BrokenDataError, InvalidSettingError, StorageError
from core.evaluation.inference import forward
from core.experiment import ExperimentSpec
from core.export.bundle import export
from core.jobs.exporting import exportable
from core.jobs.subject import find_subject
from core.networks.network import Normalisation
from core.networks.registry import load_network
from core.pruning.mask_files import load_masks
from core.pruning.settings import Pruning
from core.store.database import open_store
from core.store.runs import put_result
from tests.reference import REFERENCE, needs_reference
from tests.retrained import put_retrained, retrained

HALF = ExperimentSpec(pruning=Pruning("structured", rate=0.5))
SPARSE = ExperimentSpec(pruning=Pruning("unstructured", rate=0.5))


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """The demo network pruned by half, and the folder it was exported to: no test changes either."""
    made = tmp_path_factory.mktemp("exported")
    run = exportable(open_store(made / "cache"), HALF)
    return run, export(run, made / "half")


def about(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def masked_logits(run):
    return forward(run.module, run.network.inputs(torch.from_numpy(run.images))).numpy()


def test_weights_and_masks_come_back_bit_for_bit(half):
    run, folder = half
    state = load_file(folder / "weights.safetensors")
    assert state.keys() == run.module.state_dict().keys()
    assert all(torch.equal(state[name], value) for name, value in run.module.state_dict().items())
    masks = load_masks(folder / "masks.safetensors")
    assert masks.keys() == run.masks.keys()
    assert all(torch.equal(masks[name], mask) for name, mask in run.masks.items())


def test_the_weights_are_a_network_of_prunescope_again(half):
    run, folder = half
    again = load_network(str(folder / "weights.safetensors"))
    assert (again.classes, again.preset, again.normalisation) == (
        run.network.classes,
        run.network.preset,
        run.network.normalisation,
    )
    assert again.sha256 == about(folder)["weights_sha256"]
    np.testing.assert_array_equal(forward(again.module, again.inputs(torch.from_numpy(run.images))), masked_logits(run))


@pytest.mark.parametrize("transform", [True, False])
def test_a_network_that_is_fed_otherwise_is_fed_so_again(half, tmp_path, transform):
    run, _ = half
    module = run.network.copy()
    module.transform_input = transform
    normalisation = Normalisation((10.0, 20.0, 30.0), (2.0, 3.0, 4.0), unit=1.0)
    fed = replace(run.network, module=module, preset=Preset(110, 96), normalisation=normalisation)
    folder = export(replace(run, network=fed), tmp_path / "fed", ["safetensors"])
    again = load_network(str(folder / "weights.safetensors"))
    assert (again.preset, again.normalisation) == (fed.preset, fed.normalisation)
    assert again.module.transform_input is transform


def test_the_onnx_file_is_the_compact_network_and_takes_pixels_in_any_number(half):
    run, folder = half
    session = onnxruntime.InferenceSession(folder / "network.onnx")
    for images in (run.images, run.images[:1], run.images[:5]):
        (logits,) = session.run(None, {"pixels": images})
        np.testing.assert_allclose(logits, masked_logits(run)[: len(images)], atol=1e-4)
    assert (folder / "network.onnx").stat().st_size < (folder / "weights.safetensors").stat().st_size / 3


def test_the_program_is_the_compact_network_and_takes_pixels_in_any_number(half):
    run, folder = half
    program = torch.export.load(folder / "network.pt2").module()
    for images in (run.images, run.images[:1]):
        logits = program(torch.from_numpy(images)).numpy(force=True)
        np.testing.assert_allclose(logits, masked_logits(run)[: len(images)], atol=1e-5)


def test_run_json_says_what_the_files_are(half):
    run, folder = half
    said = about(folder)
    assert ExperimentSpec.from_json(json.dumps(said["spec"])) == HALF
    assert said["classes"] == list(run.network.classes)
    assert set(said["files"]) == {"weights.safetensors", "masks.safetensors", "network.onnx", "network.pt2"}
    assert said["network_files"]["compact"]
    assert sum(said["network_files"]["removed_channels"].values()) == 3480
    assert max(said["files"][name]["largest_difference"] for name in ("network.onnx", "network.pt2")) < 1e-4


def classify(folder, image):
    """Run the snippet where nothing of the project can be imported; return what each file says."""
    free = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-I", folder / "load.py", image]
    done = subprocess.run(command, cwd=folder.parent, env=free, capture_output=True, text=True, check=True)
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.mark.slow
def test_the_snippet_classifies_a_picture_as_the_core_does(half, tmp_path):
    run, folder = half
    subject = find_subject(HALF, tmp_path)
    subject.source.image(3).save(tmp_path / "scene.png")
    pixels = example(subject.source, subject.preset, 3).pixels
    logits = forward(run.module, run.network.inputs(torch.from_numpy(pixels[None])))
    expected = run.network.classes[int(logits.argmax())]
    said = classify(folder, tmp_path / "scene.png")
    assert set(said) == {"weights.safetensors", "network.onnx", "network.pt2"}
    assert {answer.rpartition(" (")[0] for answer in said.values()} == {expected}
    assert len({answer.rpartition("(")[2] for answer in said.values()}) == 1


def test_a_zip_holds_the_same_in_a_folder_of_its_name(half, tmp_path):
    run, folder = half
    packed = export(run, tmp_path / "run.zip", ["safetensors"])
    with zipfile.ZipFile(packed) as archive:
        names = set(archive.namelist())
        weights = archive.read("run/weights.safetensors")
    assert names == {f"run/{name}" for name in ("weights.safetensors", "masks.safetensors", "run.json", "load.py")}
    state = load_file(folder / "weights.safetensors")
    assert all(torch.equal(value, state[name]) for name, value in load(weights).items())
    assert list(tmp_path.iterdir()) == [packed]


def test_every_file_may_be_read_by_whom_the_umask_allows(half):
    _, folder = half
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1


def test_a_place_that_cannot_be_written_is_named_and_not_the_cache(half, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="out cannot be written") as raised:
        export(half[0], tmp_path / "file" / "out", ["safetensors"])
    assert "cache" not in str(raised.value)


def test_nothing_is_overwritten(half, tmp_path):
    run, folder = half
    with pytest.raises(InvalidSettingError, match="is there already"):
        export(run, folder, ["safetensors"])
    (tmp_path / "empty").mkdir()
    assert (export(run, tmp_path / "empty", ["safetensors"]) / "run.json").is_file()


@pytest.mark.parametrize("formats", [["tflite"], []])
def test_unknown_formats_are_refused(half, tmp_path, formats):
    with pytest.raises(InvalidSettingError, match="safetensors, onnx, pt2"):
        export(half[0], tmp_path / "out", formats)


@pytest.mark.slow
def test_a_file_that_says_something_else_is_not_left_behind(store, half, tmp_path):
    run = exportable(store, HALF)
    run.__dict__["program"] = half[0].program
    run.__dict__["logits"] = half[0].logits + 1
    with pytest.raises(BrokenDataError, match=r"network.pt2 differs .* by 1"):
        export(run, tmp_path / "out" / "run", ["safetensors", "pt2"])
    assert list((tmp_path / "out").iterdir()) == []


def test_where_no_channel_can_be_taken_out_it_says_so(store, tmp_path):
    run = exportable(store, SPARSE)
    said = about(export(run, tmp_path / "sparse", ["safetensors"]))
    assert not said["network_files"]["compact"]
    assert "single weights" in said["network_files"]["why_not"]
    assert run.classifier(torch.from_numpy(run.images[:1])).shape == (1, 24)


@pytest.mark.slow
def test_a_retrained_run_is_exported_with_its_figures_as_retraining_left_it(store, tmp_path):
    spec = retrained(HALF)
    run_id = put_retrained(store, spec)
    with store.writing() as db:
        put_result(db, run_id, "accuracy", {"top1": 0.8})
    run = exportable(store, spec)
    said = about(export(run, tmp_path / "retrained", ["safetensors"]))
    assert said["run_id"] == run_id
    assert said["figures"]["accuracy"] == {"top1": 0.8}
    left = load_file(store.folder / "retrained" / run_id / "weights.safetensors")
    state = load_file(tmp_path / "retrained" / "weights.safetensors")
    assert all(torch.equal(state[name], value) for name, value in left.items())


@pytest.mark.slow
@needs_reference("weights/googlenet_bvlc.safetensors", "imagenet/val")
def test_the_network_of_2014_is_exported_and_the_snippet_says_what_its_weights_need(store, tmp_path):
    files = str(REFERENCE / "weights" / "googlenet_bvlc.safetensors"), str(REFERENCE / "imagenet" / "val")
    run = exportable(store, ExperimentSpec("googlenet-bvlc", *files, pruning=Pruning("structured", rate=0.3)))
    folder = export(run, tmp_path / "bvlc")
    picture = next((REFERENCE / "imagenet" / "val").iterdir())
    said = classify(folder, picture)
    assert "network of 2014" in said["weights.safetensors"]
    assert said["network.onnx"] == said["network.pt2"]
    scale = float(np.abs(masked_logits(run)).max())
    np.testing.assert_allclose(run.logits, masked_logits(run), atol=1e-5 * scale)
