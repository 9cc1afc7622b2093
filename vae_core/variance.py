"""Mean, bias and variance of a gradient estimator on a problem, over many replicates at once.

A replicate is one estimate made from K samples. Replicates lie along the batch dimension B: the
parameters are repeated B times and one backward call gives B independent estimates, so there is
no Python loop over them, only over chunks that fit the cache.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_core import closed_form
from vae_core.estimators import ESTIMATORS, Estimator
from vae_core.families import Normal
from vae_core.problems import OWN, Exact, Problem, find_problem
from vae_core.tails import InfiniteExpectationError, UncertainError, tails

# A chunk fits the cache, and is small enough for torch to leave each thread to one of them.
CHUNK_ELEMENTS, WIDE, GROUP = 2**15, 64, 256
MAX_SAMPLES, MAX_DIM, MAX_REPLICATES, MAX_SEED = 10_000, 1_000, 100_000_000, 2**32 - 1
MAX_LOC, MIN_SCALE, MAX_SCALE = 1_000.0, 1e-4, 1_000.0

Array = NDArray[np.float64]


def within(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError that gives the range, unless low <= value <= high; NaN is outside."""
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low:g} and {high:g}, and is {value:g}.")


@dataclass(frozen=True)
class Experiment:
    """What is measured. Raises ValueError, in a learner's words, when it cannot be.

    Attributes:
        problem, estimator: names in the registries.
        loc, scale: mu and sigma, the same in each of the `dim` dimensions.
        samples: K behind one estimate.
        replicates: number of independent estimates.
        knobs: the problem's settings; those left out take their defaults.
    """

    problem: str
    estimator: str
    loc: float = 2.0
    scale: float = 1.0
    dim: int = 1
    samples: int = 1
    replicates: int = 100_000
    seed: int = 0
    knobs: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.estimator not in ESTIMATORS:
            allowed = ", ".join(ESTIMATORS)
            raise ValueError(f"{self.estimator!r} is no estimator; there are {allowed}.")
        within("loc", self.loc, -MAX_LOC, MAX_LOC)
        within("scale", self.scale, MIN_SCALE, MAX_SCALE)
        within("dim", self.dim, 1, MAX_DIM)
        within("samples", self.samples, 1, MAX_SAMPLES)
        within("replicates", self.replicates, 2, MAX_REPLICATES)
        within("seed", self.seed, 0, MAX_SEED)
        if self.samples < self.rule.min_samples:
            raise ValueError(
                f"{self.rule.name} needs at least {self.rule.min_samples} samples, "
                f"and samples is {self.samples}."
            )
        object.__setattr__(self, "knobs", self.cost_problem.settings(**self.knobs))

    @property
    def cost_problem(self) -> Problem:
        """The registry's entry of the problem."""
        return find_problem(self.problem)

    @property
    def rule(self) -> Estimator:
        """The registry's entry of the estimator."""
        return ESTIMATORS[self.estimator]

    def parameters(self, batch: int) -> tuple[Tensor, Tensor]:
        """loc and scale as leaves in float64, each (batch, D)."""
        shape = (batch, self.dim)
        loc = torch.full(shape, self.loc, dtype=torch.float64, requires_grad=True)
        scale = torch.full(shape, self.scale, dtype=torch.float64, requires_grad=True)
        return loc, scale

    def base_noise(self, batch: int, gen: torch.Generator) -> Array:
        """The noise that every estimator draws first: eps, (K, batch, D)."""
        loc, scale = (p.detach() for p in self.parameters(batch))
        return Normal(loc, scale).base(self.samples, gen).numpy()

    def exact(self) -> Exact:
        """E[f] of each dimension and its gradient, by the problem's closed form: (D,) each."""
        loc, scale = (p.detach()[0] for p in self.parameters(1))
        return self.cost_problem.exact(loc, scale, **self.knobs)

    def exact_variance(self, parameter: str) -> float | None:
        """Variance of one estimate of d/d(loc or scale) of the first dimension, if known."""
        moments = self.cost_problem.moments
        if moments is None:
            return None
        dimensions = moments(self.dim, **self.knobs)
        try:
            return closed_form.variance(
                dimensions, self.estimator, parameter, self.loc, self.scale, self.samples
            )
        except OverflowError:
            raise ValueError(NOT_FINITE) from None


