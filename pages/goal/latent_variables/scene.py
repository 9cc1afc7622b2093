"""What the page computes of a model in the hand: z from the prior, a curve, noise, and back.

Two curves: one that the hand bends, and the ink of what a trained VAE with one latent draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from pages.ui.live import Frame
from pages.ui.numbers import number, short
from vae_core.lab.latent import (
    BentCurve,
    LatentModel,
    Posterior,
    curve_on_grid,
    draw,
    even_grid,
    knots,
    marginal,
    posterior_on_grid,
)
from vae_core.training.pretrained import load_pretrained

POINTS = 4
KNOTS = knots(POINTS)
SIDE, WINDOW = 3.4, 4.5  # what is shown of z, and of x
DENSEST_X, DENSEST_Z = 0.8, 2.5
BIN, BAND = 0.3, 1.96
MOST_DRAWS, MOST_DOTS, FULL = 5000, 60, 100
LINE = "latent1"
MIDDLE, UNIT = 100, 20  # in pixels of ink
# Ranks in the grid of z: of the curve, and of the posterior, which may be narrow.
_INSIDE = np.flatnonzero(np.abs(even_grid().numpy()) <= SIDE)
CURVE_AT, POSTERIOR_AT = _INSIDE[::5], _INSIDE[::3]
LEVELS = np.linspace(-WINDOW, WINDOW, 61)
EDGES = np.linspace(-WINDOW, WINDOW, round(2 * WINDOW / BIN) + 1)
SMALL_HILL, VALLEY, MOST_HILLS = 0.02, 0.8, 3


@dataclass(frozen=True)
class Ink(LatentModel):
    """The ink of a picture that the trained VAE draws at z, in `UNIT`s above or below `MIDDLE`.

    The mean of all pixels' sum under p(x|z), exactly as the decoder network gives it.
    """

    @torch.no_grad()
    def decode(self, z: Any) -> Any:
        """The network itself, at every z."""
        pictures = load_pretrained(LINE).model.mean_of_x(z.reshape(-1, 1).float())
        return ((pictures.double().sum(-1) - MIDDLE) / UNIT).view(z.shape)


class Draws(NamedTuple):
    """All draws of a curve and a seed, (MOST_DRAWS,) each: z, the mean of x there, and x."""

    z: np.ndarray
    mean: np.ndarray
    x: np.ndarray

    def first(self, n: int) -> Draws:
        """Of the first n alone."""
        return Draws(*(each[:n] for each in self))


def drawn(model: LatentModel, seed: int) -> Draws:
    """The draws; what does not depend on the noise is kept."""
    z, mean, eps = _kept_draws(replace(model, noise=1.0), seed)
    return Draws(z, mean, mean + model.noise * eps)


@lru_cache(maxsize=64)
def _kept_draws(model: LatentModel, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, the mean of x, and how far x is from it, for a noise of 1."""
    z, x = draw(model, MOST_DRAWS, seed)
    mean = model.decode(z)
    return z.numpy(), mean.numpy(), (x - mean).numpy()


class Hill(NamedTuple):
    """A hill of the posterior: where it is highest, and the mass from valley to valley."""

    top: float
    mass: float


def hills(found: Posterior) -> list[Hill]:
    """The hills of a posterior with a mass of `SMALL_HILL` at least, the largest first.

    Two hills are one where the valley between is not below `VALLEY` of the lower top.
    """
    height = found.density.numpy()
    inner = height[1:-1]
    valleys = (1 + np.flatnonzero((inner < height[:-2]) & (inner <= height[2:]))).tolist()
    parts = [part.tolist() for part in np.split(np.arange(len(height)), valleys)]
    merged = [parts[0]]
    for part in parts[1:]:
        if height[part[0]] > VALLEY * min(height[merged[-1]].max(), height[part].max()):
            merged[-1] = merged[-1] + part
        else:
            merged.append(part)
    whole, z = height.sum(), found.z.numpy()
    each = [
        Hill(float(z[part[height[part].argmax()]]), float(height[part].sum() / whole))
        for part in merged
    ]
    return sorted((hill for hill in each if hill.mass >= SMALL_HILL), key=lambda hill: -hill.mass)


def bent(
    h1: float, h2: float, h3: float, h4: float, noise: float, x: float, n: int, seed: int
) -> Frame:
    """The model whose curve goes through four heights.

    Args:
        h1, h2, h3, h4: The curve at the KNOTS.
        noise: Deviation of x about the curve.
        x: What is seen.
        n: How many draws are shown.
        seed: Seed of the draws.
    """
    heights = (h1, h2, h3, h4)
    model = BentCurve(noise, heights)
    points: dict[str, dict[str, Any]] = {
        f"point {k + 1}": {"x": np.array([knot]), "y": np.array([heights[k]])}
        for k, knot in enumerate(KNOTS)
    }
    return _frame(model, x, n, seed, points)


def trained(noise: float, x: float, n: int, seed: int) -> Frame:
    """The same with the trained VAE's curve."""
    return _frame(Ink(noise), x, n, seed, {})


