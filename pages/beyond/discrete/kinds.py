"""Which estimator takes which z, as the registry has it."""

from __future__ import annotations

from vae_core.estimators import ESTIMATORS


def kinds() -> dict[str, list[str]]:
    """A row for each estimator of the registry; columns by title."""
    rules = ESTIMATORS.values()
    return {
        "Estimator": [rule.title for rule in rules],
        "it takes": [rule.needs for rule in rules],
        "on average": ["the gradient" if rule.unbiased else "biased" for rule in rules],
        "needs a smooth f": ["yes" if rule.needs_smooth_cost else "no" for rule in rules],
        "evaluations of f": [str(rule.evaluations(rule.min_samples, 1)) for rule in rules],
        "source": [rule.source for rule in rules],
    }
