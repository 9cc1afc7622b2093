"""More than two values: the relaxed draws of three categories in their triangle, over temperature.

A draw's corner is decided by its noise and the logits alone; how far the relaxed draw stays from it
is decided by the temperature. On the right what that does to the gradient in each logit.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.beyond.discrete.costs import COSTS
from pages.beyond.discrete.rows import settings
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.families.entries.categorical import Categorical
from vae_core.lab.experiment import Experiment, estimates

NAMES = ("score", "rebar", "straight_through", "straight_through_gumbel", "gumbel_softmax")
FIRST, SECOND = 0.0, 1.0
DRAWS, REPLICATES, CLOSE = 180, 2000, 0.05
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])
KINDS = (("accent", "circle"), ("eps", "square"), ("muted", "diamond"))  # no estimator's
WINDOWS = {"toy": (-0.9, 1.3), "exp": (-22.0, 32.0), "sine": (-1.1, 1.1), "line": (-0.8, 1.0)}
BLOCK = len(NAMES) + 1.6
FEET = {
    (name, i): BLOCK * (2 - i) + len(NAMES) - 1 - row
    for i in range(3)
    for row, name in enumerate(NAMES)
}
NARROW = {
    "height": 760,
    "xaxis.domain": (0.0, 1.0),
    "yaxis.domain": (0.6, 1.0),
    "xaxis2.domain": (0.08, 1.0),
    "yaxis2.domain": (0.0, 0.48),
    "xaxis3.domain": (0.0, 1.0),
    "yaxis3.domain": (0.5, 0.6),
}


def categorical(eta: float) -> Categorical:
    """The three categories, of which the last has the logit eta; float64."""
    return Categorical(*(torch.tensor([[v]], dtype=torch.float64) for v in (FIRST, SECOND, eta)))


def gradient(eta: float, cost: str) -> np.ndarray:
    """d E[f] / d logit by enumeration: share times what f is above its mean, (3,)."""
    shares = categorical(eta).log_shares.exp().flatten().numpy()
    f = COSTS[cost].f(torch.arange(3, dtype=torch.float64)).numpy()
    found: np.ndarray = shares * (f - shares @ f)
    return found


@lru_cache(maxsize=64)
def noise(seed: int) -> torch.Tensor:
    """The base noise of DRAWS draws."""
    return categorical(0.0).base(DRAWS, torch.Generator().manual_seed(seed))


def relaxed(eta: float, tau: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of each draw, (DRAWS, 3), and the category that each draw is, (DRAWS,)."""
    q, eps = categorical(eta), noise(seed)
    shares = (q.perturbed(eps) / tau).softmax(-1)[:, 0, 0]
    return shares.numpy(), q.transform(eps)[:, 0, 0].numpy()


