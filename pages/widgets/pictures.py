"""Views as pictures and files, with the captions that they need to stand on their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from core.figures.captions import scale_in_words, whole
from core.figures.export import file_name, npz, png, zipped
from core.figures.look import MASKED, Look, outlined, picture_of
from core.figures.maps import Map, Picture
from core.figures.sheet import Scale, sheet
from core.words import percent
from pages.widgets.asked import View
from pages.widgets.look import is_dark
from pages.widgets.views import Shown


def original(view: View, look: Look) -> Picture:
    """Return the picture itself."""
    image = view.ask.image
    return outlined(image.pixels, image.mask, look)


def picture_in(view: View, look: Look, end: float) -> Picture:
    """Return a view's map as a picture; where there is none, the picture itself, almost vanished."""
    image, signed = view.ask.image, view.ask.question.entry.signed
    values, how = (np.zeros(image.pixels.shape[:2]), Look(MASKED)) if view.map is None else (view.map, look)
    drawn = picture_of(image.pixels, values, how, limit=end, signed=signed, dark=is_dark())
    return outlined(drawn, image.mask, look)


def caption_of(view: View, look: Look, end: float, together: int) -> list[str]:
    """Return what has to be said of one map of `together` side by side."""
    image = view.ask.image
    classes = image.network.classes
    scale = "" if view.map is None else scale_in_words(look, [view.map], [end], together if look.common else 1)
    network = f"{image.network.title}, {_made(view)}{_answer(view, classes)}"
    return whole(view.ask.question, classes[view.target], network, _shown_in_words(image), look, scale)


def scale_of(view: View, look: Look, end: float) -> Scale | None:
    """Return the scale of one map, None for a masked picture, which has none."""
    entry = view.ask.question.entry
    return None if look.style == MASKED else Scale(end, entry.signed, entry.unit)


def sheet_of(view: View, look: Look, end: float, together: int) -> bytes:
    """Return one map beside its picture, with its caption, as a PNG file."""
    panels = [("Picture", original(view, look)), (view.title, picture_in(view, look, end))]
    return png(sheet(panels, caption_of(view, look, end, together), scale_of(view, look, end), dark=is_dark()))


def numbers_of(view: View, values: Map) -> bytes:
    """Return one map as an NPZ file, with all that is needed to make it again."""
    image, network = view.ask.image, view.ask.image.network
    about = {
        "question": view.ask.question.to_json(),
        "network": network.title,
        "network_sha256": network.sha256,
        "pruning": asdict(view.spec.pruning),
        "retraining": view.spec.retraining and asdict(view.spec.retraining),
        "run": "" if view.member is None else view.member.id,
        "image": image.id,
        "data": None if image.label is None else image.origin,
        "true_class": None if image.label is None else network.classes[image.label],
        "target_class": network.classes[view.target],
    }
    return npz(values, image.pixels, view.target, about)


def name_of(view: View) -> str:
    """Return the name of a view's files, without what they are: of all but the dense network with the run's id."""
    run = [] if view.member is None or view.spec.is_dense else [view.member.id[:6]]
    return file_name(view.ask.image.id, view.ask.question.method, view.title, *run)


def all_files(views: Sequence[View], look: Look, ends: Sequence[float]) -> bytes:
    """Return a ZIP file: of each network that has a map the PNG and the NPZ, and one PNG of them side by side."""
    there = [(view, end) for view, end in zip(views, ends, strict=True) if view.map is not None]
    files = {f"{name_of(view)}.png": sheet_of(view, look, end, len(there)) for view, end in there}
    files |= {f"{name_of(view)}.npz": numbers_of(view, view.map) for view, _ in there if view.map is not None}
    return zipped({"side-by-side.png": side_by_side(views, look, ends), **files})


def side_by_side(views: Sequence[View], look: Look, ends: Sequence[float]) -> bytes:
    """Return the whole strip as a PNG file."""
    drawn = [(view.title, picture_in(view, look, end)) for view, end in zip(views, ends, strict=True)]
    dense, *rest = views
    maps = [(view.map, end) for view, end in zip(views, ends, strict=True) if view.map is not None]
    entry = dense.ask.question.entry
    scale = None if look.style == MASKED else Scale(ends[0] if look.common else None, entry.signed, entry.unit)
    caption = caption_of(dense, look, ends[0], len(maps))[:-1]
    said = scale_in_words(look, [one for one, _ in maps], [end for _, end in maps]) if maps else ""
    beside = [f"{view.title}: {_made(view)}." for view in rest]
    return png(sheet([("Picture", original(dense, look)), *drawn], [*caption, *beside, said], scale, dark=is_dark()))


def _shown_in_words(image: Shown) -> str:
    if image.label is None:
        return f"{image.id} ({image.origin}), not part of the data, so of no known class"
    return f"{image.id} of {image.origin}, true class {image.network.classes[image.label]}"


def _made(view: View) -> str:
    """Return how a network was made and what is gone of it."""
    what, gone = view.words, view.sparsity
    return what if gone is None or (view.spec.pruning.dense and not gone) else f"{what}, sparsity {percent(gone)}"


def _answer(view: View, classes: Sequence[str]) -> str:
    if view.probabilities is None:
        return ""
    said = int(np.argmax(view.probabilities))
    return f"; it says {classes[said]} ({percent(float(view.probabilities[said]))})"
