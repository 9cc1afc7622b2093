"""The server's trainings, and the one that the visitor of this page watches.

The run's token stands in the address (`?run=...`), so F5, another device or a lost network find it
again. Nothing trains in a script run: this module asks `vae_core.runs` and shows what it hears.
"""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import streamlit as st

from pages.contents import PAGES
from pages.ui import controls
from vae_core.runs.disk.database import address_of
from vae_core.runs.jobs import Bounds, Jobs, JobsError
from vae_core.runs.standing import RunView
from vae_core.runs.work.cluster.address import address
from vae_core.runs.work.cluster.cluster import Cluster
from vae_core.runs.work.workers import in_thread
from vae_core.training.config import Settings, TrainConfig
from vae_core.vae.data import DataError, load_mnist

LOG = logging.getLogger(__name__)

FIRST_PICTURE_SECONDS = 1.0
NOTICE_SECONDS = 10.0
UNCHANGED = "The run goes on as it was."
DONE_BEFORE = (
    "This very run, seed included, was trained here before: this is it. Choose another seed to see "
    "one from its beginning."
)
NOT_KEPT = (
    "Nothing can be written into the folder of the runs. So runs of earlier days are not found "
    "here, and new ones are kept only as long as this server runs. Its keeper can name another "
    "folder: TTN_RUNS."
)
RUNS = Path(os.environ.get("TTN_RUNS") or PAGES.parent / "runs")

_TOKEN = "training:token"  # noqa: S105 - the name of a place, not a secret
_VISITOR = "training:visitor"
_NOTICE = "training:notice"
_APPLIED = "training:applied"
_making = threading.Lock()


@dataclass(frozen=True)
class Server:
    """The queue of this server, and what to say where nothing of it is kept."""

    jobs: Jobs
    not_kept: str = ""


def _server() -> Server:
    """Made at the first need, once, whoever comes meanwhile; closed with the process."""
    with _making:
        return _made()


@cache
def _made() -> Server:
    bounds, not_kept = Bounds.from_environment(), ""
    named, head = os.environ.get("TTN_DATABASE"), address()
    database = address_of(named) if named else None
    cluster = Cluster(head) if head else None
    try:
        made = Jobs(folder=RUNS, bounds=bounds, database=database, cluster=cluster)
    except OSError as problem:
        LOG.warning("%s (%s)", NOT_KEPT, problem)
        made, not_kept = Jobs(bounds=bounds, cluster=cluster), NOT_KEPT
    atexit.register(made.shutdown)
    in_thread(read_images)
    return Server(made, not_kept)


def jobs() -> Jobs:
    """The one queue of this server."""
    return _server().jobs


def not_kept() -> list[str]:
    """What there is to tell of a folder in which nothing can be kept."""
    made = _made.cache_info().currsize and jobs() is _server().jobs
    return [_server().not_kept] if made and _server().not_kept else []


def read_images() -> None:
    """Read the images before anybody waits for them."""
    with suppress(DataError):
        load_mnist()


def get_ready() -> None:
    """Do what takes seconds before the first visitor comes: the images, a process that trains."""
    jobs().warm_up()


def close() -> None:
    """End all runs at a snapshot from which the next server can go on."""
    if _made.cache_info().currsize:
        _server().jobs.shutdown()


def present_run() -> RunView | None:
    """The run that the address names, or else the one that this visitor started; None if gone."""
    named, _ = controls.read("run", "", str)
    token = named or st.session_state.get(_TOKEN, "")
    try:
        view = jobs().look(token)
    except JobsError as silent:  # the token stays: nobody knows that the run is gone
        _tell(str(silent))
        return None
    if view is None:
        if named:
            controls.write({"run": None})
            _tell(jobs().why_gone(named))
        st.session_state.pop(_TOKEN, None)
        return None
    st.session_state[_TOKEN] = token
    controls.write({"run": token})
    return view


def look(token: str) -> RunView | None:
    """How a run stands, None where it is gone, or where nobody can tell at the moment."""
    try:
        return jobs().look(token)
    except JobsError:
        return None


def is_active(view: RunView | None) -> bool:
    """Whether there is a run that goes on by itself, or could at any moment."""
    return view is not None and view.active


def start(config: TrainConfig) -> None:
    """Start a run for this visitor, in place of one of theirs that has ended."""
    visitor = st.session_state.setdefault(_VISITOR, secrets.token_urlsafe(16))
    old = st.session_state.get(_TOKEN)
    if old:
        visitor = jobs().visitor_of(old) or visitor
    _clear()
    try:
        token = jobs().start(config, visitor)
    except JobsError as problem:
        _tell(str(problem))
        return
    st.session_state[_TOKEN] = token
    st.session_state[_APPLIED] = config.settings
    controls.write({"run": token})
    view = look(token)
    if view is not None and view.state == "finished":
        _tell(DONE_BEFORE)
    with suppress(TimeoutError, JobsError):
        jobs().wait_for(token, shows_all_it_can, FIRST_PICTURE_SECONDS)


def shows_all_it_can(view: RunView) -> bool:
    """Whether the first picture is there, or is not to be expected before others' runs end."""
    return view.views is not None or view.state == "queued"


def act(action: Callable[[Jobs, str], None]) -> None:
    """Do something to the present run; what cannot be done is told, not raised."""
    _clear()
    token = st.session_state.get(_TOKEN)
    if token:
        try:
            action(jobs(), token)
        except JobsError as problem:
            _tell(str(problem))


def forget() -> None:
    """Reset: end the run, delete it, and take it out of the address."""
    act(Jobs.discard)
    st.session_state.pop(_TOKEN, None)
    controls.write({"run": None})


def apply_settings(view: RunView | None, settings: Settings) -> None:
    """Hand changed controls to an active run; opening its address alone changes nothing.

    What the run cannot take is asked for, and told, once.
    """
    before = st.session_state.get(_APPLIED)
    st.session_state[_APPLIED] = settings
    if view is None or not view.active or before in (None, settings):
        return
    _clear()
    if settings != view.settings:
        try:
            jobs().change(view.token, settings)
        except JobsError as problem:
            _tell(f"{problem} {UNCHANGED}")


def mend(settings: Settings) -> None:
    """After a divergence: back to the last good snapshot, with settings that work."""
    controls.write({"lr": None})
    st.session_state[_APPLIED] = settings
    act(lambda all_jobs, token: all_jobs.resume(token, settings))


def notices(view: RunView | None) -> list[str]:
    """What there is to tell the visitor.

    The page of an active run is drawn anew every second, so there it stands for some seconds, or
    until the visitor does something else; otherwise until the page is drawn again.
    """
    told: list[tuple[float, str]] = st.session_state.pop(_NOTICE, [])
    if is_active(view):
        told = [(at, text) for at, text in told if time.monotonic() - at < NOTICE_SECONDS]
        st.session_state[_NOTICE] = told
    return [*(text for _, text in told), *not_kept()]


def _tell(text: str) -> None:
    told = st.session_state.setdefault(_NOTICE, [])
    if text not in [each for _, each in told]:
        told.append((time.monotonic(), text))


def _clear() -> None:
    st.session_state.pop(_NOTICE, None)
