"""What a thousand images cost and gain, as words and as bars."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.goal.amortized.picture import LEAST_GAP, MOST_GAP
from pages.ui import theme
from pages.ui.numbers import duration, number, short
from vae_core.vae.posterior.amortize import Comparison

EDGES = np.linspace(math.log10(LEAST_GAP), math.log10(MOST_GAP), 26)
TICKS = (0.1, 1, 10, 100, 1000)


def words(found: Comparison) -> dict[str, str]:
    """What has been measured so far, as it is written."""
    return {
        "images": f"{len(found.gaps):,}",
        "encoder": f"{short(1000 * found.encoder_seconds, 2)} ms",
        "fit": duration(found.fit_seconds),
        "ratio": short(found.ratio, 2),
        "gap": number(found.mean, 1),
        "error": number(found.standard_error, 1),
    }


def draw(found: Comparison) -> go.Figure:
    """Time for an image, and how the gaps are spread; both axes in tenfold steps."""
    fig = go.Figure()
    _times(fig, found)
    counts, _ = np.histogram(np.log10(np.clip(found.gaps, LEAST_GAP, MOST_GAP)), EDGES)
    fig.add_bar(
        name="gaps",
        x=(EDGES[:-1] + EDGES[1:]) / 2,
        y=counts,
        width=0.9 * (EDGES[1] - EDGES[0]),
        marker={"color": theme.var("phi", 0.6)},
        hovertemplate="%{y} images<extra></extra>",
        xaxis="x2",
        yaxis="y2",
        showlegend=False,
    )
    fig.update_layout(uirevision="thousand", meta={"narrow": NARROW}, **AXES)
    return fig


def _times(fig: go.Figure, found: Comparison) -> None:
    count = max(1, len(found.gaps))
    times = [1000 * each / count for each in (found.fit_seconds, found.encoder_seconds)]
    common: dict[str, Any] = {"showlegend": False, "orientation": "h", "cliponaxis": False}
    fig.add_bar(
        name="time",
        x=times if found.gaps else [None, None],
        y=["gradient steps", "encoder"],
        marker={"color": [theme.var("mu"), theme.var("phi")]},
        text=[f"{short(each, 2)} ms" if found.gaps else "" for each in times],
        textposition="outside",
        hovertemplate="%{y}: %{x:.3g} ms an image<extra></extra>",
        **common,
    )


AXES: dict[str, Any] = {
    "xaxis": {
        "title": "milliseconds an image",
        "type": "log",
        "range": [-3.3, 3.6],
        "domain": [0.1, 0.46],
    },
    "xaxis2": {
        "title": "nats an image that the encoder loses",
        "domain": [0.57, 1],
        "anchor": "y2",
        "tickvals": [math.log10(tick) for tick in TICKS],
        "ticktext": [f"{tick:g}" for tick in TICKS],
        "range": [EDGES[0], EDGES[-1]],
    },
    "yaxis2": {"title": "images", "anchor": "x2", "rangemode": "tozero"},
}
NARROW = {
    "xaxis.domain": [0.26, 1],
    "yaxis.domain": [0.7, 1],
    "xaxis2.domain": [0.1, 1],
    "yaxis2.domain": [0, 0.45],
    "height": 460,
}
