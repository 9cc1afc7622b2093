"""Processes that a server started, as Linux knows them."""

from __future__ import annotations

from pathlib import Path

LISTENS = "0A"  # <net/tcp_states.h>
HERE_ONLY = "0100007F"  # 127.0.0.1


def children(pid: int) -> list[int]:
    """The processes that one started and that are still there; none of one that is gone itself."""
    try:
        tasks = [*Path(f"/proc/{pid}/task").glob("*/children")]
        return [int(each) for task in tasks for each in task.read_text(encoding="utf-8").split()]
    except FileNotFoundError:
        return []


def descendants(pid: int) -> list[int]:
    """A process and all that came of it."""
    return [pid, *(each for child in children(pid) for each in descendants(child))]


def command(pid: int) -> list[str]:
    """The words a process was started with; none of one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")[:-1]
    except FileNotFoundError:
        return []


def resident(pid: int) -> float:
    """Memory of a process and its descendants in MB; what several have in common counts once."""
    total = 0.0
    for process in descendants(pid):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def listening(pids: list[int]) -> set[tuple[str, int]]:
    """Where processes wait for connections: addresses of TCP as the kernel writes them, ports."""
    handles = [handle for pid in pids for handle in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {str(handle.readlink()) for handle in handles}
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text(encoding="utf-8").splitlines()[1:]:
            _, local, _, state, *_, number = line.split()[:10]
            if state == LISTENS and f"socket:[{number}]" in sockets:
                address, _, port = local.partition(":")
                found.add((address, int(port, 16)))
    return found
