"""Path or score: the variance of one estimate by each way that the graph allows."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go

from pages.beyond.stochastic_graphs import measured
from pages.beyond.stochastic_graphs.diagram import written
from pages.beyond.stochastic_graphs.measured import Question
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_words
from pages.ui.numbers import short
from vae_core.lab.graphs import Graph, GraphError
from vae_core.lab.graphs.remarks import remarks

MOST_ROWS = 7
PRESENT = "as chosen"
LEAST = 1e-3


@lru_cache(maxsize=256)
def choices(question: Question) -> dict[str, Question]:
    """Other ways to ask the same, by what they are called; the present one first."""
    graph = question.graph
    names = measured.switchable(graph)
    found = {PRESENT: question._replace(paths=tuple(n for n in names if n in question.paths))}
    for name in names if len(names) > 1 else ():
        paths = tuple(n for n in names if (n in question.paths) != (n == name))
        way = "path" if name in paths else "score"
        found[f"{written(name)} by its {way}"] = question._replace(paths=paths)
    if names:
        whose = "all by their {}s" if len(names) > 1 else f"{written(names[0])} by its {{}}"
        found[whose.format("path")] = question._replace(paths=tuple(names))
        found[whose.format("score")] = question._replace(paths=())
    if len(graph.of_kind("cost")) > 1 and graph.scores:
        which = "the costs below it" if question.every_cost else "all costs"
        other = question._replace(every_cost=not question.every_cost)
        found[f"each score by {which}"] = other
    once = {each: title for title, each in reversed(found.items())}
    titles = [title for title in found if once[found[title]] == title]
    return {title: found[title] for title in titles[:MOST_ROWS]}


def frame(
    seed: int, question: Question, prefix: str, sentences: tuple[str, ...], **at: float
) -> Frame:
    """The variance of one estimate, summed over the parameters, by each of the ways.

    Args:
        seed: of the draws.
        question: the graph and its ways.
        prefix: what stands before a parameter's name in `at`.
        sentences: the takeaway where another way is quieter, where none is, where nothing can be
            computed, and where the present way is biased.
        at: values of the parameters that have sliders.
    """
    values = {name.removeprefix(prefix): value for name, value in at.items()}
    asked = choices(question)
    try:
        found = {title: _variance(each, values, seed) for title, each in asked.items()}
    except GraphError as problem:
        words = {f"row_{row}": "–" for row in range(len(asked))}
        nothing: dict[str, dict[str, Any]] = {
            "others": {"x": [], "y": []},
            "present": {"x": [], "y": []},
            "values": {"x": [], "y": [], "text": []},
        }
        return Frame(nothing, words | {"told": sentences[2].format(problem=problem)})
    right = {title: v for title, v in found.items() if not _misled(asked[title], values)}
    best = min(right, key=lambda title: right[title], default=PRESENT)
    here, least = found[PRESENT], found[best]
    biased, quieter = PRESENT not in right, best != PRESENT and least < 0.95 * here
    told_words = {
        "here": short(here, 3),
        "best": best,
        "least": short(least, 3),
        "times": short(here / least, 2) if least > 0 else "∞",
    }
    told = sentences[3 if biased else 0 if quieter else 1].format(**told_words)
    rows = {title: float(-row) for row, title in enumerate(found)}
    labels = [short(v, 3) + ("" if title in right else ", biased") for title, v in found.items()]
    across = [max(v, LEAST) for v in found.values()]
    others = [title for title in found if title != PRESENT]
    traces: dict[str, dict[str, Any]] = {
        "others": {
            "x": [max(found[title], LEAST) for title in others],
            "y": [rows[title] for title in others],
        },
        "present": {"x": [max(here, LEAST)], "y": [0.0]},
        "values": {"x": across, "y": list(rows.values()), "text": [f"\u2003{t}" for t in labels]},
    }
    return Frame(traces, {f"row_{i}": t for i, t in enumerate(labels)} | {"told": told})


def _variance(question: Question, values: dict[str, float], seed: int) -> float:
    return _summed(question.graph.at(**values), seed, every_cost=question.every_cost)


def _summed(graph: Graph, seed: int, *, every_cost: bool) -> float:
    found = measured.estimates(graph, measured.MANY, seed, every_cost=every_cost)
    return sum(each.variance for each in found.gradient.values())


def _misled(question: Question, values: dict[str, float]) -> bool:
    return any(remark.wrong for remark in remarks(question.graph.at(**values)))


@lru_cache(maxsize=64)
def _ends(question: Question) -> tuple[float, float]:
    """Powers of ten between which all variances lie, at the sliders' ends and their starts."""
    met = []
    for each in choices(question).values():
        for moved in measured.corners(each.graph):
            with suppress(GraphError):
                met.append(max(_summed(moved, 0, every_cost=each.every_cost), LEAST))
    return math.floor(math.log10(min(met))), math.log10(max(met)) + 0.8


def draw(now: Frame, question: Question) -> go.Figure:
    """A row for each way, the variances on a logarithmic axis."""
    fig, titles = go.Figure(), list(choices(question))
    hover = "variance of one estimate %{x:.4g}"
    add_dots(fig, "others", now.traces["others"], theme.var("accent"), 13, hover)
    add_dots(fig, "present", now.traces["present"], theme.var("ink"), 15, hover)
    add_words(fig, "values", now.traces["values"], theme.var("ink"))
    low, high = _ends(question)
    fig.update_layout(
        xaxis={
            "type": "log",
            "range": (low, high),
            "title": "variance of one estimate, summed over the parameters",
            "dtick": 1,
        },
        yaxis={
            "range": (0.6 - len(titles), 0.6),
            "tickvals": [float(-row) for row in range(len(titles))],
            "ticktext": titles,
            "zeroline": False,
        },
        uirevision=f"ways {question.text}",
        showlegend=False,
    )
    return fig
