"""At one height of the CDF: how far z moves if a parameter moves, and u stays.

F(z; theta) and F(z; theta + h). At one height u the step from one curve to the other is the finite
move of z; as h goes to zero it is -(dF/dtheta) / q(z): how far the curve fell at z, by its slope.
Where z takes whole numbers alone F is a staircase, and z stands still or jumps.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.trick.families import member as m
from pages.trick.families.move import kind
from pages.trick.families.sliders import colour, slots
from pages.trick.families.window import Window
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import three_digits
from vae_core.families import FAMILIES
from vae_core.families.entries.noise import UNIFORM
from vae_core.families.entries.special.quantile import implicit_slope, quantile

KINDS = ("scalar", "pair", "stands", "jumps")
ROOM = 0.12  # of the width, for words beside a step


def shifted(family: str, at: m.Values, by: str, step: float) -> tuple[m.Values, float]:
    """The parameters with one moved by a step, downwards where the slider ends; and the step."""
    names = [slot.key for slot in slots(family)]
    place = names.index(by)
    low, high = slots(family)[place].ends
    up = at[place] + step <= high + 1e-9
    step = step if up else -min(step, at[place] - low)
    return (*at[:place], at[place] + step, *at[place + 1 :]), step


@lru_cache(maxsize=1024)
def implicit(family: str, at: m.Values, by: str, z: float) -> float:
    """-(dF/dtheta) / q at z, from the CDF alone."""
    place = [slot.key for slot in slots(family)].index(by)

    def height(theta: float) -> float:
        moved = (*at[:place], theta, *at[place + 1 :])
        return float(m.cdf(family, moved, np.array([z]))[0])

    return implicit_slope(height, float(m.density(family, at, np.array([z]))[0]), at[place])


@lru_cache(maxsize=1024)
def along_the_path(family: str, at: m.Values, by: str, z: float) -> float | None:
    """The registry's own dz/dtheta at the noise that gives z; None where more than one does."""
    if kind(family) != "scalar":
        return None
    q = m.member(family, at)
    if FAMILIES[family].noise is UNIFORM:
        eps = float(m.cdf(family, at, np.array([z]))[0])
        if abs(m.transform(family, at, np.array([[eps]]))[0, 0] - z) > 1e-6 * (1.0 + abs(z)):
            eps = 1.0 - eps  # z falls as u rises
    else:
        with torch.no_grad():
            eps = quantile(lambda e: q.transform(e[:, None, None])[:, 0, 0], z, -40.0, 40.0)
    return float(m.slopes(family, at, np.array([[eps]]), by)[0, 0])


def frame(
    family: str, by: str, window: Window, sentences: tuple[str, ...], **given: float
) -> Frame:
    """Both curves, and the step between them at a height.

    Args:
        family, by, window: as in `move.frame`.
        sentences: what is said, in the order of `KINDS`.
        given: the parameters by their keys, the height `u` and the step `h`.
    """
    at, u = m.values(family, given), given["u"]
    after, h = shifted(family, at, by, given["h"])
    z, moved = m.at_height(family, at, u), m.at_height(family, after, u)
    fell = float(m.cdf(family, after, np.array([z]))[0])
    here = float(m.cdf(family, at, np.array([z]))[0])
    room = abs(moved - z) > ROOM * (window.high - window.low)
    traces: dict[str, dict[str, Any]] = {
        "F": _curve(family, at, window),
        "F moved": _curve(family, after, window),
        "height": {"x": [window.low, max(z, moved)], "y": [u, u]},
        "step": {"x": [z, moved], "y": [u, u]},
        "fall": {"x": [z, z], "y": [here, fell]},
        "feet": {"x": [z, z, np.nan, moved, moved], "y": [0.0, u, np.nan, u, 0.0]},
        "z": {"x": [z], "y": [u]},
        "z moved": {"x": [moved], "y": [u]},
        "step words": {
            "x": [(z + moved) / 2],
            "y": [u + 0.05],
            "text": ["z moves" if room else ""],
        },
        "fall words": {
            "x": [z],
            "y": [(here + fell) / 2],
            "text": [_fall(here, fell) if room else ""],
        },
        "z foot": {"x": [z], "y": [0.0]},
        "z moved foot": {"x": [moved], "y": [0.0]},
    }
    return Frame(traces, _numbers(family, by, at, z, moved, h, fell - here, sentences, u))


