"""One training and those who watch it, each with a token of their own.

A watcher who wants something else from the training than the others do parts from it: `part`
makes a training of their own, which shares the past with the first and goes on from its last
snapshot.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vae_core.runs.disk.rows import Entry
from vae_core.runs.standing import Ending, RunState, Standing
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.reports import Progress

Listener = Callable[[Settings | None], None]
"""Is told the orders of a run whenever they may have changed; it must not wait."""


@dataclass(eq=False)
class SharedRun:
    """A training: how it stands, who watches, who works on it. The lock of its `Archive` guards it.

    Attributes:
        watchers: visitor of each watcher, by the hash of the watcher's token.
        has_thread: whether a thread is at work on it.
        ending: how it is to end after its present step, where it has a thread.
        listener: whoever trains it elsewhere, and is told the orders.
        lost: how often it lost its place in mid-run since somebody let it go on.
        discarded: whether it is forgotten, and writes no file any more.
        unsaved: whether snapshot or looks are newer than their files.
        saved_at: when they were written last, by the clock of its `Archive`.
        pending: how many are about to write its files; it stays in memory until they have.
        writing: held by whoever writes or deletes its files.
        leaving: whether another server asks for it, so that it is held at a snapshot.
        closing: whether its end is written already, and its thread is about to leave it.
        recorded: what the database has of it, where that is known.
    """

    standing: Standing
    run_id: str = field(default_factory=lambda: secrets.token_hex(16))
    watchers: dict[str, str] = field(default_factory=dict)
    has_thread: bool = False
    ending: Ending | None = None
    listener: Listener | None = None
    lost: int = 0
    discarded: bool = False
    unsaved: bool = False
    saved_at: float = float("-inf")
    pending: int = 0
    writing: threading.Lock = field(default_factory=threading.Lock)
    leaving: bool = False
    closing: bool = False
    recorded: Entry | None = None

    @property
    def visitors(self) -> set[str]:
        """Those for whom it is done."""
        return set(self.watchers.values())

    @property
    def active(self) -> bool:
        """Whether it goes on by itself, or could at any moment."""
        return self.standing.active

    @property
    def order(self) -> Settings | None:
        """The settings of the next step, or None to end at a snapshot: for good, or for a pause."""
        goes_on = self.standing.state == "running" and not self.ending and not self.leaving
        return self.standing.settings if goes_on else None

    def _tell(self) -> None:
        if self.listener is not None:
            self.listener(self.order)

    def serves(self, config: TrainConfig) -> bool:
        """Whether someone who asks for this configuration is well served by this training."""
        return self.standing.serves(config) and not self.ending and not self.leaving

    def part(self, name: str) -> SharedRun:
        """A training of its own for one of the watchers, as this one stood at this moment.

        It has no thread and waits nowhere. What it shows is what the watcher saw; it goes on from
        the last snapshot, and the reports that follow take the place of those after it.
        """
        return SharedRun(self.standing, watchers={name: self.watchers.pop(name)}, unsaved=True)

    def wait(self) -> None:
        """Wait for a worker; it is not to end any more, if it was."""
        self.standing, self.ending = self.standing.waiting(), None

    def work(self) -> None:
        """Make steps."""
        self.standing = self.standing.running()
        self._tell()

    def pause(self) -> None:
        """Make none until it runs again."""
        self.standing = self.standing.paused()
        self._tell()

    def use(self, settings: Settings) -> None:
        """Take these settings for the next steps."""
        self.standing = self.standing.using(settings)
        self._tell()

    def take(self, report: Progress) -> None:
        """Add a report."""
        self.standing = self.standing.after(report)
        self.unsaved = self.unsaved or report.checkpoint is not None

    def end(self, state: RunState, message: str) -> bool:
        """End where it is active; its thread sees to it where it has one. Whether that is news."""
        news = self.active and not self.ending
        if news and self.has_thread:
            self.ending = (state, message)
            self._tell()
        elif news:
            self.standing = self.standing.ended(state, message)
        return news

    def finish(self, ending: Ending) -> None:
        """Its thread has left it, and this is how it ended."""
        self.standing = self.standing.ended(*ending)
        self.rest()

    def leave(self) -> None:
        """Make no more steps here, and go on at another server."""
        self.leaving = True
        self._tell()

    def rest(self) -> None:
        """Its thread has left it where it is."""
        self.ending, self.has_thread, self.closing = None, False, False

    def fall_back(self) -> None:
        """Whoever trained it is lost, and with it what came after the last snapshot."""
        self.standing = self.standing.back_at_snapshot().at_last_look()

    def give_up_looks(self) -> None:
        """Forget what was seen along the way."""
        self.standing = self.standing.without_looks()
