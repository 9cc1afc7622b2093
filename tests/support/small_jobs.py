"""The training pages' queue, on few images and with a runs folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from pages.ui.runs import visitor
from vae_core.runs.jobs import Bounds, Jobs
from vae_core.training.train import train
from vae_core.vae.data import load_mnist


@contextmanager
def small_jobs(folder: Path, workers: int = 1, bounds: Bounds | None = None) -> Iterator[Jobs]:
    """What the pages start meanwhile trains in a moment."""
    data = load_mnist().first(2000, 200)

    def trainer(config, control, resume):
        return train(config, data, control, resume=resume, evaluate_every=5)

    made = Jobs(workers=workers, folder=folder, trainer=trainer, bounds=bounds)
    with patch.object(visitor, "jobs", lambda: made):
        try:
            yield made
        finally:
            made.shutdown()
