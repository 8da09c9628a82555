"""Add a network of one's own: an upload, or a file on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.added_networks import add_file, add_upload, names_in
from core.errors import InvalidSettingError, PrunescopeError
from core.known_networks import KnownNetwork, added_networks, differences
from core.networks.checkpoint import UnfittingKeysError
from core.networks.kept import same_weights
from core.networks.network import Network
from core.networks.registry import NETWORKS, load_network
from core.paths import user_path
from core.pruning.description import NetworkDescription
from core.words import count, listed
from pages.widgets.errors import plain, show_error
from pages.widgets.network_known import description_of
from pages.widgets.network_table import CHOSEN

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_SUFFIXES = ["safetensors", "pth", "pt", "bin", "ckpt"]
_ITSELF = "as the file says"
_OPEN, _PATH = "add", "add_path"
_ROUND, _ADDED = "networks added", "network just added"  # what the session remembers
_WHAT = (
    "A state dict of a GoogLeNet with torchvision's key names: safetensors, or a .pth of weights alone. It is checked "
    "key by key, and nothing in it is executed; a copy is kept in the cache."
)
_LIKE = (
    "The network that it was made from, whose normalisation and size of images it wants. Where nothing names its "
    "classes and there are as many, they are called the same."
)


def draw_add() -> None:
    """Draw what adds a network; once it is added, it is the one that is looked at."""
    _tell_added()
    with st.expander("Add a network", key=_OPEN, on_change="rerun"):
        st.caption(_WHAT)
        upload, path, name, names, like = _fields(st.session_state.get(_ROUND, 0))
        if st.button("Add", type="primary", key="add_button", disabled=upload is None and not path):
            _add(upload, path, name, names, like)


def _fields(number: int) -> tuple[UploadedFile | None, str, str, UploadedFile | None, str]:
    """Draw the fields; `number` makes them new ones after each network, so that no upload stays in memory."""
    left, right = st.columns(2)
    upload = left.file_uploader("Checkpoint", _SUFFIXES, key=f"upload {number}", max_upload_size=_limit())
    path = left.text_input(
        "or its path on this machine",
        key=_PATH,
        bind="query-params",
        help=f"For files of more than {_limit()} MB too.",
    )
    name = right.text_input("Name", key=f"name {number}", placeholder="as the file is called")
    options = [_ITSELF, *_at_hand()]
    like = right.selectbox("Shown images like", options, key=f"like {number}", help=_LIKE)
    names = right.file_uploader("Class names, one a line (optional)", ["txt"], key=f"names {number}", max_upload_size=1)
    return upload, (path or "").strip(), (name or "").strip(), names, str(like)


def _limit() -> int:
    return int(st.get_option("server.maxUploadSize"))


def _at_hand() -> list[str]:
    named = [name for name, entry in NETWORKS.items() if entry.find() is not None]
    return [*named, *added_networks()]


def _add(upload: UploadedFile | None, path: str, name: str, names: UploadedFile | None, like: str) -> None:
    before = set(added_networks().values())
    try:
        kept = _kept(upload, path, name, names, like)
    except PrunescopeError as error:
        show_error(error)
        _list_keys(error)
        return
    st.session_state[CHOSEN] = next(name for name, file in added_networks().items() if file == kept)
    st.session_state[_ADDED] = kept not in before
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.rerun()


def _kept(upload: UploadedFile | None, path: str, name: str, names: UploadedFile | None, like: str) -> Path:
    if upload is not None and path:
        raise InvalidSettingError("an upload and a path", "one of the two", "take one of them away")
    classes = names_in(names.name, names.getvalue()) if names else ()
    base = None if like == _ITSELF else _network(like)
    with st.spinner("Checking the weights …"):
        if upload is not None:
            return add_upload(upload.name, upload.getvalue(), name, classes, base)
        return add_file(user_path(path), name, classes, base)


def _network(name: str) -> Network:
    return load_network(name if name in NETWORKS else str(added_networks()[name]))


def _list_keys(error: PrunescopeError) -> None:
    """List every key that does not fit, by what is wrong with it."""
    faults: Mapping[str, tuple[str, ...]] = error.faults if isinstance(error, UnfittingKeysError) else {}
    for what, keys in faults.items():
        st.caption(f"{count(len(keys), 'key')} {what}")
        st.code("\n".join(keys), language=None, height=min(200, 40 + 24 * len(keys)))


def _tell_added() -> None:
    fresh = st.session_state.pop(_ADDED, None)
    if fresh is None:
        return
    st.session_state[_OPEN], st.session_state[_PATH] = False, ""
    st.success(_added_in_words(str(st.session_state.get(CHOSEN, "")), fresh=fresh))


def _added_in_words(name: str, *, fresh: bool) -> str:
    """Say what became of the file, and whether its weights are those of other networks here."""
    if not fresh:
        return (
            f"This network is here already, as {plain(name)}: the same weights, described in the same way. "
            "Nothing was changed. To call it otherwise, remove it and add it again."
        )
    twins = _twins(name)
    if not twins:
        return f"{plain(name)} is added."
    return (
        f"{plain(name)} is added. It has the weights of {plain('; of '.join(twins))}: each is a network of its own. "
        "Remove the one that is wrong."
    )


def _twins(name: str) -> list[str]:
    """Return the other networks here with the weights of one, each with what tells it from that: "cut, but is ..."."""
    added = {other: KnownNetwork(other, str(path), added=True) for other, path in added_networks().items()}
    about = description_of(added[name]) if name in added else None
    if not isinstance(about, NetworkDescription):
        return []
    same = set(map(str, same_weights(Path(added[name].network))))
    others = {other: description_of(one) for other, one in added.items() if one.network in same}
    return [
        f"{other}, but {listed(differences(about, found))}"
        for other, found in others.items()
        if isinstance(found, NetworkDescription)
    ]
