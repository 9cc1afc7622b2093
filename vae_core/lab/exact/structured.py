"""Gaussian posteriors with structure: which part of a tilted Gaussian each can follow.

The target p is N(0, R), R a matrix of correlations with precision L = R^-1. A q = N(0, C) with

    diagonal             C = diag(d)
    rank one, precision  C^-1 = diag(d) + u u^T      (Rezende et al. 2014)
    rank one, covariance C = diag(d) + u u^T
    full                 any C

is fitted to it by KL(q || p) = (tr(L C) - D - log det(L C)) / 2, in nats. Lengths do not enter:
where each z_d is stretched, the best C of each kind is stretched alike, and the KL stays.

Both rank-one fits go down block by block, each block in closed form: all of u at a given d by an
eigenvector, then each d_i given the rest; from D + 1 starts, since there may be several lowest
places. The one in the precision is, with L in the place of a sample covariance, the maximum
likelihood of one common factor.

Source: Rezende, Mohamed & Wierstra 2014 (the rank-one precision, and its draw); Jöreskog 1967
(u at a given d).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A d_i of a best fit may be zero, as where z_2 itself is what a chain of three shares.
LEAST, SWEEPS, SETTLED, SAME = 1e-9, 2_000, 1e-12, 1e-8


@dataclass(frozen=True)
class Fit:
    """The best q of a kind.

    Attributes:
        diagonal: d, (D,).
        factor: u, (D,); zero for a diagonal q.
        covariance: C, (D, D).
        kl: what is left of KL(q || p), in nats.
    """

    diagonal: Array
    factor: Array
    covariance: Array
    kl: float


@dataclass(frozen=True)
class Structure:
    """A kind of covariance: what it is called, what it costs, its best fit and its draw.

    Attributes:
        title: the name that a page shows.
        numbers: how many numbers describe C in D dimensions.
        multiplications: in one draw of z - mu from noise, where what does not depend on the noise
            is made beforehand.
        fit: the precision of p, (D, D), to the best q.
        draw: a fit and noise, (N, D) or (N, D + 1), to z - mu, (N, D).
    """

    title: str
    numbers: Callable[[int], int]
    multiplications: Callable[[int], int]
    fit: Callable[[Array], Fit]
    draw: Callable[[Fit, Array], Array]


def correlations(kind: str, rho: float, dim: int) -> Array:
    """The target's R: (D, D), positive definite.

    Args:
        kind: "shared", all pairs alike; "chain", rho to the distance between the two indices.
        rho: of neighbours, between `least_rho` and 1, both excluded.
        dim: D.
    """
    if not least_rho(kind, dim) < rho < 1.0:
        raise ValueError(f"rho must lie between {least_rho(kind, dim):g} and 1, and is {rho:g}.")
    apart = np.abs(np.subtract.outer(np.arange(dim), np.arange(dim)))
    found: Array = rho**apart if kind == "chain" else np.where(apart == 0, 1.0, rho)
    return found


def least_rho(kind: str, dim: int) -> float:
    """Where R ceases to be positive definite: D numbers cannot all be each other's opposites."""
    return -1.0 if kind == "chain" else -1.0 / (dim - 1)


def kl(precision: Array, covariance: Array) -> float:
    """KL(N(0, C) || N(0, L^-1)) in nats, from L and C, (D, D) each."""
    product = precision @ covariance
    return 0.5 * float(np.trace(product) - len(product) - np.linalg.slogdet(product)[1])


def fit_diagonal(precision: Array) -> Fit:
    """Its entries are one over the precision's diagonal: the variance of z_d given the others."""
    d = 1.0 / np.diag(precision)
    return _fitted(precision, d, np.zeros_like(d), np.diag(d))


def fit_full(precision: Array) -> Fit:
    """The target itself."""
    d = np.diag(precision)
    covariance = np.linalg.inv(precision).astype(np.float64)
    return _fitted(precision, 1.0 / d, np.zeros_like(d), covariance)


def fit_in_covariance(precision: Array) -> Fit:
    """The best C = diag(d) + u u^T: long in one direction."""

    def step(d: Array) -> Fit:
        root = np.sqrt(d)
        values, vectors = np.linalg.eigh(root[:, None] * precision * root)
        u = root * vectors[:, 0] * np.sqrt(max(1.0 / values[0] - 1.0, 0.0))
        d = _given_stretch(d, u, 1.0 / np.diag(precision))
        return _fitted(precision, d, u, np.diag(d) + np.outer(u, u))

    starts = _one_for_all(np.linalg.inv(precision).astype(np.float64))
    return _best([*starts, 1.0 / np.diag(precision)], step)


