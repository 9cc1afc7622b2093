"""Families of distributions: base noise, transform, log-density; and integrals under them."""

from vae_core.families import entries as _entries  # noqa: F401  (each registers itself)
from vae_core.families.entries.discrete import BernoulliByLogit, Coin, Relaxable
from vae_core.families.entries.normal import LOG_SQRT_2PI, STANDARD_NORMAL, Gaussian, Normal
from vae_core.families.family import (
    FAMILIES,
    PARAMETRIZATIONS,
    Distribution,
    Family,
    family,
    sum_dimensions,
)
from vae_core.families.parts import Noise, Parameter, Tails

__all__ = [
    "FAMILIES",
    "LOG_SQRT_2PI",
    "PARAMETRIZATIONS",
    "STANDARD_NORMAL",
    "BernoulliByLogit",
    "Coin",
    "Distribution",
    "Family",
    "Gaussian",
    "Noise",
    "Normal",
    "Parameter",
    "Relaxable",
    "Tails",
    "family",
    "sum_dimensions",
]
