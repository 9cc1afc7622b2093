"""E[f] and its gradient by parameter, exact or nearly so, for a cost under a member of any family.

Nothing here follows a sample or uses an estimator. Of q it takes the density alone: the gradient
is the integral of f times the derivative of q, by automatic differentiation of log q, and where an
end of the support moves with a parameter, Leibniz's rule adds what enters and leaves there. A
family of whole numbers is summed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae_core.families import Distribution, quadrature
from vae_core.families.quadrature import InfiniteExpectationError
from vae_core.lab.exact.integrals import reach
from vae_core.lab.exact.integrals.case import Case, Pairs, make_case
from vae_core.lab.exact.integrals.panels import Array, Axis, Sums, integrate
from vae_core.lab.exact.integrals.windows import Values, places, window, windowed
from vae_core.lab.problems import UNSETTLED

LOOKED_AT, SEED, MOST_WHOLE, SEEN = 4096, 0, 200_000, 1e-11
BLUR, ROUNDED = 2.0**-48, 1e-14


class Expectation(NamedTuple):
    """E_q[f(z)] and its gradient, one entry a dimension: f is the sum over the last axis.

    Attributes:
        value: E[f_d(z_d)], (D,).
        gradient: its derivative in each parameter of z_d, by name, (D,) each.
        error: what two rules differ by, at most, over all entries; of a sum, its rounding.
        known: "estimate", which is no proof; "closed form" for a sum over whole numbers.
    """

    value: Tensor
    gradient: Mapping[str, Tensor]
    error: float
    known: str = quadrature.ESTIMATE

    def words(self) -> str | None:
        """What is known of the numbers, in a sentence."""
        return quadrature.words(self.known, self.error)


@lru_cache(maxsize=4096)
def expectation(
    problem: str, family: str, parameters: Pairs, dim: int, knobs: Pairs
) -> Expectation:
    """The exact value and gradient, the parameters being the same in each dimension.

    Raises:
        InfiniteExpectationError: E[f] or its gradient does not exist, or is not known to.
        ValueError: it does not settle to a number.
    """
    case = make_case(problem, family, parameters, dim, knobs)
    title = case.q.family.title
    if dim > 1 and len(case.columns) == 1:
        one = expectation(problem, family, parameters, 1, knobs)
        by_name = {name: each.expand(dim) for name, each in one.gradient.items()}
        return Expectation(one.value.expand(dim), by_name, one.error, one.known)
    if trouble := why_not(problem, family, parameters, knobs):
        raise InfiniteExpectationError(trouble)
    with np.errstate(all="ignore"):  # what is not finite is seen, and judged, below
        sums = _summed(case) if case.q.family.discrete else _integrated(case)
    if np.isinf(sums.error).any():
        raise InfiniteExpectationError(
            f"E[f] does not exist under this {title}: near an end of what z can be, f grows faster "
            "than the mass there falls."
        )
    size = 1.0 + np.abs(sums.total).max()
    if not (np.isfinite(sums.total).all() and sums.error.max() < UNSETTLED * size):
        raise ValueError(
            f"The expectation of this cost does not settle to a number under this {title}: the "
            "cost is not finite for every z that is drawn, or cost or density are too steep."
        )
    nothing = (np.abs(sums.total) <= sums.error) & (np.abs(sums.total) <= ROUNDED * size)
    total = np.where(nothing, 0.0, sums.total)
    value, *gradient = torch.from_numpy(total)[:, case.kind].unbind(0)
    by_name = dict(zip(case.q.family.differentiable, gradient, strict=True))
    known = quadrature.CLOSED_FORM if case.q.family.discrete else quadrature.ESTIMATE
    return Expectation(value, by_name, float(sums.error.max()), known)


@lru_cache(maxsize=2048)
def why_not(problem: str, family: str, parameters: Pairs, knobs: Pairs) -> str | None:
    """Why E[f] does not exist, or is not known to, by the tails alone; None where it may.

    Raises:
        ValueError: there is no such member.
    """
    case = make_case(problem, family, parameters, 1, knobs)
    if case.q.family.discrete and case.problem.elbo:
        trouble: str | None = (
            "An ELBO's -log q needs a density, and this z takes whole numbers alone."
        )
    else:
        trouble = reach.objection(case.tails, *case.grows())
    return trouble and f"There is no E[f] to measure under this {case.q.family.title}. {trouble}"


def _summed(case: Case) -> Sums:
    """Over all whole numbers that have mass."""
    low, high = case.support()
    size = int(min(high - low + 1.0, MOST_WHOLE))
    z = low + np.arange(size, dtype=np.float64)
    mass = np.exp(case.log_prob(z))
    f, level = _less_level(case, z[mass.argmax()])
    terms = case.integrand(z, f)
    sums = Sums(terms.sum(0), 2.0**-50 * np.abs(terms).sum(0), np.empty(0))
    return _with_all_mass(sums, mass.sum(), level)


def _less_level(case: Case, z: float) -> tuple[Values, Array]:
    """f less what it is at one z, (C,), so that gradients are no differences of large numbers."""
    level = np.nan_to_num(case.f(np.array([z]))[0], nan=0.0, posinf=0.0, neginf=0.0)
    return lambda z: case.f(z) - level, level


def _with_all_mass(sums: Sums, mass: float, level: Array) -> Sums:
    """The level added again. What is lost of the mass is lost of f too; if much, all is unknown."""
    total, error = sums.total.copy(), sums.error.copy()
    total[0] += level
    lost = abs(mass - 1.0)
    unseen = lost * (1.0 + np.abs(sums.total)) if lost > SEEN else 0.0
    error = error + (unseen if lost < UNSETTLED else np.nan)
    error[0] += 2.0**-50 * np.abs(level)
    return Sums(total, error, sums.unsettled)


def _axis(case: Case) -> Axis:
    """Where q is densest, as a few thousand draws show: the shortest quarter of them."""
    gen = torch.Generator().manual_seed(SEED)
    z = np.sort(case.q.transform(case.q.base(LOOKED_AT, gen)).flatten().numpy())
    quarter = LOOKED_AT // 4
    spans = z[quarter:] - z[:-quarter]
    first = int(spans.argmin())
    low, high = case.support()
    least = 1e-20 * (z[-quarter // 2] - z[quarter // 2]) + 1e-12 * abs(z[first]) + 1e-300
    width = min(max(0.5 * spans[first], least), 0.25 * (high - low))
    return Axis(low, high, float(np.clip(z[first] + width, low + width, high - width)), width)


def _integrated(case: Case) -> Sums:
    axis = _axis(case)
    f, level = _less_level(case, axis.middle)
    sums = integrate(lambda z: case.integrand(z, f), axis)
    cuts = places(axis, sums.unsettled)
    if cuts and not sums.error.max() < 1e-10 * (1.0 + np.abs(sums.total).max()):
        sums = _windowed(case, f, axis, cuts)
    mass = integrate(lambda z: np.exp(case.log_prob(z))[:, None, None], axis).total.item()
    sums = _with_moving_ends(case, f, axis, sums)
    # What z is rounded to, where the density is narrow and far from zero.
    blurred = BLUR * abs(axis.middle) / axis.width * np.abs(sums.total).max(0)
    return _with_all_mass(sums._replace(error=sums.error + blurred), mass, level)


def _windowed(case: Case, f: Values, axis: Axis, cuts: list[tuple[float, float]]) -> Sums:
    """By two windows, one at half the distance, which differ by the error."""
    found = []
    for share in (0.5, 1.0):
        led = windowed(f, [window(f, axis, sign, share * away) for sign, away in cuts])
        found.append(integrate(partial(case.integrand, f=led), axis))
    half, whole = found
    return whole._replace(error=whole.error + np.abs(whole.total - half.total))


def _with_moving_ends(case: Case, f: Values, axis: Axis, sums: Sums) -> Sums:
    """Leibniz's rule: at an end that moves with a parameter, what enters there."""
    total, error = sums.total.copy(), sums.error.copy()
    family = case.q.family
    for row, name in enumerate(family.differentiable, 1):
        if not family.parameters[name].moves_support:
            continue
        moved = speeds(case.q, name)
        for end, speed, sign in zip(case.support(), moved, (-1.0, 1.0), strict=True):
            if speed == 0.0:
                continue
            inside = np.nextafter(np.array([end]), axis.middle)
            if not np.isfinite(f(np.array([end]))).all():
                raise InfiniteExpectationError(
                    f"E[f] has no gradient in {name} here: f is not finite at {end:g}, an end of "
                    "what z can be, which moves with it."
                )
            entering = sign * speed * case.integrand(inside, f)[0, 0]
            total[row] += entering
            error[row] += 2.0**-40 * np.abs(entering)
    return Sums(total, error, sums.unsettled)


def speeds(q: Distribution, name: str) -> tuple[float, float]:
    """How fast each end of the support moves with a parameter: they move evenly."""
    step = 2.0**-20 * max(1.0, 2.0 ** math.floor(math.log2(abs(q.parameters[name].item()) + 1.0)))
    moved = [
        type(q)(**{**q.parameters, name: q.parameters[name] + sign * step}).support
        for sign in (-1.0, 1.0)
    ]
    below, above = ([end.item() for end in ends] for ends in moved)
    return tuple(  # type: ignore[return-value]
        (b - a) / (2.0 * step) if math.isfinite(a) else 0.0
        for a, b in zip(below, above, strict=True)
    )
