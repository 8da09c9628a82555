"""Surveys: what is asked of a set of images, and what is known of the answers. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from core.errors import InvalidSettingError
from core.interpretability.question import Question
from core.interpretability.survey import INSTRUMENTS, Instrument
from core.store.database import Store
from core.store.runs import find_result, results_of

IMAGES = 100


@dataclass(frozen=True)
class Yardstick:
    """What a measure is held against."""

    title: str
    meaning: str


YARDSTICKS: dict[str, Yardstick] = {
    "randomised": Yardstick(
        "Randomised network",
        "the dense network with fresh random weights: what agrees with it owes nothing to what was learnt",
    ),
    "other": Yardstick(
        "Another image", "the dense network's own map, of another image: what agrees with it is not about the image"
    ),
}


@dataclass(frozen=True)
class Survey:
    """A question, asked about the first `images` of the common order, and the instrument that measures the answers."""

    question: Question = field(default_factory=Question)
    instrument: str = "agreement"
    images: int = IMAGES

    def __post_init__(self) -> None:
        if self.instrument not in INSTRUMENTS:
            raise InvalidSettingError(f"instrument {self.instrument!r}", ", ".join(INSTRUMENTS), "choose one of these")
        if self.images < 1:
            raise InvalidSettingError(f"{self.images} images", "1 or more", f"{IMAGES} are the default")

    @property
    def measures(self) -> Instrument:
        """The instrument's entry."""
        return INSTRUMENTS[self.instrument]

    @property
    def kind(self) -> str:
        """The name under which a run's rows and figures are kept."""
        return f"{self.instrument}/{self.question.id}"

    def yardstick(self, name: str) -> str:
        """Return the name under which the rows and figures of a yardstick are kept, with the dense run."""
        return f"{self.kind}/{name}"

    def in_words(self) -> str:
        """Return what is asked, in words."""
        return f"{self.measures.title}, {self.question.in_words()}"


def survey_frame(store: Store, survey: Survey, network_sha: str, data_sha: str) -> pd.DataFrame:
    """Return one row a run that was surveyed: `id`, and the figures as `figures` (core.interpretability.survey) names.

    `images` tells on how many: it may differ from what `survey` asks.
    """
    found = results_of(store, survey.kind, network_sha, data_sha)
    return pd.DataFrame([{"id": run_id, **_figures(values)} for run_id, values in found.items()])


def yardsticks(store: Store, survey: Survey, dense_id: str) -> dict[str, dict[str, float]]:
    """Return the figures of each yardstick that is known, by its name."""
    found = {name: find_result(store, dense_id, survey.yardstick(name)) for name in YARDSTICKS}
    return {name: _figures(values) for name, values in found.items() if values}


def known_surveys(store: Store, dense_id: str) -> list[Survey]:
    """Return the surveys that the dense run took part in, the latest first, with as many images as it saw."""
    return list(_known(store, dense_id))


def agreement_table(store: Store, run_id: str, dense_id: str) -> pd.DataFrame:
    """Return how far a run's maps agree with the dense network's (Spearman), a row a question, beside the yardsticks.

    Columns `maps by`, `agreement`, one a yardstick, `empty maps %`, `low`, `high`, `images`; empty if nothing was
    surveyed.
    """
    found = [
        _agreement(store, survey, run_id, dense_id)
        for survey in known_surveys(store, dense_id)
        if survey.instrument == "agreement"
    ]
    return pd.DataFrame([row for row in found if row])


def _agreement(store: Store, survey: Survey, run_id: str, dense_id: str) -> dict[str, Any] | None:
    figures = find_result(store, run_id, survey.kind) or {}
    if "spearman" not in figures:
        return None
    usual = survey.question.id == Question(survey.question.method).id
    marks = {name: values.get("spearman") for name, values in yardsticks(store, survey, dense_id).items()}
    return {
        "maps by": survey.question.entry.title if usual else survey.question.in_words(),
        "agreement": figures["spearman"],
        **{YARDSTICKS[name].title.lower(): value for name, value in marks.items()},
        "empty maps %": 100 * figures.get("empty", 0.0),
        "low": figures.get("spearman_low"),
        "high": figures.get("spearman_high"),
        "images": int(figures["images"]),
    }


def _known(store: Store, dense_id: str) -> Iterator[Survey]:
    with store.reading() as db:
        query = "SELECT kind FROM results WHERE run_id = ? ORDER BY written_at DESC"
        kinds = [row["kind"] for row in db.execute(query, (dense_id,))]
    for kind in kinds:
        values = find_result(store, dense_id, kind) or {}
        if kind.count("/") == 1 and "question" in values:
            with suppress(InvalidSettingError):  # a method or setting that there is no longer
                yield Survey(Question.from_json(values["question"]), kind.partition("/")[0], int(values["images"]))


def _figures(values: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if name != "question"}


def survey_to_json(survey: Survey) -> str:
    """Return a survey as JSON; `survey_from_json` takes it back."""
    about = {"question": survey.question.to_json(), "instrument": survey.instrument, "images": survey.images}
    return json.dumps(about, sort_keys=True)


def survey_from_json(text: str) -> Survey:
    """Return the survey that `survey_to_json` wrote."""
    values = json.loads(text)
    return replace(Survey(Question.from_json(values.pop("question"))), **values)
