"""Computed questions about estimators: how noisy they are, and what a baseline does."""

from __future__ import annotations

import math
from random import Random

import torch

from pages.review.quiz.computed.obstacle import one_bell, sample
from pages.review.quiz.computed.registry import Drawn, computed, pick
from vae_core.lab.experiment import Experiment

TWO = 2  # draws of the leave-one-out question


def variance(rule: str, mu: float, sigma: float, samples: int = 1) -> float:
    """Variance of one estimate of d E[z^2] / d mu, in closed form."""
    found = Experiment("square", rule, loc=mu, scale=sigma, samples=samples).exact_variance("loc")
    return math.nan if found is None else found


@computed
def variance_of_the_mean(chance: Random) -> Drawn:
    """Var / K; wrong: the variance of one draw, of the sum, Var / sqrt(K)."""
    mu, sigma = pick(chance, -2.0, 2.0, 0.1), pick(chance, 1.0, 3.0, 0.25)
    samples = chance.choice((2, 3, 4, 5, 8, 10))
    one = variance("pathwise", mu, sigma)
    return Drawn(
        {"mu": mu, "sigma": sigma, "k": samples, "one": f"{one:.2f}"},
        {
            "divided": variance("pathwise", mu, sigma, samples),
            "one": one,
            "root": one / math.sqrt(samples),
            "sum": one * samples,
        },
    )


@computed
def how_much_noisier(chance: Random) -> Drawn:
    """Var of REINFORCE over Var of the path; wrong: deviations, second moments, alike."""
    mu, sigma = pick(chance, 1.0, 2.5, 0.1), pick(chance, 0.5, 1.5, 0.1)
    score, path = variance("score", mu, sigma), variance("pathwise", mu, sigma)
    square_of_mean = (
        Experiment("square", "score", loc=mu, scale=sigma).exact().gradient["loc"].item() ** 2
    )
    return Drawn(
        {"mu": mu, "sigma": sigma, "score": f"{score:.2f}", "path": f"{path:.2f}"},
        {
            "ratio": score / path,
            "deviations": math.sqrt(score / path),
            "moments": (score + square_of_mean) / (path + square_of_mean),
            "alike": 1.0,
        },
        digits=1,
    )


@computed
def leave_one_out(chance: Random) -> Drawn:
    """The estimate from two draws; wrong: the own cost in the mean, no baseline, not divided."""
    mu, seed = pick(chance, 0.5, 2.0, 0.1), chance.randrange(10_000)
    q = one_bell(mu)
    first, second = sample(q, TWO, seed)
    kept = [round(z, 2) for z in (first, second)]
    z = torch.tensor(kept, dtype=torch.float64)
    f, s = z.square(), q.scores(z[:, None, None])["loc"].flatten()
    others = f.flip(0)
    return Drawn(
        {"mu": mu, "z1": f"{kept[0]:.2f}", "z2": f"{kept[1]:.2f}"},
        {
            "others": ((f - others) * s).mean().item(),
            "own": ((f - f.mean()) * s).mean().item(),
            "plain": (f * s).mean().item(),
            "sum": ((f - others) * s).sum().item(),
        },
    )


@computed
def slope_of_a_step(chance: Random) -> Drawn:
    """The density at the step; wrong: the slope of the step, the chance, sigma forgotten."""
    mu, k = pick(chance, -1.0, 2.0, 0.1), 0.5
    sigma = chance.choice((0.4, 0.5, 0.6, 0.7, 1.5, 1.6, 1.8, 2.0))
    exact = Experiment("step", "score", loc=mu, scale=sigma, knobs={"k": k}).exact()
    return Drawn(
        {"mu": mu, "sigma": sigma},
        {
            "density": exact.gradient["loc"].item(),
            "flat": 0.0,
            "chance": exact.value.item(),
            "sigma": exact.gradient["loc"].item() * sigma,
        },
        digits=3,
    )
