"""Estimates for the pictures of the variance lab, drawn once and kept while they are looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from pages.estimators.gradient_variance import drawn_from
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import find_problem
from vae_core.lab.experiment import NORMAL, Estimates, Experiment, chunk_generator, estimates
from vae_core.lab.measurement import Measurement, measure

MOST_DRAWS, FEWEST_DRAWS, WORK = 2_000, 100, 100_000
TABLE_WORK, TABLE_DRAWS = 2_000_000, 20_000
GREEK = drawn_from.GREEK
REFERENCE = ("score", "pathwise")
ANY = "naive"  # takes every family: what is asked of it here is the exact value
CENTRAL = (0.02, 0.98)
ROUNDING, MOVING = 1e-20, 1e-4  # of a variance in a figure that moves: less is not seen
_BASELINE = {"loo": "score_loo", "plain": "score"}

Knobs = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Setting:
    """Where the sliders stand: a problem at some q, and the noise that is drawn.

    Attributes:
        problem: its name; empty where a picture has a cost of its own.
        knobs: its settings, as sorted pairs, so that a setting can be a key.
        parameter: "loc", "scale" or another family's, the one that the gradient is taken in.
        loc, scale: parameters of a Normal q, the same in each of `dim` dimensions.
        samples: K behind one estimate, raised where an estimator needs more.
        family, numbers: of q, where it is no Normal: its name, and its parameters by name.
    """

    problem: str
    knobs: Knobs
    parameter: str
    loc: float = 1.0
    scale: float = 1.0
    samples: int = 1
    dim: int = 1
    seed: int = 0
    family: str = NORMAL
    numbers: Knobs = ()

    def experiment(self, name: str, replicates: int = MOST_DRAWS) -> Experiment:
        """The experiment that measures one estimator here."""
        k = max(self.samples, ESTIMATORS[name].min_samples)
        knobs, numbers = dict(self.knobs), dict(self.numbers)
        where = (self.loc, self.scale, self.dim, k, replicates, self.seed, knobs)
        return Experiment(self.problem, name, *where, self.family, numbers)

    def gradients(self, name: str, replicates: int) -> np.ndarray:
        """Single estimates of the gradient of the first dimension, (replicates,)."""
        found = draws(replace(self, parameter="loc"), name, replicates)
        return found.gradient[self.parameter]

    def exact(self) -> float:
        """The gradient that they all aim at."""
        return _exact(self)

    def variance(self, name: str, replicates: int) -> float:
        """Exact where it is known, else measured; infinite where that is known."""
        experiment = self.experiment(name)
        known = experiment.exact_variance(self.parameter, MOVING)
        if known is not None:
            return known
        if not experiment.normal and experiment.is_endless(2, self.parameter):
            return math.inf
        found = self.gradients(name, replicates)
        measured = float(found.var(ddof=1))
        centre = self.exact() if experiment.normal else float(found.mean())  # exact takes longer
        return measured if measured > ROUNDING * centre**2 else 0.0


def setting(
    problem: str, parameter: str, sliders: Mapping[str, float], family: str = NORMAL
) -> Setting:
    """The setting at the sliders' values; what the view has no slider for takes its default."""
    known = find_problem(problem).knobs if problem else {}
    knobs = tuple((name, sliders.get(name, known[name].default)) for name in sorted(known))
    whole: dict[str, Any] = {
        name: int(sliders[name]) for name in ("samples", "dim", "seed") if name in sliders
    }
    if family == NORMAL:
        return Setting(problem, knobs, parameter, sliders["mu"], sliders["sigma"], **whole)
    numbers = tuple(
        (name, sliders[drawn_from.key(family, name)]) for name in FAMILIES[family].parameters
    )
    return Setting(problem, knobs, parameter, **whole, family=family, numbers=numbers)


@lru_cache(maxsize=4096)
def _exact(setting: Setting) -> float:
    return float(setting.experiment(ANY).exact().gradient[setting.parameter][0])


@lru_cache(maxsize=1024)
def draws(setting: Setting, name: str, replicates: int) -> Estimates:
    """All estimates of one estimator at a setting, whichever the parameter."""
    return estimates(setting.experiment(name, replicates))


