"""A network that was pruned elsewhere: what is said to be removed of its runs is what is zero in them."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from safetensors.torch import save_file

from core.experiment import ExperimentSpec, Extent
from core.families import families
from core.jobs.counted import count_again
from core.jobs.evaluate import evaluate
from core.jobs.executor import Executor
from core.jobs.pruned import pruned_network
from core.jobs.subject import find_subject
from core.networks.registry import DEMO_CHECKPOINT, load_network
from core.pruning.masks import apply_masks, layer_sparsity, make_masks, pruned_copy, sparsity
from core.pruning.settings import Pruning
from core.store.runs import find_result, put_result, runs_frame
from core.training.stages import weights_sparsity
from core.training.weights import Weights, load_weights, save_weights
from tests.retrained import put_retrained, retrained

RATES = (0.0, 0.2)
SHOWN = Extent(32)


@pytest.fixture
def specs(tmp_path):
    """The demo network without 30 % of its single weights, as it comes and with filters removed."""
    demo = load_network("demo")
    came = pruned_copy(demo.module, make_masks(demo.module, Pruning(rate=0.3))).state_dict()
    path = tmp_path / "came.safetensors"
    save_file({name: value.contiguous() for name, value in came.items()}, path)
    for end in (".json", ".classes.txt"):
        beside = DEMO_CHECKPOINT.with_name(DEMO_CHECKPOINT.stem + end)
        if beside.is_file():
            path.with_name(path.stem + end).write_bytes(beside.read_bytes())
    spec = ExperimentSpec(str(path))
    return [replace(spec, pruning=Pruning("structured", rate=rate) if rate else Pruning()) for rate in RATES]


def network(spec, store):
    return find_subject(spec, store.folder).network


def zero_share(spec, store, run_id):
    return weights_sparsity(pruned_network(network(spec, store), spec, run_id, store.folder).module)


@pytest.mark.slow
def test_sparsity_counts_what_the_network_came_without(store, specs):
    rows = list(evaluate(store, specs, SHOWN, "cpu"))
    expected = [zero_share(spec, store, row["run_id"]) for spec, row in zip(specs, rows, strict=True)]
    assert [row["sparsity"]["prunable"] for row in rows] == pytest.approx(expected, abs=1e-4)
    assert expected[0] == pytest.approx(0.3, abs=1e-3)
    assert expected == sorted(expected)
    placed = runs_frame(store).set_index("id")["sparsity_prunable"]
    assert [placed[row["run_id"]] for row in rows] == pytest.approx(expected, abs=1e-4)


def count_as_before(store, spec, run_id):
    """Write of a run what was written when only the masks made here were counted."""
    module = network(spec, store).module
    masks = make_masks(module, spec.pruning)
    with store.writing() as db:
        put_result(db, run_id, "sparsity", asdict(sparsity(module, masks)) | {"layers": layer_sparsity(module, masks)})


def test_runs_counted_without_it_are_counted_again_when_their_network_is_at_hand(store, specs):
    ids = Executor(store).submit(specs, SHOWN).run_ids
    for spec, run_id in zip(specs, ids, strict=True):
        count_as_before(store, spec, run_id)
    assert [job.title for job in Executor(store).list()] == [
        "came, as it came, 29 % zeros",
        "came, structured L1 0.20, local",
    ]
    (family,) = families(runs_frame(store))
    assert [round(member.sparsity, 1) for member in family.members] == [0.0, 0.2]
    Executor(store).submit(specs, SHOWN)
    found = [find_result(store, run_id, "sparsity") for run_id in ids]
    expected = [zero_share(spec, store, run_id) for spec, run_id in zip(specs, ids, strict=True)]
    assert [one["prunable"] for one in found] == pytest.approx(expected, abs=1e-4)
    assert all(one["own"] == {name: found[0][name] for name in ("prunable", "conv", "all")} for one in found)


def test_what_an_earlier_retraining_gave_back_is_not_counted(store, specs):
    """Its masks were those made here, so that it trained the zeros with which the network came."""
    spec = retrained(specs[1])
    run_id = put_retrained(store, spec)
    made, module = make_masks(network(spec, store).module, spec.pruning), network(spec, store).copy()
    for parameter in module.parameters():
        parameter.data.add_(1e-3)
    apply_masks(module, made)
    save_weights(store.folder, run_id, Weights(module.state_dict(), made))
    pruned = pruned_network(network(spec, store), spec, run_id, store.folder)
    assert sparsity(pruned.module, pruned.masks) == sparsity(module, made)
    assert load_weights(store.folder, run_id).masks.keys() == made.keys()


def test_without_its_weights_a_retrained_run_stays_as_it_is(store, specs):
    spec = retrained(specs[1])
    run_id = put_retrained(store, spec, weights=False)
    count_as_before(store, spec, run_id)
    before = find_result(store, run_id, "sparsity")
    subject = find_subject(spec, store.folder)
    count_again(store, subject.network, subject.fingerprint())
    assert find_result(store, run_id, "sparsity") == before
