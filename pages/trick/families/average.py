"""Does an average exist? Running means of f(z) over draws, three times, beside E[f] where it is.

And what the path and the score average to where the ends of z move with a parameter: `sides`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch

from pages.trick.families import member as m
from pages.trick.families.sliders import slots
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_line, add_words
from pages.ui.numbers import three_digits
from vae_core.families import FAMILIES, Tails
from vae_core.families.entries.special.quantile import difference
from vae_core.families.quadrature.double_exponential import integral

RUNS, DRAWS = 3, 1000
COUNTS = np.unique(np.geomspace(1, DRAWS, 90).round().astype(int))
TITLES = {"z": "z", "square": "z²", "tanh": "tanh z"}
GROWS = {"z": 1.0, "square": 2.0, "tanh": 0.0}
KINDS = ("exists", "wild", "missing")
DASHES = ("solid", "dash", "dot")
STEP = 1e-3


def title(family: str, cost: str) -> str:
    """What is averaged: f of z, or of a vector's first number."""
    return TITLES[cost].replace("z", "z₁") if FAMILIES[family].vector else TITLES[cost]


def tex(family: str, cost: str) -> str:
    """The same in LaTeX."""
    z = "z_1" if FAMILIES[family].vector else "z"
    return {"z": z, "square": f"{z}^2", "tanh": rf"\tanh {z}"}[cost]


def tails(family: str, at: m.Values) -> Tails:
    """How much mass lies far out."""
    given = {name: one.tolist() for name, one in m.tensors(family, at).items()}
    return FAMILIES[family].tails(**given)


def order(family: str, at: m.Values) -> float:
    """The r below which E|z|^r is finite."""
    return tails(family, at).order


def objection(family: str, at: m.Values, cost: str, times: float = 1.0) -> str | None:
    """Why E[|f|^times] is not finite, in the registry's words; None if it is."""
    return tails(family, at).objection(power=times * GROWS[cost])


@lru_cache(maxsize=256)
def running(family: str, at: m.Values, cost: str, seed: int) -> np.ndarray:
    """Means of f over the first draws of three runs, (runs, counts); of a vector's first number."""
    z = m.transform(family, at, m.noise(family, seed, RUNS * DRAWS))[:, 0]
    f = m.COSTS[cost](torch.from_numpy(z)).numpy().reshape(RUNS, DRAWS)
    found: np.ndarray = (f.cumsum(1) / np.arange(1, DRAWS + 1))[:, COUNTS - 1]
    return found


def limits(family: str, at: m.Values, cost: str, seed: int) -> tuple[float, float]:
    """The range of means that is shown: all but those of the first few draws."""
    late = running(family, at, cost, seed)[:, COUNTS >= 5]
    exact = m.average(family, at, cost) if objection(family, at, cost) is None else None
    some = np.append(late.ravel(), [] if exact is None else exact)
    low, high = float(some.min()), float(some.max())
    margin = 0.15 * (high - low) + 1e-3 * (1.0 + abs(low))
    return low - margin, high + margin


def frame(
    family: str,
    cost: str,
    sides: tuple[float, float],
    sentences: tuple[str, ...],
    **given: float,
) -> Frame:
    """Three running means.

    Args:
        family: its name in the registry.
        cost: name of f in `GROWS`.
        sides: the range of means that is shown.
        sentences: what is said, in the order of `KINDS`.
        given: the parameters by their keys, and `seed`.
    """
    at, seed = m.values(family, given), int(given["seed"])
    means, why = running(family, at, cost, seed), objection(family, at, cost)
    exact = m.average(family, at, cost) if why is None else None
    traces: dict[str, dict[str, Any]] = {
        f"run {i + 1}": {"x": COUNTS, "y": mean} for i, mean in enumerate(means)
    }
    level = np.full(2, np.nan if exact is None else exact)
    traces["E[f]"] = {"x": [1, DRAWS], "y": level}
    traces["E[f] words"] = {"x": [1.1], "y": level[:1], "text": ["E[f]"]}
    numbers = {f"mean_{i + 1}": float(mean) for i, mean in enumerate(means[:, -1])}
    named: dict[str, float | str] = {
        "family": family,
        "cost_title": title(family, cost),
        "bottom": sides[0],
        "top": sides[1],
    }
    return Frame(traces, {**numbers, **named, **_words(family, at, cost, means, sentences)})


