"""From a run's reports to what the training page shows: curves, words, numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

import numpy as np

from pages.ui import assets, theme
from pages.ui.digits import Strip, originals
from pages.ui.numbers import duration, number
from pages.ui.runs.curves import Curve, DrawnCurve, Mark, used
from vae_core.estimators import ESTIMATORS
from vae_core.runs.standing import RunView
from vae_core.training.config import OPTIONS, Settings, TrainConfig, trainable
from vae_core.training.evaluate import Bound, Views, held_out, take_views
from vae_core.training.options import options_of
from vae_core.training.train import fresh_model
from vae_core.vae.data import load_mnist
from vae_core.vae.posteriors import POSTERIORS

REFERENCES = assets.FOLDER / "reference_runs"


def curve(points: Iterable[tuple[float, Bound]]) -> Curve:
    """Bounds at their epochs as arrays."""
    rows = [(epoch, b.elbo, b.reconstruction, b.kl) for epoch, b in points]
    table = np.array(rows, dtype=float).reshape(-1, 4)
    return Curve(*table.T)


def training_curve(view: RunView) -> Curve:
    """A run's bound on the minibatches it trained on."""
    return curve((point.epoch, point.train) for point in view.history)


def held_out_curve(view: RunView) -> Curve:
    """A run's bound on held-out images."""
    return curve((point.epoch, point.test) for point in view.history if point.test)


@cache
def recorded() -> dict[str, list[dict[str, Any]]]:
    """Reports of recorded runs of one epoch, by estimator; see their README."""
    found = {}
    for name in trainable():
        path = REFERENCES / f"{name}.jsonl"
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            found[name] = [json.loads(line) for line in text.splitlines()]
    return found


def epoch_steps() -> int:
    """Steps of the recorded runs, and of a run as the controls stand at first: one epoch."""
    return int(recorded()[TrainConfig().estimator][-1]["step"])


@cache
def reference_curves() -> dict[str, Curve]:
    """The recorded runs' bounds on the minibatches, by estimator."""
    return {
        name: curve((line["epoch"], Bound(**line["train"])) for line in lines)
        for name, lines in recorded().items()
    }


def drawn_curves(view: RunView | None) -> list[DrawnCurve]:
    """What the curves show: the recorded runs, and above them the present one.

    Beside a run whose z are coins there are none: those recorded have bells, which can carry more.
    """
    strong = view is None
    beside = {} if view and of_coins(view.config) else reference_curves()
    ends = sorted((found.elbo[-1] for found in beside.values()), reverse=True)
    recorded = [
        DrawnCurve(
            ESTIMATORS[name].title,
            found,
            theme.estimator_var(name) if strong else theme.estimator_var(name, 0.45),
            width=2.0 if strong else 1.0,
            label_colour=theme.estimator_var(name),
            beside="above" if found.elbo[-1] == ends[0] else "below",
        )
        for name, found in beside.items()
    ]
    if view is None:
        return recorded
    colour = theme.estimator_var(view.settings.estimator)
    return [
        *recorded,
        DrawnCurve(
            "this run: training images", training_curve(view), colour, dash="dot", width=1.5
        ),
        DrawnCurve("held-out images", held_out_curve(view), colour, width=3.0),
    ]


def of_coins(config: TrainConfig) -> bool:
    """Whether a run's z are zeros and ones."""
    return POSTERIORS[config.posterior].family.discrete


@lru_cache(maxsize=16)
def untrained(config: TrainConfig) -> Views:
    """Pictures of a model before its first step. Raises DataError where there are no images."""
    data = load_mnist()
    model = fresh_model(config, data)
    return take_views(model, held_out(data.test_images, config), data.test_labels)


def marks(view: RunView | None) -> list[Mark]:
    """Where the settings of a run changed, and to what."""
    found: list[Mark] = []
    if view is None:
        return found
    for before, after in zip(view.history, view.history[1:], strict=False):
        if before.settings != after.settings:
            text = difference(before.settings, after.settings)
            found.append(Mark(before.epoch, text))
    return found


def difference(before: Settings, after: Settings) -> str:
    """What changed from one setting to the next, in few words."""
    changed = (n for n in options_of(Settings) if getattr(before, n) != getattr(after, n))
    return ", ".join(OPTIONS[name].said(getattr(after, name)) for name in changed)


