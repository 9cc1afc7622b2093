"""Runs that another server has: how they stand, from the database and the files that all share.

Looking never moves a run. What was read serves all who look for a moment, and goes on serving while
the database does not answer.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from vae_core.runs.disk.database import NoAnswerError
from vae_core.runs.disk.folder import RunFolder, hashed, shown
from vae_core.runs.disk.records import Records
from vae_core.runs.disk.rows import Entry, Read
from vae_core.runs.servers.presence import Presence
from vae_core.training.config import TrainConfig

FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Away:
    """A run that another server has, for the holder of one of its tokens."""

    run_id: str
    token: str
    visitor: str


class Elsewhere:
    """The runs of other servers, as this one sees them. Its methods raise `NoAnswerError`.

    Args:
        records: the runs in the database.
        files: their files.
        presence: which servers there are.
        most_bytes: how much memory it may take; the one looked at last is kept in any case.
        clock: seconds.
    """

    def __init__(
        self,
        records: Records,
        files: RunFolder,
        presence: Presence,
        most_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._files = files
        self._presence = presence
        self._most_bytes = most_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[Read, float]] = {}

    def look(self, run_id: str, *, anew: bool = False) -> Entry | None:
        """A run as it stood a second ago at most, or now; None where it is gone.

        What was seen before is shown on where the database does not answer.
        """
        with self._lock:
            before, at = self._seen.pop(run_id, (None, 0.0))
            seen = before
            if before is None or anew or self._clock() - at > FRESH_SECONDS:
                at = self._clock()
                try:
                    seen = self._read(run_id, before)
                except NoAnswerError:
                    if before is None:
                        raise
            if seen is None:
                return None
            self._seen[run_id] = seen, at
            self._make_room()
            return seen.entry

    def ask_for(self, away: Away) -> None:
        """Ask the server that has a run to hand it over."""
        self._records.want(away.run_id)

    def leave(self, away: Away) -> None:
        """Let a token lead nowhere; the run's server hears of it."""
        self._records.leave(hashed(away.token))

    def active_of(self, visitor: str) -> int:
        """How many active runs a visitor has at other servers; 0 where nobody knows."""
        with suppress(NoAnswerError):
            return self._records.active_of(visitor, self._presence.living())
        return 0

    def join(self, config: TrainConfig, visitor: str, most: int) -> Away | str | None:
        """A new token for a training that serves this configuration, and has few enough watchers.

        A finished one that no server has is named instead.
        """
        living = self._presence.living()
        for found in self._records.like(config, most, living):
            if found.owner not in living:
                return found.run_id
            token = secrets.token_urlsafe(16)
            if self._records.join(found.run_id, hashed(token), visitor, most):
                return Away(found.run_id, token, visitor)
        return None

    def _read(self, run_id: str, before: Read | None) -> Read | None:
        now = self._records.read(run_id, before)
        if now is None or now is before:
            return now
        standing = now.entry.standing
        if before is not None and before.written == now.written:
            old = before.entry.standing
            standing = replace(
                standing, looks=old.looks, views=old.views, checkpoint=old.checkpoint,
                kl_per_dimension=old.kl_per_dimension,
            )  # fmt: skip
        else:
            standing = shown(self._files.load(run_id, standing))
        return replace(now, entry=replace(now.entry, standing=standing))

    def _make_room(self) -> None:
        held = {run_id: seen.entry.standing.memory for run_id, (seen, _) in self._seen.items()}
        for run_id in list(held)[:-1]:
            if sum(held.values()) <= self._most_bytes:
                return
            del self._seen[run_id], held[run_id]
