"""A process of this program that works for the server: told and heard by messages through pipes."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, cast

from vae_core.runs.work import wire
from vae_core.runs.work.wire import Message

ROOT = Path(__file__).resolve().parents[3]
PIPE_BYTES = 2**20  # a snapshot takes a few turns of the pipe, not hundreds
SECONDS_TO_END = 5.0
WINDOWS_FLAGS = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)


class Child:
    """A module that runs in a process of its own, seen from the server.

    It is started as `python -m`, so nothing of the server is run again in it.

    Args:
        module: its full name.
        words: what stands behind it in the command.

    Attributes:
        pid: the number of the process.
    """

    def __init__(self, module: str, *words: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", module, *words],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            # Ctrl-C in a terminal is the server's, which ends the runs. Not a session of its own:
            # Linux may give each the same share, whatever the priorities within.
            process_group=None if sys.platform == "win32" else 0,
            pipesize=PIPE_BYTES,
            creationflags=WINDOWS_FLAGS,
        )
        self.pid = self._process.pid
        self._source = io.BufferedReader(cast("io.RawIOBase", self._process.stdout))
        self._outbox: SimpleQueue[Message | None] = SimpleQueue()
        threading.Thread(target=self._post, name="post to a process", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def tell(self, message: Message) -> None:
        """Send a message soon; this never waits."""
        self._outbox.put(message)

    def hear(self) -> Message | None:
        """Its next message; None where there is none any more."""
        with suppress(OSError, ValueError):
            return wire.read(self._source)
        return None

    def _post(self) -> None:
        sink = cast("IO[bytes]", self._process.stdin)
        for message in iter(self._outbox.get, None):
            with suppress(OSError):
                wire.write(sink, message)
        with suppress(OSError):
            sink.close()

    def leave(self) -> None:
        """Say no more to it: it ends by itself, after its present step."""
        self._outbox.put(None)

    def wait(self, timeout: float = SECONDS_TO_END) -> None:
        """Wait until it has ended, and kill it where it does not."""
        self.leave()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self.leave()
        self._process.kill()
        self._process.wait()
        self._source.close()
