"""Importance weights: draws from a proposal q that count as draws from the target p = N(0, 1).

On the left both densities and the weight of each draw; on the right what plain and weighted draws
say, each within two standard errors, and below how the weights share the whole among them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pages.ui.live import Frame
from pages.ui.numbers import short
from vae_core.families import Normal
from vae_core.families.monte_carlo import (
    SQUARE,
    Integrand,
    beyond,
    squared_over,
    weigh,
    weighted_variance,
)

MOST, STEMS, CUTS, SIDE = 1000, 30, 20, 6.5
FLOOR, CEILING = 1e-4, 1e4
BELL = np.linspace(-3.5, 3.5, 41)
PLACES = np.linspace(-SIDE, SIDE, 49)
ROWS = {"plain": 2.0, "weighted": 1.0, "normalized": 0.0}


class Asked(NamedTuple):
    """What is estimated: its name, the integrand, the window of its estimates, and its digits."""

    title: str
    integrand: Integrand
    window: tuple[float, float]
    digits: int


ASKED = {
    "rare": Asked("P(z > 3)", beyond(3.0), (-0.001, 0.006), 5),
    "square": Asked("E[z²]", SQUARE, (-0.3, 2.5), 3),
}


def _bell(mu: float, sigma: float) -> Normal:
    return Normal(*(torch.tensor([[value]], dtype=torch.float64) for value in (mu, sigma)))


def log_density(q: Normal, z: Tensor) -> Tensor:
    """log q(z) at (K,) places."""
    return q.log_prob(z[:, None, None]).flatten()


@lru_cache(maxsize=32)
def base_noise(seed: int) -> Tensor:
    """The eps behind the draws: z = eps from p, z = mu + sigma eps from q, (MOST,)."""
    return _bell(0.0, 1.0).base(MOST, torch.Generator().manual_seed(seed)).flatten()


@lru_cache(maxsize=1)
def _target() -> Normal:
    return _bell(0.0, 1.0)


def frame(mu: float, sigma: float, weighed: int, seed: int, of: str) -> Frame:
    """The first K draws from q, with their weights.

    Args:
        mu, sigma: mean and deviation of the proposal q.
        weighed: K, how many draws are weighed.
        seed: seed of the noise behind them.
        of: name of what is estimated.
    """
    q, eps, asked = _bell(mu, sigma), base_noise(seed)[:weighed], ASKED[of]
    z = mu + sigma * eps
    log_w = log_density(_target(), z) - log_density(q, z)
    found = weigh(log_w, asked.integrand.f(z))
    plain = asked.integrand.f(eps)
    said = {
        "plain": (plain.mean().item(), plain.std().item() / math.sqrt(weighed)),
        "weighted": (found.estimate, found.error),
        "normalized": (found.normalized, found.normalized_error),
    }
    place = mu + sigma * BELL
    traces: dict[str, dict[str, Any]] = {
        "q(z)": {"x": place, "y": standard_heights() / sigma},
        "weight curve": {"x": PLACES, "y": _clipped(_curve(q))},
        **_stems(z[:STEMS].numpy(), log_w[:STEMS].exp().numpy()),
        **_shares(torch.softmax(log_w, 0).numpy()),
    }
    for name, (mean, error) in said.items():
        traces |= _row(name, mean, error, asked.window)
    numbers = _numbers(asked, mu, sigma, weighed)
    numbers |= {name: mean for name, (mean, _) in said.items()}
    numbers |= {f"{name}_error": error for name, (_, error) in said.items()}
    numbers |= {"effective": found.effective, "largest": found.largest}
    numbers["told"] = told(asked, numbers, weighed)
    return Frame(traces, numbers)


@lru_cache(maxsize=1)
def standard_heights() -> np.ndarray:
    """A bell's heights over BELL, where its deviation is one."""
    heights: np.ndarray = log_density(_target(), torch.from_numpy(BELL)).exp().numpy()
    return heights


