"""A support that moves: z uniform on [0, theta], where Leibniz's rule has a boundary term.

On the left the integrand z^2 q(z) before and after a step h of theta: inside, it sinks; at the end,
a strip is gained. On the right both as rates, their sum, and what three estimators would average
to: the score function knows the inside alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
import torch

from pages.obstacle.stuck.cost import reported, square
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_line, add_words
from pages.ui.numbers import number
from vae_core.families.leibniz import MovingSupport, moving_support

POINTS = 31
MOST_THETA, MOST_STEP = 3.0, 0.6
END, TOP = 3.8, 4.0
PARTS, GAP = 3, 0.5
LEGEND = {"inside it sinks": ("bad", 3.6), "the end gains a strip": ("theta", 3.0)}
LEAST_RATE, MOST_RATE = -1.6, 4.2
BARS = {
    "interior": "inside",
    "boundary": "boundary",
    "truth": "together",
    "score": "REINFORCE",
    "path": "Reparam.",
    "naive": "naive",
}


@lru_cache(maxsize=512)
def parts(theta: float) -> MovingSupport:
    """The derivative of E[z^2] in theta, taken apart."""
    return moving_support(square, theta)


def naive(theta: float) -> float:
    """What is reported of the mean of z^2 over draws z = theta u that are taken for constants."""
    end = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    u = torch.linspace(0.0, 1.0, POINTS, dtype=torch.float64)[:, None, None]
    return reported(square((end * u).detach()).mean(), end)


def frame(theta: float, h: float) -> Frame:
    """The integrand before and after a step of theta, and the derivative's parts.

    Args:
        theta: end of the support.
        h: how far it moves; the parts belong to h going to zero.
    """
    found, after = parts(theta), theta + h
    z, strip = np.linspace(0.0, theta, POINTS), np.linspace(theta, after, 5)
    inside = theta**3 / 3.0 * (1.0 / after - 1.0 / theta) / h
    gained = (after**3 - theta**3) / (3.0 * after) / h
    numbers = {
        "mean": theta**2 / 3.0,
        "mean_after": after**2 / 3.0,
        "interior": found.interior,
        "boundary": found.boundary,
        "truth": found.total,
        "score": found.score,
        "path": found.path,
        "naive": naive(theta),
        "step_inside": inside,
        "step_gained": gained,
        "step_both": inside + gained,
    }
    traces: dict[str, dict[str, object]] = {
        "after": {"x": z, "y": z**2 / after},
        "before": {"x": z, "y": z**2 / theta},
        "gained": {"x": strip, "y": strip**2 / after},
        "end": {"x": [theta, theta], "y": [0.0, theta]},
        "end words": {"x": [theta], "y": [-0.25], "text": ["θ"]},
        "after words": {"x": [after], "y": [-0.25], "text": ["θ + h" if h >= 0.3 else ""]},
    }
    for row, name in enumerate(BARS):
        value = numbers[name]
        traces[name] = {"x": [value], "y": [_row(row)]}
        words = {"x": [MOST_RATE], "y": [_row(row)], "text": [number(value)]}
        traces[f"{name} words"] = words
    return Frame(traces, numbers)


def _row(row: int) -> float:
    """The derivative and its parts on top, what estimators say below."""
    return len(BARS) - 1 - row + (GAP if row < PARTS else 0.0)


def colours() -> dict[str, str]:
    """Colour of each bar."""
    return {
        "interior": theme.var("bad"),
        "boundary": theme.var("theta"),
        "truth": theme.var("ink"),
        **{
            name: theme.estimator_var(rule)
            for name, rule in (("score", "score"), ("path", "pathwise"), ("naive", "naive"))
        },
    }


def draw(now: Frame) -> go.Figure:
    """Both parts side by side."""
    return _draw(now, {"x": (0.0, 0.5), "x2": (0.68, 1.0)}, {"y": (0.0, 1.0), "y2": (0.0, 1.0)})


def draw_narrow(now: Frame) -> go.Figure:
    """One above the other."""
    return _draw(now, {"x": (0.0, 1.0), "x2": (0.22, 1.0)}, {"y": (0.58, 1.0), "y2": (0.0, 0.42)})


def _draw(
    now: Frame, across: dict[str, tuple[float, float]], up: dict[str, tuple[float, float]]
) -> go.Figure:
    fig, at = go.Figure(), dict(now.traces)
    add_line(fig, "after", at["after"], theme.var("theta"), dash="dot")
    lost = {"fill": "tonexty", "fillcolor": theme.var("bad", 0.35), "hoverinfo": "skip"}
    line = {"color": theme.var("ink"), "width": 2.5, "simplify": False}
    fig.add_scatter(name="before", **at["before"], mode="lines", line=line, **lost)
    theta = theme.var("theta")
    add_line(fig, "gained", at["gained"], theta, dash="dot", fill=theme.var("theta", 0.45))
    add_line(fig, "end", at["end"], theme.var("ink"), width=1.5)
    for name in ("end words", "after words"):
        add_words(fig, name, at[name], theta, 15, "middle center")
    for text, (name, height) in LEGEND.items():
        place = {"x": [0.05], "y": [height], "text": [text]}
        add_words(fig, text, place, theme.var(name), 13)
    for name, colour in colours().items():
        fig.add_bar(
            name=name,
            **at[name],
            orientation="h",
            width=0.6,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"<b>{BARS[name]}</b><br>rate %{{x:.3f}} per unit of θ<extra></extra>",
            xaxis="x2",
            yaxis="y2",
        )
        words = at[f"{name} words"]
        add_words(fig, f"{name} words", words, colour, 15, "middle left", xaxis="x2", yaxis="y2")
    _dress(fig, across, up)
    return fig


def _dress(
    fig: go.Figure, across: dict[str, tuple[float, float]], up: dict[str, tuple[float, float]]
) -> None:
    rows = [_row(row) for row in range(len(BARS))]
    fig.update_layout(
        xaxis={"domain": across["x"], "range": [-0.1, END], "title": "z", "zeroline": False},
        yaxis={"domain": up["y"], "range": [-0.5, TOP], "title": "z² q(z)", "zeroline": True},
        xaxis2={
            "domain": across["x2"],
            "range": [LEAST_RATE, MOST_RATE],
            "title": "per unit of θ",
            "anchor": "y2",
            "zeroline": True,
            "dtick": 1,
        },
        yaxis2={
            "domain": up["y2"],
            "range": [-0.6, len(BARS) - 0.4 + GAP],
            "tickvals": rows,
            "ticktext": list(BARS.values()),
            "anchor": "x2",
            "zeroline": False,
            "showgrid": False,
        },
        uirevision="support",
        showlegend=False,
        barmode="overlay",
    )
