"""What the page computes: a bell q beside the posterior, and log p(x) = ELBO + KL.

What belongs to a model and an x alone, the evidence, the posterior and the best bell, is kept: the
sliders of q ask for it again and again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from pages.goal.elbo_gap.bars import lying, standing
from pages.ui.live import Frame
from pages.ui.numbers import number
from vae_core.lab.latent import (
    Bell,
    Climb,
    ConjugateGaussian,
    Evidence,
    LatentModel,
    Parabola,
    best_bell,
    climb,
    elbo,
    kl_to_posterior,
)

NOISE = 0.75
MODELS: dict[str, LatentModel] = {
    "bell": ConjugateGaussian(noise=NOISE),
    "hills": Parabola(noise=NOISE),
}
STEPS, RATE = 40, 0.15
SIDE = 3.4
GRID = np.linspace(-SIDE, SIDE, 137)
AROUND = np.linspace(-3.6, 3.6, 49)
# What rounds to 0.00 nats; and what a few steps must add for the climb to be on its way.
UNSEEN, ON_THE_WAY, FEW = 0.005, 0.001, 3
NOTHING = 1e-9


class Known(NamedTuple):
    """What a model and an x fix: log p(x), the posterior over GRID, and what the best bell leaves.

    Attributes:
        posterior: p(z|x), (137,).
        left: KL of the best bell from the posterior, in nats.
    """

    evidence: Evidence
    posterior: np.ndarray
    best: Bell
    left: float


@lru_cache(maxsize=512)
def known(model: str, x: float) -> Known:
    """All that no slider of q changes."""
    chosen = MODELS[model]
    density = chosen.log_posterior(x, torch.from_numpy(GRID)).exp().numpy()
    best = best_bell(chosen, x)
    return Known(chosen.evidence(x), density, best, kl_to_posterior(chosen, x, best).value)


@lru_cache(maxsize=1024)
def way(model: str, x: float, mu: float, sigma: float) -> Climb:
    """The climb from a bell."""
    return climb(MODELS[model], x, Bell(mu, sigma), STEPS, RATE)


def frame(mu: float, sigma: float, x: float, t: int, model: str) -> Frame:
    """q after t steps up the ELBO from N(mu, sigma^2), the posterior, and the bars.

    Args:
        mu, sigma: The bell that the sliders hold.
        x: What is seen.
        t: Steps of the climb, 0 to STEPS; at 0 q is the sliders' bell.
        model: A name of MODELS.
    """
    start, there = Bell(mu, sigma), known(model, x)
    q, rising = start, True
    if t:
        climbed = way(model, x, mu, sigma)
        at = min(t, len(climbed.bells) - 1)
        q = climbed.bells[at]
        rising = climbed.bounds[at] - climbed.bounds[max(0, at - FEW)] > ON_THE_WAY
    found, gap = elbo(MODELS[model], x, q), kl_to_posterior(MODELS[model], x, q)
    numbers: dict[str, float | str] = {
        "evidence": there.evidence.log,
        "bound": found.value,
        "gap": gap.value,
        "left": there.left,
        "reconstruction": found.reconstruction,
        "kl_prior": found.kl_to_prior,
        "joint": found.log_joint,
        "entropy": found.entropy,
        "mu_q": q.loc,
        "sigma_q": q.scale,
        "best_mu": there.best.loc,
        "best_sigma": there.best.scale,
        "error": there.evidence.error + found.error + gap.error,
        "verdict": verdict(there, gap.value, rising),
    }
    nats = (there.evidence.log, found.value, gap.value, there.left)
    return Frame(_bells(start, q, there) | standing(*nats) | lying(*nats), numbers)


def _bells(start: Bell, q: Bell, there: Known) -> dict[str, dict[str, Any]]:
    """The densities over z, and the grips of the sliders' bell."""
    flank = np.array([start.loc - start.scale, start.loc + start.scale])
    return {
        "posterior p(z|x)": {"x": GRID, "y": there.posterior},
        "start": _curve(start),
        "bell q(z)": _curve(q),
        "flank": {"x": flank, "y": np.full(2, np.exp(-0.5) * _top(start))},
    }


def _top(q: Bell) -> float:
    """The density of a bell at its mean."""
    return float(1.0 / (q.scale * np.sqrt(2.0 * np.pi)))


def _curve(q: Bell) -> dict[str, np.ndarray]:
    return {"x": q.loc + q.scale * AROUND, "y": _top(q) * np.exp(-0.5 * AROUND**2)}


def verdict(there: Known, gap: float, rising: bool) -> str:
    """What the gap says, in a sentence or two.

    Args:
        rising: Whether the bound still climbs; True where nothing is played.
    """
    top, missing = number(there.evidence.log), number(gap)
    if gap < NOTHING:
        return f"q and the posterior coincide, and the bound touches: ELBO = log p(x) = {top} nats."
    if gap < UNSEEN:
        return f"The ELBO lies less than {UNSEEN} nats below log p(x) = {top}: it all but touches."
    lies = f"The ELBO lies {missing} nats below log p(x) = {top}"
    if gap - there.left < UNSEEN:
        return f"{lies}. No bell comes closer than {_left(there)}."
    if not rising:
        return f"{lies}, and the climb stands almost still. The best bell leaves {_left(there)}."
    return f"{lies}: that is KL(q ‖ p(z|x)). The best bell would leave {_left(there)}."


def _left(there: Known) -> str:
    if there.left < NOTHING:
        return "none"
    return number(there.left) if there.left >= UNSEEN else f"less than {UNSEEN}"
