from __future__ import annotations

import pandas as pd
import pytest

from core.errors import BrokenDataError
from core.experiment import ExperimentSpec
from core.families import Member, check_unchanged, families
from core.pruning.settings import Pruning
from core.store.database import open_store
from core.store.runs import Run, put_result, put_run, runs_frame
from core.training.retraining import Retraining


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path)


HOW = Retraining(data_sha="t" * 64)


def put(store, *prunings, network="a" * 64, data="d" * 64, at=0.0, retraining=None):
    with store.writing() as db:
        for pruning in prunings:
            spec = ExperimentSpec(pruning=pruning, retraining=retraining)
            what = pruning.canonical()
            put_run(
                db,
                Run(
                    id=spec.run_id(network, data),
                    spec=spec.to_json(),
                    network="GoogLeNet demo",
                    network_sha=network,
                    data="scenes",
                    data_sha=data,
                    created_at=at,
                    rate=pruning.rate,
                    **{key: what.get(key) for key in ("technique", "criterion", "scope", "form", "seed")},
                ),
            )


def of(rate, **settings):
    return Pruning(rate=rate, **settings)


def test_an_empty_store_has_no_families(store):
    assert families(runs_frame(store)) == ()


def test_runs_lie_on_their_curves_by_rising_rate(store):
    put(store, Pruning(), of(0.5), of(0.1), of(0.05, technique="structured"), of(0.3))
    (family,) = families(runs_frame(store))
    rates = {title: [member.rate for member in curve] for title, curve in family.curves().items()}
    assert rates == {"Unstructured": [0.1, 0.3, 0.5], "Structured": [0.05]}
    assert family.dense.rate == 0
    assert family.spec == ExperimentSpec()


def test_curves_that_differ_in_one_setting_have_different_names(store):
    put(store, of(0.5), of(0.5, criterion="random"), of(0.5, scope="global"))
    (family,) = families(runs_frame(store))
    assert len(family.curves()) == 3


@pytest.mark.parametrize(
    ("spec", "kind", "title"),
    [
        (ExperimentSpec(), "Dense", "Dense"),
        (ExperimentSpec(retraining=HOW), "Dense control", "Dense control"),
        (ExperimentSpec(pruning=Pruning(rate=0.5)), "Unstructured", "Unstructured 0.50"),
        (
            ExperimentSpec(pruning=Pruning(rate=0.5), retraining=HOW),
            "Unstructured, retrained",
            "Unstructured 0.50, retrained",
        ),
        (
            ExperimentSpec(pruning=Pruning("structured", rate=0.1), retraining=Retraining(epochs=0, optimiser="none")),
            "Structured, re-calibrated",
            "Structured 0.10, re-calibrated",
        ),
    ],
)
def test_a_member_has_a_short_name_that_says_whether_it_was_retrained(spec, kind, title):
    member = Member("a", spec, 0, None)
    assert (member.kind, member.title) == (kind, title)


def test_a_network_that_came_pruned_is_not_called_dense():
    member = Member("a", ExperimentSpec(), 0, None, own_zeros=0.431)
    assert (member.kind, member.title) == ("As it came, 43 % zeros",) * 2
    assert Member("a", ExperimentSpec(retraining=HOW), 0, None, own_zeros=0.431).title == "Control, 43 % zeros"


def test_a_retrained_run_and_the_dense_control_are_curves_of_their_own_and_not_the_dense_network(store):
    put(store, Pruning(), of(0.5))
    put(store, Pruning(), of(0.5), of(0.7), retraining=HOW)
    (family,) = families(runs_frame(store))
    rates = {title: [member.rate for member in curve] for title, curve in family.curves().items()}
    how = "retrained 2 epochs by SGD"
    assert rates == {"Unstructured": [0.5], f"Unstructured, {how}": [0.5, 0.7], f"Dense control, {how}": [0.0]}
    assert family.dense.spec.is_dense
    assert family.spec == ExperimentSpec()


def test_the_family_with_the_latest_run_comes_first_and_titles_differ(store):
    put(store, Pruning(), at=1.0)
    put(store, Pruning(), network="b" * 64, at=2.0)
    newer, older = families(runs_frame(store))
    assert newer.network_sha == "b" * 64
    assert newer.title != older.title


def test_a_member_tells_what_was_measured_so_far(store):
    put(store, of(0.1), of(0.2))
    (family,) = families(runs_frame(store))
    run_id = family.curves()["Unstructured"][0].id
    with store.writing() as db:
        put_result(db, run_id, "accuracy", {"images": 64, "top1": 0.75})
        put_result(db, run_id, "sparsity", {"prunable": 0.25, "conv": 0.2, "all": 0.1})
    (family,) = families(runs_frame(store))
    measured, other = family.curves()["Unstructured"]
    assert (measured.images, measured.top1, measured.sparsity) == (64, pytest.approx(0.75), 0.25)
    assert (other.images, other.top1, other.sparsity) == (0, None, None)


def test_a_member_is_found_by_its_id_alone(store):
    put(store, of(0.1))
    (family,) = families(runs_frame(store))
    assert family.member(family.members[0].id) is family.members[0]
    assert family.member("nothing") is None


def test_runs_of_other_weights_or_other_images_are_refused_by_name(store):
    put(store, of(0.1))
    (family,) = families(runs_frame(store))
    check_unchanged(family, family.network_sha, family.data_sha)
    check_unchanged(family, family.network_sha, None)
    with pytest.raises(BrokenDataError, match="the weights of"):
        check_unchanged(family, "b" * 64, None)
    with pytest.raises(BrokenDataError, match="the weights and the images of"):
        check_unchanged(family, "b" * 64, "e" * 64)


@pytest.mark.parametrize(
    ("network", "data", "title"),
    [
        ("demo", "scenes", "GoogLeNet demo, generated scenes"),
        ("/models/mine.safetensors", "/data/imagenet/val", "mine.safetensors, imagenet/val"),
    ],
)
def test_a_title_says_network_and_images_in_words(network, data, title):
    spec = ExperimentSpec()
    row = {"id": "a", "spec": spec.to_json(), "network": network, "data": data, "network_sha": "n", "data_sha": "d"}
    (family,) = families(pd.DataFrame([row | {"created_at": 1.0}]))
    assert family.title == title
