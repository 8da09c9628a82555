"""The clicked point: one pruned network beside the dense one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.figures.curves import layer_bars
from core.results import Detail, cost_table
from core.surveys import YARDSTICKS
from core.unpruned import against_title, control_title, unpruned_network
from core.words import between, count, listed, percent, points, points_between, probability
from pages.widgets.errors import plain
from pages.widgets.look import is_dark
from pages.widgets.trained import draw_training

_CLASSES_SHOWN = 6


def draw_detail(detail: Detail) -> None:
    """Draw the figures, the training, the costs, the layers and the worst classes of a run, and the ways elsewhere."""
    _head(detail)
    if not detail.figures:
        st.caption("Nothing is measured on this network yet.")
        draw_training(detail)
        return
    _figures(detail)
    draw_training(detail)
    if detail.size or detail.speed:
        _costs(detail)
    if detail.run.technique:
        _layers(detail)
    if len(detail.maps):
        _maps(detail.maps)
    if len(detail.classes):
        _classes(detail.worst_classes(_CLASSES_SHOWN))


def _head(detail: Detail) -> None:
    title, close = st.columns([4, 1], gap="xsmall", wrap=False)
    title.markdown(f"**{plain(detail.title)}**")
    if close.button("Close", type="tertiary", help="Give the curve its full width again"):
        del st.query_params["run"]
        st.rerun()
    with st.container(horizontal=True, gap="xsmall"):
        if st.button("Look inside", type="primary", help="What this network looks at, in Saliency"):
            st.switch_page("pages/saliency.py", query_params={"run": detail.run.id})
        if not detail.spec.is_dense and st.button("What it forgot", help="What it lost, in Forgetting"):
            st.switch_page("pages/forgetting.py", query_params={"run": detail.run.id})
        if st.button("Its units", help="What drives each of its units, and how interpretable they are, in Units"):
            st.switch_page("pages/units.py", query_params={"run": detail.run.id})


def _figures(detail: Detail) -> None:
    run = detail.figures
    top1, top5 = st.columns(2, wrap=False)
    change = points(run["change"]) if "change" in run else None
    interval = f"95 % interval {between(run['top1_low'], run['top1_high'])}"
    top1.metric("Top-1", percent(run["top1"]), change, delta_color="off", delta_arrow="off", help=interval)
    top5.metric("Top-5", percent(run["top5"]), help=f"95 % interval {between(run['top5_low'], run['top5_high'])}")
    st.caption(plain(". ".join(_lines(detail)) + "."))


def _lines(detail: Detail) -> list[str]:
    run, sparsity = detail.figures, detail.sparsity
    lines = [f"Top-1 {between(run['top1_low'], run['top1_high'])} on {count(run['images'], 'image')}"]
    if "top1_present" in run:
        lines[0] += ", all classes of the network counted"
        lines.append(
            f"Among the {run['classes_present']:,} classes that have images top-1 {percent(run['top1_present'])} "
            f"({between(run['top1_present_low'], run['top1_present_high'])})"
        )
    if "change" in run:
        interval = points_between(run["change_low"], run["change_high"])
        against = against_title(detail.own_zeros).capitalize()
        lines.append(f"{against} {interval} points on the same images, McNemar {probability(run['mcnemar_p'])}")
    if detail.control:
        control = detail.control
        interval = points_between(control["change_low"], control["change_high"])
        name = control_title(detail.own_zeros).lower().partition(",")[0]
        lines.append(
            f"Against the {name} {points(control['change'])} ({interval}) on "
            f"{count(control['paired_images'], 'image')}, McNemar {probability(control['mcnemar_p'])}"
        )
    lines.append(f"Loss {run['loss']:.3f}")
    if sparsity and (detail.run.technique or any(sparsity.values())):
        lines.append(
            f"Removed: {percent(sparsity['prunable'])} of the prunable weights, {percent(sparsity['conv'])} of all "
            f"conv weights, {percent(sparsity['all'])} of all parameters"
        )
    return lines


def _costs(detail: Detail) -> None:
    """Draw what the network costs beside the dense one, as it is and with removed channels really taken out."""
    device = f"; times on {detail.speed['device']}" if detail.speed else ""
    st.markdown(
        "Size and speed",
        help=plain(f"With zeros: as pruned, the zeros still there. Compacted: removed channels taken out{device}."),
    )
    table = cost_table(detail)
    narrow = st.column_config.TextColumn(width="small")
    st.dataframe(table, hide_index=True, column_config=dict.fromkeys(table.columns, narrow))
    for words in _gains(detail):
        st.caption(plain(words))


def _gains(detail: Detail) -> list[str]:
    gains, why = detail.gains, detail.size.get("why")
    said = [
        f"{gains['MACs']:.1f} times fewer MACs" if "MACs" in gains else "",
        f"{gains['latency']:.1f} times as fast as the {unpruned_network(detail.own_zeros)}, measured side by side"
        if "latency" in gains
        else "",
    ]
    words = listed([one for one in said if one])
    if words:
        return [f"Compacted: {words}. With zeros in place nothing is faster."]
    return [f"Not compacted: {why}. Masked zeros make nothing faster."] if why else []


def _layers(detail: Detail) -> None:
    st.markdown("Removed from each layer", help="Share of each layer's weights that is zero, by inception block")
    figure = layer_bars(detail.layers, detail.run.technique, dark=is_dark())
    st.plotly_chart(figure, key="layers", config={"displayModeBar": False})


def _maps(maps: pd.DataFrame) -> None:
    what = (
        "Spearman's rank correlation of its maps with the dense network's, mean over the images with its 95 % interval"
    )
    marks = ". ".join(f"{one.title}: {one.meaning}" for one in YARDSTICKS.values())
    st.markdown("Where it looks", help=plain(f"{what}. {marks}."))
    decimals = st.column_config.NumberColumn(format="%.2f")
    config = {name: decimals for name in maps.columns if name not in ("maps by", "images")}
    for name, words in (("agreement", "agree"), ("randomised network", "random"), ("another image", "other")):
        config[name] = st.column_config.NumberColumn(words, format="%.2f", help=name)
    config["empty maps %"] = st.column_config.NumberColumn(format="%.0f")
    st.dataframe(maps, hide_index=True, column_config=config)


def _classes(classes: pd.DataFrame) -> None:
    st.markdown("Classes that lose most", help="Top-1 by class on the same images; few images a class: read with care")
    share = st.column_config.NumberColumn(format="%.0f")
    shares = [name for name in classes.columns if name.endswith(" %")]
    st.dataframe(classes, hide_index=True, column_config=dict.fromkeys(shares, share))
