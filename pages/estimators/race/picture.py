"""The picture of a race: paths over the map of the exact loss, and the loss along the way.

On the left the estimators walk over the map in (mu, log sigma), where darker is lower; on the right
stands the exact loss at each step. A dashed line follows the exact gradient: it is where the
unbiased ones would go without their noise. The windows belong to the problem, never to the sliders.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.estimators.race.ways import (
    EXACT,
    MU_WINDOW,
    SIGMA_WINDOW,
    STEPS,
    Way,
    loss_map,
    loss_window,
    setting,
    way,
)
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import two_decimals
from vae_core.estimators import ESTIMATORS
from vae_core.lab import PROBLEMS

SIGMA_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
AGAINST = {"steps": "steps", "evaluations": "evaluations of f"}


def frame(n: int, problem: str, names: tuple[str, ...], against: str, **sliders: Any) -> Frame:
    """The race after n steps.

    Args:
        n: Steps taken so far, one of KNOTS.
        problem: Name of the cost.
        names: Names of the estimators that run.
        against: What the loss is drawn against, a key of AGAINST.
        sliders: Start, learning rate, K and seed, as `setting` takes them.
    """
    at = setting(problem, **sliders)
    traces: dict[str, dict[str, Any]] = {}
    numbers: dict[str, float | str] = {}
    ways = {name: way(name, at) for name in names}
    for name, whole in ways.items():
        traces |= _runner(name, whole, n, against, loss_window(problem)[1])
        here = _upto(whole, n) - 1
        numbers |= {f"loss_{name}": float(whole.loss[here]), f"mu_{name}": float(whole.loc[here])}
        numbers[f"sigma_{name}"] = float(np.exp(whole.log_scale[here]))
        numbers[f"spent_{name}"] = float(whole.evaluations[here])
    ideal = way(EXACT, at)
    traces[EXACT] = {"x": ideal.loc, "y": ideal.log_scale}
    traces[f"{EXACT} loss"] = {"x": ideal.step, "y": ideal.loss}
    start = at.lane
    traces["start"] = {"x": np.array([start.loc]), "y": np.array([math.log(start.scale)])}
    return Frame(traces, {**numbers, "verdict": verdict(ways, n), "most": _most(ways, against)})


def _upto(whole: Way, n: int) -> int:
    """How many of the drawn steps have been taken after step n."""
    return int(np.searchsorted(whole.step, n, side="right"))


def _runner(
    name: str, whole: Way, n: int, against: str, ceiling: float
) -> dict[str, dict[str, Any]]:
    taken = _upto(whole, n)
    loc, log_scale, loss = whole.loc[:taken], whole.log_scale[:taken], whole.loss[:taken]
    along = (whole.step if against == "steps" else whole.evaluations)[:taken]
    x, y = _clipped(loc[-1], log_scale[-1])
    sign = "" if (x, y) == (loc[-1], log_scale[-1]) else "off the map"
    if whole.stopped and whole.step[-1] <= n:
        sign = "✗ diverged"
    sign_x, sign_y = _clipped(x, y + 0.12, inset=0.15)
    return {
        ESTIMATORS[name].title: {"x": loc, "y": log_scale},
        f"{name} head": {"x": np.array([x]), "y": np.array([y])},
        f"{name} sign": {"x": np.array([sign_x]), "y": np.array([sign_y]), "text": [sign]},
        f"{name} loss": {"x": along, "y": loss},
        f"{name} now": {"x": along[-1:], "y": np.minimum(loss[-1:], ceiling)},
    }


def _clipped(loc: float, log_scale: float, inset: float = 0.0) -> tuple[float, float]:
    """A point of the map as it is; one beyond its edges (less a part `inset`), at the edge."""
    bottom, top = np.log(SIGMA_WINDOW)
    aside, above = inset * (MU_WINDOW[1] - MU_WINDOW[0]), 0.5 * inset * (top - bottom)
    x = float(np.clip(loc, MU_WINDOW[0] + aside, MU_WINDOW[1] - aside))
    return x, float(np.clip(log_scale, bottom + above, top - above))


def _most(ways: dict[str, Way], against: str) -> float:
    """Right end of the loss axis."""
    if against == "steps":
        return float(STEPS)
    return float(max((whole.evaluations[-1] for whole in ways.values()), default=STEPS))


def verdict(ways: dict[str, Way], n: int) -> str:
    """Who stands where after n steps, the lowest loss first, in one sentence."""
    lost = [name for name, w in ways.items() if w.stopped and w.step[-1] <= n]
    losses = {name: w.loss[_upto(w, n) - 1] for name, w in ways.items() if name not in lost}
    ranked = sorted(losses, key=lambda name: losses[name])
    words = [f"{ESTIMATORS[name].title} {two_decimals(losses[name])}" for name in ranked]
    told = f"Exact loss after {n} steps: {'; '.join(words)}." if words else ""
    for name in lost:
        told += f" {ESTIMATORS[name].title} diverged after step {ways[name].step[-1]}."
    return told.strip() or "Choose an estimator, and it will run."


def table(names: tuple[str, ...]) -> dict[str, str]:
    """Place, loss and cost of each runner, in the words of `live_figure`'s table."""
    rows = {"μ": "{mu_%s:.3f}", "σ": "{sigma_%s:.3f}", "exact loss": "{loss_%s:.4g}"}
    rows["evaluations of f"] = "{spent_%s:,.0f}"
    return {
        f"{ESTIMATORS[n].title}: {title}": text % n for n in names for title, text in rows.items()
    }


