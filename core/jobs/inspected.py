"""The network of a run, ready to be looked into."""

from __future__ import annotations

from pathlib import Path

from core.experiment import ExperimentSpec
from core.interpretability import inspection
from core.jobs.pruned import pruned_network
from core.networks.network import Network


def inspected(network: Network, spec: ExperimentSpec, run_id: str, folder: Path, device: str) -> inspection.Subject:
    """Return the network of a run on a device; arguments and errors are those of `pruned_network`."""
    pruned = pruned_network(network, spec, run_id, folder)
    return inspection.subject(network, pruned.module, pruned.masks, device)
