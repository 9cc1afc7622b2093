"""What a training can be told: the controls of the training page, each with a word of advice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui import controls
from vae_core.estimators import ESTIMATORS
from vae_core.training.config import OBJECTIVES, TARGETS, TRAINABLE, ConfigError, TrainConfig
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.priors import PRIORS

USUAL = TrainConfig()
USUAL_RATE = f"{USUAL.learning_rate:g}"
RATES = ("0.0001", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "1000")
LATENT = ("1", "2", "5", "10", "20", "40", "64")
SAMPLES = ("1", "2", "4", "8", "16", "32")
BATCHES = ("20", "50", "100", "200", "500", "1000")
EPOCHS = ("1", "2", "5", "10", "20", "50")
BETAS = ("0", "0.1", "0.5", "1", "2", "4", "10")
WIDTHS = ("50", "100", "200", "400", "800")
DEPTHS = ("1", "2", "3")
NOISES = ("0.05", "0.1", "0.2", "0.5", "1")
WARM_UPS = ("0", "0.2", "0.5", "1", "2")
MODEL = ("hidden", "depth", "batch", "likelihood", "noise", "targets", "prior", "objective", "warm")
TARGET_TITLES = {"grey": "Grey values", "binary": "Black and white, drawn anew"}
OBJECTIVE_TITLES = {"elbo": "ELBO", "iwae": "Importance-weighted bound"}


def estimator_control() -> str:
    """The choice that the page is about."""
    titles = {name: ESTIMATORS[name].title for name in TRAINABLE}
    return controls.choice("estimator", "Gradient estimator", titles)


def config_controls(estimator: str) -> TrainConfig:
    """Everything else that a run can be told; each choice lives in the address."""
    columns = st.columns([2, 2, 2, 2, 2, 2, 3], vertical_alignment="bottom")
    with columns[0]:
        asked = int(_choice("samples", "Samples K", SAMPLES, "1", "More samples, calmer gradient."))
    with columns[1]:
        rate = _choice("lr", "Learning rate", RATES, USUAL_RATE, "Too large blows up: try 1000.")
    with columns[2]:
        beta = _choice("beta", "Weight β of KL", BETAS, "1", "Below 1 sharpens, above 1 tidies z.")
    with columns[3]:
        latent = _choice("latent", "Latent size D", LATENT, "20", "With 2 you see all of z.")
    with columns[4]:
        epochs = _choice("epochs", "Epochs", EPOCHS, "1", "Passes over 60,000 images.")
    with columns[5]:
        seed = controls.seed()
    notes = st.container()
    with columns[6], controls.folded("The model", *MODEL, notes=notes):
        model = _model_controls()
    samples = max(asked, ESTIMATORS[estimator].min_samples)
    if samples != asked:
        st.caption(f"{ESTIMATORS[estimator].title} needs K = {samples} at least; that is used.")
    told: dict[str, Any] = {
        "estimator": estimator,
        "samples": samples,
        "learning_rate": float(rate),
        "beta": float(beta),
        "latent": int(latent),
        "epochs": float(epochs),
        "seed": seed,
    }
    return possible(told, model)


def possible(told: Mapping[str, Any], model: Mapping[str, Any]) -> TrainConfig:
    """The configuration; where choices do not go together, it says so and takes the usual ones."""
    try:
        return TrainConfig(**told, **model)
    except ConfigError as problem:
        st.warning(f"{problem} Until you do, a new run takes grey targets and the ELBO.")
        safe = {"targets": USUAL.targets, "objective": USUAL.objective}
        return TrainConfig(**told, **{**model, **safe})


def _model_controls() -> dict[str, Any]:
    """What decides the model, its targets and what is climbed: fixed once a run has begun."""
    likelihoods = {name: entry.title for name, entry in LIKELIHOODS.items()}
    advice = " ".join(f"{entry.title}: {entry.watch}" for entry in LIKELIHOODS.values())
    likelihood = controls.choice("likelihood", "Decoder gives", likelihoods, help=advice)
    noise = _choice("noise", "σ of x, where fixed", NOISES, "0.1", LIKELIHOODS["gaussian"].watch)
    targets = controls.choice("targets", "Targets", TARGET_TITLES, help=_advice(TARGETS))
    priors = {name: kind.title for name, kind in PRIORS.items()}
    advice = " ".join(f"{kind.title}: {kind.watch}" for kind in PRIORS.values())
    prior = controls.choice("prior", "Prior p(z)", priors, help=advice)
    objective = controls.choice("objective", "Climb", OBJECTIVE_TITLES, help=_advice(OBJECTIVES))
    warm = _choice("warm", "KL warm-up, epochs", WARM_UPS, "0", "β rises slowly: fewer idle z.")
    hidden = _choice("hidden", "Hidden width", WIDTHS, "400", "Wider: better, and slower.")
    depth = _choice("depth", "Hidden layers", DEPTHS, "1", "Deeper needs more epochs to pay.")
    batch = _choice("batch", "Batch size B", BATCHES, "100", "Larger: fewer, calmer steps.")
    return {
        "likelihood": likelihood,
        "noise": float(noise),
        "targets": targets,
        "prior": prior,
        "objective": objective,
        "warm_up": float(warm),
        "hidden": int(hidden),
        "depth": int(depth),
        "batch": int(batch),
    }


def _choice(name: str, label: str, options: tuple[str, ...], default: str, advice: str) -> str:
    return controls.choice(name, label, options, default, help=advice)


def _advice(lines: Mapping[str, str]) -> str:
    return " ".join(lines.values())
