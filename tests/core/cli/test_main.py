from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from core.experiment import ExperimentSpec
from core.pruning.settings import Pruning
from core.store.runs import find_run, put_run
from tests.retrained import put_retrained, retrained

FIELDS = {
    "run_id",
    "network",
    "data",
    "technique",
    "criterion",
    "scope",
    "rate",
    "sparsity",
    "images",
    "top1",
    "top1_low",
    "top1_high",
    "top5",
    "loss",
    "images_per_second",
}


def picture(path, size=(140, 130)):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(str(path))).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def test_evaluate_prints_one_object_a_network_the_dense_one_first(shell):
    words = ("--technique", "structured", "--rate", 0, "--rate", 0.1, "--images", 64, "--json")
    status, out, _ = shell("evaluate", "--network", "demo", "--data", "scenes", *words)
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [row["rate"] for row in rows] == [0.0, 0.1]
    assert all(set(row) >= FIELDS and set(row["sparsity"]) == {"prunable", "conv", "all"} for row in rows)
    assert {(row["network"], row["data"], row["images"]) for row in rows} == {("demo", "scenes", 64)}
    assert rows[0]["top1"] > 0.8
    assert rows[1]["sparsity"]["prunable"] == pytest.approx(0.1, abs=0.005)


def test_a_sweep_measures_each_technique_at_its_rates(shell):
    words = ("--technique", "connection", "--technique", "unstructured", "--rate", 0.3, "--images", 32, "--json")
    status, out, _ = shell("sweep", *words)
    assert status == 0
    assert [json.loads(line)["technique"] for line in out.splitlines()] == [None, "connection", "unstructured"]


def test_networks_and_data_are_listed(shell):
    status, out, _ = shell("networks", "--json")
    assert status == 0
    assert {json.loads(line)["network"] for line in out.splitlines()} == {"demo", "googlenet", "googlenet-bvlc"}
    status, out, _ = shell("data", "scenes", "--json")
    about = json.loads(out)
    assert (status, about["images"], about["packed"]) == (0, 2000, True)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--network", "resnet"], 2, ["'resnet'", "demo", "googlenet-bvlc"]),
        (["--rate", "1.2"], 2, ["1.2"]),
        (["--rate", "1"], 2, ["1"]),
        (["--rate", "-0.1"], 2, ["-0.1"]),
        (["--images", "-3"], 2, ["-3 images", "1 or more"]),
        (["--precision", "0"], 2, ["precision 0.0"]),
        (["--technique", "magic"], 2, ["magic", "structured"]),
        (["--criterion", "l3"], 2, ["l3", "l1"]),
        (["--exclude", "inception9z"], 2, ["inception9z"]),
        (["--device", "tpu"], 2, ["tpu", "cpu"]),
        (["--data", "/nowhere/at/all"], 1, ["/nowhere/at/all"]),
        (["--network", "nothing.safetensors"], 1, ["nothing.safetensors"]),
        (["--network", "googlenet-bvlc"], 1, ["googlenet_bvlc.safetensors", "--weights"]),
        (["--pigs", "fly"], 2, ["--pigs"]),
    ],
)
def test_bad_use_is_told_in_a_line_with_its_status(shell, words, status, told):
    got, out, err = shell("evaluate", *words)
    assert got == status
    assert out == ""
    assert all(part in err for part in told)
    assert "Traceback" not in err


