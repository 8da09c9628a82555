"""The tasks that a unit was scored by, for a person to play: which query belongs to the strongly activating images?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.packed import Pack
from core.errors import PrunescopeError
from core.families import Member
from core.figures.unit_pictures import picture_grid
from core.interpretability.mis.play import Task, play
from core.words import count, percent
from pages.widgets.address import name_outside
from pages.widgets.errors import plain, show_error
from pages.widgets.family import show
from pages.widgets.look import is_dark
from pages.widgets.unit_activity import activity_of, offer_activity
from pages.widgets.unit_exemplars import offer_packing
from pages.widgets.unit_facts import value
from pages.widgets.unit_game import REVEALED, Embedded, Game, Played, all_played
from pages.widgets.unit_refused import offer_again
from pages.widgets.unit_scene import UnitScene
from pages.widgets.unit_views import classes_of, labels_of, pack_of, pixels_of, row_of
from pages.widgets.work import answers

_SHEET, _QUERY = 318, 154  # pixels: both sheets and the queries in a row at 1440
_COLUMNS = 3
_BARE = {"displayModeBar": False}


def draw_tasks(scene: UnitScene, place: str, unit: int) -> None:
    """Draw one task of a unit in one network; what the right answer is, once it is answered or asked for."""
    st.caption(_rules(scene))
    pack = pack_of(scene.subject)
    if pack is None:
        offer_packing(scene)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        member = _choose_network(scene)
        number = _choose_number(scene.study.tasks)
    tasks = _tasks(scene, pack, member, place, unit)
    if tasks:
        _draw(Game(scene, member, place, unit, number, tasks[number - 1]))


def _rules(scene: UnitScene) -> str:
    k = scene.study.explanations
    return plain(
        f"{k} images that activate the unit strongly, {k} that activate it weakly, and two more, one of each kind: "
        f"which is which? {scene.study.score} is how well a machine answers {count(scene.study.tasks, 'such task')}, "
        "by how similar the images are to it."
    )


def _choose_network(scene: UnitScene) -> Member:
    titles = {member.id: scene.title(member) for member in scene.members}
    wanted = st.query_params.get("played", scene.dense.id)
    show("played_in", wanted if wanted in titles else scene.dense.id)
    chosen = st.selectbox(
        "Network", list(titles), format_func=titles.__getitem__, key="played_in", width=240, on_change=_on_network
    )
    return next(member for member in scene.members if member.id == chosen)


def _on_network() -> None:
    st.query_params["played"] = st.session_state["played_in"]


def _choose_number(tasks: int) -> int:
    name_outside("task", "Task", 1, tasks, int)
    number = st.number_input(
        "Task", 1, tasks, step=1, key="task", bind="query-params", width=130, help=f"One of {tasks:,}."
    )
    return int(number)


def _go_on(tasks: int) -> None:
    """Go to the next task; after the last comes the first."""
    st.session_state["task"] = st.session_state["task"] % tasks + 1


def _tasks(scene: UnitScene, pack: Pack, member: Member, place: str, unit: int) -> tuple[Task, ...]:
    """Return the tasks of a unit in a network; none, and say why, where there are none."""
    row = row_of(scene, member, place, unit)
    if row is None or row["constant"]:
        st.info(
            f"The unit is constant in {plain(scene.title(member))}: no image drives it, and there is nothing to tell."
        )
        return ()
    activity = activity_of(scene, member)
    if activity is None:
        offer_activity(scene, [member])
        return ()
    (embedded,) = answers([Embedded(scene)], st.empty(), "embeddings")
    if isinstance(embedded, PrunescopeError):
        show_error(embedded)
        offer_again("embeddings")
    if embedded is None or isinstance(embedded, PrunescopeError):
        return ()
    return play(activity, embedded, pack.order[: scene.study.images], scene.study, place, unit)


def _draw(game: Game) -> None:
    played = all_played().get(game.key)
    with st.container(horizontal=True, gap="medium"):
        _draw_sheet(game, "These activate it strongly", game.task.positive, "strong")
        _draw_sheet(game, "These activate it weakly", game.task.negative, "weak")
        with st.container(width=_SHEET):
            _draw_queries(game, played)
    if played:
        _draw_verdict(game, played)
    _draw_tally()


def _draw_sheet(game: Game, title: str, images: NDArray[np.int64], key: str) -> None:
    with st.container(width=_SHEET, gap="xsmall"):
        st.markdown(f"**{title}**", help=plain(f"Their classes: {classes_of(game.scene, images.tolist())}"))
        pictures = pixels_of(game.scene.subject, images.tolist())
        figure = picture_grid(pictures, columns=_COLUMNS, width=_SHEET, dark=is_dark())
        st.plotly_chart(figure, key=f"task {key}", config=_BARE, theme=None)


def _draw_queries(game: Game, played: Played | None) -> None:
    st.markdown("**Which of these activates it strongly?**")
    pictures = pixels_of(game.scene.subject, list(game.sides.values()))
    with st.container(horizontal=True, gap="xsmall"):
        for side, picture in zip(game.sides, pictures, strict=True):
            with st.container(width=_QUERY, gap="xsmall"):
                _draw_query(game, played, side, picture)
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Next task", key="next_task", on_click=_go_on, args=(game.scene.study.tasks,),
            type="primary" if played else "secondary",
        )  # fmt: skip
        st.button(
            "Show the answer", key="say revealed", on_click=_say, args=(game, REVEALED), disabled=played is not None,
            type="tertiary", help="Without answering: it does not count.",
        )  # fmt: skip


def _draw_query(game: Game, played: Played | None, side: str, picture: NDArray[np.uint8]) -> None:
    st.image(picture, width="stretch", alt=f"the {side} query")
    st.button(
        side.capitalize(), key=f"say {side}", on_click=_say, args=(game, side), disabled=played is not None,
        width="stretch", shortcut=side.capitalize(),
    )  # fmt: skip
    if played:
        st.caption(_truth(game, side) + ("  \n*your answer*" if played.said == side else ""))


def _say(game: Game, said: str) -> None:
    """Note how a task ended; the first answer counts."""
    all_played().setdefault(game.key, Played(said, said == game.answer, game.task.right))


def _truth(game: Game, side: str) -> str:
    """Return what a query is: how strongly it activates the unit, and what it shows."""
    image, activity = game.sides[side], activity_of(game.scene, game.member)
    ((_, name),) = labels_of(game.scene.subject, [image])
    what = "strongly" if side == game.answer else "weakly"
    if activity is None:
        return f"**{what}**  \n{plain(name)}"
    at = activity.units_of(game.place).start + game.unit
    images, values = (
        (activity.top, activity.top_values) if side == game.answer else (activity.bottom, activity.bottom_values)
    )
    activation = float(values[at][images[at] == image][0])
    return f"**{what}**: {value(activation)}  \n{plain(name)}"


def _draw_verdict(game: Game, played: Played) -> None:
    said = {REVEALED: "Shown without an answer."}.get(
        played.said, f"You are {':green[**right**]' if played.person else ':red[**wrong**]'}."
    )
    st.markdown(f"{said} {_machine(game)}")
    with st.container(width=2 * _SHEET):
        st.table(_similarities(game))
    st.caption(
        plain(
            f"Mean cosine similarity of each query to the {game.scene.study.explanations} images of a side, by "
            f"{game.scene.study.score.removeprefix('MIS ').strip('()')}. The machine goes by the difference of the "
            "differences: right if above 0."
        )
    )


def _machine(game: Game) -> str:
    task, alpha = game.task, game.scene.study.alpha
    verdict = {None: "cannot decide", True: "is :green[**right**]", False: "is :red[**wrong**]"}[task.right]
    difference = f"{task.difference:+.3f}".replace("-", "−")
    return (
        f"The machine {verdict}: difference {plain(difference)}, probability of the right answer "
        f"{percent(task.probability)} (sigmoid of the difference over alpha {alpha:g})."
    )


def _similarities(game: Game) -> dict[str, list[str]]:
    """Return the similarities as a table: a row a query, in the order of the page."""
    rows = [game.task.similarity[0 if side == game.answer else 1] for side in game.sides]
    return {
        "query": [f"{side} ({'strong' if side == game.answer else 'weak'})" for side in game.sides],
        "to the strong": [f"{row[0]:.3f}" for row in rows],
        "to the weak": [f"{row[1]:.3f}" for row in rows],
        "difference": [f"{row[0] - row[1]:+.3f}".replace("-", "−") for row in rows],
    }


def _draw_tally() -> None:
    """Say how often the person and the machine were right, on the tasks that the person answered in this session."""
    answered = [one for one in all_played().values() if one.said != REVEALED]
    if not answered:
        return
    decided = [one.machine for one in answered if one.machine is not None]
    ties = len(answered) - len(decided)
    undecided = f", undecided on {ties:,}" if ties else ""
    left_out = len(all_played()) - len(answered)
    shown = f" Not counted: {count(left_out, 'task')} shown without an answer." if left_out else ""
    st.markdown(
        f"In this session, over all units: you **{_share([one.person for one in answered])}**, the machine "
        f"**{_share(decided)}**{undecided} on the same tasks.{shown}"
    )


def _share(right: Sequence[bool]) -> str:
    return f"{sum(right):,} of {len(right):,} right"
