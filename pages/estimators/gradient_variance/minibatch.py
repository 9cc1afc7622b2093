"""Data or dice: the two parts of the variance of a doubly stochastic gradient, against B."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from pages.estimators.gradient_variance.draws import GREEK, Setting, setting
from pages.estimators.gradient_variance.marks import draw_curve, label_names
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.lab.doubly_stochastic.minibatch import DATA, Decomposition, data_points, decompose

BATCHES = (1, 2, 4, 8, 16, 32)
REPLICATES = 150
LOWEST, HIGHEST = -3, 3


@lru_cache(maxsize=1024)
def _parts(name: str, at: Setting, spread: float) -> Decomposition:
    """Both parts for a minibatch of one."""
    k, x = max(at.samples, ESTIMATORS[name].min_samples), data_points(spread)
    return decompose(name, at.loc, at.scale, x, 1, k, REPLICATES, at.seed, at.parameter)


def parts(
    batch: int, spread: float, names: tuple[str, ...], parameter: str, **sliders: float
) -> Frame:
    """For each estimator the noise part against B, and the minibatch part that all share.

    Args:
        batch: B, where the sliders stand.
        spread: standard deviation of the data.
        names: names of the estimators.
        parameter: "loc" for the gradient in mu, "scale" for the one in sigma.
        sliders: mu, sigma, samples (K for each data point) and seed, as `setting` takes them.
    """
    at = setting("", parameter, sliders)
    every = np.array(BATCHES)
    traces: dict[str, dict[str, np.ndarray]] = {}
    told: dict[str, float | str] = {}
    at_one: dict[str, Decomposition] = {}
    for name in names:
        at_one[name] = _parts(name, at, spread)
        noise = at_one[name].noise / every
        traces[name] = {"x": every, "y": np.where(noise > 0, noise, np.nan)}
        told[f"noise_{name}"] = at_one[name].noise / batch
        dot = told[f"noise_{name}"] or np.nan
        traces[f"{name} here"] = {"x": np.array([batch]), "y": np.array([dot])}
    # At B = 1 the correction is 1 - 1 / N, and it falls to zero at B = N.
    whole = at_one[names[0]].minibatch / (1.0 - 1.0 / DATA)
    shared = whole * (1.0 - every / DATA) / every
    traces["minibatch"] = {"x": every, "y": np.where(shared > 0, shared, np.nan)}
    told["minibatch"] = whole * (1.0 - batch / DATA) / batch
    told["noise"] = told[f"noise_{names[0]}"]
    told["verdict"] = _verdict(told, names)
    return Frame(traces, told)


def _verdict(told: dict[str, float | str], names: tuple[str, ...]) -> str:
    """Which share of each variance more samples K could remove."""
    minibatch = float(told["minibatch"])
    shares = []
    for name in names:
        noise = float(told[f"noise_{name}"])
        if noise + minibatch > 0:
            share = 100.0 * noise / (noise + minibatch)
            shares.append(f"{share:.0f} % of {ESTIMATORS[name].title}'s")
    return (
        f"More samples K remove only the noise: {', '.join(shares) or 'none'} variance. "
        f"The data give {short(minibatch)}, whichever the estimator."
    )


def draw_parts(now: Frame, names: tuple[str, ...], parameter: str) -> go.Figure:
    """Solid lines for the noise, a dashed one for the data, dots where the sliders stand."""
    fig = go.Figure()
    dashed = {"color": theme.var("x"), "width": 3, "dash": "dash", "simplify": False}
    fig.add_scatter(
        name="minibatch",
        **now.traces["minibatch"],
        mode="lines",
        line=dashed,
        hovertemplate="variance from the minibatch: %{y:.3g}<br>at B = %{x:.3g}<extra></extra>",
    )
    for name in names:
        draw_curve(fig, now, name, "variance from the noise: %{y:.3g}<br>at B = %{x:.3g}")
    fig.update_xaxes(
        title="minibatch size B, of 32 data points",
        type="log",
        range=[-0.03, math.log10(DATA) + 0.03],
        tickvals=BATCHES,
        ticktext=[str(m) for m in BATCHES],
    )
    fig.update_yaxes(
        title=f"part of the variance, ∂/∂{GREEK[parameter]}",
        type="log",
        range=[LOWEST, HIGHEST],
        dtick=1,
        exponentformat="power",
    )
    label_names(fig, names)
    _explain_dashes(fig)
    fig.update_layout(uirevision=f"parts {parameter}", showlegend=False)
    return fig


def _explain_dashes(fig: go.Figure) -> None:
    fig.add_annotation(
        x=0.01,
        y=0.03,
        xref="paper",
        yref="paper",
        xanchor="left",
        text="<b>dashed: because of the minibatch; solid: because of the noise</b>",
        showarrow=False,
        font={"color": theme.var("x"), "size": 13},
    )
