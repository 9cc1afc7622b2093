"""Every number of a computed question, right and wrong, against a computation of another kind.

Right answers: quadrature and distributions of scipy, finite differences, autograd. Wrong ones: the
formula of the misconception, written out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, special, stats
from torch.nn import functional

from pages.review.quiz.computed import QUESTIONS, Drawn, draw
from pages.review.quiz.computed.goal import NOISE
from vae_core.estimators import ESTIMATORS
from vae_core.families import BernoulliByLogit, Normal

SEEDS = 3
Given = Mapping[str, float]
Expected = Callable[[Given], dict[str, float]]
HELD: dict[str, Expected] = {}


def holds(expected: Expected) -> Expected:
    """Register what a question's options should be, from its given numbers."""
    HELD[expected.__name__] = expected
    return expected


def under(density: Any, f: Callable[[float], float]) -> float:
    """The integral of f over a density of scipy."""
    low, high = density.ppf(1e-16), density.isf(1e-16)
    found: float = integrate.quad(lambda z: f(z) * density.pdf(z), low, high, limit=200)[0]
    return found


def slope(f: Callable[[float], float], at: float, h: float = 1e-5) -> float:
    """A derivative by central differences."""
    return (f(at + h) - f(at - h)) / (2 * h)


def kl(q: Any, p: Any) -> float:
    """KL(q || p) by quadrature."""
    return under(q, lambda z: float(q.logpdf(z) - p.logpdf(z)))


PRIOR = stats.norm(0, 1)


@holds
def kl_to_prior(given: Given) -> dict[str, float]:
    """Both directions by quadrature; the variance exchanged in the closed form."""
    mu, sigma = given["mu"], given["sigma"]
    q = stats.norm(mu, sigma)
    return {
        "closed": kl(q, PRIOR),
        "deviation": 0.5 * (mu**2 + sigma - 1 - math.log(sigma)),
        "reversed": kl(PRIOR, q),
        "double": mu**2 + sigma**2 - 1 - math.log(sigma**2),
    }


def bound(given: Given) -> dict[str, float]:
    """The parts of the bound of x = z + noise, by quadrature."""
    q, x = stats.norm(given["mu"], given["sigma"]), given["x"]
    posterior = stats.norm(x / (1 + NOISE**2), NOISE / math.sqrt(1 + NOISE**2))
    return {
        "reconstruction": under(q, lambda z: float(stats.norm.logpdf(x, z, NOISE))),
        "kl": kl(q, PRIOR),
        "evidence": float(stats.norm.logpdf(x, 0, math.sqrt(1 + NOISE**2))),
        "gap": kl(q, posterior),
    }


@holds
def bound_from_parts(given: Given) -> dict[str, float]:
    """The bound as evidence less gap, which the item does not use."""
    parts = bound(given)
    for name in ("reconstruction", "kl", "evidence"):
        assert given[name] == pytest.approx(parts[name], abs=0.0051)
    value = parts["evidence"] - parts["gap"]
    return {
        "less": value,
        "plus": value + 2 * parts["kl"],
        "loss": -value,
        "evidence": parts["evidence"],
    }


@holds
def gap_from_parts(given: Given) -> dict[str, float]:
    """The gap as a KL from scipy's own posterior."""
    parts = bound(given)
    for name in ("kl", "evidence"):
        assert given[name] == pytest.approx(parts[name], abs=0.0051)
    assert given["bound"] == pytest.approx(parts["evidence"] - parts["gap"], abs=0.0051)
    return {
        "difference": parts["gap"],
        "prior": parts["kl"],
        "negative": -parts["gap"],
        "both": parts["gap"] + parts["kl"],
    }


@holds
def posterior_mean(given: Given) -> dict[str, float]:
    """By Bayes, as a quotient of two integrals."""
    x, s = given["x"], given["noise"]
    weight = under(PRIOR, lambda z: float(stats.norm.pdf(x, z, s)))
    mean = under(PRIOR, lambda z: z * float(stats.norm.pdf(x, z, s))) / weight
    return {
        "between": mean,
        "x": x,
        "exchanged": x * s**2 / (1 + s**2),
        "deviation": x / (1 + s),
    }


@holds
def standard_error(given: Given) -> dict[str, float]:
    """K times the mean of squares is a chi-squared variable with K degrees of freedom."""
    k = given["k"]
    return {
        "root": float(stats.chi2(k).std()) / k,
        "variance": float(stats.chi2(k).var()) / k**2,
        "over_k": float(stats.chi2(1).std()) / k,
        "unit": 1 / math.sqrt(k),
    }


@holds
def log_of_a_mean(given: Given) -> dict[str, float]:
    """E[log(Y / K)] for a chi-squared Y, by scipy's own expectation."""
    k = given["k"]
    found = float(stats.chi2(k).expect(lambda y: np.log(y / k)))
    mean = float(stats.chi2(k).mean()) / k
    return {"below": found, "unbiased": 0.0, "above": -found, "no_log": mean}


