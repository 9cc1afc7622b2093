"""The ways of a race's runners, and the map of the exact loss that they walk over.

All starts and learning rates of the sliders are run at once, as lanes of one race (see
`vae_core.lab.race`), once for each estimator, K and seed; a frame only looks its paths up.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from vae_core.lab.race import Course, Lane, Lanes, Trajectory, run, run_exact

STEPS = 120
# The steps that are drawn: each one at first, where most happens, then every second, then fourth.
KNOTS = (*range(21), *range(22, 61, 2), *range(64, STEPS + 1, 4))
RATES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
SAMPLES = (1, 5, 20)
STARTS_MU = (-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
STARTS_SIGMA = (0.1, 0.25, 0.5, 1.0, 2.0)
MU_WINDOW, SIGMA_WINDOW = (-3.4, 3.4), (0.04, 4.0)
MAP_SIZE = 49
MOST_LOSS = 1e30  # More than that is only seen to be far off.
EXACT = "exact gradient"


class Way(NamedTuple):
    """One runner's way at the steps that are drawn, as far as it got; (knots,) each."""

    mu: np.ndarray
    log_sigma: np.ndarray
    loss: np.ndarray
    evaluations: np.ndarray
    step: np.ndarray
    stopped: str | None


@lru_cache(maxsize=96)
def _lanes(name: str, problem: str, k: int, seed: int) -> Lanes:
    """All starts and learning rates of one estimator."""
    lanes = [Lane(*place) for place in _PLACES]
    return run(name, Course(problem, k, STEPS, seed), lanes)


_PLACES = {
    (mu, sigma, rate): number
    for number, (mu, sigma, rate) in enumerate(
        (mu, sigma, rate) for mu in STARTS_MU for sigma in STARTS_SIGMA for rate in RATES
    )
}


@lru_cache(maxsize=512)
def _exact_lanes(problem: str, start: tuple[float, float] | None) -> Lanes:
    """All learning rates on the exact gradient, from one start or, for None, from all of them."""
    places = [place for place in _PLACES if start is None or place[:2] == start]
    return run_exact(Course(problem, steps=STEPS), [Lane(*place) for place in places])


def _exact_way(problem: str, mu: float, sigma: float, rate: float) -> Trajectory:
    """A closed form is so cheap that all starts are run at once; a quadrature is not."""
    if _is_closed_form(problem):
        return _exact_lanes(problem, None).trajectory(_PLACES[mu, sigma, rate])
    return _exact_lanes(problem, (mu, sigma)).trajectory(RATES.index(rate))


@lru_cache(maxsize=32)
def _is_closed_form(problem: str) -> bool:
    course, one = Course(problem), torch.ones(1, dtype=torch.float64)
    return course.cost_problem.exact(one, one, **course.knobs).error == 0.0


@lru_cache(maxsize=4096)
def way(name: str, problem: str, mu: float, sigma: float, rate: float, k: int, seed: int) -> Way:
    """The way of an estimator, or of the exact gradient, whatever K and seed."""
    if name == EXACT:
        trajectory = _exact_way(problem, mu, sigma, rate)
    else:
        trajectory = _lanes(name, problem, k, seed).trajectory(_PLACES[mu, sigma, rate])
    last = len(trajectory.mu) - 1
    at = np.array([*(step for step in KNOTS if step < last), last])
    return Way(
        trajectory.mu[at],
        np.log(trajectory.sigma[at]),
        np.clip(trajectory.loss[at], -MOST_LOSS, MOST_LOSS),
        trajectory.evaluations[at],
        at,
        trajectory.stopped,
    )


@lru_cache(maxsize=32)
def loss_map(problem: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact loss over the window: mu (M,), log sigma (M,), loss (M, M), rows along log sigma."""
    mu = np.linspace(*MU_WINDOW, MAP_SIZE)
    log_sigma = np.log(np.geomspace(*SIGMA_WINDOW, MAP_SIZE))
    return mu, log_sigma, Course(problem).loss(*np.meshgrid(mu, np.exp(log_sigma)))


@lru_cache(maxsize=32)
def loss_window(problem: str) -> tuple[float, float]:
    """What the loss axis shows: most starts of the map, and the lowest place on it."""
    _, _, loss = loss_map(problem)
    low, high = float(loss.min()), float(np.quantile(loss, 0.8))
    return low - 0.06 * (high - low), high
