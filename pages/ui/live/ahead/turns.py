"""Whose turn it is: an answer that a visitor waits for goes before all that is made ahead.

Threads share the interpreter, whatever their priority; so who makes things ahead asks here between
two of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# So long does one step ahead stand back, where answers never end: it gets its turn, too.
MOST_PATIENCE = 0.1


class Turns:
    """How many answers are under way, how many were given, and since when none is under way."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._answers = 0
        self.answered = 0
        self._quiet_since = time.monotonic()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While this lasts, a visitor waits for an answer."""
        with self._change:
            self._answers += 1
        try:
            yield
        finally:
            with self._change:
                self._answers -= 1
                self.answered += 1
                self._quiet_since = time.monotonic()
                self._change.notify_all()

    def stand_back(self, most: float = MOST_PATIENCE) -> None:
        """Return when nobody waits for an answer, or after `most` seconds."""
        with self._change:
            self._change.wait_for(lambda: not self._answers, most)

    @property
    def quiet(self) -> float:
        """Seconds since the last answer; 0 while one is under way."""
        with self._change:
            return 0.0 if self._answers else time.monotonic() - self._quiet_since


TURNS = Turns()