def _given_stretch(d: Array, u: Array, alone: Array) -> Array:
    """Each d_i in turn so that the precision's diagonal is the target's, where it can be.

    1 / (C^-1)_ii is d_i + c_i, with c_i what u adds when the others are known.
    """
    d, share = d.copy(), u * u / d
    for i in range(len(d)):
        c = u[i] ** 2 / (1.0 + share.sum() - share[i])
        d[i] = max(alone[i] - c, LEAST * alone[i])
        share[i] = u[i] ** 2 / d[i]
    return d


def fit_in_precision(precision: Array) -> Fit:
    """The best C^-1 = diag(d) + u u^T: short in one direction."""

    def step(d: Array) -> Fit:
        root = np.sqrt(d)
        values, vectors = np.linalg.eigh(precision / np.outer(root, root))
        u = root * vectors[:, -1] * np.sqrt(max(values[-1] - 1.0, 0.0))
        d = _given_squeeze(d, u, precision)
        return _fitted(precision, d, u, inverse(d, u))

    return _best([*_one_for_all(precision), np.diag(precision)], step)


def _given_squeeze(d: Array, u: Array, precision: Array) -> Array:
    """Each d_i in turn where the KL is least, the rest of q as it is.

    With y the i-th column of what C is for d_i = 0, times u_i^2, the KL goes in d_i as half of
    log(1 + d_i y_i / u_i^2) - d_i (y^T L y) / (u_i^4 + d_i y_i u_i^2).
    """
    d = d.copy()
    for i in range(len(d)):
        share, y = u * u / d, -u[i] * u / d
        y[i] = 1.0 + share.sum() - share[i]
        d[i] = max((y @ precision @ y / y[i] - u[i] ** 2) / y[i], LEAST * precision[i, i])
    return d


def _one_for_all(matrix: Array) -> list[Array]:
    """Starts, a d each: where u is one row of the matrix, and so one z_i is what all share."""
    own = np.diag(matrix)
    return [np.maximum(own - row**2 / row[i], LEAST * own) for i, row in enumerate(matrix)]


def _best(starts: Sequence[Array], step: Callable[[Array], Fit]) -> Fit:
    """The best end of the descents from all starts; of those that are as good, the first."""
    ends = [_descend(start, step) for start in starts]
    least = min(end.kl for end in ends)
    return next(end for end in ends if end.kl <= least + SAME)


def _descend(start: Array, step: Callable[[Array], Fit]) -> Fit:
    found = step(start)
    for _ in range(SWEEPS):
        before, found = found, step(found.diagonal)
        if before.kl - found.kl < SETTLED:
            break
    return found


def inverse(d: Array, u: Array) -> Array:
    """(diag(d) + u u^T)^-1 by Sherman and Morrison: (D, D)."""
    w = u / d
    found: Array = np.diag(1.0 / d) - np.outer(w, w) / (1.0 + u @ w)
    return found


def _fitted(precision: Array, d: Array, u: Array, covariance: Array) -> Fit:
    return Fit(d, u, covariance, kl(precision, covariance))


def draw_diagonal(q: Fit, noise: Array) -> Array:
    """sqrt(d) eps."""
    return np.sqrt(q.diagonal) * noise


def draw_in_precision(q: Fit, noise: Array) -> Array:
    """eps / sqrt(d) less a multiple of u / d, which squeezes one direction.

    With r the noise over sqrt(d) and g = u^T u / d: r - u / d (1 - (1 + g)^-1/2) (u^T r) / g.
    """
    w = q.factor / q.diagonal
    g = max(float(q.factor @ w), 1e-300)
    along, back = q.factor / np.sqrt(q.diagonal), w * (1.0 - 1.0 / np.sqrt(1.0 + g)) / g
    found: Array = (1.0 / np.sqrt(q.diagonal)) * noise - (noise @ along)[:, None] * back
    return found


def draw_in_covariance(q: Fit, noise: Array) -> Array:
    """sqrt(d) eps + u times one more noise, which all share."""
    return np.sqrt(q.diagonal) * noise[:, :-1] + noise[:, -1:] * q.factor


def draw_full(q: Fit, noise: Array) -> Array:
    """A lower triangle times eps."""
    found: Array = noise @ np.linalg.cholesky(q.covariance).T
    return found


STRUCTURES = {
    "diagonal": Structure("diagonal", lambda d: d, lambda d: d, fit_diagonal, draw_diagonal),
    "precision": Structure(
        "diagonal + rank one, precision",
        lambda d: 2 * d,
        lambda d: 3 * d,
        fit_in_precision,
        draw_in_precision,
    ),
    "covariance": Structure(
        "diagonal + rank one, covariance",
        lambda d: 2 * d,
        lambda d: 2 * d,
        fit_in_covariance,
        draw_in_covariance,
    ),
    "full": Structure(
        "full", lambda d: d * (d + 1) // 2, lambda d: d * (d + 1) // 2, fit_full, draw_full
    ),
}
