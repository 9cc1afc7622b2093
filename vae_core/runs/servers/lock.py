"""Whether a server on this machine is alive: each holds a lock of the operating system.

The system itself takes the lock from a process that is dead, killed or not, so a server that is
started anew finds at once what the one before it had. Between machines, and where a file system has
no locks, the heartbeats in the database tell it.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

LOG = logging.getLogger(__name__)

BOOT = Path("/proc/sys/kernel/random/boot_id")
HELD = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)


def machine() -> str:
    """This machine's name, the same in all its containers."""
    with suppress(OSError):
        return BOOT.read_text(encoding="ascii").strip()
    return socket.gethostname()


def _file(folder: Path, server_id: str) -> Path:
    return folder / f"{server_id}.server"


class ServerLock:
    """The lock of one server, held as long as this lives, or until `release`.

    Raises:
        OSError: the folder cannot be made, or nothing can be written there.
    """

    def __init__(self, folder: Path, server_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = _file(folder, server_id)
        self._file = self._path.open("a")
        try:
            _lock(self._file)
        except OSError as problem:
            LOG.warning("the file system of %s has no locks (%s)", folder, problem)

    def release(self) -> None:
        """Be gone."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def lives(folder: Path, server_id: str) -> bool | None:
    """Whether a server of this machine is alive, None where no lock tells it."""
    try:
        with _file(folder, server_id).open("r+") as file:
            _lock(file)
    except OSError as problem:
        return True if problem.errno in HELD else None
    return False


def bury(folder: Path, server_id: str) -> None:
    """Take away the file of a server that is dead."""
    if lives(folder, server_id) is False:
        with suppress(OSError):
            _file(folder, server_id).unlink(missing_ok=True)


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