def figure(now: Frame, names: tuple[str, ...], problem: str, against: str) -> go.Figure:
    """Map and paths on the left, the loss on the right; one above the other where it is narrow."""
    dashed = {"color": theme.var("ink"), "width": 2, "dash": "dot", "simplify": False}
    ideal: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "line": dashed,
        "hoverinfo": "skip",
        "legendgroup": EXACT,
    }
    traces = [_map(problem), {"name": EXACT, **now.traces[EXACT], **ideal}]
    if against == "steps":
        ideal |= {"showlegend": False, "xaxis": "x2", "yaxis": "y2"}
        traces.append({"name": f"{EXACT} loss", **now.traces[f"{EXACT} loss"], **ideal})
    for name in names:
        traces += _runner_traces(now, name, against)
    traces.append(_start(now))
    # In one go: plotly checks each later change anew.
    return go.Figure(traces, _layout(float(now.numbers["most"]), problem, against))


@lru_cache(maxsize=32)
def _map(problem: str) -> dict[str, Any]:
    """The map as plotly writes it, its arrays packed: they are most of what there is to do."""
    mu, log_sigma, loss = loss_map(problem)
    # The square root spreads the lines of a bowl evenly; they are the same lines.
    height = np.sqrt(loss - loss.min())
    contour = go.Contour(
        name="map",
        x=mu,
        y=log_sigma,
        z=height,
        customdata=loss,
        showscale=False,
        ncontours=16,
        colorscale=[[0, theme.var("accent")], [1, theme.var("paper")]],
        opacity=0.45,
        line={"color": theme.var("ink", 0.25), "width": 1},
        hovertemplate="exact loss %{customdata:.3g}<br>"
        "at μ = %{x:.2f}, log σ = %{y:.2f}<extra></extra>",
    )
    packed: dict[str, Any] = go.Figure(contour).to_dict()["data"][0]
    return packed


def _runner_traces(now: Frame, name: str, against: str) -> list[dict[str, Any]]:
    at, colour = now.traces, theme.estimator_var(name)
    title = ESTIMATORS[name].title
    line = {"color": colour, "width": 2.5, "simplify": False}
    edge = {"color": theme.var("paper"), "width": 2}
    path = {"type": "scatter", "mode": "lines", "line": line}
    dot = {"type": "scatter", "mode": "markers", "cliponaxis": False}
    dot |= {"marker": {"color": colour, "size": 13, "line": edge}}
    words = {"type": "scatter", "mode": "text", "cliponaxis": False, "textposition": "top center"}
    words |= {"textfont": {"color": colour, "size": 14}}
    left = {"legendgroup": name, "hoverinfo": "skip"}
    right = {"legendgroup": name, "showlegend": False, "xaxis": "x2", "yaxis": "y2"}
    hover = f"exact loss %{{y:.3g}}<br>after %{{x:,}} {AGAINST[against]}"
    right |= {"hovertemplate": f"<b>{title}</b><br>{hover}<extra></extra>"}
    mute = {"showlegend": False}
    return [
        {"name": title, **at[title], **path, **left},
        {"name": f"{name} head", **at[f"{name} head"], **dot, **left, **mute},
        {"name": f"{name} sign", **at[f"{name} sign"], **words, **left, **mute},
        {"name": f"{name} loss", **at[f"{name} loss"], **path, **right},
        {"name": f"{name} now", **at[f"{name} now"], **dot, **right},
    ]


def _start(now: Frame) -> dict[str, Any]:
    marker = {"symbol": "cross-thin", "size": 16, "line": {"color": theme.var("ink"), "width": 2}}
    quiet = {"mode": "markers", "hoverinfo": "skip", "showlegend": False}
    return {"type": "scatter", "name": "start", **now.traces["start"], "marker": marker, **quiet}


# Where the panels stand if the figure is narrow: one above the other.
_STACKED = {
    "xaxis.domain": [0, 1],
    "yaxis.domain": [0.5, 1],
    "xaxis2.domain": [0, 1],
    "yaxis2.domain": [0, 0.34],
    "height": 640,
}


def _layout(most: float, problem: str, against: str) -> dict[str, Any]:
    low, high = loss_window(problem)
    elbo = PROBLEMS[problem].elbo
    spread = 0.02 * most
    return {
        "xaxis": {
            "title": {"text": "mean μ"},
            "range": MU_WINDOW,
            "domain": [0, 0.54],
            "zeroline": False,
        },
        "yaxis": {
            "title": {"text": "deviation σ (log scale)"},
            "range": np.log(SIGMA_WINDOW).tolist(),
            "tickvals": np.log(SIGMA_TICKS).tolist(),
            "ticktext": [f"{sigma:g}" for sigma in SIGMA_TICKS],
            "zeroline": False,
        },
        "xaxis2": {
            "title": {"text": AGAINST[against]},
            "range": [-spread, most + spread],
            "domain": [0.64, 1],
            "anchor": "y2",
            "zeroline": False,
        },
        "yaxis2": {
            "title": {"text": "exact loss, −ELBO in nats" if elbo else "exact loss E[f(z)]"},
            "range": [low, high],
            "anchor": "x2",
            "zeroline": False,
        },
        "uirevision": f"race {problem} {against}",
        "hovermode": "closest",
        "legend": {"itemclick": False, "itemdoubleclick": False},
        "meta": {"narrow": _STACKED},
    }
