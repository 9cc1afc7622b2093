"""A decoder curve and Gaussian noise: z ~ N(0, 1) and x | z ~ N(decode(z), noise^2).

All of z is one number, so log p(x) is an integral over a line, and the posterior follows by Bayes.
A new model is one subclass with a `decode`; what it knows in closed form it may override.

Source: Kingma & Welling 2014, section 2.1 (the model); Bishop 2006, section 12.2 (its linear case).
"""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI
from vae_core.families.quadrature import (
    CLOSED_FORM,
    ROUNDING,
    adaptive_expectation,
    hermite_rule,
)

# Both rules are exact where decode is a polynomial of degree 7 or less.
FINE, COARSE = 24, 17
LEAST_NOISE, MOST_ERROR = 1e-6, 1e-9


class Bell(NamedTuple):
    """A Gaussian in z: N(loc, scale^2), scale > 0."""

    loc: float
    scale: float

    def log_density(self, z: Tensor) -> Tensor:
        """log N(z; loc, scale^2) in nats, elementwise."""
        eps = (z - self.loc) / self.scale
        return -0.5 * eps * eps - (math.log(self.scale) + LOG_SQRT_2PI)

    @property
    def entropy(self) -> float:
        """-E_q[log q(z)] in nats."""
        return math.log(self.scale) + LOG_SQRT_2PI + 0.5


PRIOR = Bell(0.0, 1.0)


class Evidence(NamedTuple):
    """log p(x) in nats.

    Attributes:
        log: the value.
        error: how far it may be off at most; 0 for a closed form.
        known: "closed form", "certified" or "estimate", as in `families.quadrature`.
    """

    log: float
    error: float
    known: str


class Misfit(NamedTuple):
    """E_q[(x - decode(z))^2] and its derivatives in q's loc and scale.

    Attributes:
        error: what two rules differ by, at most; 0 for a closed form.
    """

    value: float
    loc: float
    scale: float
    error: float = 0.0


@functools.cache
def _both_rules() -> tuple[Tensor, Tensor]:
    """Nodes eps of two rules, (N,), and the weights of 1, eps and eps^2 - 1 in each, (6, N)."""
    nodes, rows = [], []
    for place, count in enumerate((FINE, COARSE)):
        eps, weight = hermite_rule(count)
        padding = (FINE, 0) if place else (0, COARSE)
        for power in (torch.ones_like(eps), eps, eps * eps - 1.0):
            rows.append(torch.nn.functional.pad(weight * power, padding))
        nodes.append(eps)
    return torch.cat(nodes), torch.stack(rows)


@dataclass(frozen=True)
class LatentModel(ABC):
    """The interface; all values are in nats, all tensors float64 and elementwise.

    Args:
        noise: standard deviation of x about the curve, at least `LEAST_NOISE`.

    Raises:
        ValueError: noise is smaller, or no number.
    """

    noise: float = 0.75

    def __post_init__(self) -> None:
        if not LEAST_NOISE <= self.noise < math.inf:
            raise ValueError(
                f"The noise must be a number from {LEAST_NOISE:g} on, and is {self.noise:g}."
            )

    @abstractmethod
    def decode(self, z: Any) -> Any:
        """The mean of x given z, elementwise, from torch's functions and Python's operators.

        `families.quadrature` evaluates it on enclosures of z too, for its proven bounds.
        """

    def log_likelihood(self, x: float, z: Tensor) -> Tensor:
        """log p(x|z), shape of z."""
        off: Tensor = (x - self.decode(z)) / self.noise
        return -0.5 * off * off - (math.log(self.noise) + LOG_SQRT_2PI)

    def log_joint(self, x: float, z: Tensor) -> Tensor:
        """log p(x, z) = log p(x|z) + log p(z), shape of z."""
        return self.log_likelihood(x, z) + PRIOR.log_density(z)

    def log_posterior(self, x: float, z: Tensor) -> Tensor:
        """log p(z|x) = log p(x, z) - log p(x), by Bayes; shape of z. Raises as `evidence` does."""
        return self.log_joint(x, z) - self.evidence(x).log

    def evidence(self, x: float) -> Evidence:
        """log p(x), where p(x) is the mean of p(x|z) over the prior: by quadrature, with a bound.

        Raises:
            ValueError: the bound is larger than `MOST_ERROR`, which happens where the noise is too
                small for float64, or x too far from the curve.
        """
        return _by_quadrature(self, x)

    def posterior_bell(self, x: float) -> Bell | None:
        """p(z|x) where it is a bell and known as one; else None."""
        return None

    def misfit(self, x: float, q: Bell) -> Misfit:
        """E_q[(x - decode(z))^2] by two of Gauss and Hermite's rules, and its derivatives.

        With eps = (z - loc) / scale, the derivatives of E_q[f] are E[f eps] / scale and
        E[f (eps^2 - 1)] / scale, so the curve itself is never differentiated.
        """
        eps, weights = _both_rules()
        off = x - self.decode(q.loc + q.scale * eps)
        sums = (weights @ (off * off)).tolist()
        fine, coarse = sums[:3], sums[3:]
        error = max(abs(a - b) for a, b in zip(fine, coarse, strict=True))
        unit = min(q.scale, 1.0)
        return Misfit(fine[0], fine[1] / q.scale, fine[2] / q.scale, error / unit)


@functools.lru_cache(maxsize=1024)
def _by_quadrature(model: LatentModel, x: float) -> Evidence:
    """The evidence of any curve."""
    fall = -0.5 / model.noise**2
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)

    def closeness(z: Any) -> Any:
        off = x - model.decode(z)
        return torch.exp(off * off * fall)

    found = adaptive_expectation(closeness, zero, one)
    mean = found.value.item()
    share = found.error / mean if mean > 0.0 else math.inf
    if not share <= MOST_ERROR:
        raise ValueError(
            f"With a noise of {model.noise:g}, log p(x) at x = {x:g} cannot be told: p(x|z) is too "
            "narrow in z, or next to nothing everywhere, for quadrature to bound its error. "
            "Take a larger noise, or an x that is nearer to the curve."
        )
    log = math.log(mean) - math.log(model.noise) - LOG_SQRT_2PI
    return Evidence(log, share / (1.0 - share) + 8.0 * ROUNDING * (1.0 + abs(log)), found.known)


def closed_form(log: float) -> Evidence:
    """An evidence that is known by its formula."""
    return Evidence(log, 0.0, CLOSED_FORM)
