"""A PostgreSQL of the test's own: a temporary folder, a free port of this machine, and no other."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import START_SECONDS, free_port
from tests.support.find_postgres import ADVICE, find

USER, PASSWORD = "ttn", "a secret"
# It refuses to run as root; this user comes with Debian's package.
OWNER = "postgres" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "log_min_messages": "warning",
}


class Postgres:
    """One server, which can be stopped and started again with all that it holds.

    Args:
        programs: folder of PostgreSQL's programs.
        folder: everything that it writes lies there.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self.port = free_port()
        self._programs = programs
        self._folder = folder
        self._made = 0
        self._process: subprocess.Popen[bytes] | None = None
        if OWNER:
            shutil.chown(folder, OWNER)
        word = folder / "password"
        word.write_text(PASSWORD, encoding="utf-8")
        word.chmod(0o644)  # its folder is the owner's alone
        options = ["--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C"]
        self._tool("initdb", *options, f"--username={USER}", f"--pwfile={word}", str(self._data))

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def address(self, database: str = "postgres") -> str:
        """Address of one of its databases, with the password."""
        return f"postgresql://{USER}:{quote(PASSWORD)}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = {**SETTINGS, "port": self.port, "unix_socket_directories": self._folder}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *words],
                stdout=log, stderr=subprocess.STDOUT, user=OWNER, group=OWNER, cwd=self._folder,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_of_it = (self._folder / "log").read_text(encoding="utf-8")
                pytest.fail(f"PostgreSQL did not start:\n{log_of_it}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it as its keeper would, in order, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def restart(self) -> None:
        """Stop it and start it, at the same port with the same databases."""
        self.stop()
        self.start()

    def new_database(self) -> str:
        """Address of a database with nothing in it."""
        self._made += 1
        name = f"test{self._made}"
        self._tool("psql", "--quiet", "-c", f"CREATE DATABASE {name}", self.address())
        return self.address(name)

    def _answers(self) -> bool:
        at = ["--host=127.0.0.1", f"--port={self.port}", "--quiet"]
        return not subprocess.run([self._programs / "pg_isready", *at], check=False).returncode

    def _tool(self, name: str, *words: str) -> None:
        done = subprocess.run(
            [self._programs / name, *words],
            check=False, capture_output=True, text=True, user=OWNER, group=OWNER, cwd=self._folder,
        )  # fmt: skip
        if done.returncode:
            pytest.fail(f"{name} failed: {done.stderr}")


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A PostgreSQL of one's own, gone at the end with all it wrote; without one the test fails."""
    program = find()
    if program is None:
        pytest.fail(ADVICE)
    # Not pytest's folder: that is closed to the user whom it runs as.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Postgres(program.parent, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
