"""Where the Ray cluster is: TTN_RAY, and whether it can be used from here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec

from vae_core.runs.work.child import ROOT

VARIABLE = "TTN_RAY"
MODULE = "vae_core.runs.work.cluster.driver"
SECONDS_TO_TRY = 90.0  # Ray looks for a minute for a node on this machine
ADDRESS = re.compile(r"([\w.-]+|\[[0-9a-f:.]+\]):\d{1,5}", re.ASCII | re.IGNORECASE)


def address() -> str | None:
    """Host and port of the cluster's head; None where trainings stay on this machine."""
    return os.environ.get(VARIABLE) or None


def check() -> None:
    """Raise ValueError, in one line, where a cluster is named and cannot be used from here."""
    named = address()
    if named is None:
        return
    if not ADDRESS.fullmatch(named):
        raise ValueError(f"{VARIABLE} is host and port of a Ray cluster's head: {named!r}")
    if find_spec("ray") is None:
        raise ValueError(f"{VARIABLE} needs the packages of requirements-cluster.txt")
    try:
        subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-m", MODULE, named, "--try"],
            check=True,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=SECONDS_TO_TRY,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"{VARIABLE}: no Ray cluster answers at {named}") from None
    except subprocess.CalledProcessError as failed:
        raise ValueError(f"{VARIABLE}: {last_line(failed.stderr)}") from None


def last_line(told: bytes) -> str:
    """What a process said at its end."""
    return (told.decode(errors="replace").strip().splitlines() or ["it cannot be used"])[-1]
