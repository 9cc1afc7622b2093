"""Computed questions from beyond the path: a bell's curvature, and coins."""

from __future__ import annotations

from random import Random

import torch

from pages.review.quiz.computed.registry import Again, Drawn, agree, computed, pick, written
from vae_core.lab import find_problem
from vae_core.lab.exact.coin import Toss, law

LEAST_CURVATURE = 2.0


@computed
def slope_in_deviation(chance: Random) -> Drawn:
    """Sigma E[f'']; wrong: Price's slope in C, no chain rule, a factor of two forgotten."""
    mu, sigma = pick(chance, -2.0, 2.0, 0.1), pick(chance, 0.3, 1.2, 0.05)
    wells = find_problem("double_well")
    at = (torch.tensor(value, dtype=torch.float64) for value in (mu, sigma))
    slope = wells.exact(*at, **wells.settings()).scale.item()
    curvature = written(slope / sigma)
    if curvature < LEAST_CURVATURE:
        raise Again
    agree(sigma * curvature, slope)
    return Drawn(
        {"mu": mu, "sigma": sigma, "curvature": f"{curvature:.2f}"},
        {
            "sigma": slope,
            "half": slope / sigma / 2.0,
            "whole": slope / sigma,
            "both": slope / 2.0,
        },
    )


def coin(chance: Random) -> Toss:
    """A coin on a position of the page's slider, and the cost exp 2z."""
    problem = find_problem("f=exp(2z)")
    return Toss(problem.terms, pick(chance, -2.0, 2.0, 0.2))


@computed
def straight_through_mean(chance: Random) -> Drawn:
    """Its mean; wrong: the gradient itself, the slope at p, the factor p (1 - p) forgotten."""
    toss = coin(chance)
    known, (zero, p) = law("straight_through", toss), toss.chances
    slope = toss.costs_and_slopes(torch.tensor([p], dtype=torch.float64).numpy())[1].item()
    mean = 0.0 if known is None else known.mean
    return Drawn(
        {"eta": toss.logit, "p": f"{p:.3f}", "f1": f"{toss.ends[0][1]:.2f}"},
        {
            "slopes": mean,
            "exact": toss.gradient,
            "middle": zero * p * slope,
            "bare": mean / (zero * p),
        },
    )


@computed
def one_draw_of_a_coin(chance: Random) -> Drawn:
    """Cost times score; wrong: the score in p, the path's zero, the gradient itself."""
    toss, z = coin(chance), chance.choice((0, 1))
    zero, p = toss.chances
    f = toss.ends[0][z].item()
    report = f * toss.scores[z]
    return Drawn(
        {"eta": toss.logit, "p": f"{p:.3f}", "z": z, "f": f"{f:.2f}"},
        {"score": report, "chance": report / (zero * p), "path": 0.0, "mean": toss.gradient},
    )
