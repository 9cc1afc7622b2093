"""Curves with a negative and a positive half, as two views of the page draw them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from pages.ui import theme
from pages.ui.live.marks import add_line


def add_halves(
    fig: go.Figure, name: str, now: Mapping[str, Mapping[str, Any]], **axes: Any
) -> None:
    """What has a negative half and a positive one: `name` and `name, negative` among the traces."""
    for half, colour in ((f"{name}, negative", "bad"), (name, "mu")):
        fill = theme.var(colour, 0.3)
        add_line(fig, half, now[half], theme.var(colour), width=2, fill=fill, **axes)
