"""All that is known of one run, gathered for the eye."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pandas as pd

from core.evaluation.accuracy import against_dense, per_class
from core.experiment import ExperimentSpec, spec_in_words
from core.figures.axes import ACROSS, AXES, Axis
from core.series import Series
from core.store import queue
from core.store.database import Store
from core.store.predictions import load
from core.store.queue import Job
from core.store.retrained import LIVE, TRAINING, checkpoint_folder
from core.store.runs import Run, find_result, find_run
from core.surveys import agreement_table
from core.training.history import History
from core.unpruned import against_title, unpruned_short, unpruned_title, zeros
from core.words import NOT_KNOWN, points, points_between, size, speed


@dataclass(frozen=True)
class Detail:
    """One run: its figures, what is gone from each layer, and its top-1 class by class beside the dense network's.

    Of a retrained one also how the training went and what it gained over the dense control. What is not known is
    empty or None.
    """

    run: Run
    spec: ExperimentSpec
    figures: dict[str, Any]  # as `core.evaluation.accuracy` names them; empty while nothing is measured
    sparsity: dict[str, float]  # prunable, conv, all
    layers: dict[str, float]  # layer -> sparsity
    maps: pd.DataFrame  # as `agreement_table` returns it; empty for the dense network
    classes: pd.DataFrame  # as `per_class` returns it, the largest loss first; empty for the dense network
    control: dict[str, Any]  # as `against_dense`, with the dense control in the dense network's place
    training: History | None
    live: bool  # whether that is of a training under way, or of one that was cut off and left no network
    size: dict[str, Any]  # parameters, MACs and bytes, as measured on this network
    speed: dict[str, Any]  # latency, and on which device
    dense_size: dict[str, Any]
    dense_speed: dict[str, Any]
    job: Job | None  # that measures (and before that trains) it
    checkpoint: bool  # whether a training that was cut off can go on

    @property
    def title(self) -> str:
        """What was done, in words, to begin a line with."""
        words = spec_in_words(self.spec, self.own_zeros)
        return words[:1].upper() + words[1:]

    @property
    def own_zeros(self) -> float:
        """The share of all parameters that were zero as the network came; 0 if that was not measured yet."""
        return zeros(self.dense_size)

    @property
    def gains(self) -> dict[str, float]:
        """How many times fewer MACs, and how many times faster, than the dense network it is made compact.

        The latencies were measured side by side. Without what is not known.
        """
        beside = self.speed.get("dense") or {}
        pairs = {
            "MACs": (self.dense_size.get("macs"), (self.size.get("compact") or {}).get("macs")),
            "latency": (beside.get("latency_ms"), (self.speed.get("compact") or {}).get("latency_ms")),
        }
        return {name: dense / small for name, (dense, small) in pairs.items() if dense and small}

    def worst_classes(self, most: int) -> pd.DataFrame:
        """Return the classes that lose most, as a table for the eye: shares in per cent."""
        worst = self.classes.head(most)
        shares = {f"{unpruned_short(self.own_zeros)} %": 100 * worst["dense"], "pruned %": 100 * worst["pruned"]}
        return pd.DataFrame({"class": worst["name"], **shares, "images": worst["images"]})


def find_detail(store: Store, run_id: str, classes: tuple[str, ...]) -> Detail | None:
    """Return what is known of a run whose network tells `classes` apart, None if there is no such run."""
    run = find_run(store, run_id)
    if run is None:
        return None
    spec = ExperimentSpec.from_json(run.spec)
    sparsity = find_result(store, run_id, "sparsity") or {}
    figures = find_result(store, run_id, "accuracy") or {}
    dense_id = spec.dense().run_id(run.network_sha, run.data_sha)
    job = queue.job(store, queue.job_id("accuracy", run_id))
    history, live = _training(store, run_id, job)
    return Detail(
        run=run,
        spec=spec,
        figures=figures,
        sparsity={name: sparsity[name] for name in ("prunable", "conv", "all") if name in sparsity},
        layers=sparsity.get("layers", {}),
        maps=agreement_table(store, run_id, dense_id) if run_id != dense_id else pd.DataFrame(),
        classes=_classes(store, run, dense_id, figures.get("paired_images", 0), classes),
        control=against_control(store, run_id, spec, figures.get("images", 0)),
        training=history,
        size=find_result(store, run_id, "size") or {},
        speed=find_result(store, run_id, "speed") or {},
        dense_size=find_result(store, dense_id, "size") or {},
        dense_speed=find_result(store, dense_id, "speed") or {},
        live=live,
        job=job,
        checkpoint=any(checkpoint_folder(store.folder, run_id).glob("*.checkpoint")),
    )


def _training(store: Store, run_id: str, job: Job | None) -> tuple[History | None, bool]:
    """Return how the training went and whether that is not the one that made the network.

    Of a network that is made anew that is the training under way, and if that was cancelled the one it came from.
    """
    live, whole = find_result(store, run_id, LIVE), find_result(store, run_id, TRAINING)
    under_way = job is not None and job.state in (*queue.OPEN, queue.FAILED)
    chosen = live if live and (under_way or not whole) else whole
    return (History.from_json(chosen) if chosen else None), chosen is not None and chosen is live


def against_control(store: Store, run_id: str, spec: ExperimentSpec, images: int) -> dict[str, Any]:
    """Return the change of a retrained run's top-1 against its dense control, as `against_dense` returns it.

    On the first `images` of the order as far as both have seen them; empty if there is no control or it was not
    measured.
    """
    run = find_run(store, run_id)
    if run is None or spec.retraining is None or spec.is_control:
        return {}
    control_id = spec.control().run_id(run.network_sha, run.data_sha)
    return against_dense(load(store, run_id, images), load(store, control_id, images))


def _classes(store: Store, run: Run, dense_id: str, images: int, classes: tuple[str, ...]) -> pd.DataFrame:
    """Compare on as many images as the figures are of: the last batch may have gone beyond them."""
    if run.id == dense_id:
        return pd.DataFrame()
    pruned, dense = load(store, run.id, images), load(store, dense_id, images)
    return per_class(pruned, dense, classes) if len(pruned) and len(dense) else pd.DataFrame()


def cost_table(detail: Detail) -> pd.DataFrame:
    """Return what a run costs beside the dense network, as a table for the eye; what is not known is left out.

    `with zeros` is the network as it was pruned, `compacted` the one from which removed channels are really taken out.
    """
    networks = {unpruned_short(detail.own_zeros): detail.dense_size | (detail.speed.get("dense") or detail.dense_speed)}
    if not detail.spec.is_dense:
        networks["control" if detail.spec.is_control else "with zeros"] = detail.size | detail.speed
    if not detail.spec.pruning.dense:
        compact = (values.get("compact") or {} for values in (detail.size, detail.speed))
        networks["compacted"] = reduce(operator.or_, compact)
    rows = {words: [_cost(costs, key, form) for costs in networks.values()] for words, (key, form) in _COSTS.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(networks)).rename_axis("").reset_index()
    known = table[list(networks)] != NOT_KNOWN
    return table.loc[known.any(axis=1), ["", *known.columns[known.any(axis=0)]]].reset_index(drop=True)


_COSTS: dict[str, tuple[str, Callable[[float], str]]] = {
    "parameters": ("parameters", AXES["parameters"].form),
    "not zero": ("nonzero", AXES["parameters"].form),
    "MACs": ("macs", AXES["MACs"].form),
    "MACs ≠ 0": ("nonzero_macs", AXES["MACs"].form),
    "file": ("bytes", size),
    "compressed": ("compressed_bytes", size),
    "latency": ("latency_ms", AXES["latency"].form),
    "throughput": ("images_per_second", speed),
}


def _cost(costs: Mapping[str, Any], key: str, form: Callable[[float], str]) -> str:
    return form(costs[key]) if costs.get(key) is not None else NOT_KNOWN


def results_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of which something is measured as a table for the eye: words, and shares in per cent.

    `runs` is `runs_frame` with `series` (core.series.with_series).
    """
    measured = runs.dropna(subset=["images"]) if "images" in runs else runs.iloc[:0]
    named = [_named(row) for row in measured.to_dict("records")]
    table = pd.DataFrame(
        {
            **{field: [parts[field] for parts in named] for field in ("technique", "criterion", "scope")},
            "more": [", ".join(filter(None, (p["form"], p["seed"], p["layers"], p["retraining"]))) for p in named],
            "rate": measured["rate"].to_numpy(),
        }
    )
    for title, column in _SHARES.items():
        table[title] = 100 * (measured[column].to_numpy(float) if column in measured else float("nan"))
    for column in ("loss", "mcnemar_p", "images", "images_per_second", "shipped", "id"):
        table[column] = measured[column].to_numpy() if column in measured else None
    return table


