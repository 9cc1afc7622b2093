"""A race of estimators: the same start, the same noise, the same learning rate.

Each runner descends its loss in (mu, log sigma) by plain stochastic gradient descent, on the
gradients of one estimator from the registry, used as it is. The loss is E_q[f]; an ELBO is to be
maximised, so there the loss is -ELBO. The logarithm keeps sigma positive, and by the chain rule
d/d(log sigma) = sigma d/d(sigma).

Runners that differ only in start or learning rate run side by side, as lanes along the batch
dimension B, at hardly more than the price of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_core.estimators import ESTIMATORS
from vae_core.families import Normal
from vae_core.lab.experiment import (
    MAX_LOC,
    MAX_SAMPLES,
    MAX_SCALE,
    MAX_SEED,
    MIN_SCALE,
    within,
)
from vae_core.lab.problems import Problem, find_problem

MAX_STEPS, MAX_LEARNING_RATE = 100_000, 100.0
# Places on all ways together, two numbers each: 0.8 GB.
MOST_PLACES = 50_000_000

Array = NDArray[np.float64]


class Lane(NamedTuple):
    """Where a runner starts, and how far it goes on one unit of gradient."""

    loc: float
    scale: float
    learning_rate: float


@dataclass(frozen=True)
class Course:
    """What all runners of a race share. Raises ValueError, in a learner's words, if impossible.

    Attributes:
        problem: name of the cost, as `find_problem` knows it; in one dimension, D = 1.
        samples: K behind each step; an estimator that needs more takes its fewest.
        steps: steps of gradient descent.
        seed: of the noise, the same for every runner.
        knobs: the problem's settings; those left out take their defaults.
    """

    problem: str
    samples: int = 1
    steps: int = 200
    seed: int = 0
    knobs: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        within("samples", self.samples, 1, MAX_SAMPLES)
        within("steps", self.steps, 1, MAX_STEPS)
        within("seed", self.seed, 0, MAX_SEED)
        object.__setattr__(self, "knobs", self.cost_problem.settings(**self.knobs))

    @property
    def cost_problem(self) -> Problem:
        """The registry's entry of the problem."""
        return find_problem(self.problem)

    @property
    def sign(self) -> float:
        """-1 for an ELBO, which is to be maximised; else 1. The loss is sign * E_q[f]."""
        return -1.0 if self.cost_problem.elbo else 1.0

    def samples_of(self, estimator: str) -> int:
        """K of this estimator: `samples`, or its fewest where that is more."""
        return max(self.samples, ESTIMATORS[estimator].min_samples)

    def loss(self, loc: Array, scale: Array) -> Array:
        """Exact loss, sign * E_q[f], by the problem's closed form; any shape, the same out."""
        at = (torch.from_numpy(np.asarray(x, np.float64))[..., None] for x in (loc, scale))
        value: Array = self.cost_problem.exact(*at, **self.knobs).value[..., 0].numpy()
        return self.sign * value


@dataclass(frozen=True)
class Trajectory:
    """One runner's way, its start first; it ends early at the last good step if it diverged.

    Attributes:
        estimator: name in the registry, or "exact".
        loc, scale: where it was after each step, (steps + 1,).
        loss: exact loss there, sign * E_q[f], (steps + 1,).
        evaluations: cost evaluations spent so far, (steps + 1,).
        stopped: why it ended early, in plain words; None if it did not.
    """

    estimator: str
    loc: Array
    scale: Array
    loss: Array
    evaluations: NDArray[np.int64]
    stopped: str | None


@dataclass(frozen=True)
class Lanes:
    """All lanes of one estimator.

    Attributes:
        evaluations: cost evaluations behind one step.
        loc, scale: (steps + 1, B); a lane that diverged stays at its last good step.
        last: number of each lane's last good step, (B,).
        finite: whether the step that a lane could not take led to a number, (B,).
    """

    course: Course
    estimator: str
    evaluations: int
    loc: Array
    scale: Array
    last: NDArray[np.int64]
    finite: NDArray[np.bool_]

    def trajectory(self, lane: int) -> Trajectory:
        """The way of one lane."""
        end = int(self.last[lane])
        loc, scale = self.loc[: end + 1, lane], self.scale[: end + 1, lane]
        spent = np.arange(end + 1) * self.evaluations
        stopped = None if end == self.course.steps else self._reason(lane, end)
        return Trajectory(self.estimator, loc, scale, self.course.loss(loc, scale), spent, stopped)

    def _reason(self, lane: int, end: int) -> str:
        if not self.finite[lane]:
            return f"Step {end + 1} is too large to compute: the gradient is no number any more."
        return (
            f"Step {end + 1} leads out of bounds: |μ| above {MAX_LOC:g}, "
            f"or σ outside {MIN_SCALE:g} to {MAX_SCALE:g}."
        )


