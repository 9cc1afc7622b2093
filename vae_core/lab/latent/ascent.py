"""The best bell: q climbs the ELBO in its own mu and log sigma.

Each step follows the natural gradient (Amari 1998): a Gaussian's Fisher information is 1 / sigma^2
in mu and 2 in log sigma, so mu moves by sigma^2 times its slope and log sigma by half of its own. A
step that is too long is cut, and one that would lower the bound is halved until it does not.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from vae_core.lab.latent.bound import Elbo, elbo
from vae_core.lab.latent.model import Bell, LatentModel

# The longest step: so many deviations in mu, so much in log sigma.
LONGEST, WIDEST = 1.0, 0.7
HALVINGS, MOST_STEPS, SETTLED = 40, 400, 1e-5
GRID = torch.linspace(-5.0, 5.0, 401, dtype=torch.float64)


class Climb(NamedTuple):
    """The bells on the way, the start first, and the ELBO of each in nats."""

    bells: tuple[Bell, ...]
    bounds: tuple[float, ...]


def climb(model: LatentModel, x: float, start: Bell, steps: int, rate: float = 1.0) -> Climb:
    """So many steps up from `start`, never down; it ends early where it stands still.

    Args:
        rate: share of the natural gradient that a step takes, in (0, 1].
    """
    bells, bounds = [start], [elbo(model, x, start)]
    for _ in range(steps):
        found = _step(model, x, bells[-1], bounds[-1], rate)
        if found is None:
            break
        bells.append(found[0])
        bounds.append(found[1])
    return Climb(tuple(bells), tuple(each.value for each in bounds))


def _step(
    model: LatentModel, x: float, q: Bell, bound: Elbo, rate: float
) -> tuple[Bell, Elbo] | None:
    """The next bell and its ELBO; None where no step leads up."""
    along = _cut(rate * q.scale**2 * bound.by_loc, LONGEST * rate * q.scale)
    wider = _cut(rate * 0.5 * bound.by_log_scale, WIDEST * rate)
    for _ in range(HALVINGS):
        if abs(along) <= SETTLED * q.scale and abs(wider) <= SETTLED:
            return None
        to = Bell(q.loc + along, q.scale * math.exp(wider))
        risen = elbo(model, x, to)
        if risen.value >= bound.value:
            return to, risen
        along, wider = 0.5 * along, 0.5 * wider
    return None


def _cut(step: float, longest: float) -> float:
    return max(-longest, min(longest, step))


@functools.lru_cache(maxsize=1024)
def best_bell(model: LatentModel, x: float) -> Bell:
    """The bell with the highest ELBO that was found: of the posterior itself, or by climbing.

    The climbs start from every hill of the posterior and from its mean and deviation, so what is
    found is the best of a few summits, and no proof that there is no better one. Of two that are
    equally high the one further right is taken.
    """
    posterior = model.posterior_bell(x)
    if posterior is not None:
        return posterior
    climbs = [climb(model, x, start, MOST_STEPS) for start in _starts(model, x)]
    best = max(climbs, key=lambda each: round(each.bounds[-1], 9))
    return best.bells[-1]


def _starts(model: LatentModel, x: float) -> Sequence[Bell]:
    """A bell for each hill of the posterior that the grid sees, and one over all of it."""
    height = model.log_posterior(x, GRID).exp()
    inner = height[1:-1]
    tops = GRID[1:-1][(inner >= height[:-2]) & (inner > height[2:])]
    mass = height / height.sum()
    mean = float(mass @ GRID)
    deviation = math.sqrt(float(mass @ (GRID - mean) ** 2))
    hills = [Bell(top, 0.5 * deviation) for top in reversed(tops.tolist())]
    return [*hills, Bell(mean, deviation)]
