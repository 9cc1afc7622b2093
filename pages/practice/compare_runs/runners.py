"""Runs that differ in their estimator alone: the same model, start, data order and noise.

The tokens of the runs stand in the address (`?runs=a,b`), so F5 or another device find them again.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from pages.ui import controls
from pages.ui.runs import options
from pages.ui.runs import visitor as training_room
from vae_core.estimators import ESTIMATORS
from vae_core.runs.jobs import JobsError
from vae_core.runs.standing import RunView
from vae_core.training.config import TrainConfig, trainable

MOST = 4
SAMPLES = (1, 4, 16)
DEFAULT = ("pathwise-1", "score-1", "score_loo-4")
OFFERED = {
    "epochs": (0.5, 1, 2, 5),
    "latent": (2, 5, 10, 20, 40),
    "learning_rate": (0.0005, 0.001, 0.002, 0.005),
}
AGAINST = {"step": "steps", "seconds": "seconds of training"}

_TOKENS = "comparison:tokens"
_VISITOR = "comparison:visitor"
_NOTICE = "comparison:notice"


@dataclass(frozen=True)
class Runner:
    """One who takes part: an estimator with its number of samples for each image."""

    estimator: str
    samples: int

    @property
    def key(self) -> str:
        """How the address names it."""
        return f"{self.estimator}-{self.samples}"

    @property
    def title(self) -> str:
        """How the page names it."""
        return f"{ESTIMATORS[self.estimator].title}, K = {self.samples}"


RUNNERS = {
    runner.key: runner
    for runner in (Runner(name, k) for name in trainable() for k in SAMPLES)
    if runner.samples >= ESTIMATORS[runner.estimator].min_samples
}


def runner_of(view: RunView) -> Runner:
    """Who a run belongs to."""
    return Runner(view.config.estimator, view.config.samples)


def plan() -> tuple[list[TrainConfig], bool]:
    """The runs that the controls ask for, and whether there were more than can take part."""
    titles = {key: runner.title for key, runner in RUNNERS.items()}
    chosen = controls.multichoice("runners", "Who takes part", titles, DEFAULT) or list(DEFAULT)
    columns = st.columns(4)
    told = {}
    for column, (name, offered) in zip(columns, OFFERED.items(), strict=False):
        with column:
            told[name] = options.control(name, offered, advise=False)
    with columns[3]:
        seed = controls.seed()
    taking_part = (RUNNERS[key] for key in chosen[:MOST])
    configs = [
        TrainConfig(runner.estimator, runner.samples, seed=seed, **told) for runner in taking_part
    ]
    return configs, len(chosen) > MOST


def present() -> list[RunView]:
    """The runs that the address names, or else those that this visitor started."""
    named, _ = controls.read("runs", "", str)
    tokens = named.split(",")[:MOST] if named else st.session_state.get(_TOKENS, [])
    try:
        views = [view for view in map(training_room.jobs().look, tokens) if view is not None]
    except JobsError as silent:  # the tokens stay: nobody knows that the runs are gone
        _tell(str(silent))
        return []
    if named and len(views) < len(tokens):
        _tell("Some runs of this address are gone. Runs that ended are kept for a while only.")
    _hold([view.token for view in views])
    return views


def start(configs: list[TrainConfig]) -> None:
    """Put all runs in line, in place of those shown so far."""
    forget()
    visitor = st.session_state.setdefault(_VISITOR, secrets.token_urlsafe(16))
    try:
        _hold(training_room.jobs().start_many(configs, visitor))
    except JobsError as problem:
        _tell(str(problem))


def stop() -> None:
    """End the runs that are under way or wait; what they have reached stays."""
    for token in st.session_state.get(_TOKENS, []):
        with suppress(JobsError):
            training_room.jobs().stop(token)


def forget() -> None:
    """End the runs, delete them, and take them out of the address."""
    for token in st.session_state.get(_TOKENS, []):
        with suppress(JobsError):
            training_room.jobs().discard(token)
    _hold([])


def notices() -> list[str]:
    """What there is to tell the visitor since the last script run."""
    told: list[str] = st.session_state.pop(_NOTICE, [])
    return [*told, *training_room.not_kept()]


def _hold(tokens: list[str]) -> None:
    st.session_state[_TOKENS] = tokens
    controls.write({"runs": ",".join(tokens) or None})


def _tell(text: str) -> None:
    st.session_state.setdefault(_NOTICE, []).append(text)
