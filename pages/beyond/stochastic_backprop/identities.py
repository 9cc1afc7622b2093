"""Bonnet's and Price's identities on a bell: E[f] and its slopes, by f's own derivatives.

At the left f, f' and f'' with the bell that weighs them; at the right E[f] over mu and over the
variance C, each with the line whose slope an identity gives, and a chord by a finite difference.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.beyond.stochastic_backprop.panels import RIM, axis, moving, words
from pages.beyond.stochastic_backprop.shapes import REACH, SHAPES, Z, curves, mean, sides
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line
from pages.ui.numbers import number

MOST_C = 2.25
MU = np.linspace(-REACH, REACH, 121)
C = np.linspace(0.01, MOST_C, 121)
BELL = np.linspace(-3.6, 3.6, 73)
TANGENT = (0.9, 0.45)  # half the length of a tangent along mu, along C
APART = 5e-4
PARTS = ("tangent", "chord", "here", "ends")


def frame(mu: float, sigma: float, h: float, shape: str) -> Frame:
    """Both identities at a bell.

    Args:
        mu, sigma: of the bell.
        h: half the step of the finite difference in mu; in C it is that share of C.
        shape: a name of `SHAPES`.
    """
    c = sigma**2
    bonnet, second = sides(shape, mu, sigma)
    price, here = 0.5 * second, float(mean(shape, mu, c))
    around = mean(shape, np.array([mu - h, mu + h]), c)
    wider = mean(shape, mu, np.array([c - h * c, c + h * c]))
    by_mu, by_c = float(around[1] - around[0]) / (2 * h), float(wider[1] - wider[0]) / (2 * h * c)
    density = np.exp(-0.5 * BELL**2)
    along, across = (np.array([-half, half]) for half in TANGENT)
    traces = {
        "bell": {"x": mu + sigma * BELL, "y": density},
        "flanks": {"x": np.array([mu - sigma, mu + sigma]), "y": np.exp([-0.5, -0.5])},
        "mean of f'": {"x": np.array([-REACH, REACH]), "y": np.array([bonnet, bonnet])},
        "mean of f''": {"x": np.array([-REACH, REACH]), "y": np.array([second, second])},
        "over mu": {"x": MU, "y": mean(shape, MU, c)},
        "tangent in mu": {"x": mu + along, "y": here + bonnet * along},
        "chord in mu": {"x": np.array([mu - h, mu + h]), "y": around},
        "ends in mu": {"x": np.array([mu - h, mu + h]), "y": around},
        "here in mu": {"x": np.array([mu]), "y": np.array([here])},
        "over C": {"x": C, "y": mean(shape, mu, C)},
        "tangent in C": {"x": c + across, "y": here + price * across},
        "chord in C": {"x": np.array([c - h * c, c + h * c]), "y": wider},
        "ends in C": {"x": np.array([c - h * c, c + h * c]), "y": wider},
        "here in C": {"x": np.array([c]), "y": np.array([here])},
    }
    numbers: dict[str, float | str] = {
        "bonnet": bonnet,
        "second": second,
        "price": price,
        "by_mu": by_mu,
        "by_c": by_c,
        "c": c,
        "value": here,
        "density": math.exp(-0.5 * (mu / sigma) ** 2) / (sigma * math.sqrt(2.0 * math.pi)),
    }
    for name, letter, value in (("f'", "f′", bonnet), ("f''", "f″", second)):
        told = np.array([f"E[{letter}] = {number(value)}"])
        traces[f"told of {name}"] = {"x": np.array([REACH]), "y": np.array([value]), "text": told}
    return Frame(traces, numbers | {"verdict": verdict(shape, numbers)})


def verdict(shape: str, numbers: dict[str, float | str]) -> str:
    """What identities and differences say of each other."""
    off_mu, off_c = (
        abs(float(numbers[one]) - float(numbers[other]))
        for one, other in (("bonnet", "by_mu"), ("price", "by_c"))
    )
    if SHAPES[shape].kink is not None:
        missed = number(float(numbers["density"]), 3)
        return (
            f"f″ is 0 wherever it exists, so Price's side is 0. The kink's share, the bell's "
            f"height {missed} there, is missed."
        )
    if max(off_mu, off_c) < APART:
        return "Identity and finite difference agree."
    return (
        f"The chords miss by {number(off_mu, 3)} and {number(off_c, 3)}: a shorter step h brings "
        "them to the tangents."
    )


def draw(now: Frame, shape: str) -> go.Figure:
    """Three rows over z at the left, two panels of E[f] at the right."""
    fig = go.Figure()
    _rows(fig, now, shape)
    for panel, letter, colour, slope in (
        ("4", "mu", "mu", "E[f′]"),
        ("5", "C", "sigma", "E[f″]/2"),
    ):
        shade, traces = theme.var(colour), now.traces
        name = f"over {letter}"
        shown = "μ" if letter == "mu" else "C"
        ink, muted, on = theme.var("ink"), theme.var("muted"), axis(panel)
        tangent, chord, here, ends = (f"{part} in {letter}" for part in PARTS)
        hover = f"E[f] = %{{y:.3f}} at {shown} = %{{x:.2f}}"
        add_line(fig, name, traces[name], ink, hover=hover, **on)
        add_line(fig, tangent, traces[tangent], shade, width=4, **on)
        add_line(fig, chord, traces[chord], muted, dash="dot", width=2, **on)
        add_dots(fig, here, traces[here], shade, 12, edge=RIM, **on)
        add_dots(fig, ends, traces[ends], ink, 7, edge=RIM, **on)
        words(fig, f"E[f], slope {slope}", shade, panel)
    _axes(fig, shape)
    fig.update_layout(
        uirevision=f"identities {shape}",
        hovermode="closest",
        showlegend=False,
        meta={"narrow": NARROW},
    )
    return fig


def _rows(fig: go.Figure, now: Frame, shape: str) -> None:
    """f with the bell above, then f' and f'' with their means under the bell."""
    found, spans = curves(shape), SHAPES[shape].spans
    bell = theme.var("z")
    add_line(fig, "bell", now.traces["bell"], bell, fill=theme.var("z", 0.2), **axis("6"))
    hover = "one σ beside μ: z = %{x:.2f}"
    grips: dict[str, Any] = {"symbol": "diamond", "edge": RIM, **axis("6")}
    add_dots(fig, "flanks", now.traces["flanks"], theme.var("sigma"), 12, hover, **grips)
    told = (("f", "f", "ink", ""), ("f'", "f′", "mu", "2"), ("f''", "f″", "sigma", "3"))
    for (name, letter, colour, panel), y in zip(told, found, strict=True):
        kink, heights = SHAPES[shape].kink, y.numpy().copy()
        if kink is not None and panel:
            heights[np.abs(Z - kink) < 1e-9] = np.nan
        hover = f"{letter}(z) = %{{y:.2f}} at z = %{{x:.2f}}"
        at = {"x": Z, "y": heights}
        add_line(fig, name, at, theme.var(colour), hover=hover, **axis(panel))
        words(
            fig, f"{letter}(z)" + (", and the bell" if not panel else ""), theme.var(colour), panel
        )
    for name, letter, colour, panel in (told[1], told[2]):
        of = f"mean of {name}"
        hover = f"E[{letter}] = %{{y:.3f}}"
        look: dict[str, Any] = {"dash": "dash", "width": 2, "hover": hover, **axis(panel)}
        add_line(fig, of, now.traces[of], theme.var(colour), **look)
        moving(
            fig,
            f"told of {name}",
            now.traces[f"told of {name}"],
            theme.var(colour),
            panel,
            "middle right",
        )
    if SHAPES[shape].kink is not None:
        top = spans[2][1]
        fig.add_annotation(
            x=SHAPES[shape].kink, y=top, ax=SHAPES[shape].kink, ay=0.0, xref="x3", yref="y3",
            axref="x3", ayref="y3", showarrow=True, arrowhead=2, arrowwidth=2.5, text="",
            arrowcolor=theme.var("sigma"),
        )  # fmt: skip
        note = "a spike of area 2,<br>which no draw meets"
        words(fig, note, theme.var("sigma"), "3", x=0.53, align="left")


