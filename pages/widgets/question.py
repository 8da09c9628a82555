"""What every network is asked alike: a method with its parameters, and the class that the maps are about.

All of it comes from the methods' entries: a new method needs nothing here.
"""

from __future__ import annotations

import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.interpretability.attribution.baselines import BASELINES
from core.interpretability.attribution.method import Choice, Cost, Method, Number, Parameter, Value
from core.interpretability.attribution.registry import METHODS
from core.interpretability.question import CHOSEN, TARGETS, Question, target_of
from core.words import count
from pages.widgets.address import name_outside, name_unknown
from pages.widgets.class_names import by_class_name
from pages.widgets.errors import plain
from pages.widgets.views import Shown, Variant, probabilities_of

_FIRST = "gradcam"
_SEEDS = 2**31 - 1
_MOST_STEPS = 200  # of a slider; a number with more is typed
_CHOSEN = "class"
_NOISE = "noise"  # the baseline that the seed decides


def by_cost() -> dict[str, Method]:
    """Return the methods by title, the quick ones first."""
    ordered = sorted(METHODS.values(), key=lambda method: _total(cost_of(method)))
    return {method.title: method for method in ordered}


def cost_of(method: Method) -> Cost:
    """Return what one map costs with the default parameters."""
    return method.cost(method.settings())


def passes_in_words(cost: Cost) -> str:
    """Return "1 forward and backward pass", "512 forward passes"."""
    if not cost.backward:
        return count(cost.forward, "forward pass", "forward passes")
    if cost.forward == cost.backward:
        return count(cost.forward, "forward and backward pass", "forward and backward passes")
    return f"{cost.forward:,} forward and {count(cost.backward, 'backward pass', 'backward passes')}"


def choose_question(said: DeltaGenerator, image: Shown) -> Question:
    """Draw the choice of method, its settings and the target; in `said` what the URL asks for and there is not.

    Of an image that nobody has labelled there is no true class to ask about.
    """
    labelled = image.label is not None
    targets = {each.title: name for name, each in TARGETS.items() if labelled or name != "true"}
    targets[CHOSEN.title] = _CHOSEN
    key = "target" if labelled else "own_target"  # of its own: neither choice is lost while the other stands there
    with said:
        name_unknown("method", "method", list(by_cost()))
        name_unknown(key, "target", list(targets))
    method = _choose_method()
    with st.popover("Settings", width=110, help="What the method does, its parameters, where it begins"):
        baseline, seed, parameters = _choose_settings(method, said)
    target = _choose_target(key, targets)
    if target == _CHOSEN:
        target = target_of(_choose_class(image, said))
    return Question(method.name, target, baseline, seed, parameters)


def _choose_method() -> Method:
    methods = by_cost()
    title = st.selectbox(
        "Method",
        list(methods),
        index=[method.name for method in methods.values()].index(_FIRST),
        key="method",
        bind="query-params",
        help="How it is computed how much each pixel counts. The quick ones first.",
        width=210,
    )
    return methods[title]


def _choose_target(key: str, targets: dict[str, str]) -> str:
    title = st.segmented_control(
        "Maps are about the",
        list(targets),
        default=next(iter(targets)),
        required=True,
        key=key,
        bind="query-params",
        help="Whose logit the pixels count for. "
        + "; ".join(f"{each.title}: {each.meaning}" for each in (*TARGETS.values(), CHOSEN) if each.title in targets)
        + ("." if "true" in targets.values() else ". Nobody has said what this picture shows: no class is true."),
    )
    return targets[str(title)]


def _choose_class(image: Shown, said: DeltaGenerator) -> int:
    """Return a class of the network's, typed by its name; at first the one that the dense network takes the image for.

    It stays chosen from picture to picture.
    """
    names = image.network.classes
    classes = by_class_name(names, range(len(names)))
    with said:
        name_unknown("about_class", "class", list(classes))
    dense = probabilities_of(image, Variant())
    title = st.selectbox(
        "Class",
        list(classes),
        index=0 if dense is None else int(dense.argmax()),
        key="about_class",
        bind="query-params",
        help=f"One of the {len(names):,} that {plain(image.network.title)} tells apart: type a part of its name.",
        width=210,
    )
    return classes[str(title)]


def _choose_settings(method: Method, said: DeltaGenerator) -> tuple[str | None, int, tuple[tuple[str, Value], ...]]:
    """Draw what can be set of a method and return its baseline, seed and parameters."""
    about = st.container()
    parameters = tuple((each.name, _choose_parameter(method, each, said)) for each in method.parameters)
    baseline = _choose_baseline(method, said) if method.baseline else None
    seed = _choose_seed(method, said) if method.random or baseline == _NOISE else 0
    with about:
        _explain(method, method.cost(dict(parameters)))
    return baseline, seed, parameters


def _explain(method: Method, cost: Cost) -> None:
    st.markdown(plain(method.meaning))
    st.caption(f"Limits: {plain(method.limits[:1].lower() + method.limits[1:])}")
    st.caption(f"It costs {passes_in_words(cost)} for each network.")


def _choose_parameter(method: Method, parameter: Parameter, said: DeltaGenerator) -> Value:
    key = f"{method.name}.{parameter.name}"
    if isinstance(parameter, Choice):
        return _choose_option(key, parameter, said)
    return _choose_number(key, parameter, said)


def _choose_option(key: str, choice: Choice, said: DeltaGenerator) -> str:
    with said:
        name_unknown(key, choice.title.lower(), choice.options)
    return st.selectbox(
        choice.title,
        choice.options,
        index=choice.options.index(choice.default),
        key=key,
        bind="query-params",
        help=plain(choice.meaning),
    )


def _choose_number(key: str, number: Number, said: DeltaGenerator) -> Value:
    kind = int if number.whole else float
    with said:
        name_outside(key, number.title, number.low, number.high, kind)
    low, high, default, step = kind(number.low), kind(number.high), kind(number.default), kind(_step(number))
    if (high - low) / step <= _MOST_STEPS:
        chosen = st.slider(
            number.title, low, high, default, step, key=key, bind="query-params", help=plain(number.meaning)
        )
    else:
        chosen = st.number_input(
            number.title, low, high, default, step, key=key, bind="query-params", help=plain(number.meaning)
        )
    return kind(chosen if chosen is not None else default)


def _step(number: Number) -> float:
    """Return a round step, a fiftieth of the range or less; 1 for whole numbers."""
    return 1 if number.whole else 10.0 ** math.floor(math.log10((number.high - number.low) / 20))


def _choose_baseline(method: Method, said: DeltaGenerator) -> str:
    names = {baseline.title: name for name, baseline in BASELINES.items()}
    key = f"{method.name}.baseline"
    with said:
        name_unknown(key, "baseline", list(names))
    title = st.selectbox(
        "Baseline",
        list(names),
        index=list(names.values()).index(str(method.baseline)),
        key=key,
        bind="query-params",
        help="What stands for the absence of what the image shows. "
        + " ".join(f"{each.title}: {each.meaning}" for each in BASELINES.values()),
    )
    return names[title]


def _choose_seed(method: Method, said: DeltaGenerator) -> int:
    with said:
        name_outside("seed", "Seed", 0, _SEEDS, int)
    chosen = st.number_input(
        "Seed",
        0,
        _SEEDS,
        0,
        key="seed",
        bind="query-params",
        help="Of what is drawn at random. The same seed gives the same map.",
    )
    return int(chosen or 0)


def _total(cost: Cost) -> int:
    return cost.forward + cost.backward
