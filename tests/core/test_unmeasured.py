"""Networks that nothing was measured of are pruned as others in the store were."""

from __future__ import annotations

from dataclasses import replace

from core.experiment import ExperimentSpec
from core.families import Family, Member
from core.pruning.settings import Pruning
from core.unmeasured import same_network, told_apart, unmeasured
from tests.retrained import RETRAINING

RATES = (0.2, 0.5)
MEASURED = [ExperimentSpec(data="photos", pruning=Pruning(rate=rate)) for rate in (0.0, *RATES)]


def family(*specs):
    members = tuple(Member(f"{place:016x}", spec, 10, 0.5) for place, spec in enumerate(specs))
    return Family("measured", "a" * 64, "b" * 64, members)


def test_it_is_pruned_in_each_way_once_and_dense():
    made = unmeasured(ExperimentSpec("own.safetensors"), [family(*MEASURED), family(*MEASURED[1:])])
    ((title, curve),) = made.curves().items()
    assert title == "Unstructured"
    assert [one.rate for one in curve] == list(RATES)
    assert made.dense is not None
    assert len(made.members) == len(RATES) + 1
    assert same_network(made.spec, ExperimentSpec("own.safetensors"))
    assert all(one.top1 is None and one.images == 0 for one in made.members)


def test_retrained_networks_have_weights_of_their_own_and_are_left_out():
    made = unmeasured(ExperimentSpec("own.safetensors"), [family(replace(MEASURED[1], retraining=RETRAINING))])
    assert [one.spec for one in made.members] == [ExperimentSpec("own.safetensors")]


def test_its_networks_have_ids_of_their_own_the_same_each_time():
    first, again = (unmeasured(ExperimentSpec("own.safetensors"), [family(*MEASURED)]) for _ in range(2))
    other = unmeasured(ExperimentSpec("other.safetensors"), [family(*MEASURED)])
    ids = [{one.id for one in each.members} for each in (first, again, other)]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]
    assert len(ids[0]) == len(first.members)


def test_files_of_the_same_name_are_told_apart():
    made = [unmeasured(ExperimentSpec(f"{folder}/net.safetensors"), ()) for folder in ("a", "b")]
    alone = unmeasured(ExperimentSpec("other.safetensors"), ())
    titles = [one.title for one in told_apart([*made, alone])]
    assert len(set(titles)) == 3
    assert titles[2] == alone.title == "other.safetensors, nothing measured"
