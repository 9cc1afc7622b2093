"""The views of the page: the graph itself, its gradient, and its ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import plotly.graph_objects as go

from pages.beyond.stochastic_graphs import diagram, gradient, measured, tex, ways
from pages.beyond.stochastic_graphs.measured import Question
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset, Transport
from pages.ui.live.frame import FrameFunction
from vae_core.lab.graphs.exact import exact
from vae_core.lab.graphs.measured import estimate, finite_differences
from vae_core.lab.graphs.surrogate import forward, surrogate

SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
STEP = 0.1


def _graph(lesson: Lesson, name: str, question: Question) -> Picture:
    graph = question.graph
    last = diagram.stages(graph)
    kept = "every" if question.every_cost else "below"
    sections = ("told_graph", f"told_all_{kept}", f"told_some_{kept}", "told_costs")
    return Picture(
        frame=diagram.frame,
        figure=diagram.drawn(graph),
        transport=Transport(
            Param(f"stage_{name}", "stage", 1, last, 1, default=1, format="d"), seconds=3.0 * last
        ),
        extra={
            "question": question,
            "sentences": tuple(lesson.text(section) for section in sections),
        },
        takeaway="{told}",
        hint=lesson.text("hint"),
        tex=tex.surrogate(graph, every_cost=question.every_cost),
        presets=_presets(lesson),
        source=(forward, surrogate),
    )


def _gradient(lesson: Lesson, name: str, question: Question) -> Picture:
    names = measured.sliders(question.graph)
    titles = gradient.WAYS | {"variance": "variance of one estimate"}
    return replace(
        _slid(lesson, name, question, gradient.frame, gradient.draw, ("exact", "none", "lost")),
        table={
            f"in {diagram.written(each)}, {title}": f"{{{each}_{way}}}"
            for each in names
            for way, title in titles.items()
        },
        source=(estimate, finite_differences, exact),
        height=140 + 110 * len(names),
    )


def _ways(lesson: Lesson, name: str, question: Question) -> Picture:
    titles, ends = list(ways.choices(question)), ("quieter", "quietest", "lost", "biased")
    return replace(
        _slid(lesson, name, question, ways.frame, ways.draw, ends),
        table={title: f"{{row_{row}}}" for row, title in enumerate(titles)},
        source=(surrogate, estimate),
        height=120 + 48 * len(titles),
    )


def _slid(
    lesson: Lesson,
    name: str,
    question: Question,
    frame: FrameFunction,
    draw: Callable[..., go.Figure],
    ends: Sequence[str],
) -> Picture:
    """A picture over the graph's sliders, and the ends that its takeaway can have."""
    return Picture(
        frame=frame,
        figure=partial(draw, question=question),
        steady=True,
        params=(*_sliders(name, question), SEED),
        extra={
            "question": question,
            "prefix": f"{name}_",
            "sentences": tuple(lesson.text(f"takeaway_{end}") for end in ends),
        },
        takeaway="{told}",
        presets=_presets(lesson),
    )


def _sliders(name: str, question: Question) -> list[Param]:
    """A slider for each of the graph's first parameters, around its value."""
    graph, found = question.graph, []
    for each in measured.sliders(graph):
        value = graph.by_name[each].value
        ends = value - measured.HALF, value + measured.HALF
        label = diagram.written(each)
        found.append(Param(f"{name}_{each}", label, *ends, STEP, default=value))
    return found


def _presets(lesson: Lesson) -> tuple[Preset, ...]:
    return (
        Preset(lesson.text("try_chain"), {"graph": "chain", "stage_chain": 3}),
        Preset(lesson.text("try_path"), {"graph": "early", "view": "ways", "path_early": "x"}),
        Preset(lesson.text("try_vae"), {"graph": "vae", "view": "gradient"}),
        Preset(lesson.text("try_recurrent"), {"graph": "recurrent", "stage_recurrent": 2}),
        Preset(lesson.text("try_jump"), {"graph": "own", "view": "gradient", "text": JUMP}),
    )


JUMP = "param theta = 0.3; x ~ normal(theta, 1); y = step(x); cost f = (y - 2)^2"


class View(NamedTuple):
    """A view: its title, and its picture of a graph by its name and ways."""

    title: str
    build: Callable[[Lesson, str, Question], Picture]


VIEWS = {
    "graph": View("The graph", _graph),
    "gradient": View("Its gradient", _gradient),
    "ways": View("Path or score", _ways),
}
