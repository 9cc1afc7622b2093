"""The climb: q beside the posterior in the plane of two weights, and the bound on its way up."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.beyond.doubly_stochastic.climbed import KNOTS, STEPS, best, target, way
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words, ellipse

ACROSS, UP = (-2.6, 2.6), (-0.6, 7.4)
FOOT, HEAD = -125.0, -97.0


def frame(t: int, batch: int, seed: int, shape: str, noise: str) -> Frame:
    """q after t steps.

    Args:
        t: steps, one of KNOTS.
        batch: B cases behind each gradient.
        seed: of the order of the cases and of the noise.
        shape: of q's covariance.
        noise: where it enters, in the weights or in each case.
    """
    walked, at = way(shape, noise, batch, seed), KNOTS.index(t)
    q, there, (_, top) = walked.bells[at], target(), best(shape)
    bounds = np.maximum(walked.bounds[: at + 1], FOOT)
    trail = np.array([each.loc[:2].numpy() for each in walked.bells[: at + 1]])
    here = float(walked.bounds[at])
    traces: dict[str, dict[str, Any]] = {
        "posterior": around(there.loc.numpy(), there.covariance.numpy()),
        "q": around(q.loc.numpy(), q.covariance.numpy()),
        "trail": {"x": trail[:, 0], "y": trail[:, 1]},
        "head": {"x": trail[-1:, 0], "y": trail[-1:, 1]},
        "bound": {"x": np.array(KNOTS[: at + 1]), "y": bounds},
        "bound now": {"x": np.array([t]), "y": bounds[-1:]},
        "evidence": {"x": np.array([0, STEPS]), "y": np.full(2, there.evidence)},
        "best": {"x": np.array([0, STEPS]), "y": np.full(2, top)},
    }
    shares = (q.variance.sqrt() / there.covariance.diagonal().sqrt()).tolist()
    numbers = {
        "bound": here,
        "evidence": there.evidence,
        "gap": there.evidence - here,
        "best": top,
        "first": 100.0 * shares[0],
        "second": 100.0 * shares[1],
        "mu_first": float(q.loc[0]),
        "mu_second": float(q.loc[1]),
        "even": 100.0 * there.even,
    }
    return Frame(traces, numbers)


def around(loc: np.ndarray, covariance: np.ndarray) -> dict[str, np.ndarray]:
    """Where the first two weights lie two deviations from their mean."""
    return ellipse(loc[:2], 2.0 * np.linalg.cholesky(covariance[:2, :2]), points=49)


def draw(now: Frame) -> go.Figure:
    """The plane at the left, the bound at the right."""
    return _drawn(now, {"x": ([0, 0.46], [0.6, 1]), "y": ([0, 1], [0, 1])})


def draw_narrow(now: Frame) -> go.Figure:
    """The bound below the plane."""
    return _drawn(now, {"x": ([0, 1], [0, 1]), "y": ([0.44, 1], [0, 0.26])})


def _drawn(now: Frame, domains: dict[str, Any]) -> go.Figure:
    fig, at = go.Figure(), now.traces
    theta, mu, ink = theme.var("theta"), theme.var("mu"), theme.var("ink")
    add_line(fig, "posterior", at["posterior"], theta, fill=theme.var("theta", 0.16), to="toself")
    add_line(fig, "trail", at["trail"], theme.var("mu", 0.55), width=1.2)
    add_line(fig, "q", at["q"], mu, fill=theme.var("mu", 0.14), to="toself")
    add_dots(fig, "head", at["head"], mu, 9, "mean of q: %{x:.2f} and %{y:.2f}")
    right: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2"}
    add_line(fig, "evidence", at["evidence"], theta, width=1.5, dash="dot", **right)
    add_line(fig, "best", at["best"], theme.var("muted"), width=1.5, dash="dash", **right)
    add_line(fig, "bound", at["bound"], mu, **right)
    hover = "after %{x} steps: %{y:.1f} nats"
    add_dots(fig, "bound now", at["bound now"], mu, 9, hover, **right)
    said = {"x": [STEPS], "y": at["evidence"]["y"][:1], "text": ["log p(y)"]}
    add_words(fig, "evidence words", said, theta, 14, "top left", **right)
    for height, words, colour in ((7.0, "posterior", theta), (-0.2, "q, two deviations", mu)):
        label = {"x": [ACROSS[0] + 0.1], "y": [height], "text": [words]}
        add_words(fig, f"{words} words", label, colour, 14)
    still: dict[str, Any] = {"zeroline": False}
    across, up = domains["x"], domains["y"]
    fig.update_xaxes(title="weight of mean radius", range=ACROSS, domain=across[0], **still)
    fig.update_yaxes(title="weight of worst radius", range=UP, domain=up[0], **still)
    steps = {"title": "steps", "range": [0, 1.03 * STEPS], "domain": across[1], "anchor": "y2"}
    nats = {"title": "bound, nats", "range": [FOOT, HEAD], "domain": up[1], "anchor": "x2"}
    fig.update_layout(xaxis2={**steps, **still}, yaxis2={**nats, **still}, font={"color": ink})
    return fig.update_layout(uirevision="plane", showlegend=False)