@lru_cache(maxsize=4096)
def measured(
    name: str, cost: str, eta: float, tau: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of single estimates, in each logit: (3,) each."""
    experiment = Experiment(
        COSTS[cost].formula,
        name,
        samples=ESTIMATORS[name].min_samples,
        replicates=REPLICATES,
        seed=seed,
        family="categorical",
        parameters={"logit0": FIRST, "logit1": SECOND, "logit2": eta},
        settings=settings(name, tau),
    )
    gradients = estimates(experiment).gradient
    found = np.array([gradients[f"logit{i}"] for i in range(3)])
    return found.mean(1), found.std(1, ddof=1)


def frame(eta: float, tau: float, seed: int, cost: str) -> Frame:
    """The draws in their triangle, and mean and spread of each estimate.

    Args:
        eta: the last category's logit.
        tau: the temperature.
        seed: of the draws.
        cost: name of f.
    """
    exact, (shares, drawn) = gradient(eta, cost), relaxed(eta, tau, seed)
    chances = categorical(eta).log_shares.exp().flatten().tolist()
    traces: dict[str, dict[str, Any]] = {}
    numbers: dict[str, float | str] = {}
    for i, corner in enumerate(CORNERS):
        x, y = (shares[drawn == i] @ CORNERS).T
        share = float((drawn == i).mean())
        text = f"<b>z = {i}</b><br>{100 * chances[i]:.0f} %, drawn {100 * share:.0f} %"
        traces[f"draws {i}"] = {"x": x, "y": y}
        below = -0.1 if i < 2 else 0.1
        traces[f"corner {i}"] = {"x": corner[:1], "y": corner[1:] + below, "text": [text]}
        feet = [FEET[NAMES[-1], i] - 0.6, FEET[NAMES[0], i] + 0.6]
        traces[f"exact {i}"] = {"x": [exact[i]] * 2, "y": feet}
        numbers |= {f"gradient{i}": float(exact[i]), f"chance{i}": chances[i], f"drawn{i}": share}
    low, high = WINDOWS[cost]
    for name in NAMES:
        mean, deviation = measured(name, cost, eta, tau, seed)
        for i in range(3):
            ends = np.clip((mean[i] - deviation[i], mean[i] + deviation[i]), low, high)
            foot = [FEET[name, i]]
            traces[f"{name} spread {i}"] = {"x": ends, "y": foot * 2}
            traces[f"{name} mean {i}"] = {"x": np.clip([mean[i]], low, high), "y": foot}
            numbers |= {f"{name}_mean{i}": float(mean[i]), f"{name}_spread{i}": float(deviation[i])}
    return Frame(traces, numbers | _told(shares, numbers))


def _told(shares: np.ndarray, numbers: dict[str, float | str]) -> dict[str, float | str]:
    """How many draws are near a corner, and the worst that Gumbel-softmax does."""
    off = [
        float(numbers[f"gumbel_softmax_mean{i}"]) - float(numbers[f"gradient{i}"]) for i in range(3)
    ]
    worst = max(range(3), key=lambda i: abs(off[i]))
    return {
        "near": 100.0 * float((shares.max(1) > 1.0 - CLOSE).mean()),
        "worst": f"η{'₀₁₂'[worst]}",
        "truth": short(float(numbers[f"gradient{worst}"]), 2),
        "said": short(float(numbers[f"gumbel_softmax_mean{worst}"]), 2),
        "spread": short(float(numbers[f"gumbel_softmax_spread{worst}"]), 2),
    }


def draw(now: Frame, cost: str) -> go.Figure:
    """The triangle on the left, a block of rows for each logit on the right."""
    fig, at = go.Figure(), now.traces
    edge = CORNERS[[0, 1, 2, 0]].T
    add_line(fig, "triangle", {"x": edge[0], "y": edge[1]}, theme.var("muted"), width=1.5)
    for i, (colour, symbol) in enumerate(KINDS):
        shade = theme.var(colour, 0.7)
        add_dots(fig, f"draws {i}", at[f"draws {i}"], shade, 7, symbol=symbol)
    for i, (colour, _) in enumerate(KINDS):
        place = "middle center"
        add_words(fig, f"corner {i}", at[f"corner {i}"], theme.var(colour), 13, place)
    right: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2"}
    for i in range(3):
        for name in NAMES:
            spread, colour = f"{name} spread {i}", theme.estimator_var(name)
            add_line(fig, spread, at[spread], colour, width=4, **right)
        add_line(fig, f"exact {i}", at[f"exact {i}"], theme.var("ink"), width=2, **right)
        for name in NAMES:
            title, colour = ESTIMATORS[name].title, theme.estimator_var(name)
            mean = f"{name} mean {i}"
            hover = f"<b>{title}</b><br>in η{'₀₁₂'[i]} on average %{{x:.3f}}"
            add_dots(fig, mean, at[mean], colour, 10, hover, symbol="diamond", **right)
    for row, name in enumerate(NAMES):
        words = {
            "x": [0.5 * (row % 2)],
            "y": [-(row // 2)],
            "text": [f"<b>{ESTIMATORS[name].title}</b>"],
        }
        colour = theme.estimator_var(name)
        add_words(fig, f"{name} name", words, colour, 12, xaxis="x3", yaxis="y3")
    _dress(fig, cost)
    return fig


def _dress(fig: go.Figure, cost: str) -> None:
    middles = [BLOCK * (2 - i) + (len(NAMES) - 1) / 2 for i in range(3)]
    bare = {"visible": False, "fixedrange": True}
    fig.update_layout(
        xaxis={**bare, "domain": (0.0, 0.42), "range": (-0.3, 1.3)},
        yaxis={**bare, "domain": (0.0, 1.0), "range": (-0.2, 1.04), "scaleanchor": "x"},
        xaxis2={
            "domain": (0.54, 1.0),
            "range": WINDOWS[cost],
            "anchor": "y2",
            "title": "single estimates: mean, and one deviation",
            "zeroline": False,
        },
        yaxis2={
            "domain": (0.0, 0.8),
            "range": (-1.0, BLOCK * 2 + len(NAMES)),
            "anchor": "x2",
            "tickvals": middles,
            "ticktext": ["in η₀", "in η₁", "in η₂"],
            "showgrid": False,
            "zeroline": False,
        },
        xaxis3={**bare, "domain": (0.54, 1.0), "range": (0, 1), "anchor": "y3"},
        yaxis3={**bare, "domain": (0.83, 1.0), "range": (-2.5, 0.5), "anchor": "x3"},
        uirevision=f"simplex {cost}",
        showlegend=False,
        meta={"narrow": NARROW},
    )
