"""What the page's figures are made of: lines, dots and words on numbered panels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from pages.ui import theme

Arrays = Mapping[str, Any]


def _said(hover: str) -> dict[str, str]:
    return {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}


def line(
    fig: go.Figure,
    name: str,
    at: Arrays,
    colour: str,
    panel: str = "",
    hover: str = "",
    **look: Any,
) -> None:
    """A line over a panel; `colour` is a CSS colour, the panel "" or a number.

    Args:
        hover: what is said of a point; nothing where it is empty.
        look: of the line; with `fill`, how the area below it is filled.
    """
    fill = {name: look.pop(name) for name in ("fill", "fillcolor") if name in look}
    fig.add_scatter(
        name=name,
        x=at["x"],
        y=at["y"],
        mode="lines",
        line={"color": colour, "width": 2.5, "simplify": False, **look},
        xaxis=f"x{panel}",
        yaxis=f"y{panel}",
        **fill,
        **_said(hover),
    )


def dots(
    fig: go.Figure,
    name: str,
    at: Arrays,
    colour: str,
    panel: str = "",
    hover: str = "",
    **marker: Any,
) -> None:
    """Points with a rim; `marker` is what is else to be said of them."""
    rim = {"color": theme.var("paper"), "width": 1.5}
    fig.add_scatter(
        name=name,
        x=at["x"],
        y=at["y"],
        mode="markers",
        marker={"color": colour, "size": 12, "line": rim, **marker},
        xaxis=f"x{panel}",
        yaxis=f"y{panel}",
        **_said(hover),
    )


def words(fig: go.Figure, text: str, colour: str, panel: str = "", **at: Any) -> None:
    """Words in a corner of a panel; without more in the upper left one."""
    fig.add_annotation(
        **{
            "x": 0.01,
            "y": 1.0,
            "xref": f"x{panel} domain",
            "yref": f"y{panel} domain",
            "xanchor": "left",
            "yanchor": "top",
            "text": f"<b>{text}</b>",
            "showarrow": False,
            "font": {"color": colour},
            "bgcolor": theme.var("paper", 0.8),
        }
        | at
    )


def moving(
    fig: go.Figure, name: str, at: Arrays, colour: str, panel: str = "", place: str = "top left"
) -> None:
    """Words of the frame, which move and change."""
    fig.add_scatter(
        name=name,
        x=at["x"],
        y=at["y"],
        text=at["text"],
        mode="text",
        textposition=place,
        textfont={"color": colour},
        hoverinfo="skip",
        cliponaxis=False,
        xaxis=f"x{panel}",
        yaxis=f"y{panel}",
    )
