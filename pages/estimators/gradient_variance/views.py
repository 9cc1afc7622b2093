"""The views of the variance lab: for each a frame, a figure, the sliders, and a takeaway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pages.estimators.gradient_variance import (
    drawn_from,
    duel,
    histograms,
    minibatch,
    sweep,
    who_wins,
)
from pages.estimators.gradient_variance.draws import MOST_DRAWS
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset, Transport
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import Knob, find_problem
from vae_core.lab.experiment import NORMAL

KNOB_STEPS = 41
HEIGHT = 330
DRAWS = (*range(1, 11), *range(20, 101, 10), *range(200, MOST_DRAWS + 1, 100))
FEW_DRAWS = (*range(1, 31), *range(35, duel.MOST + 1, 5))

MU = Param("mu", "mean μ", -3, 3, 0.1, default=2, colour="mu")
SIGMA = Param("sigma", "deviation σ", 0.1, 3, 0.05, default=1, colour="sigma")
SAMPLES = Param(
    "samples",
    "samples K",
    positions=tuple(range(1, sweep.WHOLE[-1] + 1)),
    default=1,
    format="d",
    help="How many draws one estimate averages over.",
)
DIM = Param(
    "dim",
    "dimensions D",
    positions=tuple(range(1, sweep.WHOLE[-1] + 1)),
    default=1,
    format="d",
    colour="z",
    help="The cost sums over all of them; the gradient is that of the first.",
)
BATCH = Param(
    "batch",
    "minibatch B of 32",
    positions=tuple(range(1, minibatch.BATCHES[-1] + 1)),
    default=4,
    colour="x",
    format="d",
    help="How many of the data points one gradient looks at.",
)
SPREAD = Param("spread", "spread of the data", 0, 3, 0.1, default=1, colour="x")
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)


@dataclass(frozen=True)
class Chosen:
    """What the pickers above the figure say."""

    problem: str
    names: tuple[str, ...]
    parameter: str
    along: str
    compare: str = "samples"
    family: str = NORMAL

    def words(self, *names: str) -> dict[str, Any]:
        """Some of them by name, as arguments."""
        family = {} if self.family == NORMAL else {"family": self.family}
        return {name: getattr(self, name) for name in names} | family

    @property
    def where(self) -> tuple[Param, ...]:
        """The sliders of q."""
        if self.family == NORMAL:
            return MU, SIGMA
        return drawn_from.sliders(self.problem, self.family)

    @property
    def knobs(self) -> tuple[Param, ...]:
        """A slider for each setting of the problem."""
        settings = find_problem(self.problem).knobs
        return tuple(knob_slider(name, knob) for name, knob in settings.items())


def knob_slider(name: str, knob: Knob) -> Param:
    """Evenly spaced positions, in the logarithm where the setting is positive; and the default."""
    space = np.geomspace if knob.minimum > 0 else np.linspace
    walk = {float(f"{x:.2g}") for x in space(knob.minimum, knob.maximum, KNOB_STEPS)}
    positions = tuple(sorted(walk | {knob.default}))
    return Param(name, knob.label, positions=positions, default=knob.default, format=".3g")


def _film(positions: tuple[int, ...], start: int) -> Transport:
    draws = Param("n", "estimates drawn", positions=positions, default=start, format="d")
    jumps = tuple((f"draw {count}", count) for count in (1, 100) if count < positions[-1])
    return Transport(draws, seconds=6, buttons=jumps)


def _histograms(chosen: Chosen) -> Picture:
    words = chosen.words("problem", "names", "parameter")
    return Picture(
        frame=histograms.histograms,
        figure=partial(histograms.draw_histograms, **words),
        steady=True,
        params=(*chosen.where, SAMPLES, DIM, *chosen.knobs, SEED),
        transport=_film(DRAWS, MOST_DRAWS),
        extra=words,
        takeaway="{verdict}",
        tex=_tex(chosen),
        height=max(HEIGHT, 105 * len(chosen.names)),
        table={"exact gradient": "{exact:.4g}", "estimates drawn": "{shown:d}"}
        | {
            ESTIMATORS[name].title: f"mean {{mean_{name}:.4g}} ± {{error_{name}:.2g}}, "
            f"variance {{var_{name}}}"
            for name in chosen.names
        },
    )


def _running(chosen: Chosen) -> Picture:
    shown = _histograms(chosen)
    return replace(
        shown,
        frame=histograms.running_means,
        figure=partial(histograms.draw_running_means, **shown.extra),
    )


def _duel(chosen: Chosen) -> Picture:
    words, letter = chosen.words("problem", "parameter"), drawn_from.noise_letter(chosen.family)
    eps = f" {letter} = {{eps:.2f}}" if letter else ""
    noise = {f"newest {letter}": "{eps:.4f}"} if letter else {}
    z, beyond = ("z = μ + σ ε", "") if chosen.family == NORMAL else ("its z", "{beyond}")
    return Picture(
        frame=duel.duel,
        figure=partial(duel.draw_duel, **words),
        steady=True,
        params=(*chosen.where, *chosen.knobs, SEED),
        transport=_film(FEW_DRAWS, 12),
        extra=words,
        takeaway=f"The ringed draw{eps} lands at z = {{z:.2f}}{beyond}: the slope says "
        "{by_path:.3g}, the score says {by_score:.3g}, and the exact gradient is {exact:.3g}.",
        table=noise
        | {
            z: "{z:.4f}",
            "its reparameterized gradient": "{by_path:.4g}",
            "its REINFORCE gradient": "{by_score:.4g}",
            "mean of the reparameterized ones": "{mean_path:.4g}",
            "mean of the REINFORCE ones": "{mean_score:.4g}",
            "exact gradient": "{exact:.4g}",
        },
        height=400,
    )


def _against(chosen: Chosen) -> Picture:
    words = chosen.words("problem", "names", "parameter", "along")
    return Picture(
        frame=sweep.against,
        figure=partial(sweep.draw_against, **words),
        steady=True,
        params=(*chosen.where, SAMPLES, DIM, *chosen.knobs, SEED),
        extra=words,
        takeaway="{verdict}",
        table=_variances(chosen),
        height=HEIGHT,
    )


def _map(chosen: Chosen) -> Picture:
    words = chosen.words("problem", "names", "parameter", "compare")
    price = "variance × evaluations" if chosen.compare == "cost" else "variance"
    return Picture(
        frame=who_wins.standing,
        figure=partial(who_wins.draw_map, **words),
        params=(MU, SIGMA, SAMPLES, DIM, *chosen.knobs, SEED),
        extra=words,
        takeaway="{verdict}",
        table=_variances(chosen, price),
        height=HEIGHT,
    )


def _minibatch(chosen: Chosen) -> Picture:
    words = chosen.words("names", "parameter")
    return Picture(
        frame=minibatch.parts,
        figure=partial(minibatch.draw_parts, **words),
        steady=True,
        params=(MU, SIGMA, SAMPLES, BATCH, SPREAD, SEED),
        extra=words,
        takeaway="{verdict}",
        tex=r"\operatorname{Var} = \underbrace{\Bigl(1 - \tfrac{B}{N}\Bigr)\tfrac{S^2}{B}}"
        r"_{\text{minibatch: }\val{minibatch:.3g}} + \underbrace{\tfrac{1}{B}\,"
        r"\overline{\operatorname{Var}_{\sym{eps}{\varepsilon}}}}_{\text{noise: }\val{noise:.3g}}"
        r"\quad B = \val{batch},\ N = 32",
        table={"minibatch part": "{minibatch:.4g}"}
        | {
            f"noise part, {ESTIMATORS[name].title}": f"{{noise_{name}:.4g}}"
            for name in chosen.names
        },
        height=HEIGHT,
    )


def _variances(chosen: Chosen, price: str = "variance") -> dict[str, str]:
    """A row for each estimator: its variance, or its price, where the sliders stand."""
    return {f"{price}, {ESTIMATORS[name].title}": f"{{var_{name}}}" for name in chosen.names}


@dataclass(frozen=True)
class View:
    """A way to look at the lab.

    Attributes:
        title: what the picker calls it.
        build: the picture of it.
        own_cost: whether it has a cost of its own and ignores the picker.
        starts_with: the cost that it shows first.
        any_family: whether z may be drawn from another family than the Normal.
        instead: why it shows the Normal in place of a family; None where it need not.
        alone: why it draws from a Normal alone, and where another family is looked at.
    """

    title: str
    build: Callable[[Chosen], Picture]
    own_cost: bool = False
    starts_with: str = "square"
    any_family: bool = False
    instead: Callable[[str], str | None] = lambda family: None
    alone: str = ""


VIEWS: dict[str, View] = {
    "histogram": View("Histograms", _histograms, any_family=True),
    "duel": View("One draw, two gradients", _duel, any_family=True, instead=drawn_from.not_both),
    "mean": View("Running mean", _running, any_family=True),
    "against": View("Variance against ...", _against, any_family=True),
    "map": View("Who wins where", _map, starts_with="sine", alone=drawn_from.NO_MAP),
    "parts": View("Data or dice?", _minibatch, own_cost=True, alone=drawn_from.NO_PARTS),
}


def presets(lesson: Lesson, view: str, chosen: Chosen) -> list[Preset]:
    """What to try, without leaving the view."""
    stay: dict[str, object] = {"view": view}
    if view == "against":
        stay["along"] = chosen.along if chosen.family == NORMAL else "samples"
    if view == "map":
        stay |= {"problem": "square", "compare": chosen.compare}
    map_at_cost = {"view": "map", "problem": "sine", "compare": "cost"}
    tries: dict[str, dict[str, object]] = {
        "try_wins": {},
        "try_loses": {"problem": "sine", "mu": 0},
        "try_wrong": {"problem": "step", "mu": 0},
        "try_baseline": {"problem": "exp", "names": "score,score_loo", "samples": 10},
        "try_dimension": {"dim": 20},
        "try_narrow": {"sigma": 0.1},
        "try_cost": {**map_at_cost, "names": "pathwise,score,measure_valued"},
    }
    evaluations = ESTIMATORS["measure_valued"].evaluations(1, 1)
    return [
        Preset(lesson.text(section, evaluations=evaluations), stay | values)
        for section, values in tries.items()
    ]


def _tex(chosen: Chosen) -> str:
    """Each estimator's formula beside the mean of what was drawn."""
    symbol = r"\sym{mu}{\mu}" if chosen.parameter == "loc" else r"\sym{sigma}{\sigma}"
    if chosen.family != NORMAL:
        symbol = FAMILIES[chosen.family].parameters[chosen.parameter].symbol
    rows = [
        rf"\text{{{ESTIMATORS[name].title}: }} "
        rf"\mathbb{{E}}\bigl[{formula}\bigr] \approx \val{{mean_{name}:.3g}}"
        for name in chosen.names
        if (formula := _formula(name, chosen.family, symbol))
    ]
    exact = rf"\text{{exact: }} \nabla_{{{symbol}}}\,\mathbb{{E}}_q[f(z)] = \val{{exact:.3g}}"
    return r"\begin{array}{l}" + r" \\ ".join([exact, *rows]) + r"\end{array}"


def _formula(name: str, family: str, symbol: str) -> str:
    """One estimate: along a path as the registry writes it for a Normal, else by how z moves."""
    rule = ESTIMATORS[name]
    if family == NORMAL or not rule.needs_path:
        return rule.formula
    return rf"f'(z)\,\partial z / \partial {symbol}" if name == "pathwise" else ""
