"""Estimators for a coin, a row each: single estimates, mean and spread, the exact gradient."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from pages.beyond.discrete.costs import COSTS
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words, bar_centres, bar_heights
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.lab.exact.coin import Law, law
from vae_core.lab.experiment import Experiment, estimates

NAMES = (
    "score",
    "score_loo",
    "arm",
    "disarm",
    "rebar",
    "straight_through",
    "gumbel_softmax",
    "straight_through_gumbel",
)
REPLICATES, BINS, ROW = 1000, 32, 1.4
NARROW = {"height": 560, "xaxis.domain": (0.52, 1.0), "xaxis2.domain": (0.0, 0.5)}
FEET = {name: ROW * (len(NAMES) - 1 - row) for row, name in enumerate(NAMES)}


def settings(name: str, temperature: float) -> dict[str, float]:
    """The temperature, where the estimator has one."""
    return {"temperature": temperature} if "temperature" in ESTIMATORS[name].limits else {}


@lru_cache(maxsize=4096)
def drawn(name: str, cost: str, logit: float, temperature: float, seed: int) -> np.ndarray:
    """Independent estimates from the fewest samples that the estimator needs: (REPLICATES,)."""
    experiment = Experiment(
        COSTS[cost].formula,
        name,
        samples=ESTIMATORS[name].min_samples,
        replicates=REPLICATES,
        seed=seed,
        family="bernoulli",
        parameters={"logit": logit},
        settings=settings(name, temperature),
    )
    return estimates(experiment).gradient["logit"]


def exact(name: str, cost: str, logit: float, temperature: float) -> Law:
    """Mean and variance of such an estimate."""
    toss = COSTS[cost].toss(logit, ESTIMATORS[name].min_samples, temperature)
    found = law(name, toss)
    if found is None:
        raise ValueError(f"no law of {name} is known")
    return found


def frame(eta: float, tau: float, seed: int, cost: str) -> Frame:
    """A histogram for each estimator, with its exact mean and spread.

    Args:
        eta: the logit.
        tau: the temperature of what relaxes.
        seed: of the draws.
        cost: name of f.
    """
    of = COSTS[cost]
    middles = bar_centres(*of.estimates, BINS)
    gradient = of.toss(eta).gradient
    traces: dict[str, dict[str, object]] = {}
    numbers: dict[str, float | str] = {"gradient": gradient, "p": of.toss(eta).chances[1]}
    for name, foot in FEET.items():
        found, known = drawn(name, cost, eta, tau, seed), exact(name, cost, eta, tau)
        deviation, bias = known.variance**0.5, known.mean - gradient
        low, high = np.clip((known.mean - deviation, known.mean + deviation), *of.estimates)
        traces[name] = {"x": middles, "y": bar_heights(found, *of.estimates, BINS)}
        traces[f"{name} spread"] = {"x": [low, high], "y": [foot - 0.2] * 2}
        traces[f"{name} mean"] = {"x": [known.mean], "y": [foot - 0.2]}
        told = "unbiased" if abs(bias) < 1e-9 else f"bias {short(bias, 2)}"
        words = f"<b>{ESTIMATORS[name].title}</b><br>{told}, spread {short(deviation, 2)}"
        traces[f"{name} words"] = {"x": [0.0], "y": [foot + 0.4], "text": [words]}
        numbers |= {f"{name}_mean": known.mean, f"{name}_spread": deviation}
        numbers[f"{name}_measured"] = float(found.mean())
    top = {"x": [gradient] * 2, "y": [-0.4, ROW * len(NAMES) - 0.2]}
    return Frame({**traces, "gradient": top}, {**numbers, "told": _told(numbers)})


def _told(numbers: dict[str, float | str]) -> str:
    """Which is quietest of the unbiased ones, and how far off the worst of the others is."""
    right = [name for name in NAMES if ESTIMATORS[name].unbiased]
    gradient = float(numbers["gradient"])
    calm = min(right, key=lambda name: float(numbers[f"{name}_spread"]))
    off = {name: float(numbers[f"{name}_mean"]) - gradient for name in NAMES if name not in right}
    worst = max(off, key=lambda name: abs(off[name]))
    spread = short(float(numbers[f"{calm}_spread"]), 2)
    said = (
        f"The gradient is {short(gradient)}. Of the unbiased ones {ESTIMATORS[calm].title} is "
        f"quietest here, with a spread of {spread}."
    )
    if abs(off[worst]) < 1e-9:
        return f"{said} On this f none is biased."
    mean = float(numbers[f"{worst}_mean"])
    turned = ", the wrong sign" if mean * gradient < 0.0 else ""
    return f"{said} {ESTIMATORS[worst].title} says {short(mean)} on average{turned}."


def draw(now: Frame, cost: str) -> go.Figure:
    """A row for each estimator, and the exact gradient through all of them."""
    fig, at = go.Figure(), now.traces
    add_line(fig, "gradient", at["gradient"], theme.var("ink"), width=2, dash="dash")
    for name, foot in FEET.items():
        title, colour = ESTIMATORS[name].title, theme.estimator_var(name)
        fig.add_bar(
            name=name,
            **at[name],
            base=foot,
            marker={"color": theme.estimator_var(name, 0.55), "line": {"width": 0}},
            hovertemplate=f"<b>{title}</b><br>estimates of about %{{x:.3f}}<extra></extra>",
        )
        add_line(fig, f"{name} spread", at[f"{name} spread"], colour, width=5)
        hover = f"<b>{title}</b><br>on average %{{x:.4f}}"
        add_dots(fig, f"{name} mean", at[f"{name} mean"], colour, 12, hover, symbol="diamond")
        add_words(fig, f"{name} words", at[f"{name} words"], colour, 13, xaxis="x2")
    fig.update_layout(
        xaxis={
            "domain": (0.27, 1.0),
            "range": COSTS[cost].estimates,
            "title": "single estimates",
            "zeroline": False,
        },
        yaxis={
            "range": (-0.5, ROW * len(NAMES) - 0.2),
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
        },
        xaxis2={"domain": (0.0, 0.25), "range": (0, 1), "visible": False},
        bargap=0,
        barmode="overlay",
        uirevision=f"rows {cost}",
        showlegend=False,
        meta={"narrow": NARROW},
    )
    return fig
