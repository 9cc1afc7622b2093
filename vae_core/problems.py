"""Cost functions f(z) whose expectation under a Gaussian, and its gradient, are known exactly.

Every problem is a sum over the D dimensions of z, so its difficulty can be scaled: the gradient
in one dimension stays the same while the noise that the others add grows with D.
A new problem is one function f and one `exact`; `PROBLEMS` carries it to the shell, the pages
and the tests, which hold `exact` against quadrature.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.closed_form import ExponentialPolynomial, Moments, Step
from vae_core.estimators import Cost, Estimator


class Exact(NamedTuple):
    """E_q[f(z)] and its gradient, one entry a dimension: f is the sum over the last axis.

    Attributes:
        value: E[f_d(z_d)], (..., D).
        loc: its derivative in mu_d, (..., D).
        scale: its derivative in sigma_d, (..., D).
    """

    value: Tensor
    loc: Tensor
    scale: Tensor


@dataclass(frozen=True)
class Knob:
    """A setting of a problem: default, range and the symbol that a formula shows."""

    default: float
    minimum: float
    maximum: float
    symbol: str


@dataclass(frozen=True)
class Problem:
    """One entry of the registry.

    Attributes:
        title: the name that a page shows.
        formula: f of one dimension in LaTeX, with the knobs' symbols.
        terms: f_d(z_d) for each dimension, (..., D) -> (..., D); knobs by keyword.
        exact: (loc, scale, **knobs), each (..., D), -> `Exact`.
        moments: **knobs -> the closed-form Gaussian moments of one dimension's f and f'.
        smooth: whether f is continuous, so that differentiating it is allowed.
        knobs: its settings by name.
    """

    name: str
    title: str
    formula: str
    terms: Callable[..., Tensor]
    exact: Callable[..., Exact]
    moments: Callable[..., Moments]
    smooth: bool
    knobs: Mapping[str, Knob]

    def cost(self, **knobs: float) -> Cost:
        """f(z), summed over D: (K, B, D) -> (K, B)."""
        return lambda z: self.terms(z, **knobs).sum(-1)

    def settings(self, **knobs: float) -> dict[str, float]:
        """All knobs with their values. Raises ValueError for an unknown or impossible one."""
        for name, value in knobs.items():
            if name not in self.knobs:
                allowed = ", ".join(self.knobs) or "no settings"
                raise ValueError(f"{self.name} has no setting {name!r}; it has {allowed}.")
            knob = self.knobs[name]
            if not knob.minimum <= value <= knob.maximum:
                raise ValueError(
                    f"{name} must lie between {knob.minimum:g} and {knob.maximum:g}, "
                    f"and is {value:g}."
                )
        return {name: knobs.get(name, knob.default) for name, knob in self.knobs.items()}

    def allows(self, estimator: Estimator) -> bool:
        """Whether the estimator's mean is the true gradient here."""
        return estimator.unbiased and (self.smooth or not estimator.needs_smooth_cost)


PROBLEMS: dict[str, Problem] = {}


def problem(
    *,
    title: str,
    formula: str,
    exact: Callable[..., Exact],
    moments: Callable[..., Moments],
    smooth: bool = True,
    **ranges: tuple[float, float, str],
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register the decorated f. Each knob is a keyword of f; `ranges` gives (min, max, symbol)."""

    def register(terms: Callable[..., Tensor]) -> Callable[..., Tensor]:
        parameters = inspect.signature(terms).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        knobs = {name: Knob(default, *ranges[name]) for name, default in defaults.items()}
        PROBLEMS[terms.__name__] = Problem(
            terms.__name__, title, formula, terms, exact, moments, smooth, knobs
        )
        return terms

    return register


@problem(
    title="Square",
    formula=r"z^2",
    exact=lambda loc, scale: Exact(loc**2 + scale**2, 2 * loc, 2 * scale),
    moments=lambda: ExponentialPolynomial.power(2),
)
def square(z: Tensor) -> Tensor:
    """z^2: the textbook case."""
    return z * z


@problem(
    title="Cubic",
    formula=r"z^3",
    exact=lambda loc, scale: Exact(
        loc**3 + 3 * loc * scale**2, 3 * loc**2 + 3 * scale**2, 6 * loc * scale
    ),
    moments=lambda: ExponentialPolynomial.power(3),
)
def cubic(z: Tensor) -> Tensor:
    """z^3: heavier tails for every estimator."""
    return z * z * z


def _exact_sine(loc: Tensor, scale: Tensor, *, omega: float) -> Exact:
    damping = torch.exp(-0.5 * (omega * scale) ** 2)
    sine, cosine = torch.sin(omega * loc), torch.cos(omega * loc)
    return Exact(damping * sine, omega * damping * cosine, -(omega**2) * scale * damping * sine)


@problem(
    title="Sine",
    formula=r"\sin(\omega z)",
    exact=_exact_sine,
    moments=ExponentialPolynomial.sine,
    omega=(0.1, 20.0, r"\omega"),
)
def sine(z: Tensor, *, omega: float = 3.0) -> Tensor:
    """sin(omega z): a fast omega makes the slope large while the cost stays within one."""
    return torch.sin(omega * z)


def _exact_exp(loc: Tensor, scale: Tensor) -> Exact:
    value = torch.exp(0.5 * loc + 0.125 * scale**2)
    return Exact(value, 0.5 * value, 0.25 * scale * value)


@problem(
    title="Exponential",
    formula=r"e^{z/2}",
    exact=_exact_exp,
    moments=lambda: ExponentialPolynomial.exponential(0.5),
)
def exp(z: Tensor) -> Tensor:
    """exp(z / 2): smooth, positive, never small on the right."""
    return torch.exp(0.5 * z)


def _exact_step(loc: Tensor, scale: Tensor, *, k: float) -> Exact:
    t = (loc - k) / scale
    density = torch.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    return Exact(torch.special.ndtr(t), density / scale, -t * density / scale)


@problem(
    title="Step",
    formula=r"\mathbf{1}[z > k]",
    exact=_exact_step,
    moments=Step,
    smooth=False,
    k=(-10.0, 10.0, "k"),
)
def step(z: Tensor, *, k: float = 0.5) -> Tensor:
    """1[z > k]: the slope is zero wherever it exists, so following the slope says nothing."""
    return (z > k).to(z.dtype)
