"""One network: where it comes from, what it is, what was pruned in it, how good it is, and where to go with it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st

from core.errors import InvalidSettingError, PrunescopeError
from core.figures.curves import layer_bars
from core.jobs.removing import check_unused, remove_network
from core.known_networks import KnownNetwork, how_it_was_read, looks_like
from core.networks.registry import NETWORKS
from core.pruning.description import NetworkDescription
from core.words import count, listed, percent, size
from pages.widgets.core_access import store
from pages.widgets.errors import plain, show_error, shown_errors
from pages.widgets.look import is_dark
from pages.widgets.needed import offer_download
from pages.widgets.network_accuracy import draw_accuracy, draw_measured
from pages.widgets.network_address import address_of
from pages.widgets.network_known import Known
from pages.widgets.network_table import CHOSEN

_FEW = 6  # class names that are said at once


def draw_network(known: Known, one: KnownNetwork) -> None:
    """Draw all that is known of a network."""
    about = known.described[one.name]
    if about is None:
        _not_at_hand(one)
        if len(known.measured[one.name]):
            draw_measured(known.measured[one.name])
    elif isinstance(about, PrunescopeError):
        _actions(known, one, usable=False)
        show_error(about)
    else:
        _actions(known, one, usable=True)
        _warn(one, about)
        left, right = st.columns([2, 3], gap="medium")
        with left:
            draw_facts(one, about)
        with right:
            draw_zeros(about)
        draw_accuracy(known, one, about)


def _not_at_hand(one: KnownNetwork) -> None:
    if one.network == "googlenet" and one.weights is None:
        offer_download(one.network)
        return
    more = " Or add a file of it above." if one.network in NETWORKS else ""
    st.info(f"{plain(one.name)} is not at hand: {plain(one.needs)}.{more}")


def _actions(known: Known, one: KnownNetwork, *, usable: bool) -> None:
    with st.container(horizontal=True):
        if usable and st.button("Use in Trade-offs", type="primary", key="use"):
            st.switch_page("pages/tradeoffs.py", query_params=address_of(known, one))
        if one.added and st.button("Remove …", key="remove"):
            _confirm(one)


@st.dialog("Remove a network")
def _confirm(one: KnownNetwork) -> None:
    with shown_errors(stop=False):  # else the page would end where the dialog does
        check_unused(store(), Path(one.network))
        _ask(one)


def _ask(one: KnownNetwork) -> None:
    st.markdown(f"The copy of {plain(one.name)} that is kept here will be gone. What was measured of it stays.")
    with st.container(horizontal=True):
        if st.button("Remove", type="primary", on_click=_forget, args=(one,)):
            st.rerun()
        if st.button("Keep it"):
            st.rerun()


def _forget(one: KnownNetwork) -> None:
    with suppress(InvalidSettingError):  # a job came in the meantime: the dialog says so
        remove_network(store(), Path(one.network))
        st.session_state[CHOSEN] = next(iter(NETWORKS))


def _warn(one: KnownNetwork, about: NetworkDescription) -> None:
    """Warn of what is wrong and of what is assumed; of a file that is kept here nothing can be said beside it."""
    faults = about.warnings[: len(about.warnings) - len(about.assumed)]
    lines = [*faults, *about.assumed] if one.added else list(about.warnings)
    if not lines:
        return
    told = "\n".join(f"- {plain(line[:1].upper() + line[1:])}." for line in lines)
    st.warning(f"{told}\n\n{_again(about)}" if one.added and about.assumed else told)


def _again(about: NetworkDescription) -> str:
    """Return how to say of a network that was added what is assumed of it."""
    needed = {
        "the network that it is shown images like": not about.feeding_said,
        "class names": about.classes_numbered,
    }
    told = listed([what for what, holds in needed.items() if holds])
    return f"To say it, add the file again with {told}; then remove this one."


def draw_facts(one: KnownNetwork, about: NetworkDescription) -> None:
    """Draw what a network's file is and how it was read."""
    facts = {
        "Source": f"{one.source}, {size(about.file_bytes)}",
        "Architecture": f"{about.architecture}, {count(about.parameters, 'parameter')}",
        "Classes": f"{count(len(about.classes), 'class', 'classes')}, {about.classes_from}: {_some(about.classes)}",
        "Images": f"{_pixels(about.preset)}; mean {_three(about.mean)}, std {_three(about.std)}"
        + (f" of pixels / {about.unit:g}" if about.unit != 255 else "")
        + (", then transform_input" if about.transform_input else ""),
        "File": "; ".join(how_it_was_read(about)) or "read as it is",
    }
    st.markdown("  \n".join(f"**{name}:** {plain(words)}" for name, words in facts.items()))
    st.caption(
        "SHA-256 by which runs know it: of the weights, and of the normalisation where that is not the usual one"
    )
    st.code(about.sha256, language=None, wrap_lines=True)


def _pixels(preset: str) -> str:
    """Return "resized to 256, cropped to 224 pixels" of a preset's name."""
    return f"{preset.replace('resize', 'resized to ').replace('-crop', ', cropped to ')} pixels"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_FEW]) + (", …" if len(names) > _FEW else "")


def _three(values: tuple[float, float, float]) -> str:
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"


def draw_zeros(about: NetworkDescription) -> None:
    """Draw what was pruned in a network: in words, and layer by layer if anything was."""
    if about.technique == "none":
        st.markdown("**Zeros:** not pruned, no layer has more zeros than come by accident.")
        return
    shares = about.sparsity
    st.markdown(
        f"**Zeros** look like {plain(looks_like(about))}: {percent(shares['prunable'])} of the prunable weights, "
        f"{percent(shares['conv'])} of all conv weights, {percent(shares['all'])} of all parameters."
    )
    figure = layer_bars(about.layer_sparsity, about.technique, dark=is_dark())
    st.plotly_chart(figure, key="network_layers", config={"displayModeBar": False})
    st.caption("Share of each layer's weights that is zero, by inception block; conv1-3 at the left, fc at the right.")
