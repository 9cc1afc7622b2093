"""What a training can be told: the controls of the training page, each with a word of advice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui import controls
from pages.ui.runs import options
from pages.ui.runs.options import USUAL
from vae_core.estimators import ESTIMATORS
from vae_core.training.config import OPTIONS, ConfigError, TrainConfig, priors_of, trainable
from vae_core.vae.posteriors import POSTERIORS

USUAL_RATE = f"{USUAL.learning_rate:g}"
ROW = ("samples", "learning_rate", "beta", "latent", "epochs")
FIRST = (
    *("likelihood", "noise", "targets", "prior", "posterior", "objective", "warm_up"),
    *("hidden", "depth"),
)


def estimator_control() -> str:
    """The choice that the page is about: of those that take the z of the posterior chosen below."""
    titles = {name: ESTIMATORS[name].title for name in trainable(chosen_posterior())}
    return controls.choice("estimator", "Gradient estimator", titles)


def chosen_posterior() -> str:
    """What the posterior's control is at, which stands further down the page."""
    found, _ = controls.read(
        options.address("posterior"), USUAL.posterior, controls.one_of(POSTERIORS)
    )
    return found


def config_controls(estimator: str) -> TrainConfig:
    """Everything else that a run can be told; each choice lives in the address."""
    *columns, last, fold = st.columns([2, 2, 2, 2, 2, 2, 3], vertical_alignment="bottom")
    told: dict[str, Any] = {"estimator": estimator}
    for column, name in zip(columns, ROW, strict=True):
        with column:
            told[name] = options.control(name)
    with last:
        told["seed"] = controls.seed()
    priors = priors_of(chosen_posterior())
    folded = [name for name in folded_options() if name != "prior" or len(priors) > 1]
    notes = st.container()
    with fold, controls.folded("The model", *map(options.address, folded), notes=notes):
        offered = {"prior": priors}
        model = {name: options.control(name, offered.get(name, ())) for name in folded}
    if controls.stated("estimator") is None and estimator != USUAL.estimator:
        usual = ESTIMATORS[USUAL.estimator].title
        st.caption(
            f"{usual} needs a path, and this z has none: {ESTIMATORS[estimator].title} is used. "
            "The others that can do without stand to choice above, most of them calmer."
        )
    fewest = ESTIMATORS[estimator].min_samples
    if told["samples"] < fewest:
        st.caption(f"{ESTIMATORS[estimator].title} needs K = {fewest} at least; that is used.")
        told["samples"] = fewest
    return possible(told, model)


def folded_options() -> list[str]:
    """What is told of the model, its targets and what is climbed: fixed once a run has begun."""
    rest = [name for name, told in OPTIONS.items() if told.control and name not in ROW]
    return [*FIRST, *(name for name in rest if name not in FIRST)]


def possible(told: Mapping[str, Any], model: Mapping[str, Any]) -> TrainConfig:
    """The configuration; where choices do not go together, it says so and takes the usual ones."""
    try:
        return TrainConfig(**told, **model)
    except ConfigError as problem:
        st.warning(f"{problem} Until you do, a new run takes grey targets and the ELBO.")
        safe = {"targets": USUAL.targets, "objective": USUAL.objective}
        return TrainConfig(**told, **{**model, **safe})
