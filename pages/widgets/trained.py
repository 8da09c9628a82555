"""How the network of the clicked point was retrained: the recipe, the curves, and how the training stands."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.figures.training import training_curves
from core.pruning.schedule import SPACINGS
from core.results import Detail
from core.store.queue import CANCELLED, FAILED, RUNNING, Job
from core.training.history import History
from core.training.retraining import Retraining
from core.words import count, duration, percent, speed
from pages.widgets.errors import plain
from pages.widgets.look import is_dark


def offer_to_watch(jobs: Sequence[Job], runs: pd.DataFrame) -> None:
    """Offer to open the one of `runs` that is trained right now: it has no point yet that could be clicked."""
    training = [job.subject for job in jobs if job.state == RUNNING and job.message.startswith("training")]
    here = [run_id for run_id in training if run_id in set(runs["id"]) and run_id != st.query_params.get("run")]
    if here and st.button("Watch the training", type="tertiary", help="Loss and accuracy as epochs land"):
        st.query_params["run"] = here[0]
        st.rerun()


def draw_training(detail: Detail) -> None:
    """Draw the recipe of a retrained run, how its training stands and, epoch by epoch, how it went."""
    how = detail.spec.retraining
    if how is None:
        return
    st.markdown("Training" if how.trains else "Re-calibration")
    st.caption(plain(f"{'; '.join(_recipe(how))}."))
    _state(detail, how)
    if detail.training and detail.training.rows:
        figure = training_curves(detail.training, detail.run.technique, dark=is_dark())
        st.plotly_chart(figure, key="training_curves", config={"displayModeBar": False})


def _recipe(how: Retraining) -> list[str]:
    """Return what matters of a recipe, in words."""
    images = "all images" if how.images is None else f"at most {count(how.images, 'image')}"
    if not how.trains:
        return [f"batch norm's statistics anew on {images} of {how.data}", "nothing is trained"]
    rise = f" ({how.spacing}: {SPACINGS[how.spacing].meaning})" if how.steps > 1 else ""
    said = [
        f"{count(how.steps, 'step')} of {count(how.epochs, 'epoch')}{rise}"
        if how.steps > 1
        else f"one-shot, {count(how.epochs, 'epoch')}",
        f"{images} of {how.data}, {how.batch * how.accumulate:,} a batch",
        f"{how.optimiser}, learning rate {how.learning_rate:g} {how.schedule}",
        f"weight decay {how.weight_decay:g}",
        f"crops from {how.crop:g} of the area" if how.crop < 1 else "no crops",
        "flipped at random" if how.flip else "",
        f"shown at {percent(how.size, 0)} of the evaluated size" if how.size != 1 else "",
        f"label smoothing {how.smoothing:g}" if how.smoothing else "",
        f"distillation {how.distillation:g}" if how.distillation else "",
        f"stops after {count(how.patience, 'epoch')} without gain" if how.patience else "",
        "re-calibrated at the end" if how.recalibrate else "",
        "masks held" if how.held else "masks not held: zeros grow back, the study's procedure",
        f"seed {how.seed}",
    ]
    return [words for words in said if words]


def _state(detail: Detail, how: Retraining) -> None:
    history, job = detail.training or History(), detail.job
    begun, unfinished = _begun(history, how), detail.live or not detail.figures
    if job and job.state == FAILED:
        st.error(plain(job.message), title="The run failed" + (f" after {begun}" if begun else ""))
    elif job and job.state == CANCELLED and unfinished:
        st.info(f"Cancelled before it was trained to the end. {_kept(begun, detail.checkpoint)}")
    elif job and job.state == RUNNING and unfinished:
        st.caption(plain(f"Training: {begun}" if begun else "Training begins"))
    elif history.rows:
        st.caption(plain(_done(history, how)))


def _kept(begun: str, checkpoint: bool) -> str:
    """Return what is left of a training that was cut off."""
    if not checkpoint:
        return "*Run* begins anew."
    return (
        f"Its checkpoint is {f'from after {begun}' if begun else 'from within its first epoch'}: *Run* goes on there."
    )


def _begun(history: History, how: Retraining) -> str:
    """Return how far a training is: "epoch 2 of 3 in step 1 of 4"; empty before the first epoch's end."""
    if not any(row.epoch for row in history.rows):
        return ""
    last = history.rows[-1]
    return f"epoch {last.epoch} of {how.epochs}" + (f" in step {last.step} of {how.steps}" if how.steps > 1 else "")


def _done(history: History, how: Retraining) -> str:
    epochs = sum(row.epoch > 0 for row in history.rows)
    rates = [row.images_per_second for row in history.rows if row.images_per_second]
    fewer = " (stopped early)" if epochs < how.epochs * how.steps else ""
    at = f" at {speed(sorted(rates)[len(rates) // 2])}" if rates else ""
    seconds = sum(row.seconds for row in history.rows)
    took = f" in {duration(seconds)}{at}" if seconds else ""
    return (
        f"{count(epochs, 'epoch')}{fewer}{took}, on {count(history.images, 'image')}; "
        f"{count(history.held_out, 'image')} held out from training to draw this."
    )