class _SharedNoise(Normal):
    """A Normal whose base noise is the same in all of the batch: (K, 1, D), which broadcasts."""

    def base(self, k: int, gen: torch.Generator) -> Tensor:
        return torch.randn((k, 1, self.shape[-1]), generator=gen, dtype=self.loc.dtype)


def race(estimators: Sequence[str], course: Course, lane: Lane) -> dict[str, Trajectory]:
    """Let each of the estimators run from the same start on the same noise.

    Raises:
        ValueError: for an unknown estimator, or a start or learning rate out of bounds.
    """
    return {name: run(name, course, [lane]).trajectory(0) for name in estimators}


def run(estimator: str, course: Course, lanes: Sequence[Lane], *, same_noise: bool = True) -> Lanes:
    """Run one estimator in all lanes at once.

    Step t has a generator of its own, seeded from the course's seed and t, and every estimator
    draws its base noise first: all estimators see the same noise, whatever else they draw. All
    lanes see the same noise too, unless `same_noise` is False: then they are independent races.

    Raises:
        ValueError: for an unknown estimator, no lane, or a lane out of bounds.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"{estimator!r} is no estimator; there are {', '.join(ESTIMATORS)}.")
    gen, rule, k = torch.Generator(), ESTIMATORS[estimator], course.samples_of(estimator)
    seeds = np.random.SeedSequence(course.seed).generate_state(course.steps)
    family = _SharedNoise if same_noise else Normal

    def gradient(step: int, loc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        q = family(loc.requires_grad_(), scale.requires_grad_())
        cost = course.cost_problem.cost(q, **course.knobs)
        values = rule(cost, q, k, gen.manual_seed(int(seeds[step]))).mean(0)
        if not values.requires_grad:  # The estimator cut the path from the parameters to the cost.
            return torch.zeros_like(loc), torch.zeros_like(scale)
        by_loc, by_scale = torch.autograd.grad(
            values.sum(), (q.loc, q.scale), materialize_grads=True
        )
        return by_loc, by_scale

    return _descend(gradient, estimator, course, lanes, rule.evaluations(k, 1))


def run_exact(course: Course, lanes: Sequence[Lane]) -> Lanes:
    """Run on the exact gradient, without noise: where the unbiased ones go on average, nearly.

    Raises:
        ValueError: for no lane, or a lane out of bounds.
    """

    def gradient(step: int, loc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        exact = course.cost_problem.exact(loc, scale, **course.knobs)
        return exact.loc, exact.scale

    return _descend(gradient, "exact", course, lanes, 0)


def _descend(
    gradient: Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor]],
    name: str,
    course: Course,
    lanes: Sequence[Lane],
    evaluations: int,
) -> Lanes:
    """Gradient descent in (mu, log sigma); a lane halts before the first step that fails."""
    loc, scale, rate = _start(lanes)
    within("steps * lanes", course.steps * len(lanes), 1, MOST_PLACES)
    ways = np.empty((2, course.steps + 1, len(lanes)))
    ways[:, 0] = loc, scale
    running, finite = np.ones(len(lanes), bool), np.ones(len(lanes), bool)
    last = np.zeros(len(lanes), np.int64)
    for step in range(course.steps):
        by_loc, by_scale = (
            g[:, 0].numpy()
            for g in gradient(step, *(torch.tensor(x)[:, None] for x in (loc, scale)))
        )
        with np.errstate(over="ignore", invalid="ignore"):  # What is no number is outside, below.
            new_loc = loc - course.sign * rate * by_loc
            new_scale = scale * np.exp(-course.sign * rate * scale * by_scale)
        number = np.isfinite(by_loc) & np.isfinite(by_scale)
        finite &= number | ~running
        running &= number & (np.abs(new_loc) <= MAX_LOC)
        running &= (new_scale >= MIN_SCALE) & (new_scale <= MAX_SCALE)
        loc, scale = np.where(running, new_loc, loc), np.where(running, new_scale, scale)
        ways[:, step + 1] = loc, scale
        last += running
    return Lanes(course, name, evaluations, ways[0], ways[1], last, finite)


def _start(lanes: Sequence[Lane]) -> tuple[Array, Array, Array]:
    """Start and learning rate of the lanes, each (B,)."""
    if not lanes:
        raise ValueError("A race needs at least one lane.")
    for lane in lanes:
        within("mu", lane.loc, -MAX_LOC, MAX_LOC)
        within("sigma", lane.scale, MIN_SCALE, MAX_SCALE)
        within("learning_rate", lane.learning_rate, 0.0, MAX_LEARNING_RATE)
    loc, scale, rate = np.array(lanes, dtype=np.float64).T
    return loc, scale, rate
