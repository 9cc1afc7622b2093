"""One member of a family in numbers: its noise, its samples, its density, its slopes.

All of it from the registry; arrays are numpy, float64. `Values` are the numbers of the sliders, by
their keys, in the sliders' order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pages.trick.families.sliders import slots
from vae_core.families import FAMILIES, Distribution
from vae_core.families.entries.noise import UNIFORM
from vae_core.families.entries.special.quantile import quantile
from vae_core.families.quadrature.double_exponential import integral, split_at

Values = tuple[float, ...]
MOST_SAMPLES = 200
MANY = 4000
ROUNDING = 1e-9


def values(family: str, given: Mapping[str, object]) -> Values:
    """The sliders' numbers among others; what is not given is its default."""
    return tuple(float(given.get(slot.key, slot.default)) for slot in slots(family))  # type: ignore[arg-type]


def tensors(family: str, at: Values) -> dict[str, Tensor]:
    """The parameters by name: numbers, vectors and matrices."""
    made = {
        name: torch.tensor(parameter.default, dtype=torch.float64)
        for name, parameter in FAMILIES[family].parameters.items()
    }
    for slot, value in zip(slots(family), at, strict=True):
        made[slot.name][slot.place] = value
    return made


def member(family: str, at: Values, batch: int = 1) -> Distribution:
    """The distribution, as many times as there is noise to be moved: its shape is (batch, D)."""
    given = tensors(family, at)
    return FAMILIES[family](
        **{
            name: one.expand(batch, *(one.shape or (1,))).contiguous()
            for name, one in given.items()
        }
    )


@lru_cache(maxsize=64)
def noise(family: str, seed: int, count: int = MOST_SAMPLES) -> np.ndarray:
    """The base noise of a seed: (count, D) or (count, D, M), whatever the parameters."""
    defaults = tuple(slot.default for slot in slots(family))
    generator = torch.Generator().manual_seed(seed)
    eps: np.ndarray = member(family, defaults).base(count, generator)[:, 0].numpy()
    eps.setflags(write=False)
    return eps


@cache
def behind(family: str) -> int:
    """How many numbers of noise are behind one draw of z."""
    return int(noise(family, 0)[0].size)


@cache
def middle(family: str) -> np.ndarray:
    """Each number of the noise at its median, in the noise's shape (D,) or (D, M)."""
    found: np.ndarray = np.median(noise(family, 0, MANY), axis=0)
    return np.round(found, 1) + 0.0


@cache
def reach(family: str, which: int) -> tuple[float, float]:
    """From where to where a number of the noise is drawn: all but two in a thousand at each end."""
    some = noise(family, 0, MANY).reshape(MANY, -1)[:, which]
    low, high = np.quantile(some, [0.002, 0.998])
    if abs(low + high) < 0.3 * (high - low) and low < 0.0:
        low, high = -max(-low, high), max(-low, high)
    return float(np.floor(low * 2.0) / 2.0), float(np.ceil(high * 2.0) / 2.0)


def point(family: str, first: float, second: float) -> np.ndarray:
    """One draw of the noise of which the first two numbers are given: (1, D) or (1, D, M)."""
    eps = middle(family).copy()
    flat = eps.reshape(-1)
    flat[:2] = (first, second)[: flat.size]
    return eps[None]


def transform(family: str, at: Values, eps: np.ndarray) -> np.ndarray:
    """z of noise (K, D) or (K, D, M): (K, D)."""
    q = member(family, at, len(eps))
    with torch.no_grad():
        found: np.ndarray = q.transform(torch.from_numpy(np.array(eps))[None])[0].numpy()
    return found


def slopes(family: str, at: Values, eps: np.ndarray, key: str) -> np.ndarray:
    """dz / d a parameter's number, the noise held fixed, by autograd: (K, D).

    Zero where no path leads from the parameter to z.
    """
    slot = next(each for each in slots(family) if each.key == key)
    given = member(family, at, len(eps)).parameters
    place = slot.place or (0,)
    given[slot.name].requires_grad_()
    z = FAMILIES[family].make(**given).transform(torch.from_numpy(np.array(eps))[None])[0]
    found = np.zeros(z.shape)
    for d in range(z.shape[1]):
        if not z.requires_grad:
            break
        (grad,) = torch.autograd.grad(
            z[:, d].sum(), given[slot.name], retain_graph=True, allow_unused=True
        )
        if grad is not None:
            found[:, d] = grad.numpy().reshape(len(eps), -1)[:, _flat(given[slot.name], place)]
    return found


def _flat(batch: Tensor, place: tuple[int, ...]) -> int:
    """A place in one parameter of a batch, counted through."""
    return int(np.ravel_multi_index(place, batch.shape[1:]))


class Moved(NamedTuple):
    """Samples (K, D) and their slopes in one parameter (K, D)."""

    z: np.ndarray
    slope: np.ndarray


@lru_cache(maxsize=256)
def moved(family: str, at: Values, key: str, seed: int) -> Moved:
    """The samples of a seed; of the first few the slopes are drawn."""
    eps = noise(family, seed)
    return Moved(transform(family, at, eps), slopes(family, at, eps[:12], key))