@holds
def naive_gradient(given: Given) -> dict[str, float]:
    """What torch itself sends back to mu, with sample() and with rsample()."""
    mu = torch.tensor(given["mu"], dtype=torch.float64, requires_grad=True)
    eps = given["z"] - given["mu"]
    drawn = torch.tensor(given["z"], dtype=torch.float64)
    (seen,) = torch.autograd.grad(drawn**2 + given["c"] * mu, mu)
    (along,) = torch.autograd.grad((mu + eps) ** 2 + given["c"] * mu, mu)

    def mean(at: float) -> float:
        return under(stats.norm(at, 1), lambda z: z * z) + given["c"] * at

    return {
        "toll": seen.item(),
        "truth": slope(mean, given["mu"]),
        "path": along.item(),
        "nothing": 0.0,
    }


@holds
def moving_end(given: Given) -> dict[str, float]:
    """The mean over a uniform by quadrature, and its slope by differences."""
    theta = given["theta"]

    def mean(at: float) -> float:
        return float(integrate.quad(lambda z: z * z / at, 0, at)[0])

    def inside(at: float) -> float:
        return float(integrate.quad(lambda z: z * z / at, 0, theta)[0])

    return {
        "both": slope(mean, theta),
        "inside": slope(inside, theta),
        "end": slope(mean, theta) - slope(inside, theta),
        "mean": mean(theta),
    }


@holds
def log_derivative(given: Given) -> dict[str, float]:
    """The score by differences of scipy's log-density."""
    z, sigma = given["z"], given["sigma"]
    score = slope(lambda mu: float(stats.norm.logpdf(z, mu, sigma)), given["mu"])
    assert given["f"] == pytest.approx(z * z, abs=1e-4)
    return {
        "weighed": z * z * score,
        "sign": -z * z * score,
        "deviation": z * z * (z - given["mu"]) / sigma,
        "path": slope(lambda at: at * at, z),
    }


@holds
def into_place(given: Given) -> dict[str, float]:
    """The same quantile of another bell."""
    mu, sigma, eps = given["mu"], given["sigma"], given["eps"]
    return {
        "moved": float(stats.norm.ppf(stats.norm.cdf(eps), mu, sigma)),
        "variance": mu + sigma * sigma * eps,
        "unstretched": float(stats.norm.ppf(stats.norm.cdf(eps), mu, 1)),
        "exchanged": sigma + mu * eps,
    }


@holds
def slope_in_sigma(given: Given) -> dict[str, float]:
    """Differences in sigma, in mu, and of the mean."""
    mu, sigma, eps = given["mu"], given["sigma"], given["eps"]
    assert given["z"] == pytest.approx(mu + sigma * eps, abs=0.0051)
    return {
        "chain": slope(lambda s: (mu + s * eps) ** 2, sigma),
        "shift": slope(lambda m: (m + sigma * eps) ** 2, mu),
        "mean": slope(lambda s: under(stats.norm(mu, s), lambda z: z * z), sigma),
        "sigma": 2 * (mu + sigma * eps) * sigma,
    }


@holds
def density_after(given: Given) -> dict[str, float]:
    """Scipy's density of the moved bell."""
    mu, sigma, eps = given["mu"], given["sigma"], given["eps"]
    p = float(stats.norm.pdf(eps))
    assert given["p"] == pytest.approx(p, abs=0.00051)
    return {
        "shrunk": float(stats.norm.pdf(mu + sigma * eps, mu, sigma)),
        "same": p,
        "grown": p * sigma,
        "squared": p / sigma**2,
    }


@holds
def mean_of_square(given: Given) -> dict[str, float]:
    """By quadrature."""
    mu, sigma = given["mu"], given["sigma"]
    for i, knot in enumerate((-2, -1, 0, 1, 2)):
        assert given[f"phi{i + 1}"] == pytest.approx(mu + sigma * knot)
    return {
        "both": under(stats.norm(mu, sigma), lambda z: z * z),
        "of_mean": mu * mu,
        "spread": variance(stats.norm(mu, sigma), lambda z: z),
        "squared": (mu + sigma) ** 2,
    }


def variance(q: Any, f: Callable[[float], float]) -> float:
    """Variance of f(z) by quadrature."""
    return under(q, lambda z: f(z) ** 2) - under(q, f) ** 2


@holds
def variance_of_the_mean(given: Given) -> dict[str, float]:
    """The variance of 2z by quadrature, shared among K."""
    one, k = variance(stats.norm(given["mu"], given["sigma"]), lambda z: 2 * z), given["k"]
    assert given["one"] == pytest.approx(one, abs=0.0051)
    return {"divided": one / k, "one": one, "root": one / k**0.5, "sum": one * k}


