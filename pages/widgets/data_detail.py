"""One source: how it was recognised, what its classes are to the network, what it looks like, whether it is packed."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.pack import delete_pack
from core.data.recognise import Description
from core.data.source import SCENES, AmbiguousDataError, Source, open_source
from core.errors import MissingFileError, PrunescopeError
from core.jobs.subject import Subject
from core.known_data import KnownData, add_data, remove_data
from core.store.runs import runs_frame
from core.unpruned import unpruned_title
from core.words import between, count, listed, percent, size
from pages.widgets.core_access import store, subject_of
from pages.widgets.data_check import dense_figures, warn_at_chance
from pages.widgets.data_download import offer_imagenette
from pages.widgets.data_packing import draw_packing
from pages.widgets.data_sheet import draw_sheet
from pages.widgets.data_sources import IMAGENETTE_VAL, Setting, ask_which, described
from pages.widgets.errors import plain, sentence, show_error, shown_errors

_BY = {
    "wnid": "by wnid: each is the network's class with the name that ImageNet gives it, wherever that stands",
    "number": "by number: class 0 is the network's first",
    "from1": "by number, counted from 1: class 1 is the network's first",
    "name": "by name: each is the network's class of that name, wherever that stands",
    "order": "by order alone: the first class is the network's first",
}
_LOOK = (
    "As the network is shown them, under their name in the data and, after →, the class that would count as right if "
    "its name is another. Wrong names here make every figure wrong, and nothing else would tell."
)
_NAMED = 3  # in a sentence


def draw_source(setting: Setting, known: KnownData) -> None:
    """Draw all that is known of a source, and what can be done with it."""
    try:
        found = described(setting, known.text)
    except PrunescopeError as error:
        _not_to_be_had(known, error)
        return
    _draw_head(setting, known, found)
    if found.mapping.unmatched:
        _warn_of_misfit(setting, found)
        _draw_mapping(setting, found)
        _draw_images(open_source(known.text), setting, None)
        return
    subject = subject_of(setting.spec(known.text))
    draw_packing(setting.spec(known.text), subject)
    _draw_measured(subject)
    _draw_mapping(setting, found)
    _draw_images(subject.source, setting, subject.network.classes)


def _not_to_be_had(known: KnownData, error: PrunescopeError) -> None:
    if known.text == IMAGENETTE_VAL and isinstance(error, MissingFileError):
        offer_imagenette()
        return
    if isinstance(error, AmbiguousDataError):
        ask_which(error.given, error.ways, "way to read it")
    else:
        show_error(error)
    if known.added:
        _offer_list(known, None)


def _draw_head(setting: Setting, known: KnownData, found: Description) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        title = sentence(found.title) if found.path == SCENES else found.title
        st.subheader(plain(title), anchor=False, width="stretch")
        subject = None if found.mapping.unmatched else subject_of(setting.spec(known.text))
        _offer_list(known, subject)
        if subject is not None and st.button("Use in Trade-offs", type="primary"):
            st.switch_page("pages/tradeoffs.py", query_params=setting.address(known.text))
    st.caption(plain(_where(found)))
    _draw_figures(setting, found)
    for note in found.notes:
        st.caption(plain(f"{sentence(note)}."))


def _where(found: Description) -> str:
    return "Drawn from a seed, the same everywhere" if found.path == SCENES else f"{found.path} · {found.layout_title}"


def _draw_figures(setting: Setting, found: Description) -> None:
    images, classes, matched, regions = st.columns(4)
    images.metric("Images", f"{found.images:,}")
    classes.metric("Classes", f"{len(found.classes):,}", help="The data's own; some may have no image")
    matched.metric(
        "Matched",
        f"{len(found.mapping.matched):,} of {len(found.classes):,}",
        help=plain(f"To the {len(setting.network.classes):,} of {setting.network.title}, {_BY[found.mapping.by]}"),
    )
    known = {"mask": "masks", "boxes": "boxes"}.get(found.region, "no")
    regions.metric("Targets known", known, help="Where the target is: needed only to score where maps point")


def _warn_of_misfit(setting: Setting, found: Description) -> None:
    lost = found.mapping.unmatched
    reasons: dict[str, list[str]] = {}
    for one in lost:
        reasons.setdefault(one.why, []).append(one.name)
    said = [f"{_some(names)}: {why}." for why, names in list(reasons.items())[:_NAMED]]
    mend = "Every figure would be wrong: choose a network that has these classes."
    st.warning(
        "\n\n".join(map(plain, (*said, mend))),
        title=plain(f"{len(lost):,} of {len(found.classes):,} classes are none of {setting.network.title}'s"),
    )
    if found.ways:
        ask_which(f"Is the order of {found.title} that of the network's classes?", found.ways, "way by order")


def _some(names: list[str]) -> str:
    return listed([*names[:_NAMED], *([f"{len(names) - _NAMED:,} more"] if len(names) > _NAMED else [])])


def _draw_mapping(setting: Setting, found: Description) -> None:
    matched, lost = found.mapping.matched, found.mapping.unmatched
    by = f"{len(matched):,} matched {_BY[found.mapping.by].partition(':')[0]}" if matched else "none matched"
    with st.expander(f"Classes: {by}" + (f", {len(lost):,} not" if lost and matched else "")):
        rows: list[tuple[object, ...]] = [
            (one.name, found.counts[one.place], one.index, one.network_name, "") for one in matched
        ]
        rows += [(one.name, found.counts[one.place], None, "", one.why) for one in lost]
        columns = ["class of the data", "images", "number", f"class of {setting.network.title}", "why not"]
        table = pd.DataFrame(rows, columns=columns).astype({"number": "Int64"})
        st.dataframe(table if lost else table.drop(columns="why not"), hide_index=True)


def _draw_images(source: Source, setting: Setting, network: tuple[str, ...] | None) -> None:
    st.markdown("**Are these what they are called?**", help=_LOOK)
    draw_sheet(source, setting.network.preset, network)


def _draw_measured(subject: Subject) -> None:
    """Say how good the dense network is on these images, where that was measured, and warn if it only guesses."""
    sha = subject.fingerprint()
    figures = dense_figures(runs_frame(store(), subject.network.sha256, sha)) if sha else None
    if figures is None:
        return
    warn_at_chance(subject, figures)
    interval = between(figures["top1_low"], figures["top1_high"])
    title, images = unpruned_title(subject.network.zeros), count(int(figures["images"]), "image")
    words = f"{title}: top-1 {percent(figures['top1'])} ({interval}) on {images}"
    if "top1_present" in figures:
        words += (
            f"; among the {int(figures['classes_present']):,} classes that have images "
            f"{percent(figures['top1_present'])} "
            f"({between(figures['top1_present_low'], figures['top1_present_high'])})"
        )
    st.markdown(plain(f"{words}."))


def _offer_list(known: KnownData, subject: Subject | None) -> None:
    """Draw the button that takes a source from the list, or that keeps one there which came with the address."""
    if known.added:
        with st.popover("Remove …", help="From this list: the files stay where they are"):
            _confirm_removal(known, subject)
    elif not known.runs and known.text not in (SCENES, IMAGENETTE_VAL) and st.button("Keep on the list"):
        with shown_errors():
            add_data(store().folder, known.text)
            st.rerun()


def _confirm_removal(known: KnownData, subject: Subject | None) -> None:
    st.markdown("It leaves this list. Its files stay where they are.")
    if known.runs:
        st.caption(f"{count(known.runs, 'run')} on it: while the list of runs has any, it stays listed here.")
    pack = subject.packed() if subject else None
    too = pack is not None and st.checkbox(f"Delete its pack too ({size(pack.file.stat().st_size)})")
    if st.button("Remove", type="primary"):
        with shown_errors():
            remove_data(store().folder, known.text)
            if pack is not None and too:
                delete_pack(pack)
        st.query_params.pop("data", None)
        st.rerun()