def _frame(
    model: LatentModel, x: float, n: int, seed: int, points: dict[str, dict[str, Any]]
) -> Frame:
    """The curve with its band, p(x) with the histogram, the posterior, and the newest draw."""
    there = posterior_on_grid(model, x)
    shown = drawn(model, seed).first(n)
    density = marginal(model, torch.from_numpy(LEVELS)).density.numpy()
    numbers = _numbers(there, x, shown.x)
    height, top = float(numbers["p_x"]), float(numbers["z_top"])
    traces = _curve(model) | points | _draws(shown)
    traces |= {
        "p(x)": {"x": density, "y": LEVELS},
        "histogram": {"x": _heights(shown.x), "y": (EDGES[1:] + EDGES[:-1]) / 2.0},
        "level": _path((-SIDE, SIDE), (x, x)),
        "level right": _path((0.0, DENSEST_X), (x, x)),
        "seen": _path((-SIDE + 0.2,), (x,)),
        "p(x) there": _path((min(height, DENSEST_X),), (x,)),
        "posterior": {
            "x": there.z.numpy()[POSTERIOR_AT],
            "y": np.minimum(there.density.numpy()[POSTERIOR_AT], DENSEST_Z),
        },
        "peak": _peak(top, float(numbers["posterior"])),
    }
    return Frame(traces, numbers)


def _numbers(there: Posterior, x: float, seen: np.ndarray) -> dict[str, float | str]:
    """What formula, takeaway and table speak of."""
    n, p_x = len(seen), math.exp(there.log_evidence)
    near = int((np.abs(seen - x) <= BIN / 2.0).sum())
    top, highest = float(there.z[there.density.argmax()]), float(there.density.max())
    prior = math.exp(-0.5 * top**2) / math.sqrt(2.0 * math.pi)
    numbers: dict[str, float | str] = {
        "p_x": p_x,
        "log_p": there.log_evidence,
        "error": there.error,
        "near": float(near),
        "counted": near / (n * BIN) if n else 0.0,
        "counted_error": math.sqrt(near) / (n * BIN) if n else 0.0,
        "z_top": top,
        "prior": prior,
        "likelihood": highest * p_x / prior,
        "posterior": highest,
        "hills": hill_words(hills(there)),
    }
    return numbers | {"verdict": verdict(x, n, numbers)}


def _peak(top: float, highest: float) -> dict[str, Any]:
    """What a hill reaches that is cut off."""
    cut = highest > DENSEST_Z
    words = f"\N{UPWARDS ARROW} {number(highest, 1)}" if cut else ""
    side = min(max(top + 0.4, 0.4 - SIDE), SIDE - 0.4)
    return {**_path((side,), (DENSEST_Z - 0.25,)), "text": [words]}


def _curve(model: LatentModel) -> dict[str, dict[str, Any]]:
    z = even_grid().numpy()[CURVE_AT]
    mean = curve_on_grid(model).numpy()[CURVE_AT]
    reach, some = BAND * model.noise, slice(None, None, 2)
    upper, lower = mean[some] + reach, mean[some][::-1] - reach
    return {
        "band": {
            "x": np.concatenate((z[some], z[some][::-1])),
            "y": np.concatenate((upper, lower)),
        },
        "curve": {"x": z, "y": mean},
    }


def _draws(shown: Draws) -> dict[str, dict[str, Any]]:
    """The last draws as dots, and the way of the newest: up to the curve, off it, and across."""
    last = np.full((2, MOST_DOTS), np.nan)
    some = min(len(shown.z), MOST_DOTS)
    z, mean, x = np.nan, np.nan, np.nan
    if some:
        last[:, :some] = shown.z[-some:], shown.x[-some:]
        z, mean, x = (float(each[-1]) for each in shown)
    return {
        "dots": {"x": last[0], "y": last[1]},
        "way": _path((z, z, z, SIDE), (-WINDOW, mean, x, x)),
        "its z": _path((z,), (0.0,)),
        "its mean": _path((z,), (mean,)),
        "its x": _path((z,), (x,)),
    }


def _heights(x: np.ndarray) -> np.ndarray:
    """The histogram: blocks of one size up to `FULL` draws, then a density."""
    counts = np.histogram(x, EDGES)[0]
    heights: np.ndarray = counts / (max(len(x), FULL) * BIN)
    return heights


def _path(x: tuple[float, ...], y: tuple[float, ...]) -> dict[str, np.ndarray]:
    return {"x": np.array(x), "y": np.array(y)}


def hill_words(found: list[Hill]) -> str:
    """Where z was, in words."""
    if len(found) == 1:
        return f"near {number(found[0].top)}"
    *first, last = (f"{number(hill.top)} ({hill.mass:.0%})" for hill in found[:MOST_HILLS])
    more = "" if len(found) <= MOST_HILLS else ", or elsewhere"
    return f"near {', '.join(first)}{', ' if more else ' or '}{last}{more}"


def verdict(x: float, n: int, told: Mapping[str, float | str]) -> str:
    """What the posterior and the draws say, in two sentences."""
    seen, exact = f"Seen x = {number(x)}, z was {told['hills']}.", short(float(told["p_x"]))
    if not n:
        return f"{seen} By quadrature p(x) = {exact}; nothing is drawn yet."
    draws = "1 draw" if n == 1 else f"{n:,} draws"
    if not told["near"]:
        return (
            f"{seen} By quadrature p(x) = {exact}; no x of {draws} came within {BIN / 2:g} of it."
        )
    counted, error = (number(float(told[name])) for name in ("counted", "counted_error"))
    return f"{seen} From {draws} p(x) is about {counted} ± {error}; by quadrature {exact}."
