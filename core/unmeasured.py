"""Networks of which nothing was measured: one can still prune them, and look at pictures with them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from core.experiment import ExperimentSpec
from core.families import Family, Member
from core.networks.registry import NETWORKS
from core.pruning.settings import Pruning


def unmeasured(network: ExperimentSpec, found: Iterable[Family]) -> Family:
    """Return the network of a spec as a family: dense, and pruned in each way in which those of `found` were pruned.

    Retrained networks have weights of their own and are left out. The ids of its members are of no run in the store,
    and its fingerprints are empty; nothing is loaded.
    """
    ways = {_key(one.spec.pruning): one.spec.pruning for family in found for one in family.members if _is_pruned(one)}
    specs = [replace(network.dense(), pruning=pruning) for pruning in (*ways.values(), Pruning())]
    members = tuple(Member(_identity(spec), spec, 0, None) for spec in specs)
    return Family(f"{_title(network)}, nothing measured", "", "", members)


def same_network(one: ExperimentSpec, other: ExperimentSpec) -> bool:
    """Return whether two specs name their network alike."""
    return (one.network, one.weights) == (other.network, other.weights)


def told_apart(families: Sequence[Family]) -> tuple[Family, ...]:
    """Return the families with titles that are all different: files in different folders may have the same name."""
    often = Counter(family.title for family in families)
    return tuple(
        replace(one, title=f"{one.title} ({one.members[-1].id[:6]})") if often[one.title] > 1 else one
        for one in families
    )


def _is_pruned(member: Member) -> bool:
    return member.spec.retraining is None and not member.spec.is_dense


def _title(spec: ExperimentSpec) -> str:
    return NETWORKS[spec.network].title if spec.network in NETWORKS else PurePath(spec.network).name


def _identity(spec: ExperimentSpec) -> str:
    named = {"network": spec.network, "weights": spec.weights, "pruning": spec.pruning.canonical()}
    return hashlib.sha256(f"nothing measured {json.dumps(named, sort_keys=True)}".encode()).hexdigest()[:16]


def _key(pruning: Pruning) -> str:
    return json.dumps(pruning.canonical(), sort_keys=True)
