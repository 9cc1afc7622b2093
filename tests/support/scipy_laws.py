"""Each family's twin in scipy, which shares no code with ours: its law for given parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy import stats

Law = Any  # a frozen distribution of scipy

TWINS: dict[str, Callable[..., Law]] = {
    "normal": stats.norm,
    "exponential": lambda rate: stats.expon(scale=1 / rate),
    "cauchy": stats.cauchy,
    "gumbel": stats.gumbel_r,
    "rayleigh": lambda scale: stats.rayleigh(scale=scale),
    "pareto": lambda scale, alpha: stats.pareto(alpha, scale=scale),
    "weibull": lambda scale, concentration: stats.weibull_min(concentration, scale=scale),
    "reciprocal": lambda low, high: stats.loguniform(a=low, b=high),
    "gompertz": lambda concentration, rate: stats.gompertz(concentration, scale=1 / rate),
    "laplace": stats.laplace,
    "logistic": stats.logistic,
    "uniform": lambda low, high: stats.uniform(low, high - low),
    "triangular": lambda loc, scale: stats.triang(0.5, loc - scale, 2 * scale),
}
