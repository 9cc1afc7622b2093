"""How processes of this program tell each other something: a line of JSON, and bytes after it.

Nothing is pickled, so a message can do no more than say what stands in it. This needs no torch:
whoever only passes messages on need not understand their arrays (`messages` does).
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from typing import Any, Protocol


class Source(Protocol):
    """Where messages come from."""

    def readline(self) -> bytes:
        """A line with its end, or less where it breaks off."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or less where it breaks off."""


class Sink(Protocol):
    """Where messages go."""

    def write(self, data: memoryview, /) -> int | None:
        """Take some of the bytes, and say how many."""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        kind: what it is about.
        values: plain values.
        arrays: bytes of safetensors.
        number: which training it is about, where several share a pipe.
    """

    kind: str
    values: Any = None
    arrays: bytes = b""
    number: int = 0


def write(sink: Sink, message: Message) -> None:
    """Send a message. Raises OSError where nobody hears it any more."""
    head = [message.kind, message.values, message.number, len(message.arrays)]
    for part in (json.dumps(head).encode() + b"\n", message.arrays):
        rest = memoryview(part)
        while rest:
            rest = rest[sink.write(rest) or 0 :]


def read(source: Source) -> Message | None:
    """The next message; None where there is none any more, or it breaks off."""
    line = source.readline()
    if not line.endswith(b"\n"):
        return None
    kind, values, number, size = json.loads(line)
    arrays = source.read(size) if size else b""
    return Message(kind, values, arrays, number) if len(arrays) == size else None


def streams() -> tuple[Source, Sink]:
    """Standard input and output, for messages alone; what else is printed goes to the errors."""
    source, sink = (io.FileIO(os.dup(number), mode) for number, mode in ((0, "rb"), (1, "wb")))
    os.dup2(2, 1)
    return io.BufferedReader(source), sink
