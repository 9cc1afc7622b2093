"""Bars that stretch: equal bars of eps, their images in z, and heights that make up for the width.

A bar is drawn as wide as it is and as high as its probability by its width, so its area is its
probability, on either side. Where g turns back, bars from two stretches land on the same z.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.trick.lotus.panels import (
    BELOW,
    BESIDE,
    BEYOND,
    EDGE,
    EPS,
    EPS_END,
    MIDDLE,
    MOST_REACHING,
    Z_END,
    P,
    add_curve,
    add_handles,
    curve,
    dress,
    places,
)
from pages.trick.lotus.shape import KEYS, KINDS, drawn, kind, told, turns
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line
from pages.ui.numbers import number
from vae_core.families.drawn import Drawn, base_density, probability
from vae_core.families.transforms import image_mass

WIDTH = 0.5
EDGES = np.arange(-EPS_END, EPS_END + WIDTH / 2, WIDTH)
MASSES = np.array([probability(low, low + WIDTH) for low in EDGES[:-1].tolist()])
TANGENT = 0.8
THIN = 1e-9
CASES = (*KINDS, "once")  # the last: g turns back, but the chosen z is reached once in sight


def frame(eps: float, sentences: tuple[str, ...], **phi: float) -> Frame:
    """Equal bars and their images; one of them chosen, with all that land where it does.

    Args:
        eps: a point of the noise; its bar is the chosen one.
        sentences: what is said of g, in the order of `CASES`.
        phi: the heights of g, by `KEYS`.
    """
    heights = tuple(float(phi[key]) for key in KEYS)
    g, numbers = drawn(heights), dict(_found(heights, eps))
    z, slope = float(numbers["z"]), float(numbers["slope"])
    alike = _reaching(g, eps, z)
    chosen = [_bar(each) for each in alike]
    beside, reach = places(g), np.array([-TANGENT, TANGENT])
    others = np.full(MOST_REACHING, np.nan)
    others[: len(alike) - 1] = alike[1:]
    traces: dict[str, dict[str, Any]] = {
        **curve(g),
        **_guides(g, chosen[0]),
        "tangent": {"x": eps + reach, "y": z + slope * reach},
        "one ε": {"x": [eps], "y": [0.0]},
        "its place": {"x": [eps], "y": [z]},
        "its z": {"x": [0.0], "y": [z]},
        "others": {"x": others, "y": z + 0.0 * others},
        "others over ε": {"x": others, "y": 0.0 * others},
        "q(z)": {"x": np.minimum(g.density(beside), BEYOND), "y": beside},
        "chosen over ε": _boxes(_below(chosen), MOST_REACHING),
        "chosen over z": _boxes(_beside(g, chosen), MOST_REACHING),
    }
    for odd in (0, 1):
        these = list(range(odd, len(MASSES), 2))
        traces[f"bars over z {odd}"] = _boxes(_beside(g, these), len(these))
    two = ("z", "dz", "deps", "stretch", "least", "most")
    words = {name: number(float(numbers[name])) for name in two}
    words |= {"eps": number(eps), "turns": turns(g), "reached": str(len(alike))}
    case = "once" if kind(g) == "turn" and len(alike) == 1 else kind(g)
    numbers["told"] = told(sentences[CASES.index(case)], numbers | words)
    return Frame(traces, numbers)


def _guides(g: Drawn, bar: int) -> dict[str, dict[str, Any]]:
    """From the ends of a bar up to the curve, and from there to the right."""
    low, high = EDGES[bar : bar + 2]
    first, last = g(EDGES[bar : bar + 2])
    return {
        "up": {"x": [low, low, np.nan, high, high], "y": [-Z_END, first, np.nan, -Z_END, last]},
        "right": {
            "x": [low, EPS_END, np.nan, high, EPS_END],
            "y": [first, first, np.nan, last, last],
        },
    }


def _bar(eps: float) -> int:
    return int(np.clip((eps + EPS_END) // WIDTH, 0, len(MASSES) - 1))


def _reaching(g: Drawn, eps: float, z: float) -> list[float]:
    """All eps that land on z; the chosen one comes first, and those out of sight are left out."""
    own = [stretch for stretch in g.stretches if stretch.low <= eps <= stretch.high]
    low, high = own[0].low - THIN, own[-1].high + THIN
    found = [float(g.inverse(np.array([z]), each)[0]) for each in g.stretches if each not in own]
    return [eps, *(each for each in found if abs(each) < EPS_END and not low < each < high)]


@lru_cache(maxsize=4096)
def _found(heights: tuple[float, ...], eps: float) -> dict[str, float | str]:
    g = drawn(heights)
    bar = _bar(eps)
    low, high = EDGES[bar : bar + 2].tolist()
    at = np.array([eps])
    ends = g(np.array([low, high]))
    z = g(at)
    image = sum(image_mass(g, low, high))
    least, most = g.slopes_between
    return {
        "z": float(z[0]),
        "slope": float(g.slope(at)[0]),
        "stretch": float(abs(g.slope(at)[0])),
        "p": float(base_density(at)[0]),
        "q": float(g.density(z)[0]),
        "dz": float(abs(ends[1] - ends[0])),
        "deps": WIDTH,
        "area_eps": float(MASSES[bar]),
        "area_z": image,
        "relation": _relation(g, float(MASSES[bar]), image),
        "least": least,
        "most": most,
    }


def _relation(g: Drawn, before: float, after: float) -> str:
    """Between the areas of a bar and of its image, as the formula prints them."""
    if len(g.stretches) == 1 and g.stretches[0].way:
        return "="
    return "≈" if f"{before:.4f}" == f"{after:.4f}" else "≠"


def _below(bars: list[int]) -> list[tuple[float, float, float, float]]:
    """Left, right, foot and top of bars over eps."""
    return [(float(EDGES[i]), float(EDGES[i + 1]), 0.0, float(MASSES[i]) / WIDTH) for i in bars]


def _beside(g: Drawn, bars: list[int]) -> list[tuple[float, float, float, float]]:
    """The same of their images over z, which lie on their side."""
    ends = g(EDGES)
    widths = np.maximum(np.abs(np.diff(ends)), THIN)
    tops = np.minimum(MASSES / widths, BEYOND)
    return [(0.0, float(tops[i]), float(ends[i]), float(ends[i + 1])) for i in bars]


def _boxes(boxes: list[tuple[float, float, float, float]], slots: int) -> dict[str, np.ndarray]:
    """Outlines of boxes, one after the other; slots that are left are empty."""
    x, y = np.full((slots, 6), np.nan), np.full((slots, 6), np.nan)
    for i, (left, right, foot, top) in enumerate(boxes[:slots]):
        x[i, :5] = left, right, right, left, left
        y[i, :5] = foot, foot, top, top, foot
    return {"x": x.ravel(), "y": y.ravel()}


def draw(now: Frame) -> go.Figure:
    """The bars around g."""
    return _draw(now, 0.66)


def draw_narrow(now: Frame) -> go.Figure:
    """The same, with more room for the images."""
    return _draw(now, 0.6)


def _draw(now: Frame, side: float) -> go.Figure:
    fig, at = go.Figure(), now.traces
    for odd in (0, 1):
        fill = theme.var("eps", 0.16 + 0.16 * odd)
        name, boxes = f"bars over ε {odd}", _boxes(_below(list(range(odd, len(MASSES), 2))), 6)
        _add_boxes(fig, name, boxes, theme.var("eps", 0.7), fill, **BELOW)
        name, fill = f"bars over z {odd}", theme.var("z", 0.16 + 0.16 * odd)
        _add_boxes(fig, name, at[name], theme.var("z", 0.7), fill, **BESIDE)
    for row, colour, axes in (("ε", "eps", BELOW), ("z", "z", BESIDE)):
        name = f"chosen over {row}"
        _add_boxes(fig, name, at[name], theme.var(colour), theme.var(colour, 0.6), **axes)
    add_line(fig, "p(ε)", {"x": EPS, "y": P}, theme.var("eps"), width=1.5, **BELOW)
    add_line(fig, "q(z)", at["q(z)"], theme.var("z"), width=1.5, **BESIDE)
    add_line(fig, "up", at["up"], theme.var("eps"), width=1.5, dash="dot", **MIDDLE)
    add_line(fig, "right", at["right"], theme.var("z"), width=1.5, dash="dot", **MIDDLE)
    add_line(fig, "tangent", at["tangent"], theme.var("ink"), width=2, dash="dash", **MIDDLE)
    add_curve(fig, at)
    add_handles(fig, at)
    hover = "also lands there: ε = %{x:.2f}"
    add_dots(fig, "others", at["others"], theme.var("bad"), 11, hover, edge=EDGE, **MIDDLE)
    add_dots(
        fig, "others over ε", at["others over ε"], theme.var("bad"), 9, hover, edge=0.5, **BELOW
    )
    add_dots(
        fig,
        "its place",
        at["its place"],
        theme.var("ink"),
        9,
        "ε = %{x:.2f} lands at z = %{y:.2f}",
        edge=0.5,
        **MIDDLE,
    )
    hover = "the noise ε = %{x:.2f}"
    add_dots(fig, "one ε", at["one ε"], theme.var("eps"), 14, hover, edge=EDGE, **BELOW)
    hover = "its z = %{y:.2f}"
    add_dots(fig, "its z", at["its z"], theme.var("z"), 11, hover, edge=EDGE, **BESIDE)
    dress(fig, side, "bars")
    return fig


def _add_boxes(fig: go.Figure, name: str, at: Any, colour: str, fill: str, **axes: Any) -> None:
    line = {"color": colour, "width": 1, "simplify": False}
    common = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, "fill": "toself"}
    fig.add_scatter(name=name, x=at["x"], y=at["y"], line=line, fillcolor=fill, **common, **axes)