def _curve(q: Normal) -> np.ndarray:
    """p / q over the window."""
    z = torch.from_numpy(PLACES)
    ratio: np.ndarray = (log_density(_target(), z) - log_density(q, z)).exp().numpy()
    return ratio


def _clipped(weights: np.ndarray) -> np.ndarray:
    """Weights as far as the axis shows them, missing beyond."""
    return np.where((weights >= FLOOR / 10) & (weights <= CEILING * 10), weights, np.nan)


def _stems(z: np.ndarray, weights: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    gap, seen = np.full(z.size, np.nan), (weights > FLOOR) & (np.abs(z) < SIDE)
    foot, top = (np.where(seen, y, np.nan) for y in (FLOOR, np.minimum(weights, CEILING)))
    return {
        "stems": {
            "x": np.column_stack([z, z, gap]).ravel(),
            "y": np.column_stack([foot, top, gap]).ravel(),
        },
        "weights": {"x": z, "y": weights},
        "draws": {"x": z, "y": np.zeros(z.size)},
    }


def _shares(shares: np.ndarray) -> dict[str, dict[str, Any]]:
    """The whole, cut by the largest shares one after the other."""
    ends = np.cumsum(np.sort(shares)[::-1])
    cuts = np.full(CUTS, np.nan)
    cuts[: min(CUTS, ends.size)] = ends[:CUTS]
    words = f"largest weight: {100 * ends[0]:.0f} % of the sum"
    return {
        "largest": {"x": [ends[0]], "y": [0]},
        "cuts": {"x": cuts, "y": np.zeros(CUTS)},
        "largest words": {"x": [0.0], "y": [0.95], "text": [words]},
    }


def _row(
    name: str, mean: float, error: float, window: tuple[float, float]
) -> dict[str, dict[str, Any]]:
    """An estimate with two standard errors on each side; at the edge an arrow if it is beyond."""
    low, high = window
    row, beyond_edge = ROWS[name], "◀" if mean < low else "▶" if mean > high else ""
    end = low + 0.02 * (high - low) if mean < low else high - 0.02 * (high - low)
    return {
        f"{name} error": {"x": [mean - 2 * error, mean + 2 * error], "y": [row, row]},
        f"{name} mean": {"x": [mean], "y": [row]},
        f"{name} beyond": {"x": [end], "y": [row], "text": [beyond_edge]},
    }


def _numbers(asked: Asked, mu: float, sigma: float, k: int) -> dict[str, float | str]:
    """What is exactly true of such draws, whatever came."""
    known = asked.integrand
    plain, weighted = known.square - known.mean**2, weighted_variance(known, mu, sigma)
    tilted = squared_over(mu, sigma)
    finite = math.isfinite(weighted) and tilted is not None
    return {
        "truth": known.mean,
        "plain_deviation": math.sqrt(plain / k),
        "deviation": short(math.sqrt(weighted / k)) if finite else "infinite",
        "gain": short(plain / weighted, 2) if finite and weighted > 0 else "none",
        "worth": short(k * plain / weighted, 2) if finite and weighted > 0 else "none",
        "even": short(math.exp(-tilted.log_mass)) if tilted else "0",
        "finite": float(finite),
    }


def told(asked: Asked, numbers: dict[str, float | str], k: int) -> str:
    """What weighing brings here, in words."""
    estimate, error, truth = (
        f"{float(numbers[name]):.{asked.digits}f}"
        for name in ("weighted", "weighted_error", "truth")
    )
    said = f"{k} weighted draws say {asked.title} = {estimate} ± {error}; it is {truth}."
    held = f"the largest weight holds {100 * float(numbers['largest']):.0f} %"
    count = f"Effective sample size {float(numbers['effective']):.1f} of {k}: {held}."
    if not numbers["finite"]:
        return f"{said} q is too narrow: w f has infinite variance, so trust no ±. {count}"
    return f"{said} By their exact variance they are worth {numbers['worth']} plain draws. {count}"
