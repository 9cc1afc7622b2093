"""How a server trains: in threads, below the pages in priority, with frequent looks to show."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import torch

from vae_core.checkpoint import Checkpoint
from vae_core.config import TrainConfig
from vae_core.train import Control, Diverged, Progress, train

Trainer = Callable[[TrainConfig, Control, Checkpoint | None], Iterator[Progress | Diverged]]
Execute = Callable[[Callable[[], None]], None]
"""Runs a piece of work elsewhere and returns at once: the one thing that a process pool or a
cluster would have to offer to take the place of threads."""

NICENESS = 2
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
        torch.set_num_threads(threads_per_run())
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


def threads_per_run() -> int:
    """Torch threads of one training; beyond two, products this small gain little."""
    return min(2, os.cpu_count() or 1)


def train_live(
    config: TrainConfig, control: Control, resume: Checkpoint | None
) -> Iterator[Progress | Diverged]:
    """`train` with frequent looks at some held-out images, for people who watch."""
    work = config.batch * (1 + config.samples) / 2
    return train(
        config,
        control=control,
        resume=resume,
        evaluate_every=max(1, round(LOOK_IMAGES / work)),
        test_images=LOOK_AT,
        checkpoint_seconds=SNAPSHOT_SECONDS,
    )
