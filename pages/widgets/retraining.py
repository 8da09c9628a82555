"""How networks are retrained, in the sidebar: named ways, and a recipe of one's own for those that want it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.pruning.schedule import SPACINGS
from core.training.presets import PRESETS, Preset
from core.training.retraining import NONE, OPTIMISERS, PRECISIONS, SCHEDULES, Retraining
from pages.widgets.address import forget, name_unknown

OWN = "own"
_TRAINED = tuple(name for name, preset in PRESETS.items() if preset.retraining.trains)
_WAYS = {
    NONE: "as pruned",
    **{name: preset.meaning for name, preset in PRESETS.items()},
    OWN: "a recipe of your own, which begins with one of these",
}
_CONTROL = (
    "Retrains the dense network in the same way and draws it as a dashed level: the fair baseline. The published "
    "recipe alone is worth up to 2.5 points, so that a retrained network that beats the dense one may owe it to the "
    "training and not to the pruning."
)
_MOST = 2**53 - 1  # the largest number that a field of numbers can hold
_HELD = "Off is the study's procedure for connection sparsity: no mask is held, and zeros grow back."


@dataclass(frozen=True)
class RetrainingSettings:
    """What the widgets hold, unchecked: `retrainings` refuses what is not allowed."""

    ways: tuple[str, ...]
    control: bool = True
    data: str = ""
    images: int | None = None  # None: as many as the way says
    seed: int = 0
    recipe: tuple[tuple[str, Any], ...] = ()  # settings of one's own way

    def retrainings(self) -> tuple[Retraining | None, ...]:
        """Return the ways, None for no retraining. Raises InvalidSettingError."""
        return tuple(None if way == NONE else self._retraining(way) for way in self.ways)

    def _retraining(self, way: str) -> Retraining:
        settings = dict(self.recipe) if way == OWN else {}
        base = PRESETS[settings.pop("base", way)].retraining
        images = base.images if self.images is None else self.images
        return replace(base, **settings, data=self.data, images=images, seed=self.seed)


def name_no_number(key: str, what: str) -> None:
    """Say so if what the URL has under `key`, to which a field of numbers is bound, is none, and take it out."""
    if not all(map(_is_number, st.query_params.get_all(key))):
        name_unknown(key, what, ["a number"])
        forget(key)


def _is_number(text: str) -> bool:
    try:
        return not text or abs(float(text)) <= _MOST
    except ValueError:
        return False


def read_retraining() -> RetrainingSettings:
    """Draw the settings and return what they hold."""
    if st.query_params.get("retraining"):
        name_unknown("retraining", "way of retraining", list(_WAYS))
    chosen = st.pills(
        "Retraining",
        list(_WAYS),
        selection_mode="multi",
        default=[NONE],
        help="Each way makes curves of its own. " + "; ".join(f"{name}: {words}" for name, words in _WAYS.items()),
        key="retraining",
        bind="query-params",
    )
    ways = tuple(way for way in _WAYS if way in chosen)
    if not set(ways) - {NONE}:
        return RetrainingSettings(ways)
    control = st.toggle("Dense control", value=True, help=_CONTROL, key="control", bind="query-params")
    recipe = _recipe() if OWN in ways else ()
    with st.expander("Training images"):
        data, images, seed = _images()
    return RetrainingSettings(ways, control, data, images, seed, recipe)


def _images() -> tuple[str, int | None, int]:
    data = st.text_input(
        "Training images",
        key="training",
        bind="query-params",
        placeholder="those that belong to the images",
        help="A folder with one folder of images per class. Empty: the training part that belongs to the images above. "
        "None of the images that accuracy is measured on may be among them.",
    )
    name_no_number("training_images", "number of training images")
    images = st.number_input(
        "At most",
        value=None,
        step=100,
        placeholder="as many as the way says",
        help="Training images in an epoch. Empty: as many as the way says: quick takes 2,400, the published ones all.",
        key="training_images",
        bind="query-params",
    )
    name_no_number("training_seed", "seed of training")
    seed = st.number_input("Seed of training", value=0, step=1, key="training_seed", bind="query-params")
    return (data or "").strip(), None if images is None else int(images), int(seed or 0)


def _recipe() -> tuple[tuple[str, Any], ...]:
    """Draw one's own recipe. Its widgets belong to the preset that it begins with, and show that one's values first."""
    with st.expander("Own recipe", expanded=True):
        name_unknown("base", "recipe to begin with", _TRAINED)
        base = st.selectbox("Begin with", _TRAINED, key="base", bind="query-params")
        draw = _Recipe(PRESETS[base])
        settings = draw.course() | draw.optimiser() | draw.regularisation() | draw.procedure()
    return tuple({"base": base, **settings}.items())


@dataclass(frozen=True)
class _Recipe:
    """The widgets of a recipe that begins with a preset."""

    preset: Preset

    def course(self) -> dict[str, Any]:
        """Draw how long and in how many steps."""
        settings = {
            "epochs": self._whole("Epochs", "epochs", note="In each step, if there are more."),
            "steps": self._whole(
                "Steps of pruning",
                "steps",
                note="1 is one-shot: pruned once, then trained. More is iterative: pruned a part further, trained, and "
                "so on.",
            ),
        }
        if settings["steps"] < 2:
            return settings
        spacings = {one.name: one.meaning for one in SPACINGS.values()}
        return settings | {
            "spacing": self._choice("How the rate rises", "spacing", spacings),
            "rewind": self._toggle("Rewind the learning rate", "rewind", "Its schedule begins anew with each step."),
        }

    def optimiser(self) -> dict[str, Any]:
        """Draw the optimiser and its learning rate."""
        optimisers = {name: words for name, words in OPTIMISERS.items() if name != NONE}
        settings: dict[str, Any] = {
            "optimiser": self._choice("Optimiser", "optimiser", optimisers),
            "learning_rate": self._number("Learning rate", "learning_rate", 0.001, "%.5f"),
            "schedule": self._choice("Its schedule", "schedule", SCHEDULES),
        }
        if settings["schedule"] == "exponential":
            settings["decay"] = self._number("Times, after each epoch", "decay", 0.05)
        settings["warm_up"] = self._number("Warm-up, epochs", "warm_up", 0.5)
        settings["batch"] = self._whole("Images a batch", "batch", 16)
        return settings

    def regularisation(self) -> dict[str, Any]:
        """Draw augmentation and what else keeps a network from learning by heart."""
        crop = "The least share of an image's area that a crop shows. 0.08 is the published, 1 is no crop."
        size = (
            "How large the network is shown an image, as a share of the size at which it is evaluated: less than 1 is "
            "quicker, and no loss where crops enlarge what they show."
        )
        teacher = "Weight of the dense network's softened answers in the loss: 0 none, 1 nothing else."
        return {
            "weight_decay": self._number("Weight decay", "weight_decay", 1e-4, "%.5f"),
            "crop": self._number("Random crops from", "crop", 0.05, note=crop),
            "flip": self._toggle("Flip at random", "flip"),
            "size": self._number("Training size", "size", 0.05, note=size),
            "smoothing": self._number("Label smoothing", "smoothing", 0.05),
            "distillation": self._number("Distillation", "distillation", 0.1, note=teacher),
        }

    def procedure(self) -> dict[str, Any]:
        """Draw when it ends, how exactly it computes and whether masks are held."""
        settings = {
            "patience": self._patience(),
            "recalibrate": self._toggle(
                "Re-calibrate at the end", "recalibrate", "Takes batch norm's statistics anew."
            ),
            "precision": self._choice("Precision", "precision", PRECISIONS),
            "held": self._toggle("Hold the masks", "held", _HELD),
        }
        if not settings["held"]:
            st.caption("Masks not held: the study's procedure, in which zeros grow back.")
        return settings

    def _patience(self) -> int | None:
        name_no_number(self._key("patience"), "patience")
        value = st.number_input(
            "Patience, epochs",
            value=self._start("patience"),
            step=1,
            placeholder="all epochs",
            key=self._key("patience"),
            bind="query-params",
            help="A step ends after so many epochs without a better loss on held-out training images. Empty: none.",
        )
        return None if value is None else int(value)

    def _whole(self, label: str, field: str, step: int = 1, note: str = "") -> int:
        return int(self._number(label, field, step, note=note))

    def _number(self, label: str, field: str, step: float, form: str | None = None, note: str = "") -> float:
        """Draw a field of numbers; one that is cleared shows again, and is, what the preset has."""
        name_no_number(self._key(field), label.lower())
        start: float = self._start(field)
        return st.number_input(
            label,
            value=start,
            step=step,
            format=form,
            key=self._key(field),
            bind="query-params",
            help=note or None,
        )

    def _choice(self, label: str, field: str, meanings: Mapping[str, str]) -> str:
        options = list(meanings)
        name_unknown(self._key(field), label.lower(), options)
        return st.selectbox(
            label,
            options,
            index=options.index(self._start(field)),
            key=self._key(field),
            bind="query-params",
            help="; ".join(f"{name}: {words}" for name, words in meanings.items()),
        )

    def _toggle(self, label: str, field: str, note: str = "") -> bool:
        value, key = self._start(field), self._key(field)
        return st.toggle(label, value=value, key=key, bind="query-params", help=note or None)

    def _start(self, field: str) -> Any:
        return getattr(self.preset.retraining, field)

    def _key(self, field: str) -> str:
        return f"{self.preset.name}.{field}"
