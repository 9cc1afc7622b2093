"""The gradient in each parameter: by the surrogate loss, by differences, and exact."""

from __future__ import annotations

import plotly.graph_objects as go

from pages.beyond.stochastic_graphs import measured
from pages.beyond.stochastic_graphs.diagram import written
from pages.beyond.stochastic_graphs.measured import Question
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import short
from vae_core.lab.graphs import GraphError
from vae_core.lab.graphs.exact import Exact

WAYS = {"exact": "exact", "estimate": "surrogate loss", "difference": "finite difference"}
OFFSETS = {"exact": 0.0, "estimate": 0.24, "difference": -0.24}
COLOURS = {
    "exact": theme.var("ink"),
    "estimate": theme.var("accent"),
    "difference": theme.var("phi"),
}
MARKS = {
    "exact": (64, "line-ns", 3.0),
    "estimate": (12, "circle", None),
    "difference": (12, "circle", None),
}
"""Size, symbol, and width of the edge."""
NONE = "–"
LEGEND = {"exact": 0.0, "estimate": 0.2, "difference": 0.55}


def frame(
    seed: int, question: Question, prefix: str, sentences: tuple[str, str, str], **at: float
) -> Frame:
    """The picture where the parameters have these values.

    Args:
        seed: of the draws.
        question: the graph and its ways.
        prefix: what stands before a parameter's name in `at`.
        sentences: the takeaway with an exact gradient, without, and where nothing can be computed.
        at: values of the parameters that have sliders.
    """
    values = {name.removeprefix(prefix): value for name, value in at.items()}
    names = measured.sliders(question.graph)
    try:
        graph = question.graph.at(**values)
        found = measured.estimates(
            graph, measured.FEW, seed, every_cost=question.every_cost
        ).gradient
        others, known = measured.differences(graph, seed), measured.truth(graph)
    except GraphError as problem:
        none = {f"{name}_{way}": NONE for name in names for way in (*WAYS, "variance")}
        return Frame(_traces({}, names), none | {"told": sentences[2].format(problem=problem)})
    marks: dict[tuple[str, str], tuple[float, float]] = {}
    for name in names:
        marks[name, "estimate"] = found[name].mean, found[name].error
        if other := others[name]:
            marks[name, "difference"] = other.mean, other.error
        if isinstance(known, Exact):
            marks[name, "exact"] = known.gradient[name].value, 0.0
    numbers = _numbers(marks, names) | {
        f"{name}_variance": short(found[name].variance, 3) for name in names
    }
    first = names[0]
    words = {
        "name": written(first),
        "estimate": numbers[f"{first}_estimate"],
        "exact": numbers[f"{first}_exact"],
        "difference": numbers[f"{first}_difference"],
    }
    told = sentences[0 if isinstance(known, Exact) else 1].format(**words)
    return Frame(_traces(marks, names), numbers | {"told": told})


def _numbers(
    marks: dict[tuple[str, str], tuple[float, float]], names: list[str]
) -> dict[str, float | str]:
    """What the table and the takeaway say: means with two standard errors."""
    numbers: dict[str, float | str] = {}
    for name in names:
        for way in WAYS:
            mean, error = marks.get((name, way), (None, 0.0))
            text = NONE if mean is None else f"{mean:.4f}" if way == "exact" else f"{mean:.3f}"
            numbers[f"{name}_{way}"] = text + (f" ± {2 * error:.2g}" if error else "")
    return numbers


def _traces(
    marks: dict[tuple[str, str], tuple[float, float]], names: list[str]
) -> dict[str, dict[str, list[float | None]]]:
    """Dots, and whiskers of two standard errors to either side."""
    traces: dict[str, dict[str, list[float | None]]] = {}
    for way in WAYS:
        dots: dict[str, list[float | None]] = {"x": [], "y": []}
        whiskers: dict[str, list[float | None]] = {"x": [], "y": []}
        for row, name in enumerate(reversed(names)):
            if (name, way) not in marks:
                continue
            (mean, error), y = marks[name, way], row + OFFSETS[way]
            dots["x"].append(mean)
            dots["y"].append(y)
            whiskers["x"] += [mean - 2 * error, mean + 2 * error, None]
            whiskers["y"] += [y, y, None]
        traces[way] = dots
        if way != "exact":
            traces[f"{way} whiskers"] = whiskers
    return traces


def draw(now: Frame, question: Question) -> go.Figure:
    """A row for each parameter."""
    fig, names = go.Figure(), measured.sliders(question.graph)
    low, high = measured.reach(question)
    room = 0.1 * (high - low)
    fig.add_vline(0.0, line={"color": theme.var("grid"), "width": 1})
    for way, title in WAYS.items():
        if way != "exact":
            add_line(fig, f"{way} whiskers", now.traces[f"{way} whiskers"], COLOURS[way], width=3)
        hover = f"<b>{title}</b><br>slope of the expected cost %{{x:.4f}}"
        size, symbol, edge = MARKS[way]
        add_dots(fig, way, now.traces[way], COLOURS[way], size, hover, symbol=symbol, edge=edge)
        key = {"x": [LEGEND[way]], "y": [0.5], "text": [f"<b>{title}</b>"]}
        add_words(fig, f"{way} name", key, COLOURS[way], xaxis="x2", yaxis="y2")
    fig.update_layout(
        xaxis={"range": (low - room, high + room), "title": "derivative of the expected cost"},
        yaxis={
            "range": (-0.6, len(names) - 0.4),
            "tickvals": list(range(len(names))),
            "ticktext": [f"in {written(name)}" for name in reversed(names)],
            "domain": (0.0, 0.86),
            "zeroline": False,
        },
        xaxis2={"domain": (0.0, 1.0), "range": (0, 1), "anchor": "y2", "visible": False},
        yaxis2={"domain": (0.9, 1.0), "range": (0, 1), "anchor": "x2", "visible": False},
        uirevision=f"gradient {question.text}",
        showlegend=False,
    )
    return fig
