"""One server to a folder of runs: a lock of the operating system, and who has it.

Two servers on one folder would each take the other's running trainings for broken off, and delete
each other's files. The system itself takes the lock from a process that is dead, killed or not, so
none is ever left over. It counts on one machine, and between machines where their shared file
system has locks.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

LOG = logging.getLogger(__name__)

NAME = "server.lock"
BYTE = 2**30
"""The byte that is locked on Windows, beyond the words: there nobody could read a locked one."""
HELD = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)


@dataclass(frozen=True)
class Holder:
    """Who has a folder: process, machine, and since when, in the local time of that machine."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        """As it stands in a sentence."""
        return f"process {self.pid} on {self.host}, since {self.since}"


class FolderInUse(Exception):  # noqa: N818 - it says what is so
    """Another server has the folder; the message says which, in one line."""


class FolderLock:
    """A folder that is ours as long as this lives, or until `release`.

    Raises:
        FolderInUse: another server has it.
        OSError: the folder cannot be made, or nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = opened(folder)
        try:
            _lock(self._file)
        except OSError as problem:
            if problem.errno in HELD:
                holder = _read(self._file)
                self._file.close()
                raise FolderInUse(
                    f"The folder of the runs, {folder.name}, is in use by another server: "
                    f"{holder or 'it does not say which'}."
                ) from problem
            LOG.warning("the file system of %s has no locks (%s)", folder, problem)
        self._file.truncate(0)
        here = Holder(os.getpid(), socket.gethostname(), time.strftime("%Y-%m-%d %H:%M"))
        self._file.write(json.dumps(asdict(here)))
        self._file.flush()

    def release(self) -> None:
        """Let another server have it."""
        self._file.close()


def opened(folder: Path) -> IO[str]:
    """The file to be locked, not locked yet. Raises OSError where nothing can be written."""
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / NAME).open("a+", encoding="utf-8")


def _read(file: IO[str]) -> Holder | None:
    """Who wrote the file, None where it does not tell."""
    try:
        file.seek(0)
        return Holder(**json.loads(file.read(1000)))
    except (OSError, ValueError, TypeError):
        return None


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
