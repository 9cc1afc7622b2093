"""A bell q(w) = N(loc, C C^T) over the weights of a logistic regression, and what is exact of it.

With s = 1 or -1 for a case's class, log p(y|w) = log sigmoid(s x.w). Under q, x.w is a number with
mean x.loc and deviation |C^T x|, so every average over w that the bound or a prediction needs is an
integral over one number, whatever the number of weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from vae_core.lab.experiment import within

# The constant's prior is so wide that it hardly counts; no prior pulls at it.
CONSTANT_SCALE = 10.0
# Half of the window in deviations, beyond which there are 1e-16 of a bell; the step there, and
# where the logistic curve is steep: it has poles pi / deviation aside, and the rule's error falls
# as exp(-2 pi (pi / deviation) / step), to 5e-15.
WINDOW, STEP, STEEP = 8.5, 0.1, 0.6
WIDEST = 1_000.0


@dataclass(frozen=True)
class Bell:
    """A normal distribution of the weights.

    Attributes:
        loc: its mean, (D,).
        chol: C, the lower triangular factor of its covariance, with a positive diagonal, (D, D).
    """

    loc: Tensor
    chol: Tensor

    @property
    def variance(self) -> Tensor:
        """Of each weight: (D,)."""
        return self.chol.square().sum(1)

    @property
    def covariance(self) -> Tensor:
        """(D, D)."""
        return self.chol @ self.chol.T

    def along(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of x.w for cases x: (N, D) -> (N,), (N,)."""
        return x @ self.loc, (x @ self.chol).norm(dim=1)


class Prior(Protocol):
    """A prior N(0, variance) of each weight, which may be chosen with a look at q."""

    def variance(self, q: Bell) -> Tensor:
        """(D,)."""
        ...


@dataclass(frozen=True)
class FixedPrior:
    """The same deviation for all weights but the last, the constant's."""

    scale: float

    def variance(self, q: Bell) -> Tensor:
        """(D,)."""
        return _with_constant(torch.full_like(q.loc, self.scale**2))


class Relevance:
    """Automatic relevance determination: each weight's prior follows its place under q.

    Its variance is the one that lifts the bound most, loc^2 + the weight's variance under q. A
    weight that explains nothing is pulled to 0.

    Source: Titsias & Lázaro-Gredilla 2014, DSVI-ARD.
    """

    def variance(self, q: Bell) -> Tensor:
        """(D,)."""
        return _with_constant(q.loc.square() + q.variance)


def _with_constant(variance: Tensor) -> Tensor:
    return torch.cat([variance[:-1], torch.full_like(variance[-1:], CONSTANT_SCALE**2)])


def average(f: Callable[[Tensor], Tensor], mean: Tensor, deviation: Tensor) -> Tensor:
    """E[f(a)], a ~ N(mean, deviation^2), for f made of logistic curves: (N,), (N,) -> (N,).

    The trapezoidal rule, which for such f converges geometrically; its relative error is below
    1e-12.

    Raises:
        ValueError: for a deviation above WIDEST.
    """
    steepest = float(deviation.detach().max())
    within("deviation of x.w", steepest, 0.0, WIDEST)
    step = min(STEP, STEEP / max(steepest, 1e-9))
    half = math.ceil(WINDOW / step)
    nodes = step * torch.arange(-half, half + 1, dtype=torch.float64)
    weights = step * torch.exp(-0.5 * nodes.square()) / math.sqrt(2.0 * math.pi)
    return f(mean.unsqueeze(1) + deviation.unsqueeze(1) * nodes) @ weights


def log_likelihood(q: Bell, x: Tensor, sign: Tensor) -> Tensor:
    """E_q[log p(y|w)] of each case in nats: (N, D), (N,) -> (N,)."""
    mean, deviation = q.along(x)
    return average(functional.logsigmoid, sign * mean, deviation)


def predicted(q: Bell, x: Tensor) -> Tensor:
    """Probability of the class 1, E_q[sigmoid(x.w)]: (N, D) -> (N,)."""
    return average(torch.sigmoid, *q.along(x))


def held_out(q: Bell, x: Tensor, sign: Tensor) -> float:
    """Mean over cases of log E_q[p(y|w)], in nats per case; higher is better."""
    mean, deviation = q.along(x)
    return float(average(torch.sigmoid, sign * mean, deviation).log().mean())


def divergence(q: Bell, prior: Prior) -> Tensor:
    """KL(q || prior) in nats, a scalar."""
    variance = prior.variance(q)
    spread = (q.loc.square() + q.variance) / variance
    entropy = q.chol.diagonal().log().sum()
    return 0.5 * (spread - 1.0 + variance.log()).sum() - entropy


def bound(q: Bell, prior: Prior, x: Tensor, sign: Tensor) -> Tensor:
    """The ELBO of all cases in nats, a scalar: exact but for the rule's 1e-12."""
    return log_likelihood(q, x, sign).sum() - divergence(q, prior)
