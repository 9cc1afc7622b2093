"""The bound climbed by doubly stochastic gradients, one Adam step after another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.lab.doubly_stochastic.bell import Bell, FixedPrior, Prior, Relevance
from vae_core.lab.doubly_stochastic.cases import Cases
from vae_core.lab.doubly_stochastic.gradient import PLACES, Gradient, drawn
from vae_core.lab.experiment import MAX_SEED, chunk_generator, within

SHAPES = ("diagonal", "full")
MAX_STEPS, MAX_SECONDS, MAX_RATE, MAX_DRAWS = 1_000_000, 3_600.0, 1_000.0, 1_000
NARROW, WIDE = 0.01, 10.0
START_SCALE = 0.5
AVERAGED = 0.5


@dataclass(frozen=True)
class Plan:
    """How to climb. Raises ValueError, in a learner's words, if impossible.

    Attributes:
        shape: of the covariance of q, one of SHAPES.
        noise: where it enters, a name of PLACES.
        prior_scale: deviation of the prior of each weight; None for relevance determination.
        batch, samples: B cases and K draws behind each gradient.
        steps: how many, at most.
        seconds: how long, at most; None for as long as the steps take. What comes out then depends
            on the machine.
        rate: Adam's learning rate at the first step; it falls linearly to 0.
    """

    shape: str = "full"
    noise: str = "weights"
    prior_scale: float | None = 1.0
    batch: int = 32
    samples: int = 1
    steps: int = 2_000
    seconds: float | None = None
    rate: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("q", self.shape, SHAPES)
        _one_of("noise", self.noise, tuple(PLACES))
        within("batch", self.batch, 1, 10_000)
        within("samples", self.samples, 1, MAX_DRAWS)
        within("steps", self.steps, 1, MAX_STEPS)
        within("learning rate", self.rate, 1e-6, MAX_RATE)
        within("seed", self.seed, 0, MAX_SEED)
        if self.seconds is not None:
            within("seconds", self.seconds, 0.01, MAX_SECONDS)
        if self.prior_scale is not None:
            within("prior scale", self.prior_scale, NARROW, WIDE)

    @property
    def prior(self) -> Prior:
        """Of the weights."""
        return Relevance() if self.prior_scale is None else FixedPrior(self.prior_scale)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, and is {value!r}.")


class Factor:
    """The free numbers of a bell: its mean, the logarithm of C's diagonal, what lies below it."""

    def __init__(self, size: int, shape: str) -> None:
        """A round bell at 0 of deviation START_SCALE."""
        self.loc = torch.zeros(size, dtype=torch.float64)
        self.log_diagonal = torch.full_like(self.loc, START_SCALE).log()
        self.below = torch.zeros(size, size, dtype=torch.float64)
        self.full = shape == "full"

    @property
    def free(self) -> list[Tensor]:
        """What the steps change."""
        return [self.loc, self.log_diagonal, *([self.below] if self.full else [])]

    def bell(self) -> Bell:
        """The bell that they make."""
        lower = torch.tril(self.below, -1) + torch.diag(self.log_diagonal.exp())
        return Bell(self.loc.clone(), lower)

    def approach(self, other: Factor, share: float) -> None:
        """Go a share of the way to another's numbers."""
        for own, there in zip(self.free, other.free, strict=True):
            own.lerp_(there, share)

    def descend(self, gradient: Gradient) -> None:
        """Hand the negative gradient over to torch's optimizer, by the chain rule."""
        self.loc.grad = -gradient.loc
        self.log_diagonal.grad = -gradient.chol.diagonal() * self.log_diagonal.exp()
        self.below.grad = -gradient.chol


@dataclass(frozen=True)
class Progress:
    """Where the climb stands.

    Attributes:
        step, seconds: taken so far.
        q: the bell; the last good one where the climb ended early. At the end it is the mean over
            the later half of the way, whose noise is less (Polyak & Juditsky 1992).
        stopped: why it did, in plain words.
    """

    step: int
    seconds: float
    q: Bell
    stopped: str | None = None


def climb(plan: Plan, cases: Cases, looks: int = 1) -> Iterator[Progress]:
    """Climb; yields the start, then after every `looks` steps, and the end.

    Raises:
        ValueError: when there are fewer cases than a minibatch takes.
    """
    count, size = cases.x.shape
    within("batch", plan.batch, 1, count)
    gen, prior = chunk_generator(plan.seed, 0), plan.prior
    factor, started = Factor(size, plan.shape), time.perf_counter()
    adam = torch.optim.Adam(factor.free, lr=plan.rate)
    q, spent, step = factor.bell(), 0.0, 0
    mean, since = Factor(size, plan.shape), 0
    yield Progress(0, 0.0, q)
    for rows in minibatches(count, plan.batch, gen):
        left = 1.0 - max(step / plan.steps, spent / plan.seconds if plan.seconds else 0.0)
        if left <= 0.0:
            break
        noise = drawn(plan.noise, plan.samples, plan.batch, size, gen)
        found = PLACES[plan.noise](q, cases.x[rows], cases.sign[rows], noise, count / plan.batch)
        factor.descend(less_divergence(found, q, prior))
        adam.param_groups[0]["lr"] = plan.rate * left
        adam.step()
        step, spent, after = step + 1, time.perf_counter() - started, factor.bell()
        if not _sound(after):
            yield Progress(step, spent, q, f"The climb lost its footing at step {step}.")
            return
        q = after
        if left <= AVERAGED:
            since += 1
            mean.approach(factor, 1.0 / since)
        if step % looks == 0 and step < plan.steps:
            yield Progress(step, spent, q)
    yield Progress(step, spent, mean.bell() if since else q)


def less_divergence(found: Gradient, q: Bell, prior: Prior) -> Gradient:
    """The gradient of the bound from that of the likelihood: KL(q || prior) has a closed form.

    A prior that follows q lifts the bound most, so that to first order its own move counts nothing.
    """
    pull = 1.0 / prior.variance(q)
    widen = torch.diag(1.0 / q.chol.diagonal())
    return Gradient(found.loc - pull * q.loc, found.chol - pull.unsqueeze(1) * q.chol + widen)


def minibatches(count: int, batch: int, gen: torch.Generator) -> Iterator[Tensor]:
    """Rows of minibatches without end: all cases in a new order, but for an incomplete last one."""
    while True:
        order = torch.randperm(count, generator=gen)
        yield from order[: count - count % batch].view(-1, batch)


def _sound(q: Bell) -> bool:
    """Whether it is a bell that can be computed with."""
    diagonal = q.chol.diagonal()
    finite = bool(torch.isfinite(q.loc).all() and torch.isfinite(q.chol).all())
    return finite and bool((diagonal > 1e-12).all() and (q.chol.abs() < 1e6).all())
