from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidSettingError
from core.layer_names import HEAD, INCEPTION_CONVS, LAYERS, STEM
from core.paths import ROOT
from core.pruning.criteria import CRITERIA
from core.pruning.scopes import SCOPES
from core.pruning.settings import FORMS, Pruning, pruning_from
from core.pruning.techniques import TECHNIQUES

A, B, C = INCEPTION_CONVS[:3]
HALF = Pruning("structured", rate=0.5)


@st.composite
def prunings(draw) -> Pruning:
    flags = {"stem": draw(st.booleans()), "fc": draw(st.booleans())}
    exclude = tuple(draw(st.lists(st.sampled_from(LAYERS), max_size=4, unique=True)))
    free = Pruning(exclude=exclude, **flags).layers
    rates = st.sampled_from([0.0, 0.1, 0.3, 0.5])
    return Pruning(
        technique=draw(st.sampled_from(sorted(TECHNIQUES))),
        criterion=draw(st.sampled_from(sorted(CRITERIA))),
        scope=draw(st.sampled_from(sorted(SCOPES))),
        rate=draw(rates),
        form=draw(st.sampled_from(sorted(FORMS))),
        seed=draw(st.integers(0, 3)),
        exclude=exclude,
        layer_rates=tuple(draw(st.dictionaries(st.sampled_from(free), rates, max_size=3)).items()),
        **flags,
    )


def test_settings_are_checked_without_loading_torch():
    code = "import sys, core.pruning.settings as s; s.Pruning('structured', rate=0.1); print('torch' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "False"


@pytest.mark.parametrize("rate", [1.2, 1, 1.0, -0.1, math.nan, math.inf, True, "0.5", None, 0.9999999999])
def test_a_rate_outside_0_to_below_1_is_refused_with_what_is_allowed(rate):
    with pytest.raises(InvalidSettingError, match=r"^rate .*; allowed: .*below 1; choose"):
        Pruning(rate=rate)
    with pytest.raises(InvalidSettingError, match=rf"^rate of layer {A}"):
        Pruning(layer_rates=((A, rate),))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"technique": "structred"}, "technique 'structred'.*did you mean structured"),
        ({"criterion": "taylor"}, "criterion 'taylor'; allowed: l1, l2, random"),
        ({"scope": "layer"}, "scope 'layer'; allowed: local, global"),
        ({"form": "dirty"}, "form 'dirty'; allowed: clean, published"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 0.5}, "seed 0.5"),
        ({"exclude": ("inception3a.branch1",)}, r"did you mean inception3a\.branch1\.conv"),
        ({"exclude": "fc"}, "excluded layers 'fc'"),
        ({"layer_rates": (("conv9.conv", 0.5),)}, r"layer 'conv9\.conv'"),
        ({"layer_rates": ((A, 0.5), (A, 0.4))}, "has 2 rates"),
        ({"layer_rates": ((A, 0.5),), "exclude": (A,)}, "is not among the prunable layers"),
        ({"layer_rates": (("fc", 0.5),)}, "fc has a rate but is not among"),
        ({"layer_rates": (A, 0.5)}, "layer rates"),
        ({"layer_rates": {A: 0.5}}, "layer rates"),
        ({"layer_rates": 5}, "layer rates"),
        ({"rate": 0.5, "exclude": INCEPTION_CONVS}, "every layer is excluded"),
        ({"speed": 3}, "pruning setting 'speed'"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(settings, told):
    with pytest.raises(InvalidSettingError, match=told):
        pruning_from(settings)


def test_stem_and_fc_have_rates_of_their_own_once_they_are_asked_for():
    asked = Pruning(stem=True, fc=True, rate=0.1, layer_rates=((HEAD, 0.5), (STEM[0], 0.0)))
    assert asked.rates[HEAD] == 0.5
    assert asked.rates[STEM[0]] == 0.0
    assert asked.rates[STEM[1]] == asked.rates[A] == 0.1


def test_rates_that_differ_only_by_how_they_were_reckoned_are_one():
    assert Pruning(rate=0.1 + 0.2) == Pruning(rate=0.3)


@given(prunings())
def test_dense_is_one_value_whatever_the_rest(pruning):
    dense = replace(pruning, rate=0.0, layer_rates=tuple((name, 0.0) for name, _ in pruning.layer_rates))
    assert dense.dense
    assert dense.canonical() == Pruning().canonical()


@given(prunings())
def test_canonical_settings_survive_json_and_are_their_own_canonical(pruning):
    stored = json.loads(json.dumps(pruning.canonical()))
    assert stored == pruning.canonical()
    again = pruning_from(stored)
    assert again.canonical() == pruning.canonical()
    assert {name: r for name, r in again.rates.items() if r} == {name: r for name, r in pruning.rates.items() if r}
    assert again.ranking == pruning.ranking or again.dense


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Pruning(rate=0.5, form="published", seed=3), Pruning(rate=0.5)),
        (Pruning(rate=0.5, criterion="l2"), Pruning(rate=0.5, criterion="l1")),
        (replace(HALF, seed=3), HALF),
        (replace(HALF, exclude=STEM), HALF),
        (replace(HALF, stem=True, exclude=STEM), HALF),
        (replace(HALF, exclude=(B, A)), replace(HALF, exclude=(A, B))),
        (replace(HALF, layer_rates=((A, 0.5),)), HALF),
        (replace(HALF, layer_rates=((A, 0.0),)), replace(HALF, exclude=(A,))),
        (replace(HALF, rate=0.0, layer_rates=tuple((name, 0.5) for name in INCEPTION_CONVS)), HALF),
        (replace(HALF, scope="global", layer_rates=((A, 0.1),)), replace(HALF, layer_rates=((A, 0.1),))),
        (replace(HALF, layer_rates=((A, 0.1), (B, 0.2))), replace(HALF, layer_rates=((B, 0.2), (A, 0.1)))),
        (Pruning("connection", rate=0.5, form="published"), Pruning("connection", rate=0.5)),
    ],
)
def test_equal_experiments_are_equal(one, other):
    assert one.canonical() == other.canonical()


def test_different_experiments_differ():
    different = [
        Pruning(),
        HALF,
        replace(HALF, rate=0.4),
        replace(HALF, technique="connection"),
        replace(HALF, technique="unstructured"),
        replace(HALF, criterion="l2"),
        replace(HALF, criterion="random"),
        replace(HALF, criterion="random", seed=1),
        replace(HALF, scope="global"),
        replace(HALF, form="published"),
        replace(HALF, stem=True),
        replace(HALF, fc=True),
        replace(HALF, exclude=(A,)),
        replace(HALF, exclude=(B,)),
        replace(HALF, layer_rates=((A, 0.4),)),
        replace(HALF, layer_rates=((A, 0.4), (B, 0.3))),
        replace(HALF, rate=0.0, layer_rates=((A, 0.5),)),
    ]
    assert len({json.dumps(pruning.canonical(), sort_keys=True) for pruning in different}) == len(different)


def test_every_technique_offers_rates_that_are_allowed():
    for technique in TECHNIQUES.values():
        rates = [Pruning(technique.name, rate=rate).rate for rate in technique.rates]
        assert len(rates) >= 8
        assert rates == sorted(set(rates))
        assert rates[0] > 0
