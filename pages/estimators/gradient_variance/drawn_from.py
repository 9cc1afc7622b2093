"""Other families that z may be drawn from: their sliders, and what does not exist under them."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import torch

from pages.ui import theme
from pages.ui.live import Param
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import find_problem
from vae_core.lab.exact.integrals.any_family import why_not
from vae_core.lab.experiment import NORMAL

STEPS = 31
GREEK = {"loc": "μ", "scale": "σ"}
COLOURS = {"loc": "mu", "scale": "sigma"}
INSTEAD = "sine"
PAIR = ("pathwise", "score")
SIDE = 6.0
LOOKED_AT, MOST, BULK, GROWTH = 2000, (0.05, 0.95), (0.25, 0.75), 1.0

# Of the views that draw from a Normal alone.
NO_MAP = (
    "The map is a plane of μ and σ, so here z is drawn from a Normal: for the {}, look at the "
    "variance against one of its parameters."
)
NO_PARTS = (
    "The part that comes from the data is exact for μ and σ alone, so here z is drawn from a "
    "Normal: for the {}, look at the histograms."
)

Point = dict[str, float]


def titles() -> dict[str, str]:
    """The families of one number, by name; the Normal is the first one."""
    return {name: entry.title for name, entry in FAMILIES.items() if not entry.vector}


def key(family: str, parameter: str) -> str:
    """The slider's name in the address: families share names of parameters, but not ranges."""
    return f"{family}_{parameter}"


def parameter_of(slider: str, family: str) -> str:
    """The parameter that a slider of the family moves; empty where it is none of them."""
    return next((name for name in FAMILIES[family].parameters if key(family, name) == slider), "")


@lru_cache(maxsize=256)
def walk(problem: str, family: str, parameter: str) -> tuple[float, ...]:
    """Where the parameter's slider can stand, the others at their defaults: where E[f] exists."""
    entry = FAMILIES[family]
    p = entry.parameters[parameter]
    space = np.geomspace if p.low > 0.0 and not p.discrete else np.linspace
    steps = int(p.high - p.low) + 1 if p.discrete else STEPS
    standard = standards(family)
    found = {float(f"{x:.2g}") for x in space(p.low, p.high, steps)} | {standard[parameter]}
    return tuple(
        value for value in sorted(found) if not trouble(problem, family, standard, parameter, value)
    )


def standards(family: str) -> Point:
    """Where the registry starts; of a vector there are no sliders."""
    parameters = FAMILIES[family].parameters.items()
    return {name: p.default for name, p in parameters if isinstance(p.default, (int, float))}


def trouble(
    problem: str, family: str, point: Point, parameter: str = "", value: float = 0.0
) -> str | None:
    """Why E[f] does not exist at a point, or with one parameter changed; None where it does."""
    at = {**point, **({parameter: value} if parameter else {})}
    knobs = tuple(find_problem(problem).settings().items())
    return why_not(problem, family, tuple(at.items()), knobs)


@lru_cache(maxsize=256)
def start(problem: str, family: str) -> tuple[tuple[str, float], ...]:
    """Where the sliders stand first: at the defaults, or as near as E[f] exists."""
    return tuple(
        (name, float(min(walk(problem, family, name), key=partial(_away, value))))
        for name, value in standards(family).items()
    )


def _away(one: float, other: float) -> float:
    return abs(one - other)


@lru_cache(maxsize=256)
def impossible(problem: str, family: str) -> str | None:
    """Why E[f] exists nowhere on the sliders, in a sentence; None where it does."""
    entry = FAMILIES[family]
    if all(walk(problem, family, name) for name in entry.parameters):
        return None
    return trouble(problem, family, standards(family))


def sliders(problem: str, family: str) -> tuple[Param, ...]:
    """One for each of the family's parameters."""
    return tuple(
        Param(
            key(family, name),
            label(name, family),
            positions=walk(problem, family, name),
            default=value,
            colour=COLOURS.get(name),
            format=".3g",
        )
        for name, value in start(problem, family)
    )


def noise_letter(family: str) -> str:
    """What a formula calls the noise behind z; empty where several numbers stand behind it."""
    noise = FAMILIES[family].noise
    if noise.density is None:
        return ""
    return "u" if noise.low == 0.0 else "ε"


