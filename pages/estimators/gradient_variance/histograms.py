"""Pictures of gradient variance on the same noise: histograms, and means that settle down.

The windows belong to the problem and never to the sliders, so that a histogram is seen to widen
and to narrow. What lies beyond the window is counted in its outermost bars.
"""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from pages.estimators.gradient_variance.drawn_from import letter
from pages.estimators.gradient_variance.draws import (
    MOST_DRAWS,
    MOVING,
    Setting,
    affordable,
    reference,
    setting,
)
from pages.estimators.gradient_variance.marks import label_names, revision
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import bar_centres, bar_heights
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.lab import find_problem
from vae_core.lab.experiment import NORMAL

BINS = 61
REACH = 3.0
ROW, BODY = 1.3, 1.0
STOPS = 60


def window(problem: str, parameter: str, family: str = NORMAL) -> tuple[float, float]:
    """Where histograms are shown: some deviations of the noisier of two about the gradient."""
    spread = reference(problem, parameter, family)
    reach = REACH * spread.deviation
    step = 10.0 ** math.floor(math.log10(reach)) / 2.0
    low = math.floor((spread.centre - reach) / step) * step
    return low, math.ceil((spread.centre + reach) / step) * step


def histograms(
    n: int,
    problem: str,
    names: tuple[str, ...],
    parameter: str,
    family: str = NORMAL,
    **sliders: float,
) -> Frame:
    """The first n estimates of each estimator, counted in bins; a row for each.

    Args:
        n: how many estimates are shown, as far as the figure can afford them.
        problem: name of the cost.
        names: names of the estimators.
        parameter: "loc" for the gradient in mu, "scale" for the one in sigma; or another family's.
        family: what z is drawn from.
        sliders: mu, sigma, samples, dim, seed and the problem's settings, as `setting` takes them.
    """
    at = setting(problem, parameter, sliders, family)
    drawn = affordable(names, at.samples, at.dim)
    low, high = window(problem, parameter, family)
    traces: dict[str, dict[str, object]] = {}
    for row, name in enumerate(names):
        found, foot = at.gradients(name, drawn)[:n], _foot(row, names)
        mean, error = float(found.mean()), _standard_error(found)
        bars = BODY * bar_heights(found, low, high, BINS)
        traces[name] = {"x": bar_centres(low, high, BINS), "y": bars}
        traces[f"{name} mean"] = {"x": np.array([mean]), "y": np.array([foot - 0.12])}
        ends = np.array([mean - 2.0 * error, mean + 2.0 * error])
        traces[f"{name} error"] = {"x": ends, "y": np.full(2, foot - 0.12)}
        words = (
            f"variance {short(found.var(ddof=1))}" if found.size > 1 else f"one draw: {mean:.3g}"
        )
        traces[f"{name} words"] = {"x": [high], "y": [foot + 0.9 * BODY], "text": [words]}
    truth = np.full(2, at.exact())
    traces["exact"] = {"x": truth, "y": np.array([-0.2, len(names) * ROW])}
    return Frame(traces, numbers(at, names, drawn, n))


def numbers(at: Setting, names: tuple[str, ...], drawn: int, n: int) -> dict[str, float | str]:
    """What formula, takeaway and table speak of: the first n of the drawn estimates."""
    found = {name: at.gradients(name, drawn)[:n] for name in names}
    variances = {
        name: float(x.var(ddof=1)) if x.size > 1 else math.nan for name, x in found.items()
    }
    told: dict[str, float | str] = {"exact": at.exact(), "shown": float(min(n, drawn))}
    means = {name: float(x.mean()) for name, x in found.items()}
    errors = {name: _standard_error(x) for name, x in found.items()}
    told["verdict"] = verdict(at, means, errors, variances, min(n, drawn))
    for name in names:
        told |= {f"mean_{name}": means[name], f"error_{name}": errors[name]}
        told[f"var_{name}"] = short(variances[name])
    return told


