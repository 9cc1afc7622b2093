"""How a server trains: in threads, below the pages in priority, with frequent looks to show."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import torch

from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Control, Diverged, Progress, train

Trainer = Callable[[TrainConfig, Control, Checkpoint | None], Iterator[Progress | Diverged]]
Execute = Callable[[Callable[[], None]], None]
"""Runs a piece of work elsewhere and returns at once: the one thing that a process pool or a
cluster would have to offer to take the place of threads."""

NICENESS = 2
MOST_THREADS = 2
LOOK_IMAGES = 6_000
LOOK_AT = 1_000
# Often, so that a divergence, or parting from a shared run, throws nobody back by much; a copy of
# the standard model takes milliseconds. `jobs` writes the copies to disk less often.
SNAPSHOT_SECONDS = 2.0


def in_thread(work: Callable[[], None]) -> None:
    """Run the work in a thread of its own, at a lower priority than the pages where possible."""

    def quietly() -> None:
        with suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        work()
        give_memory_back()

    threading.Thread(target=quietly, name="training", daemon=True).start()


def give_memory_back() -> None:
    """Hand freed memory to the system, where the C library keeps it for each thread (glibc)."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def default_workers() -> int:
    """Trainings that run at once: one for every two cores, and two at least."""
    return max(2, (os.cpu_count() or 2) // 2)


class Cores:
    """Shares the cores among the trainings at work, so that they do not wait for each other.

    One core is left to the pages: a training whose threads wait for one that a page has pushed
    aside is slower than on a single thread. More than two threads gain little in products this
    small. Torch counts them for each thread that calls it, and they do not change the numbers.

    Args:
        count: cores; as many as torch would take when None, which heeds OMP_NUM_THREADS.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or torch.get_num_threads()
        self._at_work: set[int] = set()

    def share(self) -> int:
        """Torch threads for each of those at work."""
        return max(1, min(MOST_THREADS, (self._count - 1) // max(1, len(self._at_work))))

    def shared(self, control: Control) -> Control:
        """`control` for a training that leaves its cores to others while it waits there."""

        def next_settings() -> Settings | None:
            me = threading.get_ident()
            self._at_work.discard(me)
            settings = control()
            if settings is not None:
                self._at_work.add(me)
                torch.set_num_threads(self.share())
            return settings

        return next_settings

    def leave(self) -> None:
        """The training of this thread is at its end."""
        self._at_work.discard(threading.get_ident())


CORES = Cores()


def train_live(
    config: TrainConfig, control: Control, resume: Checkpoint | None
) -> Iterator[Progress | Diverged]:
    """`train` with frequent looks at some held-out images, for people who watch."""
    work = config.batch * (1 + config.samples) / 2
    try:
        yield from train(
            config,
            control=CORES.shared(control),
            resume=resume,
            evaluate_every=max(1, round(LOOK_IMAGES / work)),
            test_images=LOOK_AT,
            checkpoint_seconds=SNAPSHOT_SECONDS,
        )
    finally:
        CORES.leave()
