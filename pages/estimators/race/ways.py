"""The ways of a race's runners, and the map of the exact loss that they walk over.

All starts and learning rates of the sliders are run at once, as lanes of one race (see
`vae_core.lab.race`), once for each estimator, K and seed; a frame only looks its paths up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
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


@dataclass(frozen=True)
class Setting:
    """Where the sliders stand: a problem, a start with its learning rate, and the noise.

    Attributes:
        problem: name of the cost.
        lane: start and learning rate, one of `PLACES`.
        samples: K behind one gradient; an estimator that needs more takes its fewest.
        seed: of the noise, the same for all.
    """

    problem: str
    lane: Lane
    samples: int = 1
    seed: int = 0

    @property
    def course(self) -> Course:
        """What all runners share here."""
        return Course(self.problem, self.samples, STEPS, self.seed)


def setting(problem: str, mu: float, sigma: float, rate: float, k: int, seed: int) -> Setting:
    """The setting at the sliders' values."""
    return Setting(problem, Lane(mu, sigma, rate), k, seed)


class Way(NamedTuple):
    """One runner's way at the steps that are drawn, as far as it got; (knots,) each."""

    loc: np.ndarray
    log_scale: np.ndarray
    loss: np.ndarray
    evaluations: np.ndarray
    step: np.ndarray
    stopped: str | None


PLACES = {
    Lane(mu, sigma, rate): number
    for number, (mu, sigma, rate) in enumerate(product(STARTS_MU, STARTS_SIGMA, RATES))
}


@lru_cache(maxsize=96)
def _lanes(name: str, problem: str, samples: int, seed: int) -> Lanes:
    """All starts and learning rates of one estimator."""
    return run(name, Course(problem, samples, STEPS, seed), list(PLACES))


@lru_cache(maxsize=512)
def _exact_lanes(problem: str, start: tuple[float, float] | None) -> Lanes:
    """All learning rates on the exact gradient, from one start or, for None, from all of them."""
    places = [place for place in PLACES if start is None or place[:2] == start]
    return run_exact(Course(problem, steps=STEPS), places)


def _exact_way(problem: str, lane: Lane) -> Trajectory:
    """A closed form is so cheap that all starts are run at once; a quadrature is not."""
    if _is_closed_form(problem):
        return _exact_lanes(problem, None).trajectory(PLACES[lane])
    return _exact_lanes(problem, lane[:2]).trajectory(RATES.index(lane.learning_rate))


@lru_cache(maxsize=32)
def _is_closed_form(problem: str) -> bool:
    course, one = Course(problem), torch.ones(1, dtype=torch.float64)
    return course.cost_problem.exact(one, one, **course.knobs).error == 0.0


@lru_cache(maxsize=4096)
def way(name: str, at: Setting) -> Way:
    """The way of an estimator, or of the exact gradient: see `EXACT`."""
    if name == EXACT:
        trajectory = _exact_way(at.problem, at.lane)
    else:
        trajectory = _lanes(name, at.problem, at.samples, at.seed).trajectory(PLACES[at.lane])
    last = len(trajectory.loc) - 1
    knots = np.array([*(step for step in KNOTS if step < last), last])
    return Way(
        trajectory.loc[knots],
        np.log(trajectory.scale[knots]),
        np.clip(trajectory.loss[knots], -MOST_LOSS, MOST_LOSS),
        trajectory.evaluations[knots],
        knots,
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
