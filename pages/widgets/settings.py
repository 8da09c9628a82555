"""The settings of an experiment in the sidebar, in the order of thinking; each lives in the URL under its key.

Choices are shown by the core's own words, unformatted: what a widget shows is what it writes into the URL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.experiment import PREPROCESSES, Extent
from core.known_networks import added_networks
from core.layer_names import LAYERS
from core.networks.registry import NETWORKS
from core.pruning.criteria import CRITERIA
from core.pruning.settings import FORMS, Pruning
from core.pruning.techniques import TECHNIQUES
from core.sweep import Sweep, parse_layer_rates, parse_rates, rates_text
from pages.widgets.address import name_unknown
from pages.widgets.retraining import RetrainingSettings, name_no_number, read_retraining

FILE = "file"
_SCOPE_WORDS = {"local": "the same rate in each layer", "global": "one ranking over all layers"}
SCENES, FOLDER = "scenes", "folder"


@dataclass(frozen=True)
class Settings:
    """What the widgets hold, unchecked: `sweep` and `extent` refuse what is not allowed."""

    network: str
    weights: str | None
    data: str
    preprocess: str
    techniques: tuple[str, ...]
    criteria: tuple[str, ...]
    scopes: tuple[str, ...]
    forms: tuple[str, ...]
    rates: tuple[tuple[str, str], ...]  # technique -> text
    seed: int
    stem: bool
    fc: bool
    exclude: tuple[str, ...]
    layer_rates: str
    retraining: RetrainingSettings
    images: int | None
    precision: float | None

    def sweep(self) -> Sweep:
        """Return the experiments. Raises InvalidSettingError."""
        layers = parse_layer_rates(self.layer_rates)
        return Sweep(
            network=self.network,
            weights=self.weights,
            data=self.data,
            preprocess=self.preprocess,
            techniques=self.techniques,
            criteria=self.criteria,
            scopes=self.scopes,
            forms=self.forms,
            rates=tuple((name, parse_rates(text)) for name, text in self.rates),
            base=Pruning(seed=self.seed, stem=self.stem, fc=self.fc, exclude=self.exclude, layer_rates=layers),
            retrainings=self.retraining.retrainings(),
            controls=self.retraining.control,
        )

    def extent(self) -> Extent:
        """Return how exact. Raises InvalidSettingError."""
        return Extent(self.images, self.precision)


def read_settings() -> Settings:
    """Draw all settings in the sidebar and return what they hold."""
    with st.sidebar:
        network, weights = choose_network(_suit_data)
        data, preprocess = _data()
        techniques, criteria, scopes, forms = _pruning()
        rates = tuple((name, _rates(name)) for name in techniques)
        with st.expander("Layers and seed"):
            seed, stem, fc, exclude, layer_rates = _advanced()
        retraining = read_retraining()
        images, precision = _exactness()
    return Settings(
        network, weights, data, preprocess, techniques, criteria, scopes, forms, rates, seed, stem, fc, exclude,
        layer_rates, retraining, images, precision,
    )  # fmt: skip


def choose_network(on_change: Callable[[], None] | None = None, page: str = "") -> tuple[str, str | None]:
    """Draw the choice of the dense network; return its name, or its file, and the file of a named one's weights.

    `page` begins the keys of a page that leads to another with these settings: those of widgets get lost on the way.
    """
    added = added_networks()
    options = [*NETWORKS, *added, FILE]
    name_unknown(f"{page}network", "network", options)
    chosen = st.selectbox(
        "Network",
        options,
        help="; ".join(
            [
                *(f"{name}: {entry.title}" for name, entry in NETWORKS.items()),
                "file: a checkpoint of yours by its path; those added on the page Networks have their names",
            ]
        ),
        key=f"{page}network",
        bind="query-params",
        on_change=on_change or "rerun",
    )
    if chosen == FILE:
        return type_path(
            "Checkpoint", f"{page}checkpoint", "a .safetensors or .pth file with torchvision's key names"
        ), None
    if chosen == "googlenet-bvlc":
        return chosen, type_path("Weights", f"{page}weights", "the safetensors file of the 2014 network") or None
    return (str(added[chosen]) if chosen in added else chosen), None


def _suit_data() -> None:
    """Offer the images that go with the network: the scenes belong to the demo, ImageNet's networks want a folder."""
    named = st.session_state["network"] in NETWORKS
    if named:
        st.session_state["source"] = SCENES if st.session_state["network"] == "demo" else FOLDER


