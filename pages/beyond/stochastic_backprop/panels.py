"""Words on the numbered panels of the page's figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from pages.ui import theme

Arrays = Mapping[str, Any]
RIM = 1.5  # of a dot


def axis(panel: str) -> dict[str, Any]:
    """The pair of axes of a panel: "" is the first, "2" the second."""
    return {"xaxis": f"x{panel}", "yaxis": f"y{panel}"}


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
        **axis(panel),
    )
