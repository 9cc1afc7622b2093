"""The files of the runs: what is too large for rows of a database.

Each run has a folder with `snapshot.safetensors` (see `vae_core.training.checkpoint`) and
`looks.safetensors`.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vae_core.runs.looks import load_looks, save_looks
from vae_core.runs.standing import Standing
from vae_core.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from vae_core.training.evaluate import Views, held_out, take_views
from vae_core.vae.data import DataError, load_mnist


def hashed(token: str) -> str:
    """Name of a watcher: it does not tell the token."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


class RunFolder:
    """The files of all runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def snapshot(self, run_id: str) -> Path:
        """The file of a run's last snapshot."""
        return self.path / run_id / "snapshot.safetensors"

    def make(self, run_id: str) -> None:
        """Make a run's folder: who trains it may write a last snapshot there, and nowhere else."""
        with suppress(OSError):
            (self.path / run_id).mkdir(parents=True, exist_ok=True)

    def save(self, run_id: str, run: Standing) -> int:
        """Write a run's snapshot and looks, each whole or not at all.

        Returns:
            How many bytes all its files have.

        Raises:
            OSError, SafetensorError: something could not be written.
        """
        folder = self.path / run_id
        folder.mkdir(parents=True, exist_ok=True)
        if run.checkpoint is not None:
            save_checkpoint(self.snapshot(run_id), run.checkpoint, run.config)
        save_looks(folder / "looks.safetensors", run.looks)
        return sum(file.stat().st_size for file in folder.iterdir())

    def load(self, run_id: str, run: Standing) -> Standing:
        """A run with what its files hold; without a snapshot where there is none, or a bad one."""
        with suppress(CheckpointError):
            checkpoint, _ = load_checkpoint(self.snapshot(run_id))
            run = replace(run, checkpoint=checkpoint)
        return replace(run, looks=load_looks(self.path / run_id / "looks.safetensors"))

    def discard(self, run_id: str) -> None:
        """Delete a run's files."""
        shutil.rmtree(self.path / run_id, ignore_errors=True)


def shown(run: Standing) -> Standing:
    """A run with the pictures of its last look, or else of its last snapshot."""
    return run.at_last_look() if run.looks else replace(run, views=pictures(run))


def pictures(run: Standing) -> Views | None:
    """What the model of a run's last snapshot sees, or None without snapshot or images."""
    if run.checkpoint is None:
        return None
    try:
        images = load_mnist()
        model = run.checkpoint.model(run.config)
    except (CheckpointError, DataError):
        return None
    return take_views(model, held_out(images.test_images, run.config), images.test_labels)