def gradients(family: str) -> tuple[str, str, dict[str, str]]:
    """Name, label and options of the picker that says in which parameter the gradient is."""
    if family == NORMAL:
        return "of", "Gradient in", GREEK
    names = FAMILIES[family].differentiable
    return f"of_{family}", "Gradient in", {name: label(name, family) for name in names}


def along(family: str) -> str:
    """Name of the picker that says what runs along x: its options are the family's."""
    return "along" if family == NORMAL else f"along_{family}"


def letter(parameter: str, family: str) -> str:
    """What stands below the derivative: the registry's symbol."""
    return theme.plain(FAMILIES[family].parameters[parameter].symbol)


def label(parameter: str, family: str) -> str:
    """The parameter's name and letter, as a slider is called."""
    return f"{parameter} {letter(parameter, family)}"


def cut(problem: str, family: str) -> list[str]:
    """A sentence for each slider that ends early, since beyond there is no E[f]."""
    told = []
    for name, p in FAMILIES[family].parameters.items() if family != NORMAL else ():
        places = walk(problem, family, name)
        for end, reached, word in ((p.low, places[0], "begins"), (p.high, places[-1], "ends")):
            point = dict(start(problem, family))
            why = trouble(problem, family, point, name, end) if reached != end else None
            if why:
                told.append(f"The slider of {name} {word} at {reached:g}. At {end:g}: {why}")
    return told


def split(names: tuple[str, ...], family: str) -> tuple[tuple[str, ...], list[str]]:
    """The estimators that take the family, one at least; and why the others are left out."""
    refusals = {name: rule.refusal(FAMILIES[family]) for name, rule in ESTIMATORS.items()}
    taken = tuple(name for name in names if not refusals[name])
    told = [f"**Left out.** {refusals[name]}" for name in names if refusals[name]]
    first = next(name for name, refusal in refusals.items() if not refusal)
    return taken or (first,), told


def not_both(family: str) -> str | None:
    """Why there is no gradient along the path beside one by the score; None where there are."""
    refusals = [ESTIMATORS[name].refusal(FAMILIES[family]) for name in PAIR]
    told = next((refusal for refusal in refusals if refusal), None)
    return told and (
        f"{told} This view needs both gradients of a draw, so it shows a Normal: draw z from "
        "another family, or look at the histograms."
    )


def normal_alone(sentence: str, family: str | None) -> str:
    """What is said where the address asks for another family; empty where it does not."""
    title = titles().get(family or "")
    return sentence.format(title) if title and family != NORMAL else ""


@lru_cache(maxsize=256)
def bulk(problem: str, family: str) -> tuple[float, float]:
    """Where most of q is while the sliders have not moved; of a Normal, half of the picture."""
    if family == NORMAL:
        return -SIDE / 2.0, SIDE / 2.0
    return _between(family, dict(start(problem, family)), MOST)


@lru_cache(maxsize=256)
def stretch(problem: str, family: str) -> tuple[float, float]:
    """The part of z that a picture shows, whichever way the sliders stand.

    Most of q where they start, and half of it where one of them is at an end, as far as the
    picture grows no more than threefold by that.
    """
    if family == NORMAL:
        return -SIDE, SIDE
    at = dict(start(problem, family))
    first, last = low, high = bulk(problem, family)
    for name in at:
        places = walk(problem, family, name)
        for end in (places[0], places[-1]):
            below, above = _between(family, {**at, name: end}, BULK)
            low, high = min(low, below), max(high, above)
    most = GROWTH * (last - first)
    return max(low, first - most), min(high, last + most)


def _between(family: str, point: Point, shares: tuple[float, float]) -> tuple[float, float]:
    """Two quantiles of a member, as some draws show them."""
    q = FAMILIES[family](
        **{n: torch.full((1, 1), x, dtype=torch.float64) for n, x in point.items()}
    )
    z = q.transform(q.base(LOOKED_AT, torch.Generator().manual_seed(0)))
    low, high = np.quantile(z.numpy(), shares).tolist()
    return low, high