NOT_FINITE = (
    "Here the cost is not a finite number for every z: it grows too large, or is not defined. "
    "Bring loc and scale closer to zero, or change the cost."
)


class Estimates(NamedTuple):
    """Independent estimates, one a replicate, of the first dimension's gradient; each (B,)."""

    value: Array
    loc: Array
    scale: Array


def estimates(experiment: Experiment) -> Iterator[Estimates]:
    """Draw all replicates, a chunk at a time.

    Each chunk has a generator of its own, seeded from the experiment's seed and the chunk's
    number, and every estimator draws its base noise first: two estimators measured with the same
    seed see the same noise.
    """
    return (_chunk(experiment, *chunk) for chunk in _chunks(experiment))


def _chunks(experiment: Experiment) -> Iterator[tuple[int, int]]:
    """Number and size of each chunk; some estimators need D times the memory of the samples."""
    per_replicate = experiment.samples * experiment.dim
    widest = CHUNK_ELEMENTS // max(per_replicate, per_replicate * experiment.dim // WIDE)
    for number, start in enumerate(range(0, experiment.replicates, max(1, widest))):
        yield number, min(max(1, widest), experiment.replicates - start)


def chunk_generator(seed: int, chunk: int) -> torch.Generator:
    """An independent generator for each pair of seed and chunk."""
    state = np.random.SeedSequence((seed, chunk)).generate_state(1)[0]
    return torch.Generator().manual_seed(int(state))


def _chunk(experiment: Experiment, number: int, batch: int) -> Estimates:
    gen = chunk_generator(experiment.seed, number)
    loc, scale = experiment.parameters(batch)
    q = Normal(loc, scale)
    cost = experiment.cost_problem.cost(q, **experiment.knobs)
    values = experiment.rule(cost, q, experiment.samples, gen)
    if values.requires_grad:
        # One call for all replicates: each row of loc and scale meets its own costs only.
        by_loc, by_scale = torch.autograd.grad(values.sum(), (loc, scale))
    else:  # The estimator cut the path from the parameters to the cost.
        by_loc, by_scale = torch.zeros_like(loc), torch.zeros_like(scale)
    if experiment.samples == 1:
        columns = (values.detach()[0], by_loc[:, 0], by_scale[:, 0])
    else:
        k = experiment.samples
        columns = (values.detach().mean(0), by_loc[:, 0] / k, by_scale[:, 0] / k)
    return Estimates(*(column.numpy() for column in columns))


@dataclass(frozen=True)
class Statistic:
    """A mean over replicates beside its exact value.

    Attributes:
        exact: what the mean should be.
        mean: average over the replicates.
        standard_error: of the mean.
        variance: of one replicate.
        variance_standard_error: of that variance, from the fourth moment.
    """

    exact: float
    mean: float
    standard_error: float
    variance: float
    variance_standard_error: float

    @property
    def bias(self) -> float:
        """Mean less exact value."""
        return self.mean - self.exact

    @property
    def signal_to_noise(self) -> float:
        """Size of the exact value over the deviation of one replicate; infinite without noise."""
        if self.variance > 0.0:
            return abs(self.exact) / math.sqrt(self.variance)
        return math.inf

    @property
    def z_score(self) -> float:
        """Bias in standard errors, rounding aside; infinite for a constant that is off."""
        if abs(self.bias) <= 1e-12 * max(abs(self.exact), 1.0):
            return 0.0
        if self.standard_error > 0.0:
            return self.bias / self.standard_error
        return math.copysign(math.inf, self.bias)


def _has_infinite_variance(experiment: Experiment) -> bool:
    """Whether f^2 is known to grow as fast as the Gaussian falls; only a typed cost can."""
    f = experiment.cost_problem.terms
    try:
        if experiment.problem.startswith(OWN):
            tails(lambda z: f(z).square(), experiment.loc, experiment.scale)
    except InfiniteExpectationError:
        return True
    except UncertainError:
        return False
    return False


# Half of what was measured hangs on a few draws; or an unbiased mean is so far off, or a variance.
FEW_DRAWS, FAR_OFF, FAR_VARIANCE, ROUNDING_OF = 0.5, 6.0, 2.0, 1e-20


