"""What the live figure sends: a figure built once gets each frame's own arrays."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import plotly.graph_objects as go
import pytest
import streamlit as st

from pages.ui import controls
from pages.ui.live import Frame, Param, figure, payload

built: list[str] = []


def line(a: float) -> Frame:
    return Frame({"line": {"x": [0.0, 1.0], "y": [0.0, a]}}, {"a": a})


def draw(now: Frame, title: str) -> go.Figure:
    built.append(title)
    fig = go.Figure(layout_title_text=title)
    fig.add_scatter(name="line", **now.traces["line"])
    fig.add_scatter(name="still", x=[0, 1], y=[2, 2])
    return fig


def test_a_steady_figure_is_built_once_for_each_way_to_draw() -> None:
    for title in ("first", "second"):
        for a in (1.0, 2.0):
            drawn = partial(draw, title=title)
            sent = json.loads(payload.steady_json(drawn, line(a), {"problem": "square"}))
            assert built[-1] == title
            assert sent == json.loads(payload.figure_json(draw(line(a), title)))
            built.pop()
    assert built == ["first", "second"]


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ({"values": {"look": 300, "mu": 0.5}, "atDefault": ["look"]}, {"look": None, "mu": "0.5"}),
        ({"values": {"look": 300, "mu": 0.0}, "atDefault": ["mu"]}, {"look": "300", "mu": None}),
        ({"values": {"look": 420, "mu": 0.5}}, {"look": None, "mu": "0.5"}),
        ({"values": {"look": 999, "mu": "x"}, "atDefault": "look"}, {}),
    ],
)
def test_whoever_stood_at_a_default_that_has_moved_on_goes_along(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], written: dict[str, str | None]
) -> None:
    axes = [
        Param("look", "step", positions=(0.0, 300.0, 420.0), default=420.0),
        Param("mu", "mean"),
    ]
    found: dict[str, str | None] = {}
    monkeypatch.setattr(st, "session_state", {"figure": {"changed": told}})
    monkeypatch.setattr(controls, "write", found.update)
    figure._hear("figure", axes, ())
    assert found == written
