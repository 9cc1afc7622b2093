"""Finds Firefox and WebKitGTK for `make browsers`, or with `--install` installs them on Debian.

Looked for: the Firefox named in the environment variable FIREFOX, an installed one; WebKitGTK's
driver, which brings its own small browser along; and Xvfb, the screen that this one paints on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

# What starts each, and the package of Debian it comes with.
PACKAGES = {
    "firefox": "firefox-esr",
    "WebKitWebDriver": "webkit2gtk-driver",
    "Xvfb": "xvfb",
}
ADVICE = (
    "No {missing} to test with. Install it (on Debian: apt-get install "
    f"{' '.join(PACKAGES.values())}), or set the environment variable FIREFOX to the path of a "
    "Firefox, and run this again."
)


def find(name: str) -> str | None:
    """Path of one of `PACKAGES`' programs on this machine, or None."""
    if name != "firefox":
        return shutil.which(name)
    return os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which(name)


def missing() -> list[str]:
    """The programs that are not here."""
    return [name for name in PACKAGES if find(name) is None]


def way_to_install(names: list[str]) -> list[list[str]]:
    """Commands that install the named programs, none where this is not known or not allowed."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not names or not root or not shutil.which("apt-get"):
        return []
    packages = [PACKAGES[name] for name in names]
    return [
        ["apt-get", "update"],
        ["apt-get", "install", "--yes", "--no-install-recommends", *packages],
    ]


def main() -> None:
    """Say where they are; with `--install`, install what is missing. Ends with advice if it is."""
    if "--install" in sys.argv:
        for command in way_to_install(missing()):
            print("Installing browsers:", " ".join(command), flush=True)
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            if subprocess.run(command, check=False, env=quiet).returncode:
                break
    if missing():
        sys.exit(ADVICE.format(missing=" and no ".join(missing())))
    print("Other browsers for the tests:", ", ".join(str(find(name)) for name in PACKAGES))


if __name__ == "__main__":
    main()
