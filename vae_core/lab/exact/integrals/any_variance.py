"""Variances of single estimates under a member of any family, by quadrature over z alone.

Nothing here draws a sample or follows a transform: see `tables`. An estimate by the score is f(z)
times the score, one along the path f'(z) times dz/dparameter. Where several numbers stand behind
each z its path is no function of z, and no variance along it is known here.

An error is what twice as many panels change.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from vae_core.lab.exact.closed_form import ScoreMoments, loo_variance, score_variance
from vae_core.lab.exact.integrals.case import Case, Pairs, make_case
from vae_core.lab.exact.integrals.panels import Array
from vae_core.lab.exact.integrals.tables import Table, edges_of, tabulated, whole

FINENESS = (4, 8, 16, 32)  # panels to a unit of t
TOLERANCE, NOTHING, LOST = 1e-6, 1e-20, 1e-9
AT_END = 1e-8  # of an integral, that may lie in a panel at its end


class Known(NamedTuple):
    """A variance, and what two rules differ by."""

    value: float
    error: float


class Moments(NamedTuple):
    """Integrals, and for each what counts as large.

    Attributes:
        numbers: mean and variance of the cost of each column, (C, 2); then for each parameter
            E[c s], E[c s^2], E[c^2 s^2] and E[s^2] with c the first cost less its mean, and the
            variance along the path, (P, 5): all in one row.
        sizes: of the same shape.
    """

    numbers: Array
    sizes: Array


@functools.lru_cache(maxsize=8192)
def variance(
    problem: str,
    family: str,
    parameters: Pairs,
    dim: int,
    knobs: Pairs,
    estimator: str,
    parameter: str,
    k: int,
    tolerance: float = TOLERANCE,
) -> Known | None:
    """Variance of one estimate from k samples; None where it is infinite, or not known.

    Args:
        problem, family, parameters, dim, knobs: as for `any_family.expectation`.
        estimator: "score", "score_loo", "pathwise" or "naive"; of others none is known.
        parameter: the one that the gradient of the first dimension is taken in.
        k: the number of samples K.
        tolerance: how far two rules may differ, relative to the value.

    >>> rate = (("rate", 0.5),)  # f' = 2 z and dz/drate = -z / rate: 16 Var[z^2] = 320 / rate^4
    >>> found = variance("square", "exponential", rate, 1, (), "pathwise", "rate", 1)
    >>> round(found.value, 3)
    5120.0
    """
    if estimator == "naive":
        return Known(0.0, 0.0)
    case = make_case(problem, family, parameters, dim, knobs)
    if estimator not in ("score", "score_loo", "pathwise"):
        return None
    alone = dim if len(case.columns) > 1 else 1
    found, error, sizes = _settled(problem, family, parameters, alone, knobs, tolerance)
    names = case.q.family.differentiable
    own = 2 * len(case.columns) + 5 * names.index(parameter)
    of_costs, of_own = slice(0, 2 * len(case.columns)), slice(own, own + 4)
    if estimator == "pathwise":
        at = own + 4
        return _known(found[at] / k, error[at] / k, sizes[at] / k, tolerance)
    if not np.isfinite(np.append(found[of_costs], found[of_own])).all():
        return None
    m = _score_moments(case, found[of_costs].reshape(-1, 2), found[of_own])
    shift = -1.0 if case.problem.elbo else 0.0  # the gradient of its -log q, z fixed
    rule = score_variance if estimator == "score" else loo_variance
    value = rule(m, k, shift)
    parts = (
        off / size if size > 0.0 else 0.0
        for part in (of_costs, of_own)
        for off, size in zip(error[part], sizes[part], strict=True)
    )
    return _known(value, value * max(parts), abs(value), tolerance)


def _known(value: float, error: float, size: float, tolerance: float) -> Known | None:
    if not (math.isfinite(value) and error <= tolerance * size):
        return None
    return Known(float(value) if value > NOTHING * size else 0.0, float(error))


def _score_moments(case: Case, costs: Array, own: Array) -> ScoreMoments:
    """All dimensions together: the first has the score, the others add to the cost alone."""
    others = np.bincount(case.kind[1:].numpy(), minlength=len(case.columns))
    mean, spread = costs[case.kind[0]]
    rest_mean, rest_spread = others @ costs
    by_score, by_square, squared, square = own.tolist()
    return ScoreMoments(
        mean=float(mean + rest_mean),
        variance=float(spread + rest_spread),
        rest_variance=float(rest_spread),
        cost_score=by_score,
        cost_squared_score=by_square,
        squared_cost_squared_score=squared,
        squared_score=square,
    )


@functools.lru_cache(maxsize=4096)
def _settled(
    problem: str, family: str, parameters: Pairs, dim: int, knobs: Pairs, tolerance: float
) -> tuple[Array, Array, Array]:
    """The numbers of `Moments`, what two rules differ by, and their sizes; errors may be nan."""
    case = make_case(problem, family, parameters, dim, knobs)
    with np.errstate(all="ignore"):  # what is not finite is no number in the end, and refused
        if case.q.family.discrete:
            now = _moments(whole(case))
            return now.numbers, 2.0**-40 * now.sizes, now.sizes
        edges = edges_of(case)
        before = None
        for panels in FINENESS:
            now = _moments(tabulated(case, edges, panels))
            if before is not None:
                error = np.abs(now.numbers - before.numbers)
                if (error <= tolerance / 10.0 * now.sizes).all():
                    break
            before = now
    return now.numbers, error, now.sizes


def _moments(at: Table) -> Moments:
    """Sums over the nodes; no number where much of it lies at an end, or mass is missing."""
    mean = at.mass @ at.cost
    centred = at.cost - mean
    spread = at.mass @ centred**2
    numbers: list[float] = []
    sizes: list[float] = []
    for each in zip(mean, spread, strict=True):
        numbers += each
        sizes += [math.sqrt(each[1]) + abs(each[0]), each[1]]
    c, deviation = centred[:, :1], math.sqrt(spread[0])
    square = _integral(at, at.scores**2)
    rows = [
        (_integral(at, c * at.scores), deviation * np.sqrt(square)),
        (_integral(at, c * at.scores**2), deviation * square),
        (_integral(at, c**2 * at.scores**2),) * 2,
        (square,) * 2,
        _path(at),
    ]
    own, large = (np.stack([row[side] for row in rows], axis=1) for side in (0, 1))
    whole = np.append(numbers, own), np.append(sizes, large)
    complete = abs(at.mass.sum() - 1.0) < LOST
    return Moments(whole[0] if complete else np.full_like(whole[0], np.nan), whole[1])


def _path(at: Table) -> tuple[Array, Array]:
    """The variance along the path, and what of it counts as large."""
    if at.paths is None:
        nothing = np.full(at.scores.shape[1], np.nan)
        return nothing, nothing
    spread = _integral(at, (at.paths - at.mass @ at.paths) ** 2)
    return spread, spread + 1e-12 * (at.mass @ at.paths**2)


def _integral(at: Table, terms: Array) -> Array:
    """The sum, (P,); nan where its ends matter: there it may go on without an end."""
    weighed = at.mass[:, None] * terms
    total: Array = weighed.sum(0)
    if len(at.ends):
        at_end = np.abs(weighed[at.ends]).max(0)
        total = np.where(at_end <= AT_END * np.abs(weighed).sum(0), total, np.nan)
    return total
