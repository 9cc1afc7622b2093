"""q against p: both densities, both integrands, and an estimate of each direction that settles.

Below the densities stand q log(q/p) and p log(p/q): what each z adds to KL(q || p) and KL(p || q),
which are the areas. At the right are the means over draws from q and from p, as a multiple of the
exact value.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from pages.goal.kl_divergence import beliefs, rows
from pages.goal.kl_divergence.beliefs import Z
from pages.goal.kl_divergence.estimate import COLOURS, SAME, estimate, panel
from pages.goal.kl_divergence.rows import DENSITY, LOW, TOP, P, Q
from pages.ui.live import Frame
from pages.ui.numbers import number
from vae_core.families import Normal
from vae_core.families.divergence import (
    Divergences,
    Hills,
    bell_to_bell,
    divergences,
)

FORMS = {"reverse": "q log(q/p)", "forward": "p log(p/q)"}
LIFTS = {"reverse": " + p − q", "forward": " + q − p"}
ROWS = {"reverse": "2", "forward": "3"}
TICKS, NEWEST = {"q": -0.06, "p": -0.12}, 12
P_GRIPS = {"bells": "p flank", "hills": "p tops"}
ROUNDING = 1e-13  # of a closed form, relative
NARROW = {
    "xaxis.domain": [0, 1],
    "xaxis2.domain": [0, 1],
    "xaxis3.domain": [0, 1],
    "yaxis.domain": [0.76, 1],
    "yaxis2.domain": [0.54, 0.73],
    "yaxis3.domain": [0.32, 0.51],
    "xaxis4.domain": [0.02, 0.43],
    "xaxis5.domain": [0.59, 1],
    "yaxis4.domain": [0, 0.2],
    "yaxis5.domain": [0, 0.2],
    "height": 600,
}


class Exact(NamedTuple):
    """Both directions in nats, and what they may be off at most."""

    reverse: float
    forward: float
    error: float


def exact(q: Normal, p: Hills) -> Exact:
    """In closed form where p is a bell, else by quadrature."""
    if p.left == p.right:
        other = Normal(p.left, p.scale)
        found = float(bell_to_bell(q, other)), float(bell_to_bell(other, q))
        return Exact(*found, ROUNDING * (1.0 + max(found)))
    by_rule: Divergences = divergences(q, p)
    return Exact(float(by_rule.reverse), float(by_rule.forward), by_rule.error)


def frame(
    mu: float,
    sigma: float,
    width: float,
    n: int,
    seed: int,
    view: str = "bells",
    shade: str = "plain",
    centre: float = 0.0,
    gap: float = 0.0,
    share: float = 0.5,
) -> Frame:
    """Both directions, and their estimates after n draws.

    Args:
        mu, sigma: of the bell q.
        width: of p's hills, a standard deviation.
        n: draws, from q and from p each; one of `DRAWS`.
        seed: seed of the draws.
        view: "bells", where p is one, or "hills".
        shade: "lifted" adds the other density less the own one to each integrand.
        centre: the middle between p's hills.
        gap: how far apart they are; 0 makes a bell of p.
        share: mass of the left one.
    """
    q, p = beliefs.bell(mu, sigma), beliefs.hills(centre, width, gap, share)
    log_q, log_p = beliefs.log_bell(mu, sigma), beliefs.log_hills(centre, width, gap, share)
    both, truth = {"q": log_q.exp().numpy(), "p": log_p.exp().numpy()}, exact(q, p)
    places, ratios = draws(q, p, seed)
    integrands = {"reverse": (log_q, log_p), "forward": (log_p, log_q)}
    traces: dict[str, dict[str, Any]] = {name: {"y": y} for name, y in both.items()}
    half = gap / 2.0 if view == "hills" else width
    grips = {"q flank": (mu - sigma, mu + sigma), P_GRIPS[view]: (centre - half, centre + half)}
    traces |= {name: _on(both[name[0]], x) for name, x in grips.items()}
    numbers: dict[str, float | str] = {**truth._asdict(), "verdict": verdict(truth)}
    numbers |= _expectations(q, p, truth)
    for name, z in places.items():
        traces[f"{name} draws"] = _newest(z, n, TICKS[name])
    for name, pair in integrands.items():
        y = beliefs.terms(*pair, lifted=shade == "lifted")
        traces |= {name: {"y": y}, f"{name} peak": dict(rows.peak(y))}
        settling, told = estimate(name, ratios[name], getattr(truth, name), n)
        traces |= settling
        numbers |= told
    return Frame(traces, numbers)


def draws(q: Normal, p: Hills, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Tensor]]:
    """Draws from q and from p, and for each the log-ratio whose mean estimates a direction."""
    eps_q, u, eps_p = beliefs.noise(seed)
    z_q, z_p = q.transform(eps_q[:, None])[:, 0], p.transform(u, eps_p)
    ratios = {
        "reverse": beliefs.log_density(q, z_q) - p.log_prob(z_q),
        "forward": p.log_prob(z_p) - beliefs.log_density(q, z_p),
    }
    return {"q": z_q.numpy(), "p": z_p.numpy()}, ratios


def verdict(truth: Exact) -> str:
    """What the two numbers say of each other."""
    if max(truth.reverse, truth.forward) < SAME:
        return "Nothing tells q and p apart."
    if abs(truth.reverse - truth.forward) < SAME:
        return "Here the two directions agree."
    apart = number(abs(truth.reverse - truth.forward), 3)
    return f"The two directions differ by {apart}: no distance does that."


def _expectations(q: Normal, p: Hills, truth: Exact) -> dict[str, float]:
    """E_q[log q] and E_q[log p], E_p[log p] and E_p[log q], whose differences are the KLs."""
    scale = float(q.scale)
    constant = -math.log(scale) - 0.5 * math.log(2.0 * math.pi)
    own_q = constant - 0.5
    q_under_p = constant - float(p.variance + (p.mean - q.loc) ** 2) / (2.0 * scale**2)
    return {
        "q_under_q": own_q,
        "p_under_q": own_q - truth.reverse,
        "p_under_p": truth.forward + q_under_p,
        "q_under_p": q_under_p,
    }


def _on(density: np.ndarray, x: tuple[float, float]) -> dict[str, np.ndarray]:
    """Two grips on a curve: flanks one deviation beside a centre, or the tops of the hills."""
    return {"x": np.array(x), "y": np.interp(x, Z, density)}


def _newest(z: np.ndarray, n: int, height: float) -> dict[str, np.ndarray]:
    """The latest draws; as many points however few there are."""
    x = np.full(NEWEST, np.nan)
    latest = z[max(0, n - NEWEST) : n]
    x[: latest.size] = latest
    return {"x": x, "y": np.full(NEWEST, height)}


def draw(now: Frame, view: str, shade: str) -> go.Figure:
    """Three rows over z, and two panels over the number of draws."""
    fig = go.Figure()
    _densities(fig, now, view)
    for name, domain in (("reverse", [0.34, 0.61]), ("forward", [0.0, 0.27])):
        row, colour = ROWS[name], COLOURS[name]
        form = FORMS[name] + (LIFTS[name] if shade == "lifted" else "")
        hover = f"{form} = %{{y:.3f}}<br>at z = %{{x:.2f}}"
        rows.over_z(fig, row, domain, [LOW, TOP], [0, 1, 2])
        rows.curve(fig, name, now.traces[name], colour, hover, row=row, fill=True)
        rows.pale_below_zero(fig, row)
        rows.label(fig, form, colour, TOP, row)
        top = now.traces[f"{name} peak"]
        rows.words(fig, f"{name} peak", top, "ink", row=row, side="right")
        panel(fig, now, name)
    fig.update_layout(
        uirevision=view, hovermode="closest", showlegend=False, meta={"narrow": NARROW}
    )
    return fig


def _densities(fig: go.Figure, now: Frame, view: str) -> None:
    """The upper row: q and p, their latest draws below, and what the hand can take hold of."""
    at = now.traces
    for name, colour, height in (("q", Q, 1.07), ("p", P, 0.86)):
        hover = f"density {name}(z) = %{{y:.3f}}<br>at z = %{{x:.2f}}"
        rows.curve(fig, name, at[name], colour, hover)
        rows.label(fig, f"{name}(z)", colour, height)
        latest, hover = at[f"{name} draws"], f"a draw from {name}: z = %{{x:.2f}}"
        rows.dots(fig, f"{name} draws", latest, colour, 7, hover, symbol="line-ns-open")
    hover = "one σ beside μ: z = %{x:.2f}"
    rows.dots(fig, "q flank", at["q flank"], "sigma", 11, hover, symbol="diamond")
    grips = P_GRIPS[view]
    if view == "hills":
        rows.dots(fig, grips, at[grips], P, 11, "middle of a hill: z = %{x:.2f}")
    else:
        hover = "one s beside m: z = %{x:.2f}"
        rows.dots(fig, grips, at[grips], P, 11, hover, symbol="diamond")
    rows.over_z(fig, "", [0.66, 1.0], DENSITY, [0, 0.5, 1])
