"""Pictures ahead of the finger: what a slider will show, for whoever asks after the answer.

A figure is a function of its parameters. From where the sliders stand, each axis is walked through
position by position; what changes along it is packed, compressed, and kept for all who stand there.
Every position is computed; none is interpolated. A script run only says where each walk can be
fetched: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pages.ui.live.ahead.turns import TURNS
from pages.ui.live.frame import FrameFunction
from pages.ui.live.lookahead import pack
from pages.ui.live.once import Once

Values = tuple[tuple[str, Any], ...]
MOST_OFFERED = 4096
MOST_BYTES = 64_000_000
LOOK_UP = 0.2  # seconds between two looks whether anybody still waits


@dataclass(frozen=True)
class Walk:
    """One axis of a figure, from where its sliders stand.

    Attributes:
        frame: a pure function of its keyword arguments.
        axis: name of the argument that moves.
        positions: the values it takes.
        others: the other arguments, as (name, value) pairs.
    """

    frame: FrameFunction
    axis: str
    positions: tuple[float, ...]
    others: Values

    def packed(self, pause: Callable[[], object] = TURNS.stand_back) -> dict[str, Any]:
        """What each position shows, see `pack`; `pause` is called before each, and may raise."""
        fixed = dict(self.others)
        frames = []
        for position in self.positions:
            pause()
            frames.append(self.frame(**{**fixed, self.axis: position}))
        return pack(frames)


class UnwantedError(Exception):
    """Nobody waits for it any more."""


class Walks:
    """The walks that visitors were told of, by unguessable names, and their bytes once made.

    A walk can be of a visitor's own run, which nobody else may see.
    """

    def __init__(self, most_offered: int = MOST_OFFERED, most_bytes: int = MOST_BYTES) -> None:
        self.made: Once[bytes] = Once(most_bytes, len)
        self._most_offered = most_offered
        self._lock = threading.Lock()
        self._offered: OrderedDict[str, Walk] = OrderedDict()
        self._names: dict[Walk, str] = {}
        # Two, so that a long one does not hold up a short one.
        self._makers = ThreadPoolExecutor(2, "ahead")
        self._closed = threading.Event()

    def offer(self, walk: Walk, name: str = "") -> str:
        """The name by which it can be fetched, the same for all who stand there.

        Args:
            walk: What is offered.
            name: the one by which it was offered before, in an answer that is given again.
        """
        with self._lock:
            name = name or self._names.get(walk) or secrets.token_urlsafe(16)
            self._names[walk] = name
            self._offered[name] = walk
            self._offered.move_to_end(name)
            while len(self._offered) > self._most_offered:
                old, forgotten = self._offered.popitem(last=False)
                if self._names.get(forgotten) == old:
                    del self._names[forgotten]
            return name

    async def fetch(self, name: str, gone: Callable[[], Awaitable[bool]]) -> bytes | None:
        """Its pictures as gzipped JSON; None if there is no such walk, or nobody waits any more.

        Args:
            name: as `offer` gave it.
            gone: whether the one who asks has gone.
        """
        walk = self._offered.get(name)
        if walk is None:
            return None
        if (body := self.made.kept(walk)) is not None:
            return body
        left = threading.Event()
        making = asyncio.get_running_loop().run_in_executor(self._makers, self.make, walk, left)
        while not making.done():
            await asyncio.wait([making], timeout=LOOK_UP)
            if not making.done() and await gone():
                left.set()
        try:
            return await making
        except UnwantedError:
            return None

    def close(self) -> None:
        """Break off what is in the making, as the server ends."""
        self._closed.set()
        self._makers.shutdown(cancel_futures=True)

    def make(self, walk: Walk, left: threading.Event) -> bytes:
        """Its bytes, made or kept; raises UnwantedError once `left` is set."""

        def wanted() -> None:
            if left.is_set() or self._closed.is_set():
                raise UnwantedError

        def pause() -> None:
            wanted()
            TURNS.stand_back()

        return self.made.get(walk, lambda: _compressed(walk.packed(pause)), wanted)


def _compressed(ahead: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(ahead).encode(), 6, mtime=0)


WALKS = Walks()
