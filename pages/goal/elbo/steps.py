"""From log p(x) to the ELBO in steps, each with its number in nats, as bars."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from pages.goal.elbo.symbols import SPECIMEN, model
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import number
from vae_core.vae.data import held_out_digit
from vae_core.vae.posterior import Rewritten, rewritten

COUNT = 5
GUESSES = ("posterior", "prior", "entropy", "nothing")
TABLE = {
    "log p(x)": "{log_evidence:.3f}",
    "log E[p(x, z) / q(z|x)]": "{reweighted:.3f}",
    "E[log(p(x, z) / q(z|x))], the ELBO": "{bound:.3f}",
    "lost: KL(q(z|x) ‖ p(z|x))": "{gap:.3f}",
    "E[log p(x, z)]": "{joint:.3f}",
    "entropy of q(z|x)": "{entropy:.3f}",
    "E[log p(x|z)]": "{reconstruction:.3f}",
    "KL(q(z|x) ‖ p(z))": "{kl:.3f}",
    "two grids of each integral are apart by": "{error:.1g}",
}
HALF, TITLE = 0.2, 0.36  # half of a bar's height, and how far above its middle its words stand
LEFT = 1.1  # the bars begin so far below the bound, in widths of what lies above it


class Row(NamedTuple):
    """A step as a bar: its title, where it ends, how much of it is taken away, and what that is."""

    title: str
    end: float
    less: float = 0.0
    taken: str = ""
    colour: str = "theta"


@lru_cache(maxsize=16)
def solved(digit: int) -> Rewritten:
    """The derivation's integrals for a held-out image. Raises DataError, CheckpointError."""
    return rewritten(model(), held_out_digit(digit, SPECIMEN))


def gap(found: Rewritten) -> float:
    """What Jensen's inequality loses, in nats."""
    return found.log_evidence - found.bound


def rows(found: Rewritten) -> list[Row]:
    """The steps in their order; what is left of each bar is that step's own number."""
    lost, entropy = gap(found), found.entropy
    return [
        Row("log p(x)", found.log_evidence),
        Row("log E[p(x, z) / q(z|x)]", found.reweighted),
        Row("E[log(p(x, z) / q(z|x))]", found.bound + lost, lost, f"lost: {number(lost)}", "bad"),
        Row("E[log p(x, z)]", found.joint, -entropy, f"entropy: {number(entropy)}", "sigma"),
        Row("E[log p(x|z)]", found.reconstruction, found.kl, f"KL: {number(found.kl)}", "mu"),
    ]


def window(found: Rewritten) -> tuple[float, float]:
    """Where the axis begins and ends."""
    high = max(max(row.end, row.end - row.less) for row in rows(found))
    return found.bound - LEFT * (high - found.bound), high


def frame(step: int, digit: int, sentences: tuple[str, ...]) -> Frame:
    """The bars up to a step; what comes later has no length yet.

    Args:
        step: 1 to COUNT.
        digit: which image.
        sentences: what is said at each step, with blanks for the numbers.
    """
    found = solved(digit)
    low, traces = window(found)[0], {}
    words: dict[str, list[Any]] = {"titles": [], "values": [], "taken": []}
    places: dict[str, list[float]] = {name: [] for name in words}
    for number_of, row in enumerate(rows(found), 1):
        seen, middle = number_of <= step, COUNT - number_of
        left, end = (row.end - row.less, row.end) if seen else (low, low)
        half = HALF if seen else 0.0
        traces[f"bar {number_of}"] = _box(low, left, middle, half)
        traces[f"less {number_of}"] = _box(left, end, middle, half)
        for name, text, at in (
            ("titles", row.title, low),
            ("values", f"{number(left)} ", left),
            ("taken", row.taken, max(left, end)),
        ):
            words[name].append(text if seen else "")
            places[name].append(at)
    heights = np.arange(COUNT - 1.0, -1.0, -1.0)
    for name, up in (("titles", TITLE), ("values", 0.0), ("taken", TITLE)):
        traces[name] = {"x": np.array(places[name]), "y": heights + up, "text": words[name]}
    numbers = {**vars(found), "gap": gap(found)}
    told = {name: number(value) for name, value in numbers.items()}
    return Frame(traces, {**numbers, "told": sentences[step - 1].format(**told)})


def _box(left: float, right: float, middle: float, half: float) -> dict[str, Any]:
    """A bar as a closed line."""
    low, high = middle - half, middle + half
    return {
        "x": np.array([left, right, right, left, left]),
        "y": np.array([low, low, high, high, low]),
    }


def draw(now: Frame, digit: int) -> go.Figure:
    """A bar for each step, and dotted lines down from log p(x) and from the bound."""
    found, figure = solved(digit), go.Figure()
    low, high = window(found)
    for height, colour in ((found.log_evidence, "theta"), (found.bound, "accent")):
        line = {"color": theme.var(colour), "width": 1.5, "dash": "dot"}
        figure.add_scatter(x=[height] * 2, y=[-0.5, COUNT - 0.4], mode="lines", line=line)
    for number_of, row in enumerate(rows(found), 1):
        whole = "theta" if row.less == 0 else "accent"
        _fill(figure, f"bar {number_of}", now, theme.var(whole, 0.5), theme.var(whole))
        _fill(figure, f"less {number_of}", now, theme.var(row.colour, 0.18), theme.var(row.colour))
    _words(figure, "titles", now, "middle right", "ink")
    _words(figure, "values", now, "middle left", "ink")
    _words(figure, "taken", now, "middle left", "ink")
    figure.update_traces(hoverinfo="skip", showlegend=False)
    room = 0.02 * (high - low)
    figure.update_xaxes(title="nats", range=[low - room, high + room], showgrid=False)
    figure.update_yaxes(visible=False, range=[-0.5, COUNT - 0.35], fixedrange=True)
    figure.update_layout(uirevision=f"steps {digit}")
    return figure


def _fill(figure: go.Figure, name: str, now: Frame, inside: str, edge: str) -> None:
    line = {"color": edge, "width": 1.5, "simplify": False}
    at = now.traces[name]
    figure.add_scatter(name=name, **at, mode="lines", fill="toself", fillcolor=inside, line=line)


def _words(figure: go.Figure, name: str, now: Frame, place: str, colour: str) -> None:
    font = {"color": theme.var(colour), "size": 14}
    at = now.traces[name]
    figure.add_scatter(name=name, **at, mode="text", textposition=place, textfont=font)
