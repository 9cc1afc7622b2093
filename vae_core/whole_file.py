"""Files that are written whole or not at all, and targets that are tried beforehand.

What is written goes into a new file of an unused name beside the target, which then takes its
place: a neighbour is never touched, and whoever reads the target sees the old file or the new one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; its permissions are those of the file it replaces, or what the umask leaves.

    A symbolic link stays, and the file that it leads to is replaced.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    path = path.resolve()
    with _part_beside(path) as (file, part):
        file.write(content)
        file.close()
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)


def try_target(path: Path, size: int) -> None:
    """Find out whether a file of this size, in bytes, could be written; nothing is left of it.

    Raises:
        OSError: it could not; `strerror` says why.
    """
    path = path.resolve()
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(0, "it is a folder", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(0, "it is no ordinary file", str(path))
    with _part_beside(path) as (file, _):
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.write(bytes(size))


@contextmanager
def _part_beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file of an unused name in the same folder, deleted where it is still there after."""
    part = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with part.open("xb") as file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)