def verdict(
    at: Setting,
    means: dict[str, float],
    errors: dict[str, float],
    variances: dict[str, float],
    shown: int,
) -> str:
    """What the numbers of the `shown` estimates say of the estimators, in a sentence or two."""
    problem, exact = find_problem(at.problem), at.exact()
    wrong = [
        name
        for name, mean in means.items()
        if not problem.allows(ESTIMATORS[name]) and abs(mean - exact) > 4.0 * errors[name]
    ]
    if wrong:
        title, mean = ESTIMATORS[wrong[0]].title, means[wrong[0]]
        averages, truth = short(mean, 4), short(exact, 4)
        return f"{title} is wrong here: it averages {averages}, and the gradient is {truth}."
    if shown < 2 or len(variances) < 2:
        truth = short(exact)
        return f"The exact gradient is {truth}; a single estimate lands somewhere around it."
    return _comparison(at, variances, shown)


def _comparison(at: Setting, measured: dict[str, float], shown: int) -> str:
    """The loudest beside the calmest: exactly where that is known, and as measured."""
    known = {n: at.experiment(n).exact_variance(at.parameter, MOVING) for n in measured}
    exact = {name: v for name, v in known.items() if v is not None and math.isfinite(v)}
    judged = exact if len(exact) == len(measured) else measured
    calm, loud = (pick(judged, key=lambda name: judged[name]) for pick in (min, max))
    if {calm, loud} <= set(exact):
        judged = exact
        calm, loud = sorted((calm, loud), key=lambda name: exact[name])
    noisy, quiet = ESTIMATORS[loud].title, ESTIMATORS[calm].title
    if judged[calm] <= 1e-9 * judged[loud]:
        return f"{quiet} has no noise at all here."
    drawn = f"these {shown:,} {'draws' if at.samples == 1 else 'estimates'}"
    times = f"{noisy} has {short(judged[loud] / judged[calm])} times the variance of {quiet}"
    if judged is measured:
        return f"Same noise, same gradient: in {drawn}, {times}."
    told = short(measured[loud] / measured[calm]) if measured[calm] > 0 else "no ratio"
    return (
        f"Same noise, same gradient: {times}, {short(judged[loud])} against "
        f"{short(judged[calm])} by {at.experiment(calm).variance_is}; {drawn} gave {told}."
    )


def _standard_error(found: np.ndarray) -> float:
    return float(found.std(ddof=1)) / math.sqrt(found.size) if found.size > 1 else 0.0


def _foot(row: int, names: tuple[str, ...]) -> float:
    """The first estimator stands on top."""
    return (len(names) - 1 - row) * ROW


def draw_histograms(
    now: Frame, names: tuple[str, ...], problem: str, parameter: str, family: str = NORMAL
) -> go.Figure:
    """Bars, the mean with two standard errors below them, the exact gradient across all rows."""
    fig = go.Figure()
    for row, name in enumerate(names):
        _draw_row(fig, now, name, _foot(row, names))
    line = {"color": theme.var("ink"), "width": 2, "dash": "dash", "simplify": False}
    at, hover = now.traces["exact"], "exact gradient %{x:.4g}<extra></extra>"
    fig.add_scatter(
        name="exact", x=at["x"], y=at["y"], mode="lines", line=line, hovertemplate=hover
    )
    bars = now.traces[names[0]]["x"]
    half = (bars[1] - bars[0]) / 2.0
    title = f"one estimate of ∂E[f]/∂{letter(parameter, family)}  (outermost bars: all beyond)"
    fig.update_xaxes(title=title, range=[bars[0] - half, bars[-1] + half], zeroline=False)
    top = (len(names) - 1) * ROW + BODY + 0.1
    fig.update_yaxes(range=[-0.25, top], showticklabels=False, showgrid=False, zeroline=False)
    fig.update_layout(
        uirevision=revision(problem, parameter, family, names),
        showlegend=False,
        bargap=0,
        barmode="overlay",
    )
    return fig


