"""Where the runs are kept, as the environment names it; nothing here needs torch."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path


def check(environment: Mapping[str, str]) -> None:
    """Find out whether runs can be kept where TTN_RUNS and TTN_DATABASE say.

    Raises:
        ValueError: they cannot; the message names the variable, in one line.
    """
    named = environment.get("TTN_RUNS")
    try:
        if named:
            Path(named).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=named):
                pass
    except OSError as problem:
        said = f"TTN_RUNS: nothing can be written into {named!r} ({problem.strerror})"
        raise ValueError(said) from problem
    if address := environment.get("TTN_DATABASE"):
        from vae_core.runs.disk.database import address_of  # which takes a moment to load

        address_of(address)