@holds
def how_much_noisier(given: Given) -> dict[str, float]:
    """Both variances, and both second moments, by quadrature."""
    mu, sigma = given["mu"], given["sigma"]
    q = stats.norm(mu, sigma)

    def weighed(z: float) -> float:
        return z * z * (z - mu) / sigma**2

    score, path = variance(q, weighed), variance(q, lambda z: 2 * z)
    assert (given["score"], given["path"]) == pytest.approx((score, path), abs=0.0051)
    moments = under(q, lambda z: weighed(z) ** 2) / under(q, lambda z: 4 * z * z)
    return {
        "ratio": score / path,
        "deviations": (score / path) ** 0.5,
        "moments": moments,
        "alike": 1.0,
    }


class Fixed(Normal):
    """A bell whose noise is known beforehand."""

    eps: torch.Tensor

    def base(self, k: int, gen: torch.Generator) -> torch.Tensor:
        """The noise that was set."""
        return self.eps[:k]


@holds
def leave_one_out(given: Given) -> dict[str, float]:
    """The registered estimators at these very draws, by autograd; the wrong mean by hand."""
    z = np.array([given["z1"], given["z2"]])
    f, s = z**2, z - given["mu"]
    loc, scale = (torch.tensor([[v]], dtype=torch.float64) for v in (given["mu"], 1.0))
    q = Fixed(loc.requires_grad_(), scale.requires_grad_())
    object.__setattr__(q, "eps", torch.tensor(s, dtype=torch.float64)[:, None, None])

    def estimate(name: str) -> float:
        cost = ESTIMATORS[name].function(
            lambda z: z.squeeze(-1) ** 2, q, 2, torch.Generator().manual_seed(0)
        )
        return float(torch.autograd.grad(cost.mean(), q.loc)[0])

    return {
        "others": estimate("score_loo"),
        "own": float(np.mean((f - f.mean()) * s)),
        "plain": estimate("score"),
        "sum": 2 * estimate("score_loo"),
    }


@holds
def slope_of_a_step(given: Given) -> dict[str, float]:
    """The chance by scipy, and its slope by differences."""
    mu, sigma = given["mu"], given["sigma"]
    return {
        "density": slope(lambda m: float(stats.norm.sf(0.5, m, sigma)), mu),
        "flat": 0.0,
        "chance": float(stats.norm.sf(0.5, mu, sigma)),
        "sigma": float(stats.norm.pdf((0.5 - mu) / sigma)),
    }


@holds
def kl_of_two_latents(given: Given) -> dict[str, float]:
    """From the numbers as they are written, to half a hundredth each."""
    terms = (given["first"], given["second"])
    return {
        "sum": sum(terms),
        "mean": sum(terms) / 2,
        "largest": max(terms),
        "root": math.hypot(*terms),
    }


@holds
def score_of_pixels(given: Given) -> dict[str, float]:
    """Coins, one by one, and torch's cross-entropy."""
    coins = [(given[f"p{i}"], given[f"x{i}"]) for i in (1, 2, 3)]
    chance = math.prod(p if x else 1 - p for p, x in coins)
    p, x = torch.tensor(coins, dtype=torch.float64).unbind(1)
    error = functional.binary_cross_entropy(p, x, reduction="sum").item()
    assert error == pytest.approx(-math.log(chance))
    return {"sum": -error, "error": error, "product": chance, "mean": -error / 3}


@holds
def arrives_at_sigma(given: Given) -> dict[str, float]:
    """Differences in sigma of a cost with that slope in z, less the KL by torch."""

    def penalty(sigma: float) -> float:
        return kl(stats.norm(0, sigma), PRIOR)

    by_kl = slope(penalty, given["sigma"], 1e-4)
    assert given["by_kl"] == pytest.approx(by_kl, abs=0.0052)
    along = slope(lambda s: given["by_z"] * s * given["eps"], given["sigma"])
    return {
        "both": along - by_kl,
        "added": along + by_kl,
        "path": along,
        "shift": given["by_z"] - by_kl,
    }


@holds
def implicit_slope(given: Given) -> dict[str, float]:
    """By scipy's CDF and quantile, differenced in the rate at the drawn height."""
    rate, u = given["rate"], given["u"]
    z = float(stats.expon(scale=1 / rate).ppf(u))
    assert given["z"] == pytest.approx(z, abs=0.0051)
    return {
        "implicit": slope(lambda r: float(stats.expon(scale=1 / r).ppf(u)), rate),
        "undivided": -slope(lambda r: float(stats.expon(scale=1 / r).cdf(z)), rate),
        "sign": z / rate,
        "mean": slope(lambda r: float(stats.expon(scale=1 / r).mean()), rate),
    }


