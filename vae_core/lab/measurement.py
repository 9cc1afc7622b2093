"""What replicates say: means beside exact values, variances, and what a sample cannot tell."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from vae_core.families.quadrature.tails import InfiniteExpectationError, UncertainError, tails
from vae_core.lab.exact.closed_form import NOT_FINITE
from vae_core.lab.exact.integrals.any_family import Expectation
from vae_core.lab.experiment import (
    GROUP,
    MOST_TOGETHER,
    Array,
    Estimates,
    Experiment,
    chunk_sizes,
    columns,
    draw_chunk,
)
from vae_core.lab.problems import OWN, Exact


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


SQUARE = "the square of this cost has no finite expectation, so the variance is infinite"
NO_MEAN = "far out the slope of this cost does not fall while z moves ever faster: there is no mean"
ESTIMATE = "the square of one estimate has no finite expectation, so the variance is infinite"


def _has_infinite_variance(experiment: Experiment, parameter: str) -> bool:
    """Whether f^2 is known to grow as fast as the density falls; under a Normal a typed one can."""
    if not experiment.normal:
        return experiment.is_endless(2, parameter)
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
    """The cost's value and the gradient of the first dimension by parameter, measured.

    Attributes:
        truth: what the exact values are taken from, and how well they are known.
    """

    experiment: Experiment
    value: Statistic
    gradient: Mapping[str, Statistic]
    seconds: float
    truth: Exact | Expectation

    @property
    def loc(self) -> Statistic:
        """The gradient in a Normal's mu."""
        return self.gradient["loc"]

    @property
    def scale(self) -> Statistic:
        """The gradient in a Normal's sigma."""
        return self.gradient["scale"]

    def doubt(self, parameter: str) -> str | None:
        """Why the sample cannot tell about "value" or a parameter, for a learner; or None.

        Under heavy tails what matters is rare: most samples have not met it, and their standard
        error, which they also estimate, knows nothing of it.
        """
        s: Statistic = self.value if parameter == "value" else self.gradient[parameter]
        known = None if parameter == "value" else self.experiment.exact_variance(parameter)
        seen = max(s.variance, known or 0.0) > ROUNDING_OF * s.exact**2
        two = (s.variance, s.variance if known is None else known)
        unlike = max(two) > FAR_VARIANCE * min(two)
        varies = s.variance > 0.0
        no_mean = varies and self._has_no_mean(parameter)
        reasons = {
            NO_MEAN: no_mean,
            (SQUARE if self.experiment.normal or parameter == "value" else ESTIMATE): (
                varies and not no_mean and _has_infinite_variance(self.experiment, parameter)
            ),
            "a few draws carry most of the variance that was measured": (
                s.variance_standard_error > FEW_DRAWS * s.variance
            ),
            f"the variance that was measured is far from {self._exact_words}": seen and unlike,
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

    @property
    def _exact_words(self) -> str:
        return "the closed form" if self.experiment.normal else "the exact one"

    def _has_no_mean(self, parameter: str) -> bool:
        return not self.experiment.normal and self.experiment.is_endless(1, parameter)

    def work_variance(self, gradient: Statistic) -> float:
        """Variance times cost evaluations: what one evaluation's worth of compute would leave."""
        e = self.experiment
        return gradient.variance * e.rule.evaluations(e.samples, e.dim)


def _power_sums(chunk: Estimates, pilots: Sequence[float]) -> Array:
    """Sums of the first four powers of each column about its pilot: (columns, 4).

    A pilot near the mean keeps them well conditioned. What is not finite is refused later.
    """
    rows = []
    with np.errstate(over="ignore", invalid="ignore"):
        for x, pilot in zip(columns(chunk), pilots, strict=True):
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
    chunks = chunk_sizes(experiment)
    first = draw_chunk(experiment, *next(chunks))
    with np.errstate(over="ignore", invalid="ignore"):
        pilots = [float(x.mean()) for x in columns(first)]
    total = _power_sums(first, pilots)
    largest = experiment.samples * experiment.dim
    together = max(1, min(torch.get_num_threads(), MOST_TOGETHER // largest))
    with ThreadPoolExecutor(together) as pool:
        while group := list(islice(chunks, GROUP)):
            for sums in pool.map(
                lambda chunk: _power_sums(draw_chunk(experiment, *chunk), pilots), group
            ):
                total += sums
    return total, pilots


def measure(experiment: Experiment) -> Measurement:
    """Draw all replicates and reduce them.

    Raises:
        ValueError: when the numbers overflow, in a learner's words.

    >>> m = measure(Experiment("square", "pathwise", loc=2.0, scale=1.0, replicates=10_000))
    >>> m.gradient["loc"].exact
    4.0
    >>> abs(m.gradient["loc"].z_score) < 4.0
    True
    """
    start = time.perf_counter()
    exact = experiment.exact()
    sums, pilots = _total_sums(experiment)
    truths = [exact.value.sum().item(), *(each[0].item() for each in exact.gradient.values())]
    value, *gradient = (
        _statistic(row, experiment.replicates, pilot, truth)
        for row, pilot, truth in zip(sums, pilots, truths, strict=True)
    )
    by_name = dict(zip(exact.gradient, gradient, strict=True))
    return Measurement(experiment, value, by_name, time.perf_counter() - start, exact)
