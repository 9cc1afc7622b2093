"""Diagrams as figures: boxes, circles, arrows and coloured words, in units of a drawing's own.

x runs to the right and y downwards. The live figure scales a drawing as a whole, letters and lines
included, to the room it has; it keeps its proportions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from pages.ui import theme

Point = tuple[float, float]
# Words and the name of their colour; "" is the ink. A symbol's letter stands in the formulas' face.
Words = Sequence[tuple[str, str]]
CORNER = 9.0
LETTER = "font-family:KaTeX_Math,serif;font-style:italic;font-size:1.12em;"


@dataclass
class Drawing:
    """A figure in the making.

    Attributes:
        size: width and height in the drawing's units, a pixel each where there is room for it.
        widest: how many pixels it may be drawn wide.
    """

    size: Point
    widest: float
    shapes: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)
    traces: list[go.Scatter] = field(default_factory=list)

    def line(
        self, start: Point, end: Point, colour: str, width: float, dash: str = "solid"
    ) -> None:
        """A straight line."""
        self._path(f"M{_at(start)}L{_at(end)}", colour, width, dash=dash)

    def arrow(self, start: Point, end: Point, colour: str, width: float) -> None:
        """A line with a head at its end, the larger the thicker it is."""
        (x0, y0), (x1, y1) = start, end
        length = max(math.hypot(x1 - x0, y1 - y0), 1e-9)
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        head = 5 + 2 * width
        neck = (x1 - ux * head, y1 - uy * head)
        left = (neck[0] - uy * head / 2, neck[1] + ux * head / 2)
        right = (neck[0] + uy * head / 2, neck[1] - ux * head / 2)
        self.line(start, neck, colour, width)
        self._path(f"M{_at(end)}L{_at(left)}L{_at(right)}Z", colour, 0, fill=colour)

    def cross(self, at: Point, reach: float = 9) -> None:
        """A cross where something ends."""
        x, y = at
        for way in (reach, -reach):
            self.line((x - reach, y - way), (x + reach, y + way), "bad", 4)

    def box(self, at: Point, size: Point, colour: str, dash: str = "solid") -> None:
        """A box with round corners about a point."""
        (x, y), (w, h), r = at, (size[0] / 2, size[1] / 2), CORNER
        left, right, top, bottom = x - w, x + w, y - h, y + h
        path = (
            f"M{left + r},{top}L{right - r},{top}Q{right},{top} {right},{top + r}"
            f"L{right},{bottom - r}Q{right},{bottom} {right - r},{bottom}"
            f"L{left + r},{bottom}Q{left},{bottom} {left},{bottom - r}"
            f"L{left},{top + r}Q{left},{top} {left + r},{top}Z"
        )
        self._path(path, colour, 1.8, fill="panel", dash=dash)

    def ring(self, at: Point, radius: float, colour: str) -> None:
        """A circle about a point."""
        (x, y), edge = at, {"color": theme.var(colour), "width": 1.8}
        ends = {"x0": x - radius, "x1": x + radius, "y0": y - radius, "y1": y + radius}
        fill = theme.var("paper")
        self.shapes.append(
            {"type": "circle", **ends, "line": edge, "fillcolor": fill, "layer": "below"}
        )

    def write(self, at: Point, words: Words, anchor: str = "center", size: float = 17) -> None:
        """Words that stay, in a line centred at `at`, or ending or beginning there."""
        self.words.append(
            {
                "x": at[0],
                "y": at[1],
                "text": "".join(_span(*part) for part in words),
                "xanchor": anchor,
                "yanchor": "middle",
                "showarrow": False,
                "borderpad": 0,
                "font": {"size": size, "color": theme.var("ink")},
            }
        )

    def values(self, name: str, places: Sequence[Value], texts: Sequence[str]) -> None:
        """Words that move with the frame: one trace, a point for each."""
        self.traces.append(
            go.Scatter(
                name=name,
                x=[place.at[0] for place in places],
                y=[place.at[1] for place in places],
                text=list(texts),
                mode="text",
                textposition=[f"middle {place.side}" for place in places],
                textfont={
                    "size": [place.size for place in places],
                    "color": [theme.var(place.colour) for place in places],
                },
                hoverinfo="skip",
                cliponaxis=False,
            )
        )

    def figure(self) -> go.Figure:
        """The drawing as a figure without axes."""
        width, height = self.size
        axis = {"visible": False, "fixedrange": True, "automargin": False}
        return go.Figure(
            self.traces,
            {
                "shapes": self.shapes,
                "annotations": self.words,
                "xaxis": {"range": [0, width], **axis},
                "yaxis": {"range": [height, 0], **axis},
                "showlegend": False,
                "dragmode": False,
                "uirevision": "drawing",
                "meta": {"drawing": {"width": width, "height": height, "widest": self.widest}},
            },
        )

    def _path(
        self, path: str, colour: str, width: float, fill: str = "", dash: str = "solid"
    ) -> None:
        edge: Mapping[str, Any] = {"color": theme.var(colour), "width": width, "dash": dash}
        inside = {"fillcolor": theme.var(fill)} if fill else {}
        self.shapes.append({"type": "path", "path": path, "line": edge, "layer": "below", **inside})


@dataclass(frozen=True)
class Value:
    """Where a word that moves with the frame stands, and on which side of that point."""

    at: Point
    side: str = "center"
    size: float = 15
    colour: str = "muted"


def between(start: Point, start_half: Point, end: Point, end_half: Point) -> tuple[Point, Point]:
    """Where an arrow leaves one thing and meets the next: at their edges along the way.

    Args:
        start, end: the middles of the two.
        start_half, end_half: half of their widths and heights.
    """
    (x0, y0), (x1, y1), (w0, h0), (w1, h1) = start, end, start_half, end_half
    across = abs(x1 - x0) > abs(y1 - y0)
    sign = 1 if (x1 > x0 if across else y1 > y0) else -1
    if across:
        return (x0 + sign * w0, y0), (x1 - sign * w1, y1 + _clamp(y0 - y1, h1 - 16))
    return (x0, y0 + sign * h0), (x1 + _clamp(x0 - x1, w1 - 16), y1 - sign * h1)


def _clamp(value: float, most: float) -> float:
    return max(-most, min(most, value)) if most > 8 else 0.0


def _at(point: Point) -> str:
    return f"{point[0]:.2f},{point[1]:.2f}"


def _span(words: str, colour: str) -> str:
    letter = LETTER if colour in theme.SYMBOLS else ""
    return f'<span style="{letter}color:{theme.var(colour or "ink")}">{words}</span>'
