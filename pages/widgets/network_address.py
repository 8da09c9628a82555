"""The addresses of a network in Trade-offs: what the settings there would write into the URL."""

from __future__ import annotations

from core.data.source import SCENES
from core.experiment import ExperimentSpec
from core.known_networks import KnownNetwork, images_for, most_exact
from core.networks.registry import NETWORKS
from core.pruned_elsewhere import elsewhere_title
from core.pruning.description import NetworkDescription
from pages.widgets.network_elsewhere import ELSEWHERE
from pages.widgets.network_known import Known
from pages.widgets.settings import FILE, FOLDER

_SCENES = "scenes"  # of the settings' kinds of images


def address_of(known: Known, one: KnownNetwork) -> dict[str, str]:
    """Return the query that sets a network in Trade-offs, on the images that most is known of it on."""
    about = known.described[one.name]
    if not isinstance(about, NetworkDescription):
        return network_address(one)
    best = most_exact(known.measured[one.name])
    if best is not None:
        return network_address(one) | images_address(ExperimentSpec.from_json(best["spec"]))
    first = next(iter(images_for(known.runs, about, known.classes).values()), None)
    return network_address(one) | (images_address(one.spec(*first)) if first else {"source": FOLDER})


def curve_address(known: Known, base: ExperimentSpec, one: KnownNetwork, sha256: str) -> dict[str, str]:
    """Return the query that shows a network beside the curves of another, by its sparsity."""
    network = next(each for each in known.networks if (each.network, each.weights) == (base.network, base.weights))
    beside = {ELSEWHERE: elsewhere_title(one.network, sha256), "x": "sparsity"}
    return network_address(network) | images_address(base) | beside | {"all": "true"}


def network_address(one: KnownNetwork) -> dict[str, str]:
    """Return the query that sets a network."""
    if one.added:
        return {"network": one.name}
    if one.network in NETWORKS:
        return {"network": one.network} | ({"weights": one.weights} if one.weights else {})
    return {"network": FILE, "checkpoint": one.network}


def images_address(spec: ExperimentSpec) -> dict[str, str]:
    """Return the query that sets the images of an experiment."""
    if spec.data == SCENES:
        return {"source": _SCENES}
    return {"source": FOLDER, "folder": spec.data, "preprocess": spec.preprocess}
