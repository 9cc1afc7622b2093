"""Training for people who watch: frequent looks, frequent snapshots, a fair share of the cores."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress

import torch

from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import TrainConfig
from vae_core.training.train import Control, Diverged, Progress, train

MOST_THREADS = 2
LOOK_IMAGES = 6_000
LOOK_AT = 1_000
# Often, so that a divergence, or parting from a shared run, throws nobody back by much; a copy of
# the standard model takes milliseconds. `Workers` writes the copies to disk less often.
SNAPSHOT_SECONDS = 2.0


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


def default_workers() -> int:
    """Trainings that run at once: one for every two cores, and two at least."""
    return max(2, (os.cpu_count() or 2) // 2)


def give_memory_back() -> None:
    """Hand freed memory to the system, where the C library keeps it for each thread (glibc)."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


class Cores:
    """Shares the cores among the trainings at work, so that they do not wait for each other.

    One core is left to the pages: a training whose threads wait for one that a page has pushed
    aside is slower than on a single thread. More than two threads gain little in products this
    small, and they do not change the numbers.

    Args:
        count: cores; as many as torch would take when None, which heeds OMP_NUM_THREADS.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or torch.get_num_threads()

    def share(self, at_work: int) -> int:
        """Torch threads for each of so many trainings at work."""
        return max(1, min(MOST_THREADS, (self._count - 1) // max(1, at_work)))
