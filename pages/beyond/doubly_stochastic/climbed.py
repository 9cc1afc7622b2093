"""The climbs that the page shows, each computed once: two features, or all of them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pages.ui.numbers import number
from vae_core.lab.doubly_stochastic.bell import Bell, FixedPrior, bound
from vae_core.lab.doubly_stochastic.beside import Posterior, best_bell, posterior
from vae_core.lab.doubly_stochastic.cases import TRAINED_ON, TWO, Cases, load
from vae_core.lab.doubly_stochastic.climb import Plan, climb

STEPS, LOOKS = 800, 20
KNOTS = tuple(range(0, STEPS + 1, LOOKS))
RATE = 0.1
PRIOR = FixedPrior(1.0)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, TRAINED_ON)


class Way(NamedTuple):
    """A climb at the KNOTS: the bells, and their exact bounds in nats, (knots,)."""

    bells: tuple[Bell, ...]
    bounds: np.ndarray


def two() -> Cases:
    """The cases with two features."""
    return load(TWO)


@lru_cache(maxsize=128)
def way(shape: str, noise: str, batch: int, seed: int) -> Way:
    """The climb on two features."""
    plan, cases = Plan(shape, noise, PRIOR.scale, batch, 1, STEPS, None, RATE, seed), two()
    bells = tuple(at.q for at in climb(plan, cases, LOOKS))
    bounds = [float(bound(q, PRIOR, cases.x, cases.sign)) for q in bells]
    return Way(bells, np.array(bounds))


@lru_cache(maxsize=2)
def best(shape: str) -> tuple[Bell, float]:
    """The best bell of a shape, and its bound."""
    cases = two()
    found = best_bell(shape, PRIOR, cases.x, cases.sign)
    return found, float(bound(found, PRIOR, cases.x, cases.sign))


@lru_cache(maxsize=1)
def one_case() -> dict[str, str]:
    """How a climb with one case a step ends, and one with all cases a step: gaps in nats."""
    cases, top = len(two().x), target().evidence
    gaps = (top - way("diagonal", "weights", batch, 0).bounds[-1] for batch in (1, cases))
    one, every = (number(float(gap)) for gap in gaps)
    floor = number(top - best("diagonal")[1])
    return {"cases": f"{cases}", "one": one, "every": every, "floor": floor, "steps": f"{STEPS}"}


@lru_cache(maxsize=1)
def target() -> Posterior:
    """The posterior of the two weights and the constant."""
    cases = two()
    return posterior(PRIOR, cases.x, cases.sign)