def type_path(label: str, key: str, what: str) -> str:
    """Draw the field for a path of `what`; return what is in it."""
    return (st.text_input(label, key=key, bind="query-params", placeholder=f"path of {what}", help=what) or "").strip()


def _data() -> tuple[str, str]:
    name_unknown("source", "kind of images", [SCENES, FOLDER])
    source = st.segmented_control(
        "Images",
        [SCENES, FOLDER],
        default=SCENES,
        required=True,
        help="The demo's generated scenes; or images labelled in any way that *Data* knows, as PATH or LAYOUT:PATH.",
        key="source",
        bind="query-params",
    )
    if source != FOLDER:
        return SCENES, PREPROCESSES[0]
    folder = type_path(
        "Folder",
        "folder",
        "class folders, labelled images, an archive or shards",
    )
    return folder, choose_preprocess()


def choose_preprocess(page: str = "") -> str:
    """Draw the choice of how pixels are made of images; `page` is that of `choose_network`."""
    name_unknown(f"{page}preprocess", "preprocessing", PREPROCESSES)
    return str(
        st.segmented_control(
            "Preprocessing",
            PREPROCESSES,
            default=PREPROCESSES[0],
            required=True,
            help="preset: resize and crop as the network wants it; crop: crop only, for images brought to size before.",
            key=f"{page}preprocess",
            bind="query-params",
        )
    )


def _pruning() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    techniques = _several("Technique", "technique", {one.name: one.meaning for one in TECHNIQUES.values()}, TECHNIQUES)
    criteria = _several("Criterion", "criterion", {one.name: one.meaning for one in CRITERIA.values()}, ("l1",))
    scopes = _several("Scope", "scope", _SCOPE_WORDS, ("local",))
    forms = _several("Form of structured", "form", FORMS, ("clean",)) if "structured" in techniques else ("clean",)
    return techniques, criteria, scopes, forms


def _several(label: str, key: str, meanings: Mapping[str, str], default: Iterable[str]) -> tuple[str, ...]:
    if st.query_params.get(key):
        name_unknown(key, label.lower(), list(meanings))
    chosen = st.pills(
        label,
        list(meanings),
        selection_mode="multi",
        default=list(default),
        help="; ".join(f"{name}: {meaning}" for name, meaning in meanings.items()),
        key=key,
        bind="query-params",
    )
    return tuple(name for name in meanings if name in chosen)


def _rates(technique: str) -> str:
    text = st.text_input(
        f"Rates, {technique}",
        value=rates_text(TECHNIQUES[technique].rates),
        help="The shares to remove, each measured on a network of its own: 0.1, 0.2, 0.5 or 0.1..0.9 by 0.1",
        key=f"{technique}_rates",
        bind="query-params",
    )
    return text or ""


def _advanced() -> tuple[int, bool, bool, tuple[str, ...], str]:
    stem = st.checkbox("Prune conv1-3 too", key="stem", bind="query-params")
    fc = st.checkbox("Prune the classifier (fc) too", key="fc", bind="query-params")
    if st.query_params.get("exclude"):
        name_unknown("exclude", "layer", LAYERS)
    exclude = st.multiselect("Layers left dense", LAYERS, key="exclude", bind="query-params", placeholder="none")
    layer_rates = st.text_area(
        "Rates of single layers",
        placeholder="inception3a.branch1.conv 0.2",
        help="A layer and its rate on each line; all other layers keep the rate of the curve.",
        key="layer_rates",
        bind="query-params",
    )
    name_no_number("seed", "seed of random")
    seed = st.number_input("Seed of random", value=0, step=1, key="seed", bind="query-params")
    return int(seed or 0), stem, fc, tuple(exclude), layer_rates or ""


def _exactness() -> tuple[int | None, float | None]:
    name_unknown("exact", "way to say how exact", ["images", "precision", "all"])
    how = st.segmented_control(
        "How exact",
        ["images", "precision", "all"],
        default="images",
        required=True,
        help="So many images; or until top-1 is known to the half-width you give (95 %); or all images there are.",
        key="exact",
        bind="query-params",
    )
    if how == "images":
        name_no_number("images", "number of images")
        images = st.number_input("Number of images", value=1000, step=100, key="images", bind="query-params")
        return int(images) if images is not None else None, None
    if how == "precision":
        name_no_number("precision", "precision")
        label = "Top-1 known to ± (0.02 is 2 points)"
        value = st.number_input(label, value=0.02, step=0.005, format="%.3f", key="precision", bind="query-params")
        return None, value
    return None, None
