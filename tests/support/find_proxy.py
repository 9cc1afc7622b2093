"""Finds nginx for the tests behind a reverse proxy, or with `--install` installs it.

Looked for: the program named in the environment variable NGINX, then an installed one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

# Debian puts it where the path of a plain user does not look.
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
ADVICE = (
    "No nginx to test with. Install it (on Debian or Ubuntu: apt-get install nginx-light), or set "
    "the environment variable NGINX to the path of one, and run this again."
)


def find() -> str | None:
    """Path of an nginx on this machine, or None."""
    return os.environ.get("NGINX") or shutil.which("nginx", path=PLACES)


def way_to_install() -> list[list[str]]:
    """Commands that install nginx, none where this is not known or not allowed."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and shutil.which("apt-get"):
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "nginx-light"]
        return [["apt-get", "update"], install]
    return [["brew", "install", "nginx"]] if shutil.which("brew") else []


def install() -> str | None:
    """Install nginx where that is possible; its path, or None."""
    for command in way_to_install():
        print("Installing nginx:", " ".join(command), flush=True)
        # Debian would start it as a service at once; the tests start their own.
        if subprocess.run(command, check=False, env={**os.environ, "RUNLEVEL": "1"}).returncode:
            return None
    return find()


def main() -> None:
    """Say where nginx is; with `--install`, install it if there is none."""
    path = find()
    if path is None and "--install" in sys.argv:
        path = install()
    # Without it everything else can be tested, so this is no reason to stop.
    print(f"Reverse proxy for the tests: {path}" if path else ADVICE)


if __name__ == "__main__":
    main()
