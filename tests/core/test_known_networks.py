from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core.experiment import ExperimentSpec
from core.known_networks import (
    KnownNetwork,
    accuracy_table,
    added_networks,
    dense_runs,
    differences,
    how_it_was_read,
    images_for,
    known_networks,
    looks_like,
    most_exact,
    networks_table,
)
from core.networks.kept import keep_network
from core.networks.registry import DEMO_CHECKPOINT, NETWORKS
from core.pruning.description import describe
from core.pruning.masks import make_masks, pruned_copy
from core.pruning.settings import Pruning
from core.series import with_series
from tests.core.networks.checkpoints import saved, small_state

BOUNDS = ("top1_low", "top1_high")
COLUMNS = [
    "id",
    "spec",
    "network",
    "network_sha",
    "data",
    "data_sha",
    "created_at",
    "images",
    "top1",
    "top1_low",
    "top1_high",
    "top5",
]


def run(spec, sha="a" * 64, images=100.0, top1=0.9, at=1.0):
    return dict(
        zip(COLUMNS, [spec.to_json()[:4], spec.to_json(), spec.network, sha, spec.data, spec.data, at, images, top1,
                      top1 - 0.1, top1 + 0.05, 1.0], strict=True)
    )  # fmt: skip


def frame(*rows):
    return with_series(pd.DataFrame(list(rows), columns=COLUMNS))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return saved(small_state(), tmp_path_factory.mktemp("own") / "own.safetensors")


@pytest.fixture(scope="module")
def about(path):
    return describe(path)


def names(known):
    return [one.name for one in known]


def test_the_named_ones_are_known_before_anything_was_run():
    known = known_networks(frame(), {})
    assert names(known) == list(NETWORKS)
    assert known[0].file == (DEMO_CHECKPOINT if DEMO_CHECKPOINT.is_file() else None)


def test_added_ones_and_files_of_runs_stand_beside_them_each_once(path):
    of_run = run(ExperimentSpec(str(path)))
    pruned = run(ExperimentSpec(str(path), pruning=Pruning(rate=0.5)))
    known = known_networks(frame(of_run, pruned, run(ExperimentSpec())), {"mine": Path("/kept/mine.pth")})
    assert names(known) == [*NETWORKS, "mine", "own"]
    assert [one.added for one in known[-2:]] == [True, False]
    assert known[-1].file == path
    assert known[-2].file is None
    assert "/kept/mine.pth" in known[-2].needs


def test_a_run_of_an_added_network_is_of_that_one():
    kept = Path("/kept/mine.pth")
    assert names(known_networks(frame(run(ExperimentSpec(str(kept)))), {"mine": kept})) == [*NETWORKS, "mine"]


def test_the_file_that_a_run_names_stands_for_the_name(path):
    spec = ExperimentSpec("googlenet-bvlc", str(path))
    known = known_networks(frame(run(spec)), {})
    assert names(known) == ["demo", "googlenet", f"googlenet-bvlc, {path.name}"]
    assert known[-1].spec("/val", "crop") == replace(spec, data="/val", preprocess="crop")


def test_files_of_one_name_are_told_apart(path):
    same = Path("/elsewhere") / path.name
    known = known_networks(frame(run(ExperimentSpec(str(path))), run(ExperimentSpec(str(same)))), {})
    assert names(known)[-2:] == ["own", str(same)]