_SHARES = {
    "sparsity %": "sparsity_prunable",
    "top-1 %": "top1",
    "low": "top1_low",
    "high": "top1_high",
    "top-5 %": "top5",
    "change": "change",
    "change low": "change_low",
    "change high": "change_high",
}
_PARTS = ("technique", "criterion", "scope", "form", "seed", "layers", "retraining")


def _named(run: Mapping[Any, Any]) -> dict[str, str]:
    series: Series | None = run["series"]
    return dict.fromkeys(_PARTS, "") | {"technique": unpruned_title(zeros(run))} if series is None else series.parts


def front_table(store: Store, front: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Return the runs of a Pareto front (`pareto_front`) as a table for the eye: words, and top-1 in per cent.

    The changes are paired: on the images that both networks have seen.
    """
    rows = front.to_dict("records")
    specs = [ExperimentSpec.from_json(row["spec"]) for row in rows]
    own = max(front["own_zeros"], default=0.0)
    controls = [
        against_control(store, row["id"], spec, int(row["images"])) for row, spec in zip(rows, specs, strict=True)
    ]
    return pd.DataFrame(
        {
            "network": [_in_one(row) for row in rows],
            axis.name: [axis.form(row[ACROSS]) for row in rows],
            "top-1 %": [100 * row["top1"] for row in rows],
            against_title(own): [_change(row) for row in rows],
            "against control": [_change(figures) for figures in controls],
        }
    )


def _in_one(run: Mapping[Any, Any]) -> str:
    series, words = run["series"], [words for words in _named(run).values() if words]
    return ", ".join(words if series is None or series.control else [f"{words[0]} {run['rate']:.2f}", *words[1:]])


def _change(figures: Mapping[Any, Any]) -> str:
    """Return a paired change with its interval, in points."""
    if math.isnan(figures.get("change", math.nan)):
        return NOT_KNOWN
    return f"{points(figures['change'])} ({points_between(figures['change_low'], figures['change_high'])})"


def results_csv(runs: pd.DataFrame) -> str:
    """Return everything known of the runs as CSV: all columns of `runs_frame`, shares as shares.

    `retraining` has all its settings as JSON, and is empty where there was none.
    """
    settings = [json.loads(text).get("retraining") for text in runs["spec"]]
    told = runs.assign(retraining=["" if one is None else json.dumps(one, sort_keys=True) for one in settings])
    return told.drop(columns=["spec", "series"]).to_csv(index=False)


def history(runs: pd.DataFrame) -> pd.DataFrame:
    """Return all runs, the latest first, as a table for the eye: what was done, how it stands, the main figures."""
    table = pd.DataFrame({"network": runs["network"], "data": runs["data"]})
    named = [_named(row) for row in runs.to_dict("records")]
    table["technique"] = [parts["technique"] for parts in named]
    table["how"] = [", ".join(filter(None, list(parts.values())[1:])) for parts in named]
    table["rate"] = runs["rate"]
    table["state"] = _states(runs)
    for title, column in {
        "sparsity %": "sparsity_prunable",
        "top-1 %": "top1",
        "low": "top1_low",
        "high": "top1_high",
    }.items():
        table[title] = 100 * runs[column] if column in runs else float("nan")
    table["images"] = runs.get("images")
    table["images/s"] = runs.get("images_per_second")
    table["made (UTC)"] = pd.to_datetime(runs["created_at"], unit="s")
    table["shipped"] = runs["shipped"].astype(bool)
    table["id"] = runs["id"]
    return table.sort_values(["shipped", "made (UTC)"], ascending=[True, False], ignore_index=True)


def _states(runs: pd.DataFrame) -> pd.Series:
    """Return how each run stands: its job's state; without a job, `shipped` or `known`."""
    state = runs["state"] if "state" in runs else pd.Series(None, index=runs.index, dtype=object)
    without = pd.Series("known", index=runs.index).mask(runs["shipped"].astype(bool), "shipped")
    return state.fillna(without)
