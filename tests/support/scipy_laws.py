"""Each family's twin in scipy, which shares no code with ours: its law for given parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scipy import stats
from scipy.special import softmax

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
    "erlang": lambda concentration, rate: stats.gamma(concentration, scale=1 / rate),
    "lognormal": lambda loc, scale: stats.lognorm(scale, scale=math.exp(loc)),
    "gamma": lambda concentration, rate: stats.gamma(concentration, scale=1 / rate),
    "chisquared": stats.chi2,
    "beta": stats.beta,
    "f": stats.f,
    "studentt": stats.t,
    "vonmises": lambda loc, concentration: stats.vonmises_line(concentration, loc),
    "bernoulli": stats.bernoulli,
    "poisson": stats.poisson,
    "categorical": lambda *logits: stats.rv_discrete(values=(range(len(logits)), softmax(logits))),
}
