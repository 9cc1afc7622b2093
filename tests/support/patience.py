"""To wait for what a loaded machine may take long for, and never longer than it is worth."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

PATIENCE = 60.0


def patiently(
    ask: Callable[[], Any],
    *not_yet: type[Exception],
    pause: float = 0.02,
    of: object = None,
    seconds: float = PATIENCE,
) -> Any:
    """The first answer that is true; none of those exceptions, which say that it is not yet there.

    Args:
        ask: what is asked again and again.
        not_yet: exceptions to ask again after.
        pause: seconds between two tries.
        of: what to name where it was in vain.
        seconds: how long to ask at most.
    """
    deadline = time.monotonic() + seconds
    while True:
        last: object = None
        try:
            if found := ask():
                return found
        except not_yet as error:
            last = error
        if time.monotonic() > deadline:
            pytest.fail(f"waited in vain for {of}, at last: {last}")
        time.sleep(pause)
