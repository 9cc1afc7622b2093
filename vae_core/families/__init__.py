"""Families of distributions: base noise, transform, log-density; and integrals under them."""

from vae_core.families.family import (
    FAMILIES,
    Distribution,
    Family,
    Noise,
    Parameter,
    family,
    sum_dimensions,
)
from vae_core.families.normal import LOG_SQRT_2PI, STANDARD_NORMAL, Normal

__all__ = [
    "FAMILIES",
    "LOG_SQRT_2PI",
    "STANDARD_NORMAL",
    "Distribution",
    "Family",
    "Noise",
    "Normal",
    "Parameter",
    "family",
    "sum_dimensions",
]