def _fall(before: float, after: float) -> str:
    return " F falls" if after < before - 0.02 else " F rises" if after > before + 0.02 else ""


@lru_cache(maxsize=512)
def _curve(family: str, at: m.Values, window: Window) -> dict[str, np.ndarray]:
    low, high, _top = window
    if FAMILIES[family].discrete:
        whole = np.arange(math.ceil(low), math.floor(high) + 1.0)
        x = np.concatenate([[low], np.repeat(whole, 2), [high]])
        heights = np.concatenate([[0.0], m.cdf(family, at, whole)])
        return {"x": x, "y": np.repeat(heights, 2)}
    inside = np.clip(np.array(m.spread(family, at)), low, high)
    z = np.sort(np.concatenate([np.linspace(low, high, 91), inside]))
    return {"x": z, "y": m.cdf(family, at, z)}


def _numbers(
    family: str,
    by: str,
    at: m.Values,
    z: float,
    moved: float,
    h: float,
    fell: float,
    sentences: tuple[str, ...],
    u: float,
) -> dict[str, float | str]:
    slot = next(each for each in slots(family) if each.key == by)
    discrete = FAMILIES[family].discrete
    slope = 0.0 if discrete else implicit(family, at, by, z)
    path = None if discrete else along_the_path(family, at, by, z)
    name = ("jumps" if moved != z else "stands") if discrete else kind(family)
    numbers = {
        "z": z,
        "moved": moved,
        "h_now": h,
        "ratio": (moved - z) / h,
        "fell": fell,
        "q": float(m.density(family, at, np.array([z]))[0]),
        "slope": slope,
    }
    texts = {key: three_digits(value) for key, value in numbers.items()}
    texts |= {
        "by": slot.letter,
        "u": three_digits(u),
        "theta": three_digits(at[_place(family, by)]),
    }
    return {
        **numbers,
        "path": "the mean of many paths" if path is None else f"{path:.6f}",
        "told": sentences[KINDS.index(name)].format(**texts),
        "low": 0.0,
        "family": family,
        "by_key": by,
    }


def _place(family: str, by: str) -> int:
    return [slot.key for slot in slots(family)].index(by)


def draw(now: Frame) -> go.Figure:
    """The curves, the height and the step."""
    fig, at, family = go.Figure(), now.traces, str(now.numbers["family"])
    tint = theme.var(colour(family, str(now.numbers["by_key"])))
    add_line(fig, "F moved", at["F moved"], tint, width=2, dash="dash")
    add_line(fig, "F", at["F"], theme.var("z"))
    add_line(fig, "height", at["height"], theme.var("eps"), width=1.5, dash="dot")
    add_line(fig, "feet", at["feet"], theme.var("muted"), width=1, dash="dot")
    add_line(fig, "fall", at["fall"], theme.var("bad"), width=3)
    add_line(fig, "step", at["step"], tint, width=4)
    add_words(fig, "step words", at["step words"], tint, place="middle center")
    add_words(fig, "fall words", at["fall words"], theme.var("bad"))
    add_dots(fig, "z moved foot", at["z moved foot"], tint, 9, "z after the step: %{x:.3f}")
    add_dots(fig, "z foot", at["z foot"], theme.var("z"), 9, "z = %{x:.3f}")
    add_dots(fig, "z moved", at["z moved"], tint, 11, "z after the step: %{x:.3f}", edge=1.5)
    add_dots(fig, "z", at["z"], theme.var("z"), 14, "z = %{x:.3f} at height %{y:.2f}", edge=1.5)
    x = at["F"]["x"]
    quiet = {"zeroline": False, "fixedrange": True}
    fig.update_layout(
        xaxis={"range": [float(x[0]), float(x[-1])], "title": "z", "showgrid": False, **quiet},
        yaxis={"range": [-0.04, 1.04], "title": "u = F(z)", "dtick": 0.25, **quiet},
        dragmode=False,
        uirevision=f"cdf {family} {x[0]:g} {x[-1]:g}",
        showlegend=False,
        hovermode="closest",
    )
    return fig
