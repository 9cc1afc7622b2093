"""Families of distributions: base noise, transform, log-density; and integrals under them."""

from vae_core.families import entries as _entries  # noqa: F401  (each registers itself)
from vae_core.families.entries.normal import LOG_SQRT_2PI, STANDARD_NORMAL, Gaussian, Normal
from vae_core.families.family import FAMILIES, Distribution, Family, family, sum_dimensions
from vae_core.families.parts import Noise, Parameter, Tails

__all__ = [
    "FAMILIES",
    "LOG_SQRT_2PI",
    "STANDARD_NORMAL",
    "Distribution",
    "Family",
    "Gaussian",
    "Noise",
    "Normal",
    "Parameter",
    "Tails",
    "family",
    "sum_dimensions",
]
