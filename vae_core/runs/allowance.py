"""What one server allows, and how its environment says so: `TTN_GRACE=15m`, `TTN_DISK=2GB`.

Nothing here needs torch, so a value that makes no sense stops the server at its very start.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Self

_SECONDS = {"": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_BYTES = {
    "": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9,
    "t": 10**12, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_COUNTS = {"": 1, "k": 10**3, "m": 10**6}
_KINDS = {
    "seconds": (_SECONDS, "a number of seconds, such as 900, 15m or 2h"),
    "bytes": (_BYTES, "a number of bytes, such as 500MB or 2GB"),
    "count": (_COUNTS, "a number, such as 40 or 200,000"),
}
_MOST = {"seconds": 10 * 365 * 86_400, "bytes": 10**15, "count": 10**12}
"""Far beyond any use; a wait of centuries is more than Python's own clocks can take."""
_NUMBER = re.compile(
    r"(?P<digits>((\d{1,3}(,\d{3})+|\d[\d_]*)(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?)\s*(?P<unit>[a-z]*)",
    re.ASCII,
)
_KIND_OF = {"grace": "seconds", "seconds": "seconds"} | dict.fromkeys(
    ("memory", "looks", "disk"), "bytes"
)
_MAY_BE_NOTHING = {"workers", "kept", "memory", "looks", "folders", "disk"}


@dataclass(frozen=True)
class Allowance:
    """What one server allows.

    Attributes:
        workers: trainings at once; 0 for one for every two cores, and two at least.
        waiting: runs in the queue.
        together: runs that one visitor may ask for at once.
        watchers: tokens that lead to one training.
        kept: runs held in memory that are not active.
        grace: seconds that a run goes on with nobody watching; one that has ended leaves the
            memory after as long, and is found again on the disk.
        seconds: training time of one run.
        steps: updates that one run may plan.
        weights: size of a model.
        draws: latents drawn in one step, B times K.
        memory: bytes of checkpoints and looks of the runs that are not active.
        looks: bytes of the looks of all runs.
        folders: runs on the disk.
        disk: bytes of their files.
    """

    workers: int = 0
    waiting: int = 100
    together: int = 4
    watchers: int = 200
    kept: int = 40
    grace: float = 900.0
    seconds: float = 3600.0
    steps: int = 200_000
    weights: int = 8_000_000
    draws: int = 40_000
    memory: int = 256_000_000
    looks: int = 128_000_000
    folders: int = 200
    disk: int = 2_000_000_000

    @classmethod
    def variables(cls) -> list[str]:
        """The variables of the environment that are heard, such as TTN_GRACE."""
        return [f"TTN_{field.name.upper()}" for field in fields(cls)]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The standard, each number replaced where a variable such as TTN_GRACE has another.

        Raises:
            ValueError: a variable holds something else; the message names it, in one line.
        """
        found: dict[str, int | float] = {}
        for field, name in zip(fields(cls), cls.variables(), strict=True):
            kind = _KIND_OF.get(field.name, "count")
            if name in environment:
                value = _number(name, environment[name], kind)
                if not value and field.name not in _MAY_BE_NOTHING:
                    raise ValueError(f"{name} must be more than nothing: {environment[name]!r}")
                found[field.name] = float(value) if kind == "seconds" else int(value)
        return cls(**found)  # type: ignore[arg-type]


def _number(name: str, text: str, kind: str) -> Decimal:
    """The number that a variable holds, its unit taken in; whole unless it is seconds."""
    units, wanted = _KINDS[kind]
    found = _NUMBER.fullmatch(text.strip().lower())
    if found is None or found["unit"] not in units:
        raise ValueError(f"{name} must be {wanted}: {text!r}")
    value = Decimal(found["digits"].replace(",", "")) * units[found["unit"]]
    if value > _MOST[kind]:
        raise ValueError(f"{name} may be {_MOST[kind]:,} at most: {text!r}")
    if kind == "bytes":
        return value.to_integral_value()
    if kind == "count" and value != value.to_integral_value():
        raise ValueError(f"{name} must be {wanted}: {text!r}")
    return value
