"""The costs on which Bonnet's and Price's identities are shown, and their means under a bell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vae_core.estimators.second_order import Bent, bent
from vae_core.families.quadrature.double_exponential import split_at
from vae_core.lab import find_problem

REACH = 3.0
Z = np.linspace(-REACH, REACH, 241)
FAR = 9.0  # deviations beyond which the bell is nothing


@dataclass(frozen=True)
class Shape:
    """An f of the picker.

    Attributes:
        title: what the picker calls it.
        problem: its name in the lab.
        spans: what is seen of f, of f' and of f'', and of E[f].
        ticks: of f, of f' and of f'', above zero and below.
        kink: where its slope jumps; None where nowhere.
    """

    title: str
    problem: str
    spans: tuple[tuple[float, float], ...]
    ticks: tuple[float, float, float]
    kink: float | None = None


SHAPES = {
    "wave": Shape("sin 3z", "sine", ((-1.2, 1.5), (-3.6, 4.4), (-11, 13), (-1.1, 1.6)), (1, 3, 9)),
    "wells": Shape(
        "(z² − 1)²", "double_well", ((-1, 9), (-26, 32), (-10, 60), (-1, 20)), (5, 20, 40)
    ),
    "rising": Shape(
        "exp(z/2)", "exp", ((-0.5, 5), (-0.3, 2.7), (-0.15, 1.4), (-0.3, 5.5)), (4, 2, 1)
    ),
    "kink": Shape(
        "|z|, with a kink", "f=|z|", ((-0.4, 4.4), (-1.3, 1.9), (-1, 1.2), (0, 4)), (3, 1, 1), 0.0
    ),
}


def at(name: str, z: np.ndarray) -> Bent:
    """f, f' and f'' of a shape at z, (N,) each, as autograd sees them."""
    problem = find_problem(SHAPES[name].problem)

    def cost(z: Tensor) -> Tensor:
        return problem.terms(z, **problem.settings()).sum(-1)

    found = bent(cost, torch.from_numpy(z)[:, None, None])
    return Bent(*(each.detach().flatten() for each in found))


@lru_cache(maxsize=8)
def curves(name: str) -> Bent:
    """The same where the picture shows them."""
    return at(name, Z)


def mean(name: str, mu: np.ndarray | float, c: np.ndarray | float) -> np.ndarray:
    """E[f] in closed form, over places in mu and in the variance C, broadcast."""
    loc, scale = np.broadcast_arrays(mu, np.sqrt(c))
    if SHAPES[name].kink is not None:
        return folded(loc, scale)
    problem = find_problem(SHAPES[name].problem)
    places = (torch.tensor(each, dtype=torch.float64) for each in (loc, scale))
    found: np.ndarray = problem.exact(*places, **problem.settings()).value.numpy()
    return found


def folded(loc: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """E|z|: sigma sqrt(2 / pi) exp(-t^2 / 2) + mu erf(t / sqrt 2), t = mu / sigma."""
    t = torch.from_numpy(np.asarray(loc / scale))
    bell = math.sqrt(2.0 / math.pi) * torch.exp(-0.5 * t * t)
    found: np.ndarray = scale * bell.numpy() + loc * torch.erf(t / math.sqrt(2.0)).numpy()
    return found


@lru_cache(maxsize=4096)
def sides(name: str, mu: float, sigma: float) -> tuple[float, float]:
    """E[f'] and E[f''] of what autograd sees, by quadrature that knows of the kink."""
    low, high, kink = mu - FAR * sigma, mu + FAR * sigma, SHAPES[name].kink
    middle = mu if kink is None or not low < kink < high else kink
    z, w = split_at(low, middle, high, sigma)
    eps = (z - mu) / sigma
    w = w * torch.exp(-0.5 * eps * eps) / (sigma * math.sqrt(2.0 * math.pi))
    found = at(name, z.numpy())
    return float(w @ found.slope), float(w @ found.curvature)
