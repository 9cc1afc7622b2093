"""A tilted Gaussian posterior, and the best q of each structure: what it follows, what it costs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.beyond.stochastic_backprop.panels import RIM, axis, moving, words
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, ellipse
from pages.ui.numbers import number
from vae_core.lab.exact.structured import STRUCTURES, Fit, correlations, least_rho

KINDS = {"shared": "all pairs alike", "chain": "neighbours in a chain"}
COLOURS = {"diagonal": "phi", "precision": "mu", "covariance": "sigma", "full": "z"}
SHORT = {
    "diagonal": "diagonal",
    "precision": "+ rank one in C⁻¹",
    "covariance": "+ rank one in C",
    "full": "full",
}
COUNTED = {"diagonal": "D", "precision": "2D", "full": "D(D + 1)/2"}
BESIDE = {"diagonal": -6, "precision": 5, "full": 0}  # pixels, so that no name lies on another
REACH, MOST_KL = 1.8, 3.2
SIZES = np.unique(np.geomspace(2, 1000, 40).round())
EXACT = 5e-7
PLANES = {"": (0, 1), "2": (0, -1)}


@lru_cache(maxsize=2048)
def fits(kind: str, rho: float, dim: int) -> dict[str, Fit]:
    """The best q of each structure against the target whose z have length 1."""
    precision = np.linalg.inv(correlations(kind, rho, dim)).astype(np.float64)
    return {name: structure.fit(precision) for name, structure in STRUCTURES.items()}


def correlation(kind: str, tilt: float, dim: int) -> float:
    """rho: a share of the most that there can be, which below zero depends on D."""
    return tilt if tilt >= 0.0 else -tilt * least_rho(kind, dim)


def frame(tilt: float, dim: int, length: float, kind: str) -> Frame:
    """The target's ellipse and those of the best fits, what is left over, and what each costs.

    Args:
        tilt: correlation, as a share of the most possible, -1 to 1.
        dim: D.
        length: deviation of z_1; that of the others is 1.
        kind: a name of `KINDS`.
    """
    rho = correlation(kind, tilt, dim)
    target, found = correlations(kind, rho, dim), fits(kind, rho, dim)
    stretch = np.array([length, *[1.0] * (dim - 1)])
    traces: dict[str, dict[str, np.ndarray]] = {}
    numbers: dict[str, float | str] = {"rho": rho, "products_full": float(dim * (dim + 1) // 2)}
    for panel in PLANES:
        traces[f"target{panel}"] = _ellipse(target, stretch, panel)
        for name, fit in found.items():
            traces[f"{name}{panel}"] = _ellipse(fit.covariance, stretch, panel)
    for row, (name, fit) in enumerate(found.items()):
        left, structure = max(fit.kl, 0.0), STRUCTURES[name]
        traces[f"{name} left"] = {"x": np.array([left]), "y": np.array([row])}
        told = f"{number(left, 3)}" if left > EXACT else "0"
        traces[f"{name} told"] = {
            "x": np.array([left]), "y": np.array([row]), "text": np.array([f" {told}"])
        }  # fmt: skip
        if name in COUNTED:
            here = np.array([structure.numbers(dim)])
            traces[f"{name} here"] = {"x": np.array([dim]), "y": here}
        numbers[f"kl_{name}"] = left if left > EXACT else 0.0
        numbers[f"numbers_{name}"] = structure.numbers(dim)
        numbers[f"products_{name}"] = structure.multiplications(dim)
    own, alone = length, length * float(np.sqrt(found["diagonal"].diagonal[0]))
    numbers |= {"own": own, "alone": alone, "verdict": verdict(found, rho, dim)}
    return Frame(traces, numbers)


def verdict(found: dict[str, Fit], rho: float, dim: int) -> str:
    """Which of the cheap ones follow the target to the last."""
    if rho == 0.0:
        return "Nothing is tilted, and the diagonal is enough."
    if dim == 2:
        return "In two dimensions one direction is all there is: each rank one is full."
    follows = [name for name in ("precision", "covariance") if found[name].kl < EXACT]
    if not follows:
        return "Neither rank one follows the whole tilt."
    where = {"precision": "C⁻¹", "covariance": "C"}[follows[0]]
    if dim == 3:
        return f"The rank one in {where} follows it to the last, if with no fewer numbers at D = 3."
    few, many = (STRUCTURES[name].numbers(dim) for name in (follows[0], "full"))
    return f"The rank one in {where} follows it to the last, with {few} numbers instead of {many}."


def _ellipse(covariance: np.ndarray, stretch: np.ndarray, panel: str) -> dict[str, np.ndarray]:
    """One deviation of the marginal in a plane, as a curve."""
    pair = np.array([PLANES[panel][0], PLANES[panel][1] % len(covariance)])
    scaled = covariance[np.ix_(pair, pair)] * np.outer(stretch[pair], stretch[pair])
    return ellipse((0.0, 0.0), np.linalg.cholesky(scaled))


def draw(now: Frame, kind: str) -> go.Figure:
    """Two planes at the left; at the right the KL left over, and numbers over D."""
    fig = go.Figure()
    for panel in PLANES:
        muted, at = theme.var("muted"), now.traces[f"target{panel}"]
        grey: dict[str, Any] = {"fill": theme.var("muted", 0.25), "to": "toself", "width": 0}
        add_line(fig, f"target{panel}", at, muted, **grey, **axis(panel))
        for name, colour in COLOURS.items():
            look: dict[str, Any] = {"dash": "dash", "width": 2} if name == "full" else {"width": 3}
            at, look = now.traces[f"{name}{panel}"], look | axis(panel)
            add_line(fig, f"{name}{panel}", at, theme.var(colour), hover=SHORT[name], **look)
    words(fig, "grey: p", theme.var("muted"))
    _left(fig, now)
    _counts(fig, now)
    fig.update_layout(
        uirevision=f"structure {kind}",
        hovermode="closest",
        showlegend=False,
        meta={"narrow": NARROW},
        **AXES,
    )
    return fig


def _left(fig: go.Figure, now: Frame) -> None:
    """A bar for each structure, and its value."""
    for name, colour in COLOURS.items():
        at, told = now.traces[f"{name} left"], now.traces[f"{name} told"]
        fig.add_bar(
            name=f"{name} left",
            x=at["x"],
            y=at["y"],
            orientation="h",
            width=0.6,
            marker={"color": theme.var(colour), "line": {"width": 0}},
            hovertemplate=f"{STRUCTURES[name].title}: %{{x:.4f}} nats<extra></extra>",
            xaxis="x3",
            yaxis="y3",
        )
        moving(fig, f"{name} told", told, theme.var(colour), "3", "middle right")
    for row, (name, colour) in enumerate(COLOURS.items()):
        fig.add_annotation(
            x=0.0,
            y=row,
            xref="x3",
            yref="y3",
            text=f"<b>{SHORT[name]}</b>",
            xanchor="right",
            xshift=-4,
            showarrow=False,
            font={"color": theme.var(colour)},
        )


def _counts(fig: go.Figure, now: Frame) -> None:
    """Numbers that describe C, over D, and where D stands; both rank ones take the same."""
    for name in COUNTED:
        counts = {"x": SIZES, "y": np.array([STRUCTURES[name].numbers(int(d)) for d in SIZES])}
        shade = theme.var(COLOURS[name])
        hover, panel = f"{SHORT[name]}: %{{y}} for D = %{{x}}", axis("4")
        add_line(fig, f"{name} numbers", counts, shade, hover=hover, **panel)
        add_dots(fig, f"{name} here", now.traces[f"{name} here"], shade, 12, edge=RIM, **panel)
        fig.add_annotation(
            x=np.log10(counts["x"][-1]),
            y=np.log10(counts["y"][-1]),
            xref="x4",
            yref="y4",
            text=f"<b>{COUNTED[name]}</b>",
            xanchor="left",
            xshift=3,
            yshift=BESIDE[name],
            showarrow=False,
            font={"color": shade},
        )
    words(fig, "numbers in C", theme.var("muted"), "4")


def _height(letter: str) -> dict[str, Any]:
    """The title of a plane's height."""
    return {"text": f"z<sub>{letter}</sub>", "standoff": 2}


