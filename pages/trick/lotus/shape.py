"""The function g through five heights ϕ, what is averaged over it, and the grains that it moves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from pages.ui.numbers import number
from vae_core.families import STANDARD_NORMAL
from vae_core.families.drawn import Drawn
from vae_core.families.transforms import Cost, over_noise, over_samples

KNOTS = (-2, -1, 0, 1, 2)
KEYS = tuple(f"phi{i + 1}" for i in range(len(KNOTS)))
BENT = (-1.2, -0.9, -0.3, 1.1, 2.3)
TURNING = (-1.9, -0.9, 0.3, 1.4, 0.2)
LINE = (-0.2, 0.4, 1.0, 1.6, 2.2)
FLAT = (-1.5, -0.6, 0.8, 0.8, 2.0)
FALLING = (2.3, 1.4, 0.2, -0.7, -1.2)
MOST_GRAINS = 1_000
KINDS = ("bend", "line", "turn", "flat")


class Weight(NamedTuple):
    """What is averaged: its name, f itself, and the z at which it has a corner or jumps."""

    title: str
    f: Cost
    breaks: tuple[float, ...] = ()


def _above_one(z: np.ndarray) -> np.ndarray:
    return (z > 1.0) * 1.0


WEIGHTS: dict[str, Weight] = {
    "square": Weight("z²", np.square),
    "absolute": Weight("|z|", np.abs, (0.0,)),
    "above": Weight("1 if z > 1, else 0", _above_one, (1.0,)),
}


class Means(NamedTuple):
    """The average of f over eps and over the law of z; what the fullest branch alone would give.

    Attributes:
        over_eps, over_z: both sides of the law, by quadratures that know nothing of each other.
        one_branch: the share of the branch with the most mass, and its place among g's stretches.
        branch: that place.
        mass: that branch's mass, 1 where g has an inverse.
        atoms: mass that a flat g puts on single values of z.
    """

    over_eps: float
    over_z: float
    one_branch: float
    branch: int
    mass: float
    atoms: float


@lru_cache(maxsize=512)
def drawn(heights: tuple[float, ...]) -> Drawn:
    """g through these heights."""
    return Drawn(heights, first=float(KNOTS[0]))


@lru_cache(maxsize=2048)
def means(heights: tuple[float, ...], weight: str) -> Means:
    """Both sides of the law, by quadrature."""
    g, (_title, f, breaks) = drawn(heights), WEIGHTS[weight]
    shares = over_samples(f, g, breaks)
    branch = max(range(len(shares)), key=lambda i: g.stretches[i].mass * abs(g.stretches[i].way))
    return Means(
        over_eps=sum(over_noise(f, g, breaks)),
        over_z=sum(shares),
        one_branch=shares[branch],
        branch=branch,
        mass=g.stretches[branch].mass,
        atoms=sum(stretch.mass for stretch in g.stretches if not stretch.way),
    )


@lru_cache(maxsize=32)
def grains(seed: int) -> np.ndarray:
    """The grains of sand of a seed: eps ~ N(0, 1), (MOST_GRAINS,)."""
    generator = torch.Generator().manual_seed(seed)
    eps: np.ndarray = STANDARD_NORMAL.draw((MOST_GRAINS,), generator, torch.float64).numpy()
    eps.setflags(write=False)
    return eps


def kind(g: Drawn) -> str:
    """Which of `KINDS` g is."""
    if any(not stretch.way for stretch in g.stretches):
        return "flat"
    if len(g.stretches) > 1:
        return "turn"
    least, most = g.slopes_between
    return "line" if most - least < 1e-9 else "bend"


def turns(g: Drawn) -> str:
    """Where g turns back or turns flat, as a sentence writes it: "−1 and 1"."""
    places = [number(stretch.high, 0) for stretch in g.stretches if math.isfinite(stretch.high)]
    return " and ".join([", ".join(places[:-1]), places[-1]] if len(places) > 1 else places)


def told(sentence: str, numbers: Mapping[str, float | str], digits: int = 3) -> str:
    """A sentence with its numbers; words stay as they are."""
    words = {n: v if isinstance(v, str) else number(v, digits) for n, v in numbers.items()}
    return sentence.format(**words)
