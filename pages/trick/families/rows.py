"""Draws the two rows of the move: noise above, z below, grains and arrows between them."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from pages.trick.families import member as m
from pages.trick.families.move import CUT, TOP, UPPER_ROW, UPPER_TOP, Row
from pages.trick.families.sliders import colour
from pages.trick.families.window import Window
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import CLEAR, add_dots, add_line
from pages.ui.numbers import MINUS


def draw(now: Frame) -> go.Figure:
    """The two rows, grains and their ways, and arrows."""
    family, at = str(now.numbers["family"]), now.traces
    row, fig = (
        Row(family, Window(*(float(now.numbers[n]) for n in ("low", "high", "top")))),
        go.Figure(),
    )
    shade = theme.var("z", 0.16)
    add_line(fig, "paths", at["paths"], theme.var("z", 0.35), width=1)
    _draw_noise(fig, row)
    if row.kind == "scalar":
        add_line(fig, "foot", at["foot"], CLEAR)
        add_line(fig, "q(z)", at["q(z)"], theme.var("z"), fill=shade, to="tonexty")
    elif row.kind != "vector":
        add_line(fig, "q(z)", at["q(z)"], theme.var("z"), fill=shade)
    if "histogram" in at:
        add_line(fig, "histogram", at["histogram"], theme.var("z", 0.6), width=1)
    noise: dict[str, Any] = {"xaxis": "x2", "yaxis": "y"}
    add_dots(fig, "noise", at["noise"], theme.var("eps"), 6, "noise %{x:.3f}", **noise)
    add_dots(fig, "grains", at["grains"], theme.var("z"), 7, "z = %{x:.3f}")
    tint = theme.var(colour(family, str(now.numbers["by_key"])))
    for name, width in (("∂z", 1.5), ("its ∂z", 3)):
        add_line(fig, name, at[name], tint, width=width)
        for way, symbol in (("up", "triangle-right"), ("down", "triangle-left")):
            shape = "circle" if row.kind == "vector" else symbol
            size = 5 if row.kind == "vector" else 8
            add_dots(fig, f"{name} {way}", at[f"{name} {way}"], tint, size, symbol=shape)
    hover = "the chosen noise %{x:.3f}"
    add_dots(fig, "one ε", at["one ε"], theme.var("eps"), 14, hover, edge=1.5, **noise)
    add_dots(fig, "its z", at["its z"], theme.var("z"), 14, "its z = %{x:.3f}", edge=1.5)
    return _dress(fig, row)


def _draw_noise(fig: go.Figure, row: Row) -> None:
    """The noise's density; a box where it is two numbers."""
    axes: dict[str, Any] = {"xaxis": "x2", "yaxis": "y"}
    low, high = row.ends
    if row.flat:
        places, heights = m.base_density(row.family)
        up = UPPER_ROW + UPPER_TOP * heights / heights.max()
        line = {"x": places, "y": up}
        add_line(
            fig,
            "base foot",
            {"x": [low, high], "y": [UPPER_ROW] * 2},
            theme.var("grid"),
            width=1,
            **axes,
        )
    else:
        top = UPPER_ROW + UPPER_TOP
        line = {"x": [low, high, high, low, low], "y": [UPPER_ROW, UPPER_ROW, top, top, UPPER_ROW]}
        add_line(fig, "base foot", {"x": [low, high], "y": [UPPER_ROW] * 2}, CLEAR, width=1, **axes)
    width = 2.0 if row.flat else 1.0
    add_line(
        fig,
        "p(ε)",
        line,
        theme.var("eps"),
        width=width,
        fill=theme.var("eps", 0.1),
        to="tonexty",
        **axes,
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two ends, five to nine."""
    steps = (s * 10.0**power for power in range(-6, 12) for s in (1.0, 2.0, 5.0))
    step = 0.25 if (low, high) == (0.0, 1.0) else next(s for s in steps if (high - low) / s < 9.0)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _upwards(row: Row) -> dict[str, Any]:
    """Ticks and title of the axis up: z's row below, the noise's above."""
    low, high, top = row.window
    if row.kind == "vector":
        inner = _ticks(low, high)[:: 2 if low < 0.0 else 1]
        ticks = [CUT * (z - low) / (high - low) for z in inner]
        labels, title = [f"{z:g}" for z in inner], "z₂"
    else:
        ticks, labels = [0.0, TOP / 2, TOP], ["0", f"{top / 2:.3g}", f"{top:.3g}"]
        title = "probability" if row.kind == "still" else "density"
    ends = (0.0, m.base_density(row.family)[1].max()) if row.flat else m.reach(row.family, 1)
    ticks += [UPPER_ROW, UPPER_ROW + UPPER_TOP]
    labels += [f"{end:.2g}".replace("-", MINUS) for end in ends]
    return {
        "tickvals": ticks,
        "ticktext": labels,
        "title": title if row.flat else f"{title} · second noise",
    }


def _dress(fig: go.Figure, row: Row) -> go.Figure:
    low, high, top = row.window
    quiet = {"zeroline": False, "showgrid": False, "fixedrange": True}
    letter = "u" if row.ends == (0.0, 1.0) else "ε"
    noise_title = f"noise {letter}" if row.flat else f"noise {letter}₁"
    below = -0.08 if row.kind in {"vector", "still"} else -0.42
    fig.update_layout(
        xaxis={"range": [low, high], "title": "z₁" if row.kind == "vector" else "z", **quiet},
        xaxis2={
            "range": list(row.ends),
            "overlaying": "x",
            "side": "top",
            "tickvals": _ticks(*row.ends),
            "title": {"text": noise_title, "font": {"color": theme.var("eps")}},
            **quiet,
        },
        yaxis={"range": [below, 1.62], **_upwards(row), **quiet},
        dragmode=False,
        uirevision=f"move {row.family} {low:g} {high:g} {top:g}",
        hovermode="closest",
        showlegend=False,
    )
    return fig