def planned_epochs(view: RunView | None, config: TrainConfig) -> float:
    """Right end of the time axis, in epochs: the run's plan, or that of the next one."""
    return (view.config if view else config).epochs or 1.0


def status(view: RunView) -> str:
    """How the run stands, in a few words beside its progress bar."""
    if view.state == "queued":
        return f"Waiting in line, place {view.place}"
    if not view.history:
        return "Getting ready"
    last = view.history[-1]
    words = [f"epoch {last.epoch:.2f} of {planned_epochs(view, view.config):g}"]
    if last.images_per_second:
        words.append(f"{last.images_per_second:,.0f} images a second")
    if view.state == "running" and view.seconds_left is not None:
        words.append(f"{duration(view.seconds_left)} left")
    if view.state != "running":
        words.append(view.state)
    if view.watchers > 1:
        words.append(f"shared with {view.watchers - 1} more")
    return " · ".join(words)


def way_back(view: RunView) -> str:
    """Where a run that diverged can go on."""
    if not view.snapshot:
        return "Start again from the first step"
    return f"Go back to the last good snapshot (step {view.snapshot})"


def last_bound(view: RunView | None) -> Bound | None:
    """The latest bound on held-out images."""
    if view is None:
        return None
    return next((point.test for point in reversed(view.history) if point.test), None)


def takeaway(view: RunView | None, words: Mapping[str, str]) -> str:
    """One line with the present numbers: those of the run, or of the recorded ones."""
    bound = last_bound(view)
    if view is None or bound is None:
        ends = [
            f"{ESTIMATORS[name].title} {number(found.elbo[-1], 1)}"
            for name, found in reference_curves().items()
        ]
        return words["none"].format(ends=", ".join(ends))
    binary = view.config.targets == "binary"
    return words["run_binary" if binary else "run"].format(
        estimator=", then ".join(ESTIMATORS[name].title for name in used_estimators(view)),
        epoch=f"{view.history[-1].epoch:.1f}",
        elbo=number(bound.elbo, 1),
    )


def used_estimators(view: RunView) -> list[str]:
    """The estimators that a run has trained with, in their order, each once."""
    steps = (point.settings.estimator for point in view.history)
    return list(dict.fromkeys(steps)) or [view.settings.estimator]


def tex(bound: Bound | None) -> str:
    """The bound as the difference of its terms, with their present values."""
    bare = theme.colour_tex(r"\text{ELBO} = \mathbb{E}_{q_\phi}[\log p_\theta(x|z)] - \text{KL}")
    if bound is None:
        return bare
    return f"{bare} = {bound.reconstruction:.1f} - {bound.kl:.1f} = {bound.elbo:.1f}"


def used_dimensions(kl: np.ndarray) -> str:
    """How many latent dimensions the model uses, in one line."""
    count = sum(used(value) for value in kl)
    return f"{count} of {len(kl)} latent dimensions carry information about x."


def table(view: RunView | None) -> dict[str, list[float]] | None:
    """The looks at held-out images in numbers, at most a dozen of them, the last included."""
    if view is None:
        return None
    looks = [point for point in view.history if point.test]
    kept = {round(i) for i in np.linspace(0, len(looks) - 1, min(12, len(looks)))} if looks else ()
    rows = [looks[i] for i in sorted(kept)]
    bounds = [point.test for point in rows if point.test]
    return {
        "step": [float(point.step) for point in rows],
        "seconds": [round(point.seconds, 1) for point in rows],
        "held-out ELBO": [round(b.elbo, 2) for b in bounds],
        "reconstruction": [round(b.reconstruction, 2) for b in bounds],
        "KL": [round(b.kl, 2) for b in bounds],
    }


def strips(views: Views, config: TrainConfig) -> list[Strip]:
    """The rows of digits; the words say which z the decoder has been given."""
    likeliest, from_its = "μ", "mu"
    drawn = "N(0, 1)"
    if of_coins(config):
        likeliest, from_its, drawn = "the likelier 0s and 1s", "likelier 0s and 1s", "fair coins"
    return [
        originals(views.originals),
        Strip(
            f"their reconstructions: the mean of p(x|z) at z = {likeliest}",
            "theta",
            f"The decoder's picture of each of the ten digits, from its {from_its}.",
            views.reconstructions,
        ),
        Strip(
            f"samples: the mean of p(x|z) at z ~ {drawn}",
            "z",
            "Ten digits that the decoder dreams up from the prior.",
            views.samples,
        ),
    ]