def affordable(names: tuple[str, ...], samples: int, dim: int, work: int = WORK) -> int:
    """How many estimates of each of the names a picture can afford."""
    cost = max(
        ESTIMATORS[name].evaluations(max(samples, ESTIMATORS[name].min_samples), dim) * dim
        for name in names
    )
    return int(np.clip(work // cost, FEWEST_DRAWS, MOST_DRAWS))


def noise_and_draws(setting: Setting, count: int) -> tuple[np.ndarray, np.ndarray]:
    """What is behind the first estimates with one sample in one dimension.

    Returns the noise, (count,), or (count, M) where M numbers stand behind each z; and z, (count,).
    """
    experiment = replace(setting, samples=1, dim=1).experiment(ANY, count)
    noise = experiment.base_noise(count, chunk_generator(setting.seed, 0))
    z = experiment.distribution(count).detach().transform(torch.from_numpy(noise))
    return noise[0, :, 0], z[0, :, 0].numpy()


class Spread(NamedTuple):
    """The gradient at mu = sigma = 1 and the deviations of single estimates there."""

    centre: float
    deviation: float


@lru_cache(maxsize=128)
def reference(problem: str, parameter: str, family: str = NORMAL) -> Spread:
    """What sizes a window: it belongs to problem and family, so that no slider moves it."""
    knobs = tuple(sorted(find_problem(problem).settings().items()))
    at = Setting(problem, knobs, parameter)
    if family != NORMAL:
        at = replace(at, family=family, numbers=drawn_from.start(problem, family))
    drawn = [
        at.gradients(name, MOST_DRAWS)
        for name in REFERENCE
        if not ESTIMATORS[name].refusal(FAMILIES[family])
    ]
    deviations = [float(each.std()) for each in drawn]
    if family != NORMAL:  # heavy tails: the deviation of all would hang on a few of them
        deviations = [float(np.ptp(np.quantile(each, CENTRAL))) / 4.0 for each in drawn]
    return Spread(at.exact(), max(*deviations, 1e-3))


@lru_cache(maxsize=256)
def measurement(setting: Setting, name: str) -> Measurement:
    """The table's numbers: many more replicates than a moving picture can afford."""
    k = max(setting.samples, ESTIMATORS[name].min_samples)
    work = ESTIMATORS[name].evaluations(k, setting.dim) * setting.dim
    replicates = int(np.clip(TABLE_WORK // work, 10 * FEWEST_DRAWS, TABLE_DRAWS))
    return measure(setting.experiment(name, replicates))


@lru_cache(maxsize=64)
def variance_table(setting: Setting, names: tuple[str, ...]) -> dict[str, list[str]]:
    """Measured beside exact, a row for each estimator; columns by title."""
    columns: dict[str, list[str]] = {
        "Estimator": [],
        "mean ± std. error": [],
        f"exact ∂E[f]/∂{drawn_from.letter(setting.parameter, setting.family)}": [],
        "variance ± std. error": [],
        setting.experiment(ANY).variance_is: [],
        "K": [],
        "evaluations of f": [],
        "variance × evaluations": [],
    }
    for name in names:
        m, rule = measurement(setting, name), ESTIMATORS[name]
        s = m.gradient[setting.parameter]
        known = m.experiment.exact_variance(setting.parameter)
        cells = (
            rule.title,
            f"{short(s.mean)} ± {short(s.standard_error)}",
            short(s.exact),
            f"{short(s.variance)} ± {short(s.variance_standard_error)}",
            _exact_words(m.experiment, setting.parameter, known),
            str(m.experiment.samples),
            str(rule.evaluations(m.experiment.samples, setting.dim)),
            short(m.work_variance(s)),
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return columns


def _exact_words(experiment: Experiment, parameter: str, known: float | None) -> str:
    if known is not None:
        return short(known)
    endless = not experiment.normal and experiment.is_endless(2, parameter)
    return "infinite" if endless else "none known"


def remarks(setting: Setting, names: tuple[str, ...]) -> list[str]:
    """What to know of the exact value and the chosen estimators here, a sentence each."""
    words = setting.experiment(ANY).exact().words()
    told = [words] if words else []
    for name in names:
        rule = ESTIMATORS[name]
        objection = find_problem(setting.problem).objection(rule)
        if objection:
            told.append(f"**{rule.title}.** {objection}")
        doubt = measurement(setting, name).doubt(setting.parameter)
        if doubt:
            told.append(f"**{rule.title}.** {doubt}")
        if setting.samples < rule.min_samples:
            told.append(f"**{rule.title}** needs {rule.min_samples} samples, and takes as many.")
    return told


@lru_cache(maxsize=1)
def harmful_baseline() -> dict[str, str]:
    """Where a leave-one-out baseline adds noise: the setting, and both variances in closed form."""
    at = Setting("sine", (("omega", 3.0),), "scale", -1.37, 0.43, samples=2, dim=3)
    found = {name: at.variance(rule, FEWEST_DRAWS) for name, rule in _BASELINE.items()}
    told = {"mu": short(at.loc), "sigma": short(at.scale), "dim": str(at.dim), "k": str(at.samples)}
    return told | {name: short(variance) for name, variance in found.items()}
