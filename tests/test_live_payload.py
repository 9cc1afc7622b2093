"""What the live figure sends: a figure built once gets each frame's own arrays."""

from __future__ import annotations

import json
from functools import partial

import plotly.graph_objects as go

from pages.ui import live_payload
from pages.ui.lookahead import Frame

built: list[str] = []


def line(a: float) -> Frame:
    return Frame({"line": {"x": [0.0, 1.0], "y": [0.0, a]}}, {"a": a})


def draw(now: Frame, title: str) -> go.Figure:
    built.append(title)
    fig = go.Figure(layout_title_text=title)
    fig.add_scatter(name="line", **now.traces["line"])
    fig.add_scatter(name="still", x=[0, 1], y=[2, 2])
    return fig


def test_a_steady_figure_is_built_once_for_each_drawing() -> None:
    for title in ("first", "second"):
        for a in (1.0, 2.0):
            drawing = partial(draw, title=title)
            sent = json.loads(live_payload.steady_json(drawing, line(a), {"problem": "square"}))
            assert built[-1] == title
            assert sent == json.loads(live_payload.figure_json(draw(line(a), title)))
            built.pop()
    assert built == ["first", "second"]