def test_kept_networks_of_one_name_or_of_a_named_ones_are_told_apart(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNESCOPE_CACHE", str(tmp_path))
    data = path.read_bytes()
    changed = data[:-1] + bytes([data[-1] ^ 1])
    for name, content in (("demo.pth", data), ("other.pth", changed)):
        keep_network(name, content)
    assert list(added_networks()) == [next(n for n in added_networks() if n.startswith("demo (")), "other"]


def of_own(about, runs):
    return dense_runs(KnownNetwork("own", "/own.pth"), {("/own.pth", None): about}, runs, lambda spec, sha: False)


def test_accuracy_is_that_of_the_network_as_it_is(about):
    spec = ExperimentSpec("/own.pth")
    runs = frame(
        run(spec, about.sha256, images=50.0, at=5.0),
        run(replace(spec, data="/val"), about.sha256, images=200.0, top1=0.7),
        run(replace(spec, pruning=Pruning(rate=0.5)), about.sha256, images=999.0),
        run(spec, "b" * 64, images=999.0),
        run(replace(spec, data="/other"), about.sha256, images=float("nan"), top1=float("nan")),
    )
    measured = of_own(about, runs)
    assert list(measured["data"]) == ["scenes", "/val"]
    assert most_exact(measured)["data"] == "/val"
    assert accuracy_table(measured)["top-1 %"].tolist() == pytest.approx([90, 70])
    row = networks_table([KnownNetwork("own", "/own.pth")], {"own": about}, runs, {"own": measured}).iloc[0]
    assert (row["top-1 %"], row["n"], row["classes"]) == (pytest.approx(70), 200, 3)
    assert (row["looks"], row["sparsity %"], row["sha256"]) == ("not pruned", 0, about.sha256)


def test_nothing_measured_is_no_accuracy(about):
    assert most_exact(of_own(about, frame())) is None
    assert accuracy_table(of_own(about, frame())).empty


def test_what_was_measured_of_the_same_weights_with_other_class_names_is_another_networks(about):
    called = {"/own.pth": about.classes, "/copy.pth": about.classes, "/twin.pth": about.classes[::-1]}
    runs = frame(*(run(ExperimentSpec(name, data=name), about.sha256) for name in (*called, "/gone.pth")))
    files = {(name, None): replace(about, classes=classes) for name, classes in called.items()}

    def of(name, shows=lambda spec, sha: False):
        return list(dense_runs(KnownNetwork("one", name), files, runs, shows)["network"])

    assert of("/own.pth") == ["/own.pth", "/copy.pth"]
    assert of("/twin.pth") == ["/twin.pth"]
    assert of("/gone.pth") == ["/gone.pth"]
    same = lambda spec, sha: (spec.network, spec.data, sha) == ("/twin.pth", "/gone.pth", "/gone.pth")  # noqa: E731
    assert of("/twin.pth", same) == ["/twin.pth", "/gone.pth"], "its images have the same labels for both"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"mean": (0.5, 0.5, 0.5)}, ("is fed otherwise",)),
        ({"preset": "crop64", "classes": ("a", "b", "c")}, ("is fed otherwise", "its classes are called otherwise")),
        ({"feeding_said": True}, ("it is said how it is fed",)),
        ({"classes_numbered": False}, ("its classes are named",)),
    ],
)
def test_what_tells_two_networks_of_the_same_weights_apart(about, changed, told):
    assert differences(replace(about, **changed), about) == told


def test_what_was_done_to_read_a_file_is_said(tmp_path):
    import torch

    from core.networks.googlenet import googlenet

    module = googlenet(3, initialise=True)
    pruned = pruned_copy(module, make_masks(module, Pruning(technique="structured", rate=0.25)))
    state = {f"module.{name}": value.half() if value.is_floating_point() else value
             for name, value in pruned.state_dict().items()}  # fmt: skip
    state["module.aux1.fc2.bias"] = torch.zeros(3)
    torch.save({"model": state}, tmp_path / "net.pth")
    told = describe(tmp_path / "net.pth")
    assert looks_like(told) == "structured, clean"
    said = "; ".join(how_it_was_read(told))
    for words in ("under 'model'", "prefix 'module.'", "1 key of auxiliary heads", "stored as float16"):
        assert words in said


def test_images_to_measure_on_are_those_of_networks_of_as_many_classes(about):
    spec = ExperimentSpec("/own.pth")
    runs = frame(
        run(replace(spec, data="/val", preprocess="crop"), "a" * 64),
        run(replace(spec, data="/other"), "b" * 64),
        run(spec, "a" * 64),
    )
    assert images_for(runs, about, {"a" * 64: 3, "b" * 64: 1000}) == {"/val, crop": ("/val", "crop")}


@pytest.mark.skipif(not DEMO_CHECKPOINT.is_file(), reason="the demo network is not here")
def test_the_scenes_are_for_networks_of_their_classes():
    assert images_for(frame(), describe(DEMO_CHECKPOINT), {}) == {"generated scenes": ("scenes", "preset")}
