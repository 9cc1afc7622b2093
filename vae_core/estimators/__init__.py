"""Estimators of a gradient through a random variable: the contract, and all that keep it."""

from vae_core.estimators import continuous as continuous
from vae_core.estimators import discrete as discrete
from vae_core.estimators import second_order as second_order
from vae_core.estimators.parts import in_parts, in_parts_of_z
from vae_core.estimators.registry import (
    ESTIMATORS,
    Cost,
    Estimator,
    Function,
    estimator,
    of_each,
    taking,
    with_gradient_of,
    with_gradients,
    with_score,
)

__all__ = [
    "ESTIMATORS",
    "Cost",
    "Estimator",
    "Function",
    "estimator",
    "in_parts",
    "in_parts_of_z",
    "of_each",
    "taking",
    "with_gradient_of",
    "with_gradients",
    "with_score",
]