def test_folders_that_cannot_be_used_say_why(shell, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    picture(tmp_path / "single" / "cats" / "1.png")
    for folder in (empty, tmp_path / "single"):
        status, _, err = shell("evaluate", "--data", folder)
        assert status == 1
        assert str(folder) in err


def test_images_of_other_classes_than_the_networks_are_refused(shell, tmp_path):
    for name in ("cats", "dogs"):
        picture(tmp_path / "pets" / name / "1.png")
    status, _, err = shell("evaluate", "--data", tmp_path / "pets")
    assert status == 2
    assert "2 classes" in err
    assert "24" in err


@pytest.mark.parametrize(
    ("row", "told", "code"), [("gone.png,1", "gone.png", 1), ("b.png,99", "number 99", 2), ("b.png,x", "x", 1)]
)
def test_a_wrong_line_of_labels_csv_is_named(shell, tmp_path, row, told, code):
    picture(tmp_path / "flat" / "a.png")
    picture(tmp_path / "flat" / "b.png")
    (tmp_path / "flat" / "labels.csv").write_text(f"file,class_index\na.png,0\n{row}\n")
    status, _, err = shell("evaluate", "--data", tmp_path / "flat")
    assert status == code
    assert told in err


def test_a_truncated_picture_is_skipped_and_counted(shell, tmp_path):
    for name in ("a", "b", "c"):
        picture(tmp_path / "flat" / f"{name}.jpg")
    path = tmp_path / "flat" / "b.jpg"
    path.write_bytes(path.read_bytes()[:300])
    (tmp_path / "flat" / "labels.csv").write_text("file,class_index\na.jpg,0\nb.jpg,1\nc.jpg,2\n")
    status, out, _ = shell("evaluate", "--data", f"labels:{tmp_path / 'flat'}", "--json")
    assert status == 0
    assert json.loads(out)["images"] == 2
    _, out, _ = shell("data", f"labels:{tmp_path / 'flat'}", "--json")
    assert [one["id"] for one in json.loads(out)["skipped"]] == ["b.jpg"]


def test_images_that_nobody_looked_at_are_noted_and_labels_that_are_chance_warned_of(shell, tmp_path):
    """Noise is of no class: whatever the demo network says of it is right by chance."""
    lines = ["file,class_index"]
    for number in range(20):
        picture(tmp_path / "flat" / f"{'x' * number}y.png")
        lines.append(f"{'x' * number}y.png,{number}")
    (tmp_path / "flat" / "labels.csv").write_text("\n".join(lines))
    words = ("evaluate", "--data", f"labels:{tmp_path / 'flat'}", "--rate", 0, "--rate", 0.2, "--json")
    status, out, err = shell(*words)
    dense, pruned = map(json.loads, out.splitlines())
    assert status == 0
    assert dense["at_chance"] is pruned["at_chance"] is True
    assert any("nobody has looked" in note and "--sheet" in note for note in dense["notes"])
    assert any("images of 20" in note for note in dense["notes"])
    assert all(f"note: {note}" in err for note in dense["notes"])
    assert err.count("warning: Top-1") == 1
    assert "mapping of the classes" in err
    _, out, err = shell(*words)
    assert "nobody has looked" not in err
    assert "warning: Top-1" in err


def test_the_scenes_are_not_at_chance_and_nothing_is_to_be_noted(shell):
    _, out, err = shell("evaluate", "--images", 64, "--json")
    row = json.loads(out)
    assert (row["notes"], row["at_chance"]) == ([], False)
    assert "note:" not in err
    assert "warning:" not in err


def test_a_checkpoint_of_another_architecture_is_refused_with_its_keys(shell, tmp_path):
    save_file({"layer1.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    status, _, err = shell("evaluate", "--network", tmp_path / "other.safetensors")
    assert status == 1
    assert "layer1.weight" in err
    assert "missing" in err


def test_a_cache_that_cannot_be_written_says_so(shell, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path / "file" / "cache"))
    status, _, err = shell("evaluate", "--images", 32)
    assert status == 1
    assert "cannot be written" in err
    assert "PRUNESCOPE_CACHE" in err


def test_weights_that_cannot_be_downloaded_say_where_to_put_them(shell, monkeypatch, cache):
    monkeypatch.setenv("TORCH_HOME", str(cache))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    status, _, err = shell("evaluate", "--network", "googlenet")
    assert status == 1
    assert all(part in err for part in ("googlenet-1378be20.pth", "49.7 MB", "1378be20", str(cache / "weights")))


def test_single_layers_can_have_rates_of_their_own(shell):
    words = ("--rate", 0, "--layer-rate", "inception5b.branch1.conv=0.5", "--images", 32, "--json")
    _, out, _ = shell("evaluate", *words)
    pruned = json.loads(out.splitlines()[-1])
    assert 0 < pruned["sparsity"]["prunable"] < 0.1
    status, _, err = shell("evaluate", "--layer-rate", "inception5b.branch1.conv:0.5")
    assert status == 2
    assert "LAYER=RATE" in err


def test_attribute_writes_a_map_and_a_picture_for_each_network_on_one_scale(shell, tmp_path):
    words = ("--image-id", "scene-000003", "--method", "gradcam", "--rate", 0.6, "--out", tmp_path / "maps", "--json")
    status, out, _ = shell("attribute", *words)
    dense, pruned = (json.loads(line) for line in out.splitlines())
    assert status == 0
    assert (dense["rate"], pruned["rate"]) == (0.0, 0.6)
    assert (dense["limit"], dense["target_class"]) == (pruned["limit"], pruned["target_class"])
    first, second = (np.load(row["map"])["map"] for row in (dense, pruned))
    assert first.shape == second.shape == Image.open(dense["picture"]).size[::-1]
    assert not np.array_equal(first, second)


def test_attribute_never_writes_over_the_maps_of_another_question(shell, tmp_path):
    for image, target in (("scene-000003", "true"), ("scene-000003", "dense"), ("scene-000004", "true")):
        shell("attribute", "--image-id", image, "--target", target, "--out", tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 3


def test_attribute_tells_what_the_map_is_worth(shell, tmp_path):
    words = ("--image-id", "scene-000003", "--method", "ig", "--set", "steps=20", "--rate", 0.3, "--out", tmp_path)
    _, out, _ = shell("attribute", *words, "--json")
    dense, pruned = (json.loads(line) for line in out.splitlines())
    assert dense["spearman"] == pytest.approx(1)
    assert abs(pruned["randomised"]) < 0.3 < pruned["spearman"] < 1
    assert {"ssim", "iou", "cosine", "pointing", "inside", "area", "other_image"} <= set(pruned)
    assert dense["completeness_error"] < 0.2
    assert np.load(dense["map"])["map"].sum() == pytest.approx(dense["logit_rise"], rel=0.2)


def test_attribute_looks_into_runs_of_the_store_retrained_ones_and_the_dense_control_included(shell, tmp_path, store):
    half = ExperimentSpec(pruning=Pruning(rate=0.5))
    ids = [put_retrained(store, retrained(spec)) for spec in (half, half.dense())]
    words = ("--image-id", "scene-000003", "--rate", 0.5, "--run", ids[0], "--run", ids[1], "--out", tmp_path / "maps")
    status, out, err = shell("attribute", *words, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0, err
    assert [row["run_id"] for row in rows] == [None, None, *ids]
    assert [row["retraining"] for row in rows] == [None, None, *["retrained 2 epochs by SGD"] * 2]
    assert [round(row["sparsity"]["prunable"], 3) for row in rows] == [0, 0.5, 0.5, 0]
    assert len({np.load(row["map"])["map"].tobytes() for row in rows}) == 4
    assert "unstructured-0.5-retrained" in rows[2]["picture"]
    assert "dense-retrained" in rows[3]["picture"]


def test_attribute_says_which_run_there_is_not_or_has_no_weights_here(shell, tmp_path, store):
    words = ("--image-id", "scene-000003", "--out", tmp_path / "maps", "--run")
    status, _, err = shell("attribute", *words, "0123456789abcdef")
    assert status == 2
    assert "0123456789abcdef" in err
    lacking = put_retrained(store, retrained(ExperimentSpec()), weights=False)
    status, _, err = shell("attribute", *words, lacking)
    assert status == 1
    assert f"the weights of the retrained run {lacking} are not here" in err
    assert "run it again" in err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--method", "lrp"), "no attribution method 'lrp'"),
        (("--method", "ig", "--set", "steps=1"), "steps"),
        (("--method", "ig", "--baseline", "white"), "baseline 'white'"),
        (("--target", "logit"), "target 'logit'"),
    ],
)
def test_attribute_refuses_what_cannot_be_asked(shell, tmp_path, words, reason):
    status, _, err = shell("attribute", "--image-id", "scene-000003", "--out", tmp_path, *words)
    assert status == 2
    assert reason in err


def test_agreement_prints_one_object_a_technique_method_and_rate(shell):
    words = ("--technique", "unstructured,structured", "--rates", "0.05,0.5", "--method", "gradcam,saliency")
    status, out, _ = shell("agreement", *words, "--images", 6, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert {(row["technique"], row["method"], row["rate"]) for row in rows} == {
        (technique, method, rate)
        for technique in ("unstructured", "structured")
        for method in ("gradcam", "saliency")
        for rate in (0.05, 0.5)
    }
    wanted = {"images", "top1", "spearman", "spearman_low", "spearman_high", "ssim", "iou", "cosine"}
    assert all(wanted | {"randomised", "other_image"} <= set(row) for row in rows)
    assert all(row["images"] == 6 for row in rows)
    assert all(row["spearman"] is not None for row in rows if row["rate"] == 0.05)


def test_agreement_of_runs_of_the_store_takes_no_others(shell, store):
    ids = [put_retrained(store, retrained(ExperimentSpec(pruning=Pruning(rate=rate)))) for rate in (0.0, 0.5)]
    words = [word for run_id in ids for word in ("--run", run_id)]
    status, out, err = shell("agreement", *words, "--images", 4, "--json")
    assert status == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["run_id"], row["rate"]) for row in rows] == list(zip(ids, (0.0, 0.5), strict=True))
    assert all(row["retraining"] == "retrained 2 epochs by SGD" and row["spearman"] < 0.999 for row in rows)


def test_runs_of_different_networks_are_not_asked_together(shell, store, tmp_path):
    one = put_retrained(store, retrained(ExperimentSpec()))
    with store.writing() as db:
        put_run(db, replace(find_run(store, one), id="b" * 16, network_sha="b" * 64))
    for command in (("agreement",), ("attribute", "--image-id", "scene-000003", "--out", tmp_path)):
        status, _, err = shell(*command, "--run", one, "--run", "b" * 16)
        assert status == 2
        assert f"1 run of another network or other images than {one}: {'b' * 16}" in err


@pytest.mark.parametrize("words", [("--rates", "a,b"), ("--rates", ""), ("--method", "lrp"), ("--images", 0)])
def test_agreement_refuses_what_cannot_be_asked(shell, words):
    status, out, err = shell("agreement", *words)
    assert status == 2
    assert not out
    assert "allowed" in err


def test_an_unknown_image_is_refused_with_one_that_is_there(shell, tmp_path):
    status, _, err = shell("attribute", "--image-id", "nothing", "--out", tmp_path)
    assert status == 2
    assert "scene-000000" in err