def _words(
    family: str, at: m.Values, cost: str, means: np.ndarray, sentences: tuple[str, ...]
) -> dict[str, str]:
    """What is said of the average, and its value as table and formula show it."""
    why, twice = (objection(family, at, cost, times) for times in (1.0, 2.0))
    exact = m.average(family, at, cost) if why is None else None
    name = "missing" if why else "wild" if twice else "exists"
    texts = {
        "f": title(family, cost),
        "exact": three_digits(exact or 0.0),
        "why": _raised(why or ""),
        "twice": _raised(twice or ""),
        "means": ", ".join(three_digits(mean) for mean in means[:, -1].tolist()),
    }
    return {
        "told": sentences[KINDS.index(name)].format(**texts),
        "exact": "there is none" if exact is None else f"{exact:.6f}",
        "exact_short": "none" if why else texts["exact"],
        "order": f"{order(family, at):g}".replace("inf", "∞"),
    }


def _raised(sentence: str) -> str:
    """The registry's words with powers as a page writes them."""
    powers = {"|^r": "|ʳ", "|z|^1.": "|z|.", "^2": "²", "^4": "⁴"}
    for written, raised in powers.items():
        sentence = sentence.replace(written, raised)
    return sentence


def draw(now: Frame) -> go.Figure:
    """Three lines that settle, or do not."""
    fig, at = go.Figure(), now.traces
    for i, dash in enumerate(DASHES):
        add_line(fig, f"run {i + 1}", at[f"run {i + 1}"], theme.var("z"), width=2, dash=dash)
    add_line(fig, "E[f]", at["E[f]"], theme.var("accent"), width=2)
    add_words(fig, "E[f] words", at["E[f] words"], theme.var("accent"), place="top right")
    low, high = float(now.numbers["bottom"]), float(now.numbers["top"])
    quiet = {"zeroline": False, "fixedrange": True}
    fig.update_layout(
        xaxis={
            "type": "log",
            "range": [0.0, 3.02],
            "title": "draws",
            "tickvals": [1, 10, 100, 1000],
            "showgrid": False,
            **quiet,
        },
        yaxis={"range": [low, high], "title": f"mean of {now.numbers['cost_title']}", **quiet},
        dragmode=False,
        uirevision=f"average {now.numbers['family']} {low:g} {high:g}",
        showlegend=False,
        hovermode="closest",
    )
    return fig


class Sides(NamedTuple):
    """The derivative of E[tanh z] in a parameter, and what draws of the score average to."""

    truth: float
    score: float


def moving(family: str) -> tuple[str, ...]:
    """Keys of the parameters that the ends of z move with."""
    return tuple(slot.key for slot in slots(family) if slot.parameter.moves_support)


@lru_cache(maxsize=256)
def sides(family: str, at: m.Values, key: str) -> Sides:
    """The truth by differences of quadratures, and E[f score] by quadrature."""
    place = [slot.key for slot in slots(family)].index(key)

    def mean(theta: float) -> float:
        return float(m.average(family, (*at[:place], theta, *at[place + 1 :]), "tanh"))

    q, (nodes, weights) = m.member(family, at), m.places(family, at)
    name = slots(family)[place].name

    def weighed(z: torch.Tensor) -> torch.Tensor:
        column = z[:, None, None]
        with torch.no_grad():
            mass = q.log_prob(column)[:, 0].exp()
        return z.tanh() * mass * q.scores(column)[name][:, 0, 0]

    return Sides(difference(mean, at[place], STEP), integral(weighed, nodes, weights))


def first(family: str) -> str | None:
    """The parameter that is told of; None where no end moves, or z is a vector."""
    keys = moving(family)
    return keys[0] if keys and not FAMILIES[family].vector else None