@holds
def slope_in_deviation(given: Given) -> dict[str, float]:
    """Differences of a mean by quadrature, in the deviation and in the variance."""
    mu, sigma = given["mu"], given["sigma"]

    def mean(variance: float) -> float:
        return under(stats.norm(mu, variance**0.5), lambda z: (z * z - 1) ** 2)

    in_sigma, in_c = slope(lambda s: mean(s * s), sigma, 1e-4), slope(mean, sigma**2, 1e-4)
    assert given["curvature"] == pytest.approx(2 * in_c, abs=0.0051)
    return {"sigma": in_sigma, "half": in_c, "whole": 2 * in_c, "both": in_sigma / 2}


def enumerated(eta: float, f: Callable[[float], float]) -> float:
    """The mean of f over both sides of a coin."""
    coin = stats.bernoulli(special.expit(eta))
    return float(sum(coin.pmf(z) * f(z) for z in (0, 1)))


@holds
def straight_through_mean(given: Given) -> dict[str, float]:
    """The registered estimator on both sides of the coin by autograd; the rest by differences."""
    eta, p = given["eta"], float(special.expit(given["eta"]))
    assert given["p"] == pytest.approx(p, abs=0.00051)
    assert given["f1"] == pytest.approx(math.exp(2), abs=0.0051)

    def reported(u: float) -> float:
        logit = torch.tensor([[eta]], dtype=torch.float64, requires_grad=True)
        q = Tossed(logit)
        object.__setattr__(q, "u", u)
        cost = ESTIMATORS["straight_through"].function(
            lambda z: torch.exp(2 * z).squeeze(-1), q, 1, torch.Generator()
        )
        return float(torch.autograd.grad(cost.sum(), logit)[0])

    mean = p * reported(p / 2) + (1 - p) * reported((1 + p) / 2)
    steep = slope(lambda x: float(special.expit(x)), eta)
    return {
        "slopes": mean,
        "exact": slope(lambda x: enumerated(x, lambda z: math.exp(2 * z)), eta),
        "middle": steep * slope(lambda z: math.exp(2 * z), p),
        "bare": enumerated(eta, lambda z: slope(lambda at: math.exp(2 * at), z)),
    }


class Tossed(BernoulliByLogit):
    """A coin whose uniform number is known beforehand."""

    u: float

    def base(self, k: int, gen: torch.Generator) -> torch.Tensor:
        """The number that was set."""
        return torch.full((k, *self.shape), self.u, dtype=torch.float64)


@holds
def one_draw_of_a_coin(given: Given) -> dict[str, float]:
    """Differences of scipy's log-mass in the logit and in p."""
    eta, z, p = given["eta"], given["z"], float(special.expit(given["eta"]))
    f = math.exp(2 * z)
    assert (given["p"], given["f"]) == pytest.approx((p, f), abs=0.0051)
    return {
        "score": f * slope(lambda x: float(stats.bernoulli.logpmf(z, special.expit(x))), eta),
        "chance": f * slope(lambda x: float(stats.bernoulli.logpmf(z, x)), p),
        "path": 0.0,
        "mean": slope(lambda x: enumerated(x, lambda side: math.exp(2 * side)), eta),
    }


def test_every_computed_question_is_held() -> None:
    assert set(HELD) == set(QUESTIONS)


def numbers(drawn: Drawn) -> dict[str, float]:
    """What is given, as numbers."""
    return {name: float(value) for name, value in drawn.given.items()}


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", QUESTIONS)
def test_each_option_is_what_it_is_said_to_be(name: str, seed: int) -> None:
    drawn = draw(name, Random(f"held {seed} {name}"))
    expected = HELD[name](numbers(drawn))
    rough = 0.011 if name == "kl_of_two_latents" else 2e-5
    assert set(drawn.options) == set(expected)
    for option, value in drawn.options.items():
        assert value == pytest.approx(expected[option], abs=rough, rel=1e-5), option


ADDED = (
    "bound_from_parts",
    "gap_from_parts",
    "kl_of_two_latents",
    "implicit_slope",
    "slope_in_deviation",
)


@pytest.mark.parametrize("name", ADDED)
def test_who_adds_the_written_numbers_gets_the_written_answer(name: str) -> None:
    for seed in range(60):
        drawn = draw(name, Random(f"{seed}"))
        given = numbers(drawn)
        told = {
            "bound_from_parts": lambda g: g["reconstruction"] - g["kl"],
            "gap_from_parts": lambda g: g["evidence"] - g["bound"],
            "kl_of_two_latents": lambda g: g["first"] + g["second"],
            "implicit_slope": lambda g: -g["z"] / g["rate"],
            "slope_in_deviation": lambda g: g["sigma"] * g["curvature"],
        }[name](given)
        assert f"{told:.2f}" == f"{next(iter(drawn.options.values())):.2f}"
