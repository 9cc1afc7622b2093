"""Finds PostgreSQL for `make cluster`, or with `--install` installs it.

Looked for: the program named in the environment variable POSTGRES, an installed one, and the newest
that Debian keeps.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.support.find_proxy import carry_out, way_to_install

# Debian keeps its versions side by side, and none in the path.
DEBIAN = Path("/usr/lib/postgresql")
ADVICE = (
    "No PostgreSQL to test with. Install it (on Debian or Ubuntu: apt-get install postgresql), or "
    "set the environment variable POSTGRES to the path of the program postgres, and run this again."
)


def find() -> Path | None:
    """Path of the program `postgres` on this machine, its others beside it, or None."""
    named = os.environ.get("POSTGRES") or shutil.which("postgres")
    kept = [*DEBIAN.glob("*/bin/postgres")]
    newest = max(kept, key=lambda path: float(path.parents[1].name), default=None)
    return Path(named).resolve() if named else newest


def main() -> None:
    """Say where it is; with `--install`, install it if it is missing. Ends with advice if it is."""
    if find() is None and "--install" in sys.argv:
        carry_out(way_to_install("postgresql", "postgresql"))
    if (path := find()) is None:
        sys.exit(ADVICE)
    print(f"Database for the tests: {path}")


if __name__ == "__main__":
    main()