@lru_cache(maxsize=512)
def at_point(family: str, at: Values, key: str, first: float, second: float) -> Moved:
    """The same of one draw of the noise that is chosen."""
    eps = point(family, first, second)
    return Moved(transform(family, at, eps), slopes(family, at, eps, key))


def density(family: str, at: Values, z: np.ndarray) -> np.ndarray:
    """q(z) of one-dimensional z, zero outside the support; infinite densities are cut at 1e6."""
    with torch.no_grad():
        log_q = member(family, at).log_prob(torch.from_numpy(np.array(z))[:, None, None])
    found: np.ndarray = log_q[:, 0].exp().nan_to_num(0.0, 1e6, 0.0).clamp_max(1e6).numpy()
    return found


def cdf(family: str, at: Values, z: np.ndarray) -> np.ndarray:
    """P(Z <= z) of one-dimensional z."""
    with torch.no_grad():
        found: np.ndarray = (
            member(family, at).cdf(torch.from_numpy(np.array(z))[:, None, None]).numpy()
        )
    return found[:, 0, 0]


@lru_cache(maxsize=1024)
def spread(family: str, at: Values) -> tuple[float, ...]:
    """Quantiles of the first number of z: least, 2, 10, 25, 50, 75, 90, 98 %, greatest of many."""
    some = transform(family, at, noise(family, 0, 400))[:, 0]
    return tuple(np.quantile(some, [0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0]).tolist())


def support(family: str, at: Values) -> tuple[float, float]:
    """The least and the greatest z."""
    low, high = member(family, at).support
    return low.flatten()[0].item(), high.flatten()[0].item()


@lru_cache(maxsize=1024)
def at_height(family: str, at: Values, u: float) -> float:
    """The z at a height of the CDF."""
    if FAMILIES[family].noise is UNIFORM and not FAMILIES[family].discrete:
        direct = transform(family, at, np.array([[u]]))
        if abs(cdf(family, at, direct[:, 0])[0] - u) < ROUNDING:  # it need not rise with u
            return float(direct[0, 0])
    q, (low, high) = member(family, at), support(family, at)
    some = spread(family, at)
    wide = 40.0 * (some[7] - some[1]) + 1.0
    low, high = max(low, some[0] - wide), min(high, some[-1] + wide)
    if FAMILIES[family].discrete:
        whole = np.arange(low, math.ceil(high) + 1.0)
        return float(whole[np.searchsorted(cdf(family, at, whole), u)])
    return quantile(lambda z: q.cdf(z[:, None, None])[:, 0, 0], u, low, high)


@cache
def base_density(family: str) -> tuple[np.ndarray, np.ndarray]:
    """Places and heights of p(eps), where one number of noise is behind each z.

    Where the noise has none of its own, from the other side of the change of variables:
    p(eps) = q(T(eps)) |dT/deps|, at the defaults.
    """
    low, high = reach(family, 0)
    own = FAMILIES[family].noise.density
    if FAMILIES[family].noise is UNIFORM:
        return np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])
    eps = torch.linspace(low, high, 81, dtype=torch.float64)
    return eps.numpy(), (own(eps) if own else stretched(family, eps)).numpy()


def stretched(family: str, eps: Tensor) -> Tensor:
    """q(T(eps)) |dT/deps| at the defaults: (N,) for noise of that shape."""
    q = member(family, tuple(slot.default for slot in slots(family)))
    leaf = eps[:, None, None].clone().requires_grad_()
    z = q.transform(leaf)
    (stretch,) = torch.autograd.grad(z.sum(), leaf)
    with torch.no_grad():
        return q.log_prob(z)[:, 0].exp() * stretch[:, 0, 0].abs()


@lru_cache(maxsize=1024)
def places(family: str, at: Values) -> tuple[Tensor, Tensor]:
    """Nodes and weights of an integral over z."""
    some, (low, high) = spread(family, at), support(family, at)
    return split_at(low, at_height(family, at, 0.5), high, max(some[5] - some[3], ROUNDING))


COSTS: dict[str, Callable[[Tensor], Tensor]] = {
    "z": lambda z: z,
    "square": torch.square,
    "tanh": torch.tanh,
}


@lru_cache(maxsize=2048)
def average(family: str, at: Values, cost: str) -> float:
    """E[f(z)] by quadrature or a sum; of a vector, that of its first number."""
    f, entry, q = COSTS[cost], FAMILIES[family], member(family, at)
    if entry.vector:
        alone = q.first
        return average(alone.family.name, tuple(p.item() for p in alone.parameters.values()), cost)
    with torch.no_grad():
        if entry.discrete:
            whole = torch.arange(0.0, spread(family, at)[-1] + 100.0, dtype=torch.float64)
            mass = q.log_prob(whole[:, None, None])[:, 0].exp()
            return float((f(whole) * mass).nan_to_num(0.0).sum())
        z, weights = places(family, at)
        return integral(lambda z: f(z) * q.log_prob(z[:, None, None])[:, 0].exp(), z, weights)
