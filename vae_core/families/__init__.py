"""Families of distributions: base noise, transform, log-density; and integrals under them."""

from vae_core.families.normal import LOG_SQRT_2PI, Normal, sum_dimensions

__all__ = ["LOG_SQRT_2PI", "Normal", "sum_dimensions"]
