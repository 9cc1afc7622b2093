"""Finds nginx for the tests behind a reverse proxy, or with `--install` installs it.

Looked for: the program named in the environment variable NGINX, then an installed one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from vae_core.cli.serve import find_nginx as find

ADVICE = (
    "No nginx to test with. Install it (on Debian or Ubuntu: apt-get install nginx-light), or set "
    "the environment variable NGINX to the path of one, and run this again."
)


def way_to_install(debian: str = "nginx-light", homebrew: str = "nginx") -> list[list[str]]:
    """Commands that install such a package, none where this is not known or not allowed."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and shutil.which("apt-get"):
        install = ["apt-get", "install", "--yes", "--no-install-recommends", debian]
        return [["apt-get", "update"], install]
    return [["brew", "install", homebrew]] if shutil.which("brew") else []


def carry_out(commands: list[list[str]]) -> None:
    """Install something, until one of the commands fails."""
    for command in commands:
        print("Installing a server for the tests:", " ".join(command), flush=True)
        # Debian would start it as a service at once; the tests start their own.
        quiet = {**os.environ, "RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run(command, check=False, env=quiet).returncode:
            return


def main() -> None:
    """Say where nginx is; with `--install`, install it if there is none."""
    if find() is None and "--install" in sys.argv:
        carry_out(way_to_install())
    path = find()
    # Without it everything else can be tested, so this is no reason to stop.
    print(f"Reverse proxy for the tests: {path}" if path else ADVICE)


if __name__ == "__main__":
    main()
