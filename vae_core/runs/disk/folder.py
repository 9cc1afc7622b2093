"""The runs on disk.

Each run has a folder with `run.json` (configuration, state and history, plain JSON),
`snapshot.safetensors` (see `vae_core.training.checkpoint`) and `looks.safetensors`. Beside the
folders lies a file for each watcher of a run, which holds the run's name. Its own name is a hash of
the watcher's token, so a listing of all this opens no run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vae_core.runs.looks import load_looks, save_looks
from vae_core.runs.standing import Point, Standing
from vae_core.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Views, held_out, take_views
from vae_core.vae.data import DataError, load_mnist

TICKETS_PER_RUN = 50


def hashed(token: str) -> str:
    """Name of a watcher's file: it does not tell the token."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


class RunFolder:
    """The runs on disk, bounded in number and bytes; the ones untouched for longest go first."""

    def __init__(self, path: Path, most: int = 200, most_bytes: int = 2_000_000_000) -> None:
        self.path = path
        self.most = most
        self.most_bytes = most_bytes

    def _ticket(self, name: str) -> Path:
        return self.path / f"{name}.watcher"

    def snapshot(self, run_id: str) -> Path:
        """The file of a run's last snapshot."""
        return self.path / run_id / "snapshot.safetensors"

    def save(
        self, run_id: str, run: Standing, watchers: dict[str, str], *, arrays: bool = True
    ) -> None:
        """Write a run; its snapshot first, so that the history never runs ahead of it for good.

        Args:
            run_id: name of the run's folder.
            run: how it stands.
            watchers: visitor of each watcher, by the hash of the watcher's token.
            arrays: whether snapshot and looks are written too, or only what is in `run.json`.
        """
        folder = self.path / run_id
        folder.mkdir(parents=True, exist_ok=True)
        if arrays and run.checkpoint is not None:
            save_checkpoint(self.snapshot(run_id), run.checkpoint, run.config)
        if arrays:
            save_looks(folder / "looks.safetensors", run.looks)
        values = {
            "config": run.config.as_dict(),
            "state": run.state,
            "message": run.message,
            "fraction": run.fraction,
            "settings": asdict(run.settings),
            "as_planned": run.as_planned,
            "watchers": watchers,
            "history": [asdict(point) for point in run.history],
        }
        part = folder / "run.part"
        part.write_text(json.dumps(values), encoding="utf-8")
        part.replace(folder / "run.json")

    def point(self, name: str, run_id: str) -> None:
        """Let a watcher's token, of which `name` is the hash, lead to a run."""
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.path / f"{name}.part"
        part.write_text(run_id, encoding="utf-8")
        part.replace(self._ticket(name))

    def run_of(self, name: str) -> str | None:
        """The run that a watcher's token leads to, whether it is still there or not."""
        try:
            return self._ticket(name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return name if (self.path / name).is_dir() else None

    def load(self, run_id: str) -> tuple[Standing, dict[str, str]] | None:
        """How a run stands, and its watchers; None where there is none or its files are damaged.

        One that was active broke off with its server.
        """
        folder = self.path / run_id
        try:
            values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            run, watchers = _read(values), dict(values.get("watchers", {run_id: run_id}))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with suppress(CheckpointError):
            checkpoint, _ = load_checkpoint(self.snapshot(run_id))
            run = replace(run, checkpoint=checkpoint)
        run = replace(run, looks=load_looks(folder / "looks.safetensors"))
        run = run.cut_off() if run.active else run
        if not run.looks:
            return replace(run, views=pictures(run)), watchers
        return run.at_last_look(), watchers

    def forget(self, name: str) -> None:
        """Delete a watcher's file."""
        self._ticket(name).unlink(missing_ok=True)

    def discard(self, run_id: str) -> None:
        """Delete a run's files."""
        shutil.rmtree(self.path / run_id, ignore_errors=True)

    def cull(self, keep: Collection[str] = ()) -> None:
        """Delete the runs that are too many or too large together, `keep` excepted."""
        folders = []
        for folder in self.path.glob("*/"):
            with suppress(OSError):
                size = sum(file.stat().st_size for file in folder.iterdir())
                folders.append((folder.stat().st_mtime, folder, size))
        folders.sort(key=lambda entry: entry[0])
        count, total = len(folders), sum(size for _, _, size in folders)
        for _, folder, size in folders:
            if count <= self.most and total <= self.most_bytes:
                break
            if folder.name not in keep:
                shutil.rmtree(folder, ignore_errors=True)
                count, total = count - 1, total - size
        self._cull_watchers()

    def _cull_watchers(self) -> None:
        """Watchers' files outlive their runs, so that it can be said that these are gone."""
        files = list(self.path.glob("*.watcher"))
        if len(files) > self.most * TICKETS_PER_RUN:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in files[: len(files) // 2]:
                file.unlink(missing_ok=True)


def _read(values: dict[str, Any]) -> Standing:
    """What `run.json` tells; older ones say neither the settings nor whether they were planned."""
    config = TrainConfig(**values["config"])
    history = tuple(Point.from_dict(point) for point in values["history"])
    last_settings = history[-1].settings if history else config.settings
    return Standing(
        config=config,
        settings=Settings(**values.get("settings", asdict(last_settings))),
        as_planned=bool(values.get("as_planned", False)),
        state=values["state"],
        message=values["message"],
        fraction=values["fraction"],
        history=history,
    )


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
