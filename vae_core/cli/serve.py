"""Several servers behind one address: `make serve REPLICAS=2`, or `python -m vae_core.cli.serve`.

Starts replicas of the app at free ports that this machine alone can reach, and nginx in front of
them, told by `assets/serve/nginx.conf`. What dies is started again; Ctrl-C and SIGTERM end all.

It stands among the commands of the shell, and not in `python -m vae_core`: that one loads torch,
and this process only watches others.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "assets" / "serve" / "nginx.conf"
# Debian puts it where the path of a plain user does not look.
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
MOST_REPLICAS = 64
# Where the one who watches is killed, Linux ends what it started.
LEASH = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
LOOK_SECONDS = 0.3
START_SECONDS = 120.0
END_SECONDS = 30.0
"""So long may a server take to leave its runs at a snapshot."""
AGAIN_SECONDS = 5.0
"""What dies over and over is started once in so long."""


class ServeError(Exception):
    """The servers cannot be started; the message says why, in one line."""


def find_nginx() -> str | None:
    """Path of an nginx on this machine, the one that NGINX names before others, or None."""
    return os.environ.get("NGINX") or shutil.which("nginx", path=PLACES)


def configuration(folder: str, listen: str, base: str, ports: Sequence[int]) -> str:
    """What nginx is told.

    Args:
        folder: everything that nginx writes lies there.
        listen: where it answers, such as "127.0.0.1:8501".
        base: the path below which it answers, such as "/ttn"; "" for the root.
        ports: of the replicas, on this machine.
    """
    each = [f"server 127.0.0.1:{port} max_fails=1 fail_timeout=2s" for port in ports]
    groups = []
    for number, first in enumerate(each):
        others = [f"{other} backup;" for other in each if other != first]
        groups.append(" ".join((f"upstream replica_{number} {{", f"{first};", *others, "}")))
    words = {
        "folder": folder,
        "listen": listen,
        "base": base,
        "servers": " ".join(f"{server};" for server in each),
        "replicas": "\n  ".join(groups),
        "names": " ".join(f"{number} replica_{number};" for number in range(len(ports))),
        "numbers": " ".join(f"~:{port}$ {number};" for number, port in enumerate(ports)),
        "elsewhere": "location / { return 404; }" if base else "",
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"<(\w+)>(?=[\s/;:])", lambda found: words[found[1]], text)


def free_ports(count: int) -> list[int]:
    """So many ports of this machine that nobody uses at the moment."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]


def is_answering(address: str) -> bool:
    """Whether a server answers there, and well."""
    with suppress(OSError), urllib.request.urlopen(address, timeout=2):  # noqa: S310 - http, ours
        return True
    return False


