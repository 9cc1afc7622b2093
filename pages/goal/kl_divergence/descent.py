"""The best q: a bell that goes down KL(q || p), or KL(p || q), step by step."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np
import plotly.graph_objects as go
import torch

from pages.goal.kl_divergence import beliefs, rows
from pages.goal.kl_divergence.estimate import COLOURS, NAMES
from pages.goal.kl_divergence.picture import FORMS
from pages.goal.kl_divergence.rows import DENSITY, LOW, TOP, P, Q
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import number
from vae_core.families import Normal
from vae_core.families.divergence import Direction, Hills, descend, divergences, slopes

STEPS, RATE = 40, 0.15
START, WIDTH = 1.0, 0.6  # the width that q starts with, and that of the hills
MOST = 4.2
NARROW = {
    "xaxis.domain": [0, 1],
    "xaxis2.domain": [0, 1],
    "yaxis.domain": [0.72, 1],
    "yaxis2.domain": [0.44, 0.68],
    "xaxis3.domain": [0, 1],
    "yaxis3.domain": [0, 0.3],
    "height": 560,
}
OTHER = {"reverse": "forward", "forward": "reverse"}


class Way(NamedTuple):
    """A descent: where q was, and both KLs, after each step, (STEPS + 1,) each; their error."""

    loc: np.ndarray
    scale: np.ndarray
    reverse: np.ndarray
    forward: np.ndarray
    error: float


@lru_cache(maxsize=512)
def descent(mu: float, gap: float, share: float, way: str) -> Way:
    """The way down from mu and START, in one direction."""
    p = beliefs.hills(0.0, WIDTH, gap, share)
    path = descend(beliefs.bell(mu, START), p, cast("Direction", way), STEPS, RATE)
    found = divergences(path, p)
    both = found.reverse.numpy(), found.forward.numpy()
    return Way(path.loc.numpy(), path.scale.numpy(), *both, found.error)


def frame(t: int, mu: float, gap: float, share: float, way: str) -> Frame:
    """q after t steps, its integrand, and the KL along the whole way.

    Args:
        t: steps made, at most STEPS.
        mu: where q starts; its width there is START.
        gap: how far apart p's hills are.
        share: mass of the left one.
        way: the direction that is descended.
    """
    found = descent(mu, gap, share, way)
    loc, scale = float(found.loc[t]), float(found.scale[t])
    place = (0.0, WIDTH, gap, share)
    q = Normal(*torch.tensor([loc, scale], dtype=torch.float64))
    log_q, log_p = beliefs.log_density(q, beliefs.GRID), beliefs.log_hills(*place)
    pair = (log_q, log_p) if way == "reverse" else (log_p, log_q)
    y = beliefs.terms(*pair, lifted=False)
    kl = found.reverse if way == "reverse" else found.forward
    other = found.forward if way == "reverse" else found.reverse
    text = [
        f"<b>{NAMES[way]} = {number(kl[t], 3)}</b>",
        f"{NAMES[OTHER[way]]} = {number(other[t], 3)}",
    ]
    traces: dict[str, dict[str, Any]] = {
        "p": {"y": log_p.exp().numpy()},
        "start": {"y": beliefs.log_bell(mu, START).exp().numpy()},
        "q": {"y": log_q.exp().numpy()},
        way: {"y": y},
        f"{way} peak": dict(rows.peak(y)),
        "way": {"y": kl},
        "here": {"x": np.array([t]), "y": kl[t : t + 1]},
        "words": {"x": [STEPS, STEPS], "y": [0.96 * MOST, 0.86 * MOST], "text": text},
    }
    by_mu, by_log_sigma = slopes(q, beliefs.hills(*place), cast("Direction", way))
    numbers: dict[str, float | str] = {
        "name": NAMES[way],
        "mu_q": loc,
        "sigma_q": scale,
        "by_mu": float(by_mu),
        "by_log_sigma": float(by_log_sigma),
        "kl": float(kl[t]),
        "other": float(other[t]),
        "error": found.error,
        "verdict": verdict(q, beliefs.hills(*place)),
    }
    return Frame(traces, numbers)


def verdict(q: Normal, p: Hills) -> str:
    """How much of q is on which hill's side of the valley."""
    if p.left == p.right:
        return "p is one hill."
    valley = 0.5 * (p.left + p.right)
    right = float(torch.special.ndtr((q.loc - valley) / q.scale))
    side, share = ("right", right) if right > 0.5 else ("left", 1.0 - right)
    told = f"{share:.0%}" if share < 0.995 else "More than 99%"
    return f"{told} of q is on the {side} hill's side."


def draw(now: Frame, way: str) -> go.Figure:
    """Densities above, the integrand below; at the right the KL against the steps."""
    at, fig, colour = now.traces, go.Figure(), COLOURS[way]
    rows.curve(fig, "start", at["start"], Q, width=1.5, dash="dot")
    for name, shade, height in (("q", Q, 1.07), ("p", P, 0.92)):
        hover = f"density {name}(z) = %{{y:.3f}}<br>at z = %{{x:.2f}}"
        rows.curve(fig, name, at[name], shade, hover)
        rows.label(fig, f"{name}(z)", shade, height)
    rows.over_z(fig, "", [0.52, 1.0], DENSITY, [0, 0.5, 1])
    rows.over_z(fig, "2", [0.0, 0.44], [LOW, TOP], [0, 1, 2])
    hover = f"{FORMS[way]} = %{{y:.3f}}<br>at z = %{{x:.2f}}"
    rows.curve(fig, way, at[way], colour, hover, row="2", fill=True)
    rows.pale_below_zero(fig, "2")
    rows.label(fig, FORMS[way], colour, TOP, "2")
    rows.words(fig, f"{way} peak", at[f"{way} peak"], "ink", row="2", side="right")
    path = {"x": np.arange(STEPS + 1), **at["way"]}
    hover = f"after %{{x}} steps<br>{NAMES[way]} = %{{y:.3f}} nats"
    rows.curve(fig, "way", path, colour, hover, row="3")
    rows.dots(fig, "here", at["here"], colour, 13, row="3")
    rows.words(fig, "words", at["words"], colour, COLOURS[OTHER[way]], row="3", side="left")
    fig.update_layout(
        xaxis3={"domain": rows.RIGHT, "anchor": "y3", "range": [-1, STEPS + 1], "title": "steps"},
        yaxis3={
            "domain": [0.0, 1.0],
            "anchor": "x3",
            "range": [0, MOST],
            "title": "nats",
            "dtick": 1,
            "gridcolor": theme.var("grid"),
        },
        uirevision=f"best {way}",
        hovermode="closest",
        showlegend=False,
        meta={"narrow": NARROW},
    )
    return fig
