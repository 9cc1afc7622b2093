"""A reverse proxy of a department: nginx, which passes one path to the app and nothing else.

It is told what `make serve` tells it.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import START_SECONDS, free_port
from tests.support.find_proxy import ADVICE, find
from vae_core.cli.serve import configuration

PASSED_ON = "proxy_pass http://$chosen;"


@contextmanager
def running_proxy(app: str, outside: str) -> Iterator[str]:
    """Address of the app behind a proxy, without a slash at the end.

    Args:
        app: address of the server; with a path, even `/`, it takes the place of `outside`.
        outside: the only path that the proxy passes on.
    """
    inside = urlsplit(app)
    stripped = f"rewrite ^/{outside}(/.*) $1 break; {PASSED_ON}" if inside.path else PASSED_ON
    with running_nginx(f"/{outside}", [inside.port or 80], stripped) as port:
        yield f"http://127.0.0.1:{port}/{outside}"


@contextmanager
def running_nginx(base: str, ports: Sequence[int], passed_on: str = PASSED_ON) -> Iterator[int]:
    """Port of an nginx before servers at the given ports of this machine.

    Args:
        base: path below which it answers, such as "/uni/ttn"; "" for the root.
        ports: of the servers.
        passed_on: what it does with a request.
    """
    program = find()
    if program is None:
        pytest.fail(ADVICE)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        told = configuration(folder, f"127.0.0.1:{port}", base, ports)
        file = Path(folder) / "nginx.conf"
        file.write_text(told.replace(PASSED_ON, passed_on), encoding="utf-8")
        command = [program, "-p", folder, "-c", str(file), "-e", "stderr"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                _wait(port, process)
                yield port
            finally:
                process.terminate()


def origin(address: str) -> str:
    """An address without its path."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(address))


def _wait(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_open(port):
        if process.poll() is not None:
            pytest.fail(f"nginx stopped at its start: {process.communicate()[1]}")
        if time.monotonic() > deadline:
            pytest.fail(f"nginx did not answer within {START_SECONDS} s")
        time.sleep(0.1)


def _is_open(port: int) -> bool:
    with socket.socket() as caller:
        return not caller.connect_ex(("127.0.0.1", port))
