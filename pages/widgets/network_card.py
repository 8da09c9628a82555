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
from core.words import count, percent, size
from pages.widgets.core_access import store
from pages.widgets.errors import plain, show_error, shown_errors
from pages.widgets.look import is_dark
from pages.widgets.needed import offer_download
from pages.widgets.network_accuracy import draw_accuracy
from pages.widgets.network_address import address_of
from pages.widgets.network_known import Known
from pages.widgets.network_table import CHOSEN

_FEW = 6  # class names that are said at once


def draw_network(known: Known, one: KnownNetwork) -> None:
    """Draw all that is known of a network."""
    about = known.described[one.name]
    if about is None:
        _not_at_hand(one)
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
    more = " A file of it can be added above." if one.network in NETWORKS else ""
    st.info(f"{plain(one.name)} is not at hand: {plain(one.needs)}.{more}")


def _actions(known: Known, one: KnownNetwork, *, usable: bool) -> None:
    with st.container(horizontal=True):
        if usable and st.button("Use in Trade-offs", type="primary", key="use"):
            st.switch_page("pages/tradeoffs.py", query_params=address_of(known, one))
        if one.added and st.button("Remove …", key="remove"):
            _confirm(one)


@st.dialog("Remove a network")
def _confirm(one: KnownNetwork) -> None:
    with shown_errors():
        check_unused(store(), Path(one.network))
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
    lines = [f"- {plain(warning)}" for warning in about.warnings]
    again = (
        "Added here: to say it, add the file again, with the network that it is shown images like, or with class "
        "names, and remove this one."
    )
    if lines:
        st.warning("\n".join(lines) + (f"\n\n{again}" if one.added else ""))


def draw_facts(one: KnownNetwork, about: NetworkDescription) -> None:
    """Draw what a network's file is and how it was read."""
    facts = {
        "Source": f"{one.source}, {size(about.file_bytes)}",
        "Architecture": f"{about.architecture}, {count(about.parameters, 'parameter')}",
        "Classes": f"{count(len(about.classes), 'class', 'classes')}, {about.classes_from}: {_some(about.classes)}",
        "Shown": f"images by {about.preset}, mean {_three(about.mean)}, std {_three(about.std)}"
        + (f" of pixels / {about.unit:g}" if about.unit != 255 else "")
        + (", then transform_input" if about.transform_input else ""),
        "Read": "; ".join(how_it_was_read(about)) or "as it is",
    }
    st.markdown("  \n".join(f"**{name}** {plain(words)}" for name, words in facts.items()))
    st.caption("SHA-256 of the weights, by which runs know it")
    st.code(about.sha256, language=None, wrap_lines=True)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_FEW]) + (", …" if len(names) > _FEW else "")


def _three(values: tuple[float, float, float]) -> str:
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"


def draw_zeros(about: NetworkDescription) -> None:
    """Draw what was pruned in a network: in words, and layer by layer if anything was."""
    if about.technique == "none":
        st.markdown("**Zeros** not pruned: no layer has more zeros than come by accident.")
        return
    shares = about.sparsity
    st.markdown(
        f"**Zeros** look like {plain(looks_like(about))}: {percent(shares['prunable'])} of the prunable weights, "
        f"{percent(shares['conv'])} of all conv weights, {percent(shares['all'])} of all parameters."
    )
    figure = layer_bars(about.layer_sparsity, about.technique, dark=is_dark())
    st.plotly_chart(figure, key="network_layers", config={"displayModeBar": False})
    st.caption("Share of each layer's weights that is zero, by inception block; conv1-3 at the left, fc at the right.")