@dataclass
class Part:
    """One process of those that serve together, started again where it dies.

    Attributes:
        name: what the keeper is told.
        command: how it is started.
        health: an address that it answers once it works.
        environment: its variables.
    """

    name: str
    command: Sequence[str]
    health: str
    environment: dict[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start it, in a group of its own: Ctrl-C in a terminal is for the one who watches."""
        self._started = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - this very program, and nginx
            [*LEASH, *self.command],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )

    @property
    def pid(self) -> int | None:
        """Its number, once it was started."""
        return self._process.pid if self._process else None

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll() if self._process else None

    def wait(self, stopped: Callable[[], bool]) -> None:
        """Wait until it answers, or until all are to end. Raises ServeError if it does not."""
        deadline = self._started + START_SECONDS
        while not stopped() and not is_answering(self.health):
            if self.status is not None or time.monotonic() > deadline:
                raise ServeError(f"{self.name} did not start.")
            time.sleep(LOOK_SECONDS)

    def keep(self) -> None:
        """Start it again where it has died."""
        if self.status is not None and time.monotonic() > self._started + AGAIN_SECONDS:
            _say(f"{self.name} has ended with status {self.status}; it is started again.")
            self.start()

    def ask_to_end(self) -> None:
        """Let it end in order."""
        if self._process:
            self._process.terminate()

    def end(self) -> None:
        """Wait until it has ended, and kill it where it does not."""
        if self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
            self._process.kill()
            self._process.wait()


def _say(text: str) -> None:
    print(f"Through the Noise: {text}", file=sys.stderr, flush=True)


def environment_of_each(replicas: int) -> dict[str, str]:
    """The variables of each replica: its share of the cores, unless the keeper says otherwise."""
    cores = max(1, (os.cpu_count() or 2) // replicas)
    share = {"TTN_WORKERS": str(max(1, cores // 2)), "OMP_NUM_THREADS": str(cores)}
    return {**(share if replicas > 1 else {}), **os.environ}


def parts(args: argparse.Namespace, folder: str) -> list[Part]:
    """What serves together: the replicas, and then nginx."""
    nginx = find_nginx()
    if nginx is None:
        raise ServeError(
            "there is no nginx. Install it (on Debian or Ubuntu: apt-get install nginx-light), or "
            "set the environment variable NGINX to the path of one."
        )
    path = f"/{args.base}" if args.base else ""
    health = f"{path}/_stcore/health"
    ports = free_ports(args.replicas)
    environment = environment_of_each(args.replicas)
    app = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.baseUrlPath={args.base}"]
    app += ["--server.address=127.0.0.1"]
    found = [
        Part(
            f"Replica {number}",
            [*app, f"--server.port={port}"],
            f"http://127.0.0.1:{port}{health}",
            environment,
        )
        for number, port in enumerate(ports, 1)
    ]
    file = Path(folder) / "nginx.conf"
    listen = f"{args.host}:{args.port}"
    file.write_text(configuration(folder, listen, path, ports), encoding="utf-8")
    front = [nginx, "-p", folder, "-c", str(file), "-e", "stderr"]
    here = "127.0.0.1" if args.host == "0.0.0.0" else args.host  # noqa: S104 - as the keeper asked
    at = f"http://{here}:{args.port}"
    return [*found, Part("nginx", front, f"{at}{health}", dict(os.environ))]


def serve(all_parts: Sequence[Part], ready: str, stop: threading.Event) -> None:
    """Start the parts one after the other, and keep them going until `stop` is set.

    Raises:
        ServeError: one of them does not start.
    """
    try:
        for part in all_parts:
            part.start()
            part.wait(stop.is_set)
        if not stop.is_set():
            _say(ready)
        while not stop.wait(LOOK_SECONDS):
            for part in all_parts:
                part.keep()
    finally:
        # The front first, so that nobody comes to a replica that is about to go.
        for part in reversed(all_parts):
            part.ask_to_end()
        for part in reversed(all_parts):
            part.end()


def words() -> argparse.ArgumentParser:
    """The words of the command."""
    parser = argparse.ArgumentParser(prog="python -m vae_core.cli.serve", description=__doc__)
    parser.add_argument("--replicas", type=int, default=2, help="servers behind nginx")
    parser.add_argument("--host", default="127.0.0.1", help="where nginx answers")
    parser.add_argument("--port", type=int, default=8501, help="the one port that others can reach")
    parser.add_argument("--base", default="", help="path below which it answers, such as uni/ttn")
    return parser


def check(args: argparse.Namespace) -> None:
    """Put the words into order. Raises ServeError for what makes no sense."""
    if not 1 <= args.replicas <= MOST_REPLICAS:
        raise ServeError(f"REPLICAS is a number from 1 to {MOST_REPLICAS}: {args.replicas}.")
    args.base = args.base.strip("/")
    if not re.fullmatch(r"([\w~-][\w.~-]*/?)*", args.base, re.ASCII):
        raise ServeError(f"BASE is a path such as uni/ttn: {args.base!r}.")
    family = socket.AF_INET6 if ":" in args.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((args.host.strip("[]"), args.port))
        except (OSError, OverflowError) as problem:
            raise ServeError(f"{args.host}:{args.port} cannot be had ({problem}).") from problem


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; the exit status is 2 for what cannot be done."""
    args = words().parse_args(argv)
    stop = threading.Event()
    try:
        check(args)
        with tempfile.TemporaryDirectory(prefix="through-the-noise-") as folder:
            # nginx that root starts goes on as another user, who must get through to its folders.
            Path(folder).chmod(0o711)
            all_parts = parts(args, folder)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            at = f"http://{args.host}:{args.port}/{args.base}"
            serve(all_parts, f"{at} ({args.replicas} servers behind nginx)", stop)
    except ServeError as problem:
        _say(f"does not start: {problem}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
