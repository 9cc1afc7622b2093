"""Expectations under a Gaussian, with an error that bounds, or the word that it does not."""

from vae_core.families.quadrature.expectation import (
    CERTIFIED,
    CLOSED_FORM,
    ESTIMATE,
    ROUNDING,
    Integral,
    adaptive_expectation,
    hermite_rule,
    softplus_expectation,
    words,
)
from vae_core.families.quadrature.tails import InfiniteExpectationError

__all__ = [
    "CERTIFIED",
    "CLOSED_FORM",
    "ESTIMATE",
    "ROUNDING",
    "InfiniteExpectationError",
    "Integral",
    "adaptive_expectation",
    "hermite_rule",
    "softplus_expectation",
    "words",
]
