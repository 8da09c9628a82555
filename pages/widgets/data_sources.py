"""The list of known sources, and how one is added to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.imagenette import IMAGENETTE
from core.data.recognise import Description, recognise
from core.data.source import SCENES, AmbiguousDataError
from core.errors import PrunescopeError
from core.experiment import PREPROCESSES, ExperimentSpec
from core.known_data import KnownData, add_data, known_data
from core.networks.network import Network
from core.networks.registry import NETWORKS
from core.words import count
from pages.widgets.core_access import store
from pages.widgets.errors import plain, sentence, show_error
from pages.widgets.settings import FILE, FOLDER

PAGE = "data_"  # begins the keys of the settings of Data
_SECONDS = 120  # so long is a folder believed to hold what it held
IMAGENETTE_VAL = f"{IMAGENETTE}:val"
_LIST, _FIELD, _ASKED = "sources", "added", "path asked for"
_NAMED = {SCENES: "Generated scenes", IMAGENETTE_VAL: "Imagenette, validation"}
_HELP = (
    "ImageNet's validation images (class folders, flat with labels.csv, val.txt or the devkit, the original tar, "
    "parquet shards), ImageNet-V2, Imagenette, or any folder with one folder of images per class."
)


@dataclass(frozen=True)
class Setting:
    """The network that images are for, as it was chosen, and how pixels are made of them."""

    name: str
    weights: str | None
    preprocess: str
    network: Network

    def spec(self, text: str) -> ExperimentSpec:
        """Return the dense experiment on some data."""
        preprocess = PREPROCESSES[0] if text == SCENES else self.preprocess
        return ExperimentSpec(self.name, self.weights, text, preprocess)

    def address(self, text: str) -> dict[str, str]:
        """Return the settings of Trade-offs that mean this network on some data."""
        network = {"network": self.name} if self.name in NETWORKS else {"network": FILE, "checkpoint": self.name}
        weights = {"weights": self.weights} if self.weights else {}
        if text == SCENES:
            return network | weights | {"source": SCENES}
        return network | weights | {"source": FOLDER, "folder": text, "preprocess": self.preprocess}


def data_address(spec: ExperimentSpec) -> dict[str, str]:
    """Return the settings of Data that mean the network and the images of an experiment."""
    network = {"network": spec.network} if spec.network in NETWORKS else {"network": FILE, "checkpoint": spec.network}
    settings = network | {"preprocess": spec.preprocess} | ({"weights": spec.weights} if spec.weights else {})
    return {f"{PAGE}{key}": value for key, value in settings.items()} | ({"data": spec.data} if spec.data else {})


def described(setting: Setting, text: str) -> Description:
    """Return what data are to the network, looked up at most every two minutes; raises what `recognise` raises."""
    return _described(text, setting.network.key, setting.network)


@st.cache_resource(ttl=_SECONDS, max_entries=64, show_spinner="Looking at the files …")
def _described(text: str, network_key: str, _network: Network) -> Description:
    return recognise(text, _network.classes)


def offer_to_add(setting: Setting, room: DeltaGenerator) -> None:
    """Draw the field for a path in `room`; below, what is wrong with it or could be meant; a clear one is listed."""
    problem = _take(setting, st.session_state.get(_ASKED, ""))
    room.text_input("Add images", key=_FIELD, placeholder="path, then Enter", help=_HELP, on_change=_ask)
    if isinstance(problem, AmbiguousDataError):
        ask_which(problem.given, problem.ways, "way")
    elif problem is not None:
        show_error(problem)


def _ask() -> None:
    st.session_state[_ASKED] = st.session_state[_FIELD].strip()


def _take(setting: Setting, path: str) -> PrunescopeError | None:
    """Put a path on the list if it can be read in one way; else return what is wrong with it."""
    if not path:
        return None
    try:
        described(setting, path)
        _add(path)
    except PrunescopeError as error:
        return error
    return None


def ask_which(question: str, ways: Mapping[str, str], key: str) -> None:
    """Draw a question about data with a button for each way to read them; what is chosen is put on the list."""
    title = plain(sentence(question))
    st.warning("Which one is meant?" if len(ways) > 1 else "If this is right, choose it:", title=title)
    for way, what in ways.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            label = f"Read as {way.partition(':')[0]}" if what else f"Open {PurePath(way).name}"
            st.button(plain(label), key=f"{key} {way}", on_click=_add, args=(way,))
            st.markdown(plain(sentence(what or way)), width="stretch")


def _add(text: str) -> None:
    add_data(store().folder, text)
    st.session_state[_ASKED] = st.session_state[_FIELD] = ""
    show_source(text)


def show_source(text: str) -> None:
    """Choose a source, in the URL."""
    st.query_params["data"] = text


def choose_source(setting: Setting, runs: Sequence[str]) -> KnownData:
    """Draw the list of sources and return the chosen one; `runs` has the data of each run of the store."""
    chosen = st.query_params.get("data", SCENES)
    known = {one.text: one for one in known_data(store().folder, runs)}
    for offered in (chosen, IMAGENETTE_VAL):
        known.setdefault(offered, KnownData(offered, added=False, runs=0))
    names = _names(list(known))
    st.session_state[_LIST] = chosen  # the URL decides, whoever wrote it
    st.radio(
        "Sources",
        list(known),
        format_func=lambda text: plain(names[text]),
        captions=[plain(_caption(setting, one)) for one in known.values()],
        key=_LIST,
        on_change=lambda: show_source(st.session_state[_LIST]),
    )
    return known[chosen]


def _names(texts: Sequence[str]) -> dict[str, str]:
    """Return for each source a short name; the whole text where a short one could mean two."""
    short = {text: _NAMED.get(text) or "/".join(PurePath(text).parts[-2:]) for text in texts}
    taken = list(short.values())
    return {text: name if taken.count(name) == 1 else text for text, name in short.items()}


def _caption(setting: Setting, known: KnownData) -> str:
    """Return what a source is in a few words, or that it is not to be had."""
    try:
        found = described(setting, known.text)
    except AmbiguousDataError:
        return "to be asked about"
    except PrunescopeError:
        return "can be downloaded" if known.text == IMAGENETTE_VAL else "cannot be read"
    misfit = len(found.mapping.unmatched)
    parts = (
        count(found.images, "image"),
        count(len(found.classes), "class", "classes") + (f", {misfit:,} not this network's" if misfit else ""),
        count(known.runs, "run") if known.runs else "",
    )
    return " · ".join(part for part in parts if part)
