"""All that is known of one run, gathered for the eye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.evaluation.accuracy import per_class
from core.experiment import ExperimentSpec, spec_in_words
from core.series import Series
from core.store.database import Store
from core.store.predictions import load
from core.store.runs import Run, find_result, find_run
from core.surveys import agreement_table


@dataclass(frozen=True)
class Detail:
    """One run: its figures, what is gone from each layer, and its top-1 class by class beside the dense network's."""

    run: Run
    spec: ExperimentSpec
    figures: dict[str, Any]  # as `core.evaluation.accuracy` names them; empty while nothing is measured
    sparsity: dict[str, float]  # prunable, conv, all
    layers: dict[str, float]  # layer -> sparsity
    maps: pd.DataFrame  # as `agreement_table` returns it; empty for the dense network
    classes: pd.DataFrame  # as `per_class` returns it, the largest loss first; empty for the dense network

    @property
    def title(self) -> str:
        """What was done, in words, to begin a line with."""
        words = spec_in_words(self.spec)
        return words[:1].upper() + words[1:]

    def worst_classes(self, most: int) -> pd.DataFrame:
        """Return the classes that lose most, as a table for the eye: shares in per cent."""
        worst = self.classes.head(most)
        shares = {f"{who} %": 100 * worst[who] for who in ("dense", "pruned")}
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
    return Detail(
        run=run,
        spec=spec,
        figures=figures,
        sparsity={name: sparsity[name] for name in ("prunable", "conv", "all") if name in sparsity},
        layers=sparsity.get("layers", {}),
        maps=agreement_table(store, run_id, dense_id) if run_id != dense_id else pd.DataFrame(),
        classes=_classes(store, run, dense_id, figures.get("paired_images", 0), classes),
    )


def _classes(store: Store, run: Run, dense_id: str, images: int, classes: tuple[str, ...]) -> pd.DataFrame:
    """Compare on as many images as the figures are of: the last batch may have gone beyond them."""
    if run.id == dense_id:
        return pd.DataFrame()
    pruned, dense = load(store, run.id, images), load(store, dense_id, images)
    return per_class(pruned, dense, classes) if len(pruned) and len(dense) else pd.DataFrame()


def results_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of which something is measured as a table for the eye: words, and shares in per cent.

    `runs` is `runs_frame` with `series` (core.series.with_series).
    """
    measured = runs.dropna(subset=["images"]) if "images" in runs else runs.iloc[:0]
    named = [_named(one) for one in measured["series"]]
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
_DENSE = {"technique": "Dense"} | dict.fromkeys(("criterion", "scope", "form", "seed", "layers", "retraining"), "")


def _named(series: Series | None) -> dict[str, str]:
    return _DENSE if series is None else series.parts


def results_csv(runs: pd.DataFrame) -> str:
    """Return everything known of the runs as CSV: all columns of `runs_frame`, shares as shares."""
    return runs.drop(columns=["spec", "series"]).to_csv(index=False)


def history(runs: pd.DataFrame) -> pd.DataFrame:
    """Return all runs, the latest first, as a table for the eye: what was done, how it stands, the main figures."""
    table = pd.DataFrame({"network": runs["network"], "data": runs["data"]})
    named = [_named(one) for one in runs["series"]]
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
