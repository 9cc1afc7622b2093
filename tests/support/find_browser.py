"""Finds a Chromium for the browser tests, or with `--install` installs one.

Looked for, in this order: the program named in the environment variable CHROMIUM, an installed
Chromium or Chrome, the one that Playwright brings along.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ADVICE = (
    "No browser to test with. Install Chromium or Google Chrome, or set the environment variable "
    "CHROMIUM to the path of one, and run this again."
)


def find() -> str | None:
    """Path of a browser on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    installed = next(filter(None, map(shutil.which, NAMES)), None)
    if installed:
        return installed
    return next((path for path in (*MACOS, _playwright_own()) if Path(path).exists()), None)


def _playwright_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def starts(path: str) -> bool:
    """Whether the browser at that path opens a page."""
    try:
        with sync_playwright() as playwright:
            playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]).close()
    except Error as error:
        print(f"{path} does not start: {error.message.splitlines()[0]}")
        return False
    return True


def ways_to_install() -> list[list[list[str]]]:
    """Commands that install a browser, each way a list of commands, the best way first."""
    ways = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and shutil.which("apt-get"):
        ways.append([["apt-get", "update"], ["apt-get", "install", "--yes", "chromium"]])
    return ways


def install() -> str | None:
    """Install a browser by the first way that works; its path, or None."""
    for commands in ways_to_install():
        print("Installing a browser:", " && ".join(map(" ".join, commands)), flush=True)
        if all(subprocess.run(command, check=False).returncode == 0 for command in commands):
            path = find()
            if path and starts(path):
                return path
    return None


def main() -> None:
    """Say where the browser is; with `--install`, install one if there is none."""
    path = find()
    if (path is None or not starts(path)) and "--install" in sys.argv:
        path = install()
    if path is None:
        sys.exit(ADVICE)
    print(f"Browser for the tests: {path}")


if __name__ == "__main__":
    main()
