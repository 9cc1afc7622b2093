"""A reverse proxy of a department: nginx, which passes one path to the app and nothing else."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import START_SECONDS, free_port, is_answering
from tests.support.find_proxy import ADVICE, find

# Everything that nginx writes lies in its own folder; it answers on this machine alone.
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/errors;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_max_temp_file_size 0;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{port};
    location /{outside}/ {{
      proxy_pass {app};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
    location / {{ return 404; }}
  }}
}}
"""


@contextmanager
def running_proxy(app: str, outside: str) -> Iterator[str]:
    """Address of the app behind a proxy, without a slash at the end.

    Args:
        app: address of the server; with a path, even `/`, it takes the place of `outside`.
        outside: the only path that the proxy passes on.
    """
    program = find()
    if program is None:
        pytest.fail(ADVICE)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        written = CONFIGURATION.format(folder=folder, port=port, outside=outside, app=app)
        file = Path(folder) / "nginx.conf"
        file.write_text(written, encoding="utf-8")
        command = [program, "-p", folder, "-c", str(file), "-e", f"{folder}/errors"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            address = f"http://127.0.0.1:{port}/{outside}"
            try:
                _wait(address, process)
                yield address
            finally:
                process.terminate()


def origin(address: str) -> str:
    """An address without its path."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(address))


def _wait(address: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_answering(f"{address}/_stcore/health"):
        if process.poll() is not None:
            pytest.fail(f"nginx stopped at its start: {process.communicate()[1]}")
        if time.monotonic() > deadline:
            pytest.fail(f"nginx did not answer within {START_SECONDS} s")
        time.sleep(0.1)
