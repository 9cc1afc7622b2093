"""A mean over replicates, measured: how far it is from its exact value, and how noisy."""

from __future__ import annotations

import math
from dataclasses import dataclass


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