@dataclass(frozen=True)
class Measurement:
    """The cost's value and the two gradients of the first dimension, measured.

    Attributes:
        truth: what the exact values are taken from, and how well they are known.
    """

    experiment: Experiment
    value: Statistic
    loc: Statistic
    scale: Statistic
    seconds: float
    truth: Exact

    def doubt(self, parameter: str) -> str | None:
        """Why the sample cannot tell about "value", "loc" or "scale", for a learner; or None.

        Under heavy tails what matters is rare: most samples have not met it, and their standard
        error, which they also estimate, knows nothing of it.
        """
        s: Statistic = getattr(self, parameter)
        known = None if parameter == "value" else self.experiment.exact_variance(parameter)
        seen = max(s.variance, known or 0.0) > ROUNDING_OF * s.exact**2
        two = (s.variance, s.variance if known is None else known)
        unlike = max(two) > FAR_VARIANCE * min(two)
        reasons = {
            "the square of this cost has no finite expectation, so the variance is infinite": (
                s.variance > 0.0 and _has_infinite_variance(self.experiment)
            ),
            "a few draws carry most of the variance that was measured": (
                s.variance_standard_error > FEW_DRAWS * s.variance
            ),
            "the variance that was measured is far from the closed form": seen and unlike,
            "the mean of an unbiased estimator is far from the exact value": (
                self.experiment.cost_problem.allows(self.experiment.rule)
                and abs(s.z_score) > FAR_OFF
            ),
        }
        if not any(reasons.values()):
            return None
        because = ", and ".join(reason for reason, holds in reasons.items() if holds)
        return (
            f"The sample cannot tell here: {because}. The draws that matter most are too rare to "
            "be among these, so mean, standard error and z say little."
        )

    def work_variance(self, gradient: Statistic) -> float:
        """Variance times cost evaluations: what one evaluation's worth of compute would leave."""
        e = self.experiment
        return gradient.variance * e.rule.evaluations(e.samples, e.dim)


def _power_sums(chunk: Estimates, pilots: Sequence[float]) -> Array:
    """Sums of the first four powers of each column about its pilot: (3, 4).

    A pilot near the mean keeps them well conditioned. What is not finite is refused later.
    """
    rows = []
    with np.errstate(over="ignore", invalid="ignore"):
        for x, pilot in zip(chunk, pilots, strict=True):
            centred = x - pilot
            square = centred * centred
            first, second = centred.sum(), square.sum()
            centred *= square
            square *= square
            rows.append((first, second, centred.sum(), square.sum()))
    return np.array(rows)


def _statistic(sums: Array, n: int, pilot: float, exact: float) -> Statistic:
    if not (np.isfinite(sums).all() and math.isfinite(exact)):
        raise ValueError(NOT_FINITE)
    m1, m2, m3, m4 = (sums / n).tolist()
    spread = max(m2 - m1**2, 0.0)
    variance = spread * n / (n - 1)
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    error = math.sqrt(max(fourth - spread**2 * (n - 3) / (n - 1), 0.0) / n)
    return Statistic(exact, pilot + m1, math.sqrt(variance / n), variance, error)


def _total_sums(experiment: Experiment) -> tuple[Array, list[float]]:
    """Power sums over all chunks, added in their order, so that threads change no digit."""
    chunks = _chunks(experiment)
    first = _chunk(experiment, *next(chunks))
    with np.errstate(over="ignore", invalid="ignore"):
        pilots = [float(x.mean()) for x in first]
    total = _power_sums(first, pilots)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        while group := list(islice(chunks, GROUP)):
            for sums in pool.map(
                lambda chunk: _power_sums(_chunk(experiment, *chunk), pilots), group
            ):
                total += sums
    return total, pilots


def measure(experiment: Experiment) -> Measurement:
    """Draw all replicates and reduce them.

    Raises:
        ValueError: when the numbers overflow, in a learner's words.
    """
    start = time.perf_counter()
    sums, pilots = _total_sums(experiment)
    exact = experiment.exact()
    truths = (exact.value.sum().item(), exact.loc[0].item(), exact.scale[0].item())
    value, loc, scale = (
        _statistic(row, experiment.replicates, pilot, truth)
        for row, pilot, truth in zip(sums, pilots, truths, strict=True)
    )
    return Measurement(experiment, value, loc, scale, time.perf_counter() - start, exact)
