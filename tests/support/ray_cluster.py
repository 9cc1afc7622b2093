"""A Ray cluster of the test's own, whose nodes are all on this machine; no other can reach it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from unittest.mock import patch

from tests.conftest import ROOT, START_SECONDS, free_port

AT_WORK = "ray::Node"
# Of this machine alone. Ray takes 127.0.0.1 for the network's address, and others as they are.
HOSTS = "127.0.0."
SETTINGS = {
    "--include-log-monitor": "false",
    "--object-store-memory": str(80_000_000),
}


def until(condition: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Wait until it comes true. Raises TimeoutError where it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


def family(pid: int) -> list[int]:
    """A process and all that it has started, directly or not."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


class Member:
    """One node: `ray start`, and what that starts, with an address and a folder of its own.

    Args:
        number: which one it is.
        cores: how many trainings it takes at once.
        folder: of the cluster.
        words: what else tells it apart.
    """

    def __init__(self, number: int, cores: int, folder: Path, *words: str) -> None:
        own = folder / str(number)
        own.mkdir()
        settings = SETTINGS | {
            "--node-ip-address": f"{HOSTS}{number}",
            "--num-cpus": str(cores),
            "--temp-dir": str(own),
        }
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *words]
        # Nodes are of lower priority than what else is on their machine, where they would starve.
        environment = {"PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0"}
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *(f"{name}={value}" for name, value in settings.items())],
                stdout=log, stderr=log, cwd=ROOT, env=os.environ | environment,
            )  # fmt: skip

    def at_work(self) -> list[int]:
        """The processes that train at this node."""
        found = []
        for pid in family(self._process.pid):
            with suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_text().startswith(AT_WORK):
                    found.append(pid)
        return found

    def kill(self) -> None:
        """End it at once and whole, as a machine that is switched off."""
        if self._process.poll() is None:
            for pid in family(self._process.pid):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()


class RayCluster:
    """A head, which trains nothing itself, and nodes that come and go.

    Args:
        folder: everything that it writes lies there.

    Attributes:
        address: what TTN_RAY is to name.
        nodes: those that train.
    """

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.address = f"{HOSTS}2:{port}"
        self.nodes: list[Member] = []
        self._folder = folder
        self._numbers = count(2)
        words = ("--head", f"--port={port}", "--include-dashboard=false", "--no-monitor")
        self.head = Member(next(self._numbers), 0, folder, *words, "--disable-usage-stats")

    def add(self) -> Member:
        """One more node, of one core."""
        node = Member(next(self._numbers), 1, self._folder, f"--address={self.address}")
        self.nodes.append(node)
        return node

    def at_work(self) -> list[int]:
        """All processes that train."""
        return [pid for node in self.nodes for pid in node.at_work()]

    def kill(self) -> None:
        """End all of it."""
        for member in (*self.nodes, self.head):
            member.kill()


@contextmanager
def running_ray() -> Iterator[RayCluster]:
    """A head without nodes, gone at the end with all it wrote.

    Some of Ray's ports are open to other machines. Without the word, which whoever starts a process
    meanwhile hands on to it, they take nothing.
    """
    word = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    # Not pytest's folder: Ray's sockets lie in it, and their paths must be short.
    with (
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        patch.dict(os.environ, word),
    ):
        cluster = RayCluster(Path(folder))
        try:
            yield cluster
        finally:
            cluster.kill()
