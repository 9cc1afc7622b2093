"""The runs on disk.

Each run has a folder with `run.json` (configuration, state and history, plain JSON),
`snapshot.safetensors` (see `vae_core.checkpoint`) and `looks.safetensors`. Beside the folders lies
a file for each watcher of a run, which holds the run's name. Its own name is a hash of the
watcher's token, so a listing of all this opens no run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vae_core.runs.looks import Look, load_looks, save_looks
from vae_core.runs.view import ACTIVE, Point, RunState
from vae_core.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Views, held_out, take_views
from vae_core.vae.data import DataError, load_mnist

TICKETS_PER_RUN = 50


def hashed(token: str) -> str:
    """Name of a watcher's file: it does not tell the token."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class SavedRun:
    """What the files of a run tell: how it stood, what was seen, and where it can go on.

    Attributes:
        as_planned: whether its settings never left those of its configuration.
        watchers: visitor of each watcher, by the hash of the watcher's token.
    """

    config: TrainConfig
    state: RunState
    message: str
    fraction: float
    history: list[Point]
    checkpoint: Checkpoint | None
    settings: Settings
    as_planned: bool = False
    watchers: dict[str, str] = field(default_factory=dict)
    looks: tuple[Look, ...] = ()


class RunFolder:
    """The runs on disk, bounded in number and bytes; the ones untouched for longest go first."""

    def __init__(self, path: Path, most: int = 200, most_bytes: int = 2_000_000_000) -> None:
        self.path = path
        self.most = most
        self.most_bytes = most_bytes

    def _ticket(self, name: str) -> Path:
        return self.path / f"{name}.watcher"

    def save(self, run_id: str, run: SavedRun, *, arrays: bool = True) -> None:
        """Write a run; its snapshot first, so that the history never runs ahead of it for good.

        Args:
            run_id: name of the run's folder.
            run: what to write.
            arrays: whether snapshot and looks are written too, or only what is in `run.json`.
        """
        folder = self.path / run_id
        folder.mkdir(parents=True, exist_ok=True)
        if arrays and run.checkpoint is not None:
            save_checkpoint(folder / "snapshot.safetensors", run.checkpoint, run.config)
        if arrays:
            save_looks(folder / "looks.safetensors", run.looks)
        values = {
            "config": run.config.as_dict(),
            "state": run.state,
            "message": run.message,
            "fraction": run.fraction,
            "settings": asdict(run.settings),
            "as_planned": run.as_planned,
            "watchers": run.watchers,
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

    def load(self, run_id: str) -> SavedRun | None:
        """Read a run back; None where there is none or its files are damaged."""
        folder = self.path / run_id
        try:
            values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            history = [Point.from_dict(point) for point in values["history"]]
            config = TrainConfig(**values["config"])
            state, message, fraction = values["state"], values["message"], values["fraction"]
            last_settings = history[-1].settings if history else config.settings
            settings = Settings(**values.get("settings", asdict(last_settings)))
            watchers = dict(values.get("watchers", {run_id: run_id}))
            as_planned = bool(values.get("as_planned", False))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        try:
            checkpoint, _ = load_checkpoint(folder / "snapshot.safetensors")
        except CheckpointError:
            checkpoint = None
        looks = load_looks(folder / "looks.safetensors")
        if state in ACTIVE:
            last = checkpoint.step if checkpoint else -1
            history = [point for point in history if point.step <= last]
            looks = tuple(look for look in looks if look.step <= last)
        return SavedRun(
            config,
            state,
            message,
            fraction,
            history,
            checkpoint,
            settings,
            as_planned,
            watchers,
            looks,
        )

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


def pictures(saved: SavedRun) -> Views | None:
    """What the model of the run's last snapshot sees, or None without snapshot or images."""
    if saved.checkpoint is None:
        return None
    try:
        images = load_mnist()
        model = saved.checkpoint.model(saved.config)
    except (CheckpointError, DataError):
        return None
    return take_views(model, held_out(images.test_images, saved.config), images.test_labels)