SQUARE: dict[str, Any] = {"constrain": "domain", "range": [-REACH, REACH], "zeroline": False}
AXES: dict[str, Any] = {
    "xaxis": {"domain": [0, 0.26], "anchor": "y", "title": "z<sub>1</sub>", **SQUARE},
    "yaxis": {"anchor": "x", "scaleanchor": "x", "title": _height("2"), **SQUARE},
    "xaxis2": {"domain": [0.33, 0.59], "anchor": "y2", "title": "z<sub>1</sub>", **SQUARE},
    "yaxis2": {"anchor": "x2", "scaleanchor": "x2", "title": _height("D"), **SQUARE},
    "xaxis3": {
        "domain": [0.78, 0.98],
        "anchor": "y3",
        "title": "KL(q‖p) left over, nats",
        "range": [0, MOST_KL],
        "dtick": 1,
        "zeroline": False,
    },
    "yaxis3": {
        "domain": [0.62, 1],
        "anchor": "x3",
        "range": [3.6, -0.6],
        "showticklabels": False,
        "showgrid": False,
        "zeroline": False,
    },
    "xaxis4": {
        "domain": [0.66, 0.89],
        "anchor": "y4",
        "title": "D",
        "type": "log",
        "range": [0.2, 3.05],
        "tickvals": [2, 10, 100, 1000],
    },
    "yaxis4": {
        "domain": [0, 0.4],
        "anchor": "x4",
        "type": "log",
        "range": [0.1, 6],
        "tickvals": [10, 1000, 100_000],
        "ticktext": ["10", "1000", "10⁵"],
    },
}
NARROW = {
    "xaxis.domain": [0.02, 0.44],
    "xaxis2.domain": [0.58, 1],
    "yaxis.domain": [0.68, 1],
    "yaxis2.domain": [0.68, 1],
    "xaxis3.domain": [0.36, 0.95],
    "yaxis3.domain": [0.33, 0.57],
    "xaxis4.domain": [0.1, 0.76],
    "yaxis4.domain": [0, 0.2],
    "height": 600,
}
