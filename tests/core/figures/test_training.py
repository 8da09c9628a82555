from __future__ import annotations

import pytest

from core.figures.theme import DENSE_COLOUR, TECHNIQUE_COLOURS
from core.figures.training import training_curves
from core.training.history import History, Row


def row(step, epoch, top1=None, sparsity=0.3):
    trained = {"learning_rate": 0.01, "loss": 1.0, "images_per_second": 50.0} if epoch else {}
    empty = dict.fromkeys(("learning_rate", "loss", "images_per_second"))
    held_out = {"held_out_loss": 1.5, "held_out_top1": 0.4 + epoch / 10}
    return Row(
        step=step, epoch=epoch, rate=0.3, sparsity=sparsity, top1=top1, seconds=9.0, **held_out, **empty | trained
    )


ITERATIVE = History((
    row(1, 0), row(1, 1, 0.5), row(1, 2, 0.6),
    row(2, 0, sparsity=0.5), row(2, 1, 0.55, 0.5),
    row(3, 0, sparsity=0.7), row(3, 1, 0.5, 0.7), row(3, 2, 0.6, 0.7),
), 100, 10)  # fmt: skip


def traces(figure):
    return {(trace.yaxis or "y", trace.name): trace for trace in figure.data}


def test_steps_follow_each_other_and_each_begins_where_the_last_ended():
    drawn = traces(training_curves(ITERATIVE, "structured"))
    assert {tuple(trace.x) for trace in drawn.values()} == {(0, 1, 2, 2, 3, 3, 4, 5)}


def test_accuracy_loss_and_sparsity_have_a_panel_each():
    drawn = traces(training_curves(ITERATIVE, "structured"))
    assert list(drawn["y", "training views"].y) == [None, 0.5, 0.6, None, 0.55, None, 0.5, 0.6]
    assert drawn["y2", "held-out images"].y == (1.5,) * 8
    assert list(drawn["y3", "held-out images"].y) == [row.sparsity for row in ITERATIVE.rows]
    assert len(drawn) == 5


@pytest.mark.parametrize(
    ("technique", "colour"), [("connection", TECHNIQUE_COLOURS["connection"]), (None, DENSE_COLOUR)]
)
def test_held_out_images_have_the_colour_of_the_technique(technique, colour):
    drawn = traces(training_curves(ITERATIVE, technique))
    assert drawn["y", "held-out images"].line.color == colour
    assert drawn["y", "training views"].line.color != colour


def test_steps_are_marked_where_there_are_several():
    figure = training_curves(ITERATIVE, None)
    assert sorted(shape.x0 for shape in figure.layout.shapes) == [0, 2, 3]
    assert {one.text for one in figure.layout.annotations} == {"step 1", "step 2", "step 3"}
    assert not training_curves(History(ITERATIVE.rows[:3]), None).layout.shapes


def test_before_the_first_epoch_there_is_a_point_already():
    figure = training_curves(History(ITERATIVE.rows[:1]), "structured")
    assert traces(figure)["y", "held-out images"].y == (0.4,)
    assert training_curves(History(), "structured").data[0].x == ()
