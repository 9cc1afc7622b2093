"""The picture of many races: how often an estimator arrives, lags behind, or diverges.

One race is one draw. Here each estimator runs a hundred of them, each on noise of its own, and a
bar counts how they end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import plotly.graph_objects as go

from pages.estimators.race.ways import EXACT, STEPS, Setting, way
from pages.ui import theme
from pages.ui.live import Frame
from vae_core.estimators import ESTIMATORS
from vae_core.lab.race import run

RACES = 100
ROW = 46
HOVER = {"arrived": "arrived", "behind": "stayed behind", "diverged": "diverged"}


class Fates(NamedTuple):
    """How many of RACES races ended which way."""

    arrived: int
    behind: int
    diverged: int


@lru_cache(maxsize=512)
def fates(name: str, at: Setting) -> Fates:
    """Run an estimator RACES times from one start, each time on other noise.

    A race has arrived if it came at least half as far down as the exact gradient does in the same
    number of steps; it is behind if it did not, and diverged if it left the bounds.
    """
    course = at.course
    ends = run(name, course, [at.lane] * RACES, same_noise=False)
    finished = ends.last == STEPS
    ideal = way(EXACT, at).loss
    goal = ideal[0] - 0.5 * max(ideal[0] - ideal[-1], 0.0)
    down = course.loss(ends.loc[-1], ends.scale[-1]) < goal
    arrived = int((finished & down).sum())
    diverged = int((~finished).sum())
    return Fates(arrived, RACES - arrived - diverged, diverged)


def takeaway(counted: dict[str, Fates]) -> str:
    """What became of the races of each estimator, in words."""
    words = []
    for name, found in counted.items():
        parts = [f"{found.arrived} arrived"] if found.arrived else ["none arrived"]
        parts += [f"{found.behind} stayed behind"] if found.behind else []
        parts += [f"{found.diverged} diverged"] if found.diverged else []
        words.append(f"{ESTIMATORS[name].title}: {', '.join(parts)}")
    return f"Of {RACES} races on fresh noise. {'; '.join(words)}."


def frame(names: tuple[str, ...], at: Setting) -> Frame:
    """What the figure is of, which stands still: `draw` counts by itself."""
    return Frame({}, {})


def draw(_now: Frame, names: tuple[str, ...], at: Setting) -> go.Figure:
    """The figure of some estimators' races from one start."""
    return figure({name: fates(name, at) for name in names})


def figure(counted: dict[str, Fates]) -> go.Figure:
    """A bar of RACES races for each estimator, the first one on top."""
    names = list(counted)[::-1]
    titles = [ESTIMATORS[name].title for name in names]
    fig = go.Figure()
    fills: dict[str, Callable[[str], str]] = {
        "arrived": lambda name: theme.estimator_var(name, 0.85),
        "behind": lambda name: theme.estimator_var(name, 0.3),
        "diverged": lambda name: theme.var("bad", 0.18),
    }
    for fate, fill in fills.items():
        sizes = [getattr(counted[name], fate) for name in names]
        fig.add_bar(
            name=fate,
            orientation="h",
            x=sizes,
            y=titles,
            marker={
                "color": [fill(name) for name in names],
                "line": {"color": [theme.estimator_var(name) for name in names], "width": 1.5},
            },
            hovertemplate=f"<b>%{{y}}</b><br>%{{x}} of {RACES} races {HOVER[fate]}<extra></extra>",
        )
        _label(fig, sizes, titles, fate, [counted[name] for name in names])
    fig.update_xaxes(title=f"of {RACES} races", range=[0, RACES], zeroline=False)
    fig.update_yaxes(showgrid=False, type="category")
    return fig.update_layout(
        barmode="stack", bargap=0.3, showlegend=False, uirevision="fates", dragmode=False
    )


def _label(
    fig: go.Figure, sizes: list[int], titles: list[str], fate: str, rows: list[Fates]
) -> None:
    """The fate's name and count in the middle of its part of the bar, where there is room."""
    order = Fates._fields.index(fate)
    room = [i for i, size in enumerate(sizes) if size >= 12]
    fig.add_scatter(
        name=f"{fate} words",
        x=[sum(rows[i][:order]) + sizes[i] / 2 for i in room],
        y=[titles[i] for i in room],
        text=[f"<b>{sizes[i]}</b> {fate}" for i in room],
        mode="text",
        textfont={"color": theme.var("paper" if fate == "arrived" else "ink"), "size": 13},
        hoverinfo="skip",
    )


def height(names: int) -> int:
    """Height of the figure in pixels."""
    return 80 + ROW * names


def table(counted: dict[str, Fates]) -> dict[str, list[str] | list[int]]:
    """The counts in columns."""
    columns = {fate: [getattr(f, fate) for f in counted.values()] for fate in Fates._fields}
    return {"estimator": [ESTIMATORS[name].title for name in counted], **columns}
