"""Replicas behind nginx, as `make serve` starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import pytest

from tests.conftest import ROOT, free_port
from tests.support.patience import patiently
from tests.support.processes import children, command
from tests.support.websocket_visitor import WebsocketVisitor
from vae_core.cli.serve import is_answering

START_SECONDS = 240.0
END_SECONDS = 90.0


@dataclass
class Replicas:
    """Several servers at one address.

    Attributes:
        address: where nginx answers, with the path, without a slash at the end.
        launcher: the process that started them.
        ports: of the replicas, as their cookies count them.
        log: what they and their launcher wrote.
    """

    address: str
    launcher: subprocess.Popen[bytes]
    ports: list[int]
    log: IO[str]

    @property
    def said(self) -> str:
        """What they and their launcher have written so far."""
        self.log.seek(0)
        return self.log.read()

    def pid(self, number: int) -> int | None:
        """The process of a replica at the moment; None while there is none."""
        port = f"--server.port={self.ports[number]}"
        found = [pid for pid in children(self.launcher.pid) if port in command(pid)]
        return found[0] if found else None

    def is_up(self, number: int) -> bool:
        """Whether a replica answers by itself."""
        base = self.address.partition("//")[2].partition("/")[2]
        health = f"{base}/_stcore/health".lstrip("/")
        return is_answering(f"http://127.0.0.1:{self.ports[number]}/{health}")

    def wait_for_all(self) -> None:
        """Wait until each replica answers."""
        patiently(lambda: all(map(self.is_up, range(len(self.ports)))), seconds=START_SECONDS)


def home(visitor: WebsocketVisitor) -> int:
    """The replica at which a visitor is."""
    name, _, number = visitor.cookie.partition("=")
    assert name == "ttn_replica"
    return int(number)


@contextmanager
def running_replicas(count: int = 2, base: str = "", **environment: str) -> Iterator[Replicas]:
    """Replicas behind nginx in fresh interpreters; all have ended when this ends.

    Args:
        count: how many.
        base: path below which they answer, such as "uni/ttn".
        environment: further variables of theirs.
    """
    port = free_port()
    words = [f"--replicas={count}", f"--port={port}", f"--base={base}"]
    address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
    with tempfile.TemporaryFile("w+") as log:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "vae_core.cli.serve", *words],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            health = f"{address}/_stcore/health"
            patiently(
                lambda: launcher.poll() is not None or is_answering(health), seconds=START_SECONDS
            )
            if launcher.poll() is not None:
                log.seek(0)
                pytest.fail(f"the replicas did not start:\n{log.read()}")
            yield Replicas(address, launcher, _ports(launcher.pid), log)
        finally:
            launcher.terminate()
            launcher.wait(timeout=END_SECONDS)


def _ports(launcher: int) -> list[int]:
    """Ports of the replicas, in their order."""
    prefix = "--server.port="
    words = [word for pid in children(launcher) for word in command(pid)]
    return [int(word.removeprefix(prefix)) for word in words if word.startswith(prefix)]
