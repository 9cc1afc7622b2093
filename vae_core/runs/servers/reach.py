"""How a visitor of this server reaches a run, whichever server has it.

Looking leaves a run where it is. Acting fetches it: its server holds it at a snapshot and hands it
over. Where others watch it too, it stays, and whoever acts gets a training of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from vae_core.runs.archive import Archive
from vae_core.runs.bounds import JobsError
from vae_core.runs.disk.database import NoAnswerError
from vae_core.runs.disk.folder import hashed
from vae_core.runs.servers.elsewhere import Away
from vae_core.runs.servers.memory import MOST_REMEMBERED
from vae_core.runs.servers.store import Store
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.standing import RunView
from vae_core.training.config import TrainConfig

HELD = "Another server has this run, and has not let go of it yet. Please try again in a moment."
HAND_OVER_SECONDS = 8.0
POLL_SECONDS = 0.05
RECENT_SECONDS = 1.0
"""Whoever watches another server's run looks once a second: for all of them it is asked once."""


class Reach:
    """Finds the runs of all servers. Its methods raise JobsError while nobody can tell of them.

    Args:
        archive: the runs of this server.
        store: tells of the others' runs; there are none when None.
    """

    def __init__(self, archive: Archive, store: Store | None) -> None:
        self._archive = archive
        self._store = store
        self._away: dict[str, tuple[Away, float]] = {}

    def find(self, token: str, *, recent: bool = False) -> SharedRun | Away | None:
        """The run that a token leads to, in memory here or at another server.

        While the database does not answer, it is where it was found last.

        Args:
            token: leads to it.
            recent: whether it is enough to know where it was a second ago.
        """
        with self._archive.lock:
            here = self._archive.present(token)
            away, at = self._away.get(token, (None, 0.0))
        if here is not None or (recent and away and time.monotonic() - at < RECENT_SECONDS):
            return here or away
        try:
            found = self._archive.find(token)
        except NoAnswerError as silent:
            if away is None:
                raise JobsError(str(silent)) from silent
            return away
        with self._archive.lock:
            self._away.pop(token, None)
            if isinstance(found, Away):
                self._away[token] = found, time.monotonic()
            if len(self._away) > MOST_REMEMBERED:
                del self._away[next(iter(self._away))]
        return found

    def why_gone(self, token: str) -> str:
        """Why a token leads to no run, in one or two sentences."""
        try:
            return self._archive.why_gone(token)
        except NoAnswerError as silent:
            return str(silent)

    def visitor_of(self, token: str) -> str | None:
        """Who started the run, None where nobody can tell."""
        with suppress(JobsError):
            found = self.find(token)
            if isinstance(found, Away):
                return found.visitor
            return found.watchers.get(hashed(token)) if found else None
        return None

    def fetch(self, token: str, *, parts: bool) -> SharedRun | None:
        """The run, in memory here from now on; None where there is none any more.

        One that is handed over stands nowhere until whoever asked for it has acted, and lets it
        be `awaited` no more.

        Args:
            token: leads to it.
            parts: whether it stays where it is if others watch it too, and what comes is a copy.
        """
        until = time.monotonic() + HAND_OVER_SECONDS
        while time.monotonic() < until:
            found = self.find(token)
            if found is None or (isinstance(found, SharedRun) and not found.leaving):
                return found
            if isinstance(found, Away) and self._store:
                with self._answered():
                    if parts and self._archive.part(found):
                        continue
                    self._archive.awaited.add(found.run_id)
                    self._store.elsewhere.ask_for(found)
                parts = False
            time.sleep(POLL_SECONDS)
        if isinstance(found, Away):
            self._archive.awaited.discard(found.run_id)
        raise JobsError(HELD)

    def view(self, away: Away) -> RunView | None:
        """How another server's run stands; its visitor is seen to be there."""
        with self._archive.lock:
            self._archive.see(away.visitor)
        with self._answered():
            seen = self._store.elsewhere.look(away.run_id) if self._store else None
        if seen is None:
            return None
        return RunView.of(seen.standing, away.token, seen.place, len(set(seen.watchers.values())))

    def wait_for(
        self, token: str, condition: Callable[[RunView], bool], until: float
    ) -> RunView | SharedRun | None:
        """Wait while another server has the run, until it stands as asked for.

        Returns:
            How it stands then; or the run itself where it is in memory here.

        Raises:
            TimeoutError: it does not stand so, at the time `until` of the monotonic clock.
        """
        while isinstance(found := self.find(token), Away):
            view = self.view(found)
            if view is not None and condition(view):
                return view
            if time.monotonic() > until:
                raise TimeoutError("The run, at another server, does not stand as asked for.")
            time.sleep(POLL_SECONDS)
        return found

    def active_of(self, visitor: str | None) -> int:
        """How many active runs a visitor has at other servers."""
        return self._store.elsewhere.active_of(visitor) if self._store and visitor else 0

    def leave(self, away: Away) -> None:
        """Let a token lead nowhere."""
        with self._answered():
            if self._store:
                self._store.elsewhere.leave(away)
        with self._archive.lock:
            self._away.pop(away.token, None)

    @contextmanager
    def joined(self, configs: Sequence[TrainConfig], visitor: str) -> Iterator[list[Away | None]]:
        """New tokens for those that other servers do or have done; what follows may refuse them."""
        joined = [self._archive.join(config, visitor) for config in configs]
        try:
            yield joined
        except JobsError:
            for away in filter(None, joined):
                with suppress(JobsError):
                    self.leave(away)
            raise

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """A database that does not answer is a JobsError, in one sentence."""
        try:
            yield
        except NoAnswerError as silent:
            raise JobsError(str(silent)) from silent