def _axes(fig: go.Figure, shape: str) -> None:
    """Three rows and two panels; how high they reach depends on f."""
    spans, ticks = SHAPES[shape].spans, SHAPES[shape].ticks
    for panel, domain, span, tick in zip(("", "2", "3"), ROWS, spans[:3], ticks, strict=True):
        last = panel == "3"
        x = {"anchor": f"y{panel}", "showticklabels": last, "title": "z" if last else None}
        y = {"anchor": f"x{panel}", "domain": domain, "range": list(span)}
        fig.update_layout(
            {
                f"xaxis{panel}": {"domain": [0, 0.45], "range": [-REACH, REACH], **x, **PLAIN},
                f"yaxis{panel}": {"tickvals": [-tick, 0, tick], "showgrid": False, **y},
            }
        )
    # The bell has a height of its own, which no axis tells: it is there for its place and width.
    hidden = {"visible": False, **PLAIN}
    means = {"range": list(spans[3]), "nticks": 5}
    fig.update_layout(
        xaxis6={"overlaying": "x", "matches": "x", "anchor": "y6", **hidden},
        yaxis6={"overlaying": "y", "range": [0, 1.15], "anchor": "x", "domain": ROWS[0], **hidden},
        xaxis4={"anchor": "y4", "range": [-REACH, REACH], "title": OVER_MU, **RIGHT},
        yaxis4={"anchor": "x4", "domain": [0.6, 1], **means},
        xaxis5={"anchor": "y5", "range": [0, MOST_C], "title": "variance C = σ²", **RIGHT},
        yaxis5={"anchor": "x5", "domain": [0, 0.4], **means},
    )


PLAIN: dict[str, Any] = {"zeroline": False, "showgrid": False}
ROWS = ([0.7, 1.0], [0.37, 0.63], [0.0, 0.3])
RIGHT = {"domain": [0.62, 1], **PLAIN}
OVER_MU = {"text": "μ", "standoff": 2}
NARROW = {
    "xaxis.domain": [0, 0.76],
    "xaxis2.domain": [0, 0.76],
    "xaxis3.domain": [0, 0.76],
    "yaxis.domain": [0.82, 1],
    "yaxis6.domain": [0.82, 1],
    "yaxis2.domain": [0.63, 0.79],
    "yaxis3.domain": [0.44, 0.6],
    "xaxis4.domain": [0.02, 0.44],
    "xaxis5.domain": [0.58, 1],
    "yaxis4.domain": [0, 0.32],
    "yaxis5.domain": [0, 0.32],
    "height": 620,
}