def _draw_row(fig: go.Figure, now: Frame, name: str, foot: float) -> None:
    at, colour, title = now.traces, theme.estimator_var(name), ESTIMATORS[name].title
    fig.add_bar(
        name=name,
        **at[name],
        base=foot,
        marker={"color": theme.estimator_var(name, 0.55), "line": {"width": 0}},
        hovertemplate=f"<b>{title}</b><br>estimates near %{{x:.3g}}<extra></extra>",
    )
    line = {"color": colour, "width": 5, "simplify": False}
    fig.add_scatter(
        name=f"{name} error", **at[f"{name} error"], mode="lines", line=line, hoverinfo="skip"
    )
    dot = {"color": colour, "size": 11, "line": {"color": theme.var("paper"), "width": 2}}
    hover = f"<b>{title}</b><br>mean of the estimates %{{x:.4g}}<extra></extra>"
    fig.add_scatter(
        name=f"{name} mean",
        **at[f"{name} mean"],
        mode="markers",
        marker=dot,
        hovertemplate=hover,
    )
    words: dict[str, object] = {
        "mode": "text",
        "hoverinfo": "skip",
        "textfont": {"color": colour, "size": 15},
    }
    fig.add_scatter(
        name=f"{name} words", **at[f"{name} words"], textposition="middle left", **words
    )
    left = {"x": [float(at[name]["x"][0])], "y": [foot + 0.9 * BODY], "text": [f"<b>{title}</b>"]}
    fig.add_scatter(name=f"{name} title", **left, textposition="middle right", **words)


def running_means(
    n: int,
    problem: str,
    names: tuple[str, ...],
    parameter: str,
    family: str = NORMAL,
    **sliders: float,
) -> Frame:
    """How far the mean of the first m estimates is from the gradient, for m up to n.

    The band holds two standard errors, from the closed-form variance where there is one; an
    infinite variance has none.
    Arguments as for `histograms`.
    """
    at = setting(problem, parameter, sliders, family)
    drawn = affordable(names, at.samples, at.dim)
    shown, exact = min(n, drawn), at.exact()
    stops = np.unique(np.geomspace(1, shown, STOPS).astype(int))
    traces: dict[str, dict[str, object]] = {}
    for name in names:
        found = at.gradients(name, drawn)[:shown]
        off = found.cumsum()[stops - 1] / stops - exact
        variance = at.variance(name, drawn)
        deviation = math.sqrt(variance) if math.isfinite(variance) else math.nan
        band = 2.0 * deviation / np.sqrt(stops)
        traces[f"{name} below"] = {"x": stops, "y": -band}
        traces[f"{name} band"] = {"x": stops, "y": band}
        traces[name] = {"x": stops, "y": off}
    return Frame(traces, numbers(at, names, drawn, n))


def draw_running_means(
    now: Frame, names: tuple[str, ...], problem: str, parameter: str, family: str = NORMAL
) -> go.Figure:
    """A line for each estimator within its band; zero is the exact gradient."""
    fig = go.Figure()
    clear = {"color": "rgba(0,0,0,0)", "width": 0, "simplify": False}
    for name in names:
        below, band = now.traces[f"{name} below"], now.traces[f"{name} band"]
        common = {"mode": "lines", "line": clear, "hoverinfo": "skip", "showlegend": False}
        fig.add_scatter(name=f"{name} below", **below, **common)
        fill = {"fill": "tonexty", "fillcolor": theme.estimator_var(name, 0.14)}
        fig.add_scatter(name=f"{name} band", **band, **common, **fill)
    for name in names:
        line = {"color": theme.estimator_var(name), "width": 3, "simplify": False}
        title = ESTIMATORS[name].title
        fig.add_scatter(
            name=name,
            **now.traces[name],
            mode="lines",
            line=line,
            hovertemplate=f"<b>{title}</b><br>the mean of %{{x}} estimates<br>is off by %{{y:.3g}}"
            "<extra></extra>",
            showlegend=False,
        )
    label_names(fig, names)
    reach = 2.0 * reference(problem, parameter, family).deviation
    title = f"mean less exact ∂E[f]/∂{letter(parameter, family)}"
    fig.update_xaxes(title="estimates drawn", type="log", range=[0, math.log10(MOST_DRAWS)])
    fig.update_yaxes(title=title, range=[-reach, reach], zeroline=True)
    fig.update_layout(uirevision=revision(problem, parameter, family, names), showlegend=False)
    return fig
