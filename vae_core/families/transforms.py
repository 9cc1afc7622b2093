"""Two ways to average f(z) where z = g(eps): over eps, and over the law of z.

The law of the unconscious statistician says E[f(z)] = E_p[f(g(eps))] for any g, whether it has an
inverse or not. The left side is computed here from the law of z, by quadrature in z; the right side
from p alone, by quadrature in eps. Arrays are numpy, float64.
Source: Casella & Berger, Statistical Inference, 2002, sections 2.1 and 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from vae_core.families.drawn import Drawn, Stretch, base_density
from vae_core.families.quadrature.expectation import legendre_rule

REACH, NODES = 12.0, 20
NONE = np.empty(0)
# Beside a knot, in steps: there 1 / |g'| may have a steep end.
BESIDE = (-0.25, -0.0625, -0.015625, 0.0, 0.015625, 0.0625, 0.25)
PANELS = (-REACH, -9.0, -7.0, -5.0, -4.0, -3.0, 3.0, 4.0, 5.0, 7.0, 9.0, REACH)

Cost = Callable[[np.ndarray], np.ndarray]


def over_noise(f: Cost, g: Drawn, breaks: Sequence[float] = ()) -> tuple[float, ...]:
    """E_p[f(g(eps))], from p alone: for each stretch its share, by Gauss-Legendre on panels in eps.

    Args:
        f: a cost, elementwise.
        g: the function that moves the noise.
        breaks: the z at which f has a corner or jumps; panels end there.

    >>> round(sum(over_noise(np.square, Drawn((-3.0, -1.0, 1.0, 3.0, 5.0)))), 9)  # z = 1 + 2 eps
    5.0
    """
    return tuple(_in_eps(f, g, _edges(g, stretch, breaks)) for stretch in g.stretches)


def over_samples(f: Cost, g: Drawn, breaks: Sequence[float] = ()) -> tuple[float, ...]:
    """E[f(z)], from the law of z: for each stretch the integral of f(z) times its share of q in z.

    A flat stretch adds its mass times f at its single z. By Gauss-Legendre on panels in z, with
    z = a + (b - a)(3t^2 - 2t^3) in each: q grows like an inverse root where g turns back.

    Args:
        f, g, breaks: as for `over_noise`.

    >>> round(sum(over_samples(np.square, Drawn((-3.0, -1.0, 1.0, 3.0, 5.0)))), 9)
    5.0
    """
    return tuple(
        _in_z(f, g, stretch, _edges(g, stretch, breaks)) if stretch.way else _atom(f, g, stretch)
        for stretch in g.stretches
    )


def image_mass(g: Drawn, low: float, high: float) -> tuple[float, ...]:
    """The integral of q over the image of a bar of eps: each stretch's share of it.

    Where g has an inverse there is one stretch, and this is the bar's own mass under p.

    Args:
        g: the function that moves the noise.
        low, high: the bar, which lies within one stretch.

    Raises:
        ValueError: if g turns back within the bar.
    """
    if not any(each.low <= low and high <= each.high for each in g.stretches):
        raise ValueError(f"g turns back between {low:g} and {high:g}.")
    return tuple(_of_image(g, each, g(np.array([low, high]))) for each in g.stretches)


def _of_image(g: Drawn, stretch: Stretch, image: np.ndarray) -> float:
    if not stretch.way:
        return 0.0
    ends = g(np.clip([stretch.low, stretch.high], -REACH, REACH))
    eps = g.inverse(np.clip(image, ends.min(), ends.max()), stretch)
    return _in_z(np.ones_like, g, stretch, _between(g, float(eps.min()), float(eps.max())))


@lru_cache(maxsize=1)
def _rule() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = legendre_rule(NODES)
    return (nodes.numpy() + 1) / 2, weights.numpy() / 2


def _edges(g: Drawn, stretch: Stretch, breaks: Sequence[float]) -> list[float]:
    """Where panels end in eps: at knots, where f breaks, and on the way out."""
    broken = g.inverse(np.array(breaks, dtype=np.float64), stretch)
    return _between(g, max(stretch.low, -REACH), min(stretch.high, REACH), broken)


def _between(g: Drawn, low: float, high: float, broken: np.ndarray = NONE) -> list[float]:
    beside = (g.knots[:, None] + g.step * np.array(BESIDE)).ravel()
    inner = np.concatenate([PANELS, beside, broken])
    return sorted({low, high, *inner[(inner > low) & (inner < high)].tolist()})


def _in_eps(f: Cost, g: Drawn, edges: Sequence[float]) -> float:
    nodes, weights = _rule()
    low, width = np.array(edges[:-1])[:, None], np.diff(edges)[:, None]
    eps = low + width * nodes
    return float(np.sum(f(g(eps)) * base_density(eps) * width * weights))


def _in_z(f: Cost, g: Drawn, stretch: Stretch, edges: Sequence[float]) -> float:
    nodes, weights = _rule()
    ends = g(np.array(edges))
    low, width = ends[:-1, None], np.diff(ends)[:, None]
    z = (low + width * nodes**2 * (3 - 2 * nodes)).ravel()
    dz = (np.abs(width) * 6 * nodes * (1 - nodes) * weights).ravel()
    q = g.share(z, stretch)
    q[~np.isfinite(q)] = 0.0  # a node that rounding puts on the turn itself, where dz is next to 0
    return float(np.sum(f(z) * q * dz))


def _atom(f: Cost, g: Drawn, stretch: Stretch) -> float:
    middle = max(min(0.0, stretch.high), stretch.low)
    return float(f(g(np.array([middle])))[0]) * stretch.mass
