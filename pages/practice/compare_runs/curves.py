"""Pictures and words of runs side by side: their held-out bounds, and what each reconstructs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from pages.practice.compare_runs.runners import AGAINST, runner_of
from pages.ui import theme
from pages.ui.digits import Strip, originals
from pages.ui.live import Picture
from pages.ui.numbers import number
from pages.ui.runs.curves import span, thinned
from pages.ui.runs.reports import recorded, untrained
from vae_core.estimators import ESTIMATORS
from vae_core.runs.standing import Point, RunView
from vae_core.training.config import TrainConfig
from vae_core.training.evaluate import take_views
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import load_mnist

LONG_RUN = "latent20"
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six")
USUAL = (-220.0, -90.0)
ROUND = 20.0
DASHES, OTHER = {1: "solid", 4: "dash", 16: "dot"}, "dashdot"


def looks(view: RunView) -> list[Point]:
    """A run's reports with a look at held-out images."""
    return [point for point in view.history if point.test]


def best(views: Sequence[RunView]) -> RunView | None:
    """The run whose latest held-out ELBO is the highest; None before any run's second look."""
    begun = [view for view in views if len(looks(view)) > 1]
    return max(begun, key=_latest) if begun else None


def _latest(view: RunView) -> float:
    test = looks(view)[-1].test
    return test.elbo if test else -np.inf


def picture(views: Sequence[RunView], against: str, words: dict[str, str]) -> Picture:
    """The bounds with their words and numbers."""
    return Picture(
        figure=curves(views, against),
        takeaway=takeaway(views, words),
        table=table(views),
        height=380,
    )


def curves(views: Sequence[RunView], against: str) -> go.Figure:
    """Held-out ELBO of each run in nats per image, against steps or seconds of training.

    Before there is a run, the recorded ones: their bound on the minibatches.
    """
    figure = go.Figure()
    seen = [np.array(USUAL)]
    for view in views:
        points = looks(view)
        x = np.array([getattr(point, against) for point in points], dtype=float)
        y = np.array([point.test.elbo for point in points if point.test], dtype=float)
        seen.append(y)
        runner = runner_of(view)
        colour = theme.estimator_var(runner.estimator)
        figure.add_trace(
            _line(runner.title, x, y, colour, DASHES.get(runner.samples, OTHER), against)
        )
    for name, reports in {} if views else recorded().items():
        x = np.array([report[against] for report in reports], dtype=float)
        y = np.array([report["train"]["elbo"] for report in reports], dtype=float)
        title = f"recorded: {ESTIMATORS[name].title}"
        figure.add_trace(_line(title, x, y, theme.estimator_var(name, 0.6), "solid", against))
    figure.update_xaxes(title=AGAINST[against], rangemode="tozero", minallowed=0)
    axis = "held-out ELBO" if views else "ELBO"
    figure.update_yaxes(
        title=f"{axis} (nats per image)", range=span(np.concatenate(seen), USUAL, ROUND)
    )
    figure.update_layout(
        uirevision=against,
        showlegend=True,
        margin={"l": 64, "r": 12, "t": 24, "b": 44},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom"},
    )
    return figure


def _line(
    name: str, x: np.ndarray, y: np.ndarray, colour: str, dash: str, against: str
) -> go.Scatter:
    x, y = thinned(x, y)
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 3},
        hovertemplate=f"<b>{name}</b><br>ELBO %{{y:.1f}} nats per image<br>"
        f"after %{{x:,.0f}} {AGAINST[against]}<extra></extra>",
    )


def takeaway(views: Sequence[RunView], words: dict[str, str]) -> str:
    """Who leads, by how much, and what it has taken."""
    leader = best(views)
    if leader is None:
        return words["none"]
    point = looks(leader)[-1]
    others = [view for view in views if view is not leader and len(looks(view)) > 1]
    if not others:
        return words["one"].format(name=runner_of(leader).title, elbo=number(_latest(leader), 1))
    second = max(others, key=_latest)
    return words["some"].format(
        name=runner_of(leader).title,
        elbo=number(_latest(leader), 1),
        step=f"{point.step:,}",
        seconds=f"{point.seconds:.0f}",
        second=runner_of(second).title,
        ahead=number(_latest(leader) - _latest(second), 1),
    )


def table(views: Sequence[RunView]) -> dict[str, list[str]] | None:
    """The latest numbers of each run."""
    rows = [(view, looks(view)[-1]) for view in views if looks(view)]
    if not rows:
        return None
    return {
        "run": [runner_of(view).title for view, _ in rows],
        "steps": [f"{point.step:,}" for _, point in rows],
        "seconds": [f"{point.seconds:.1f}" for _, point in rows],
        "held-out ELBO": [number(point.test.elbo, 2) for _, point in rows if point.test],
        "reconstruction": [number(point.test.reconstruction, 2) for _, point in rows if point.test],
        "KL": [number(point.test.kl, 2) for _, point in rows if point.test],
    }


def strips(views: Sequence[RunView]) -> list[Strip]:
    """The digits, and below them what each run makes of them."""
    pictured = [(view, view.views) for view in views if view.views is not None]
    if not pictured:
        return []
    first = pictured[0][1]
    rows = [originals(first.originals)]
    for view, pictures in pictured:
        title = runner_of(view).title
        words = f"The same ten digits as the model of {title} gives them back."
        rows.append(Strip(title, "theta", words, pictures.reconstructions))
    return rows


def recorded_runs() -> str:
    """How many recorded runs there are, as a sentence begins."""
    count = len(recorded())
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def start_and_end(config: TrainConfig) -> list[Strip]:
    """Ten digits by a model before its first step, and by the one that comes with the app.

    Raises:
        CheckpointError, DataError: the model or the images are missing.
    """
    start, data = untrained(config), load_mnist()
    end = take_views(load_pretrained(LONG_RUN).model, data.test_images, data.test_labels)
    words = "The same ten digits as the model {} gives them back."
    rows = {"before the first step": start, "after a long run": end}
    strips = [
        Strip(title, "theta", words.format(title), found.reconstructions)
        for title, found in rows.items()
    ]
    return [originals(end.originals), *strips]


def status(view: RunView) -> str:
    """How one run stands, in few words."""
    if view.state == "queued":
        return f"{runner_of(view).title}: in line, place {view.place}"
    if view.state == "running":
        return f"{runner_of(view).title}: {view.fraction:.0%}"
    return f"{runner_of(view).title}: {view.message or view.state}"
