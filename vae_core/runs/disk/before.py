"""Folders of the runs as they were before there was a database, taken over into it.

Each run had a `run.json` (configuration, state, history and watchers) beside its snapshot and its
looks. Beside the folders lay a file for each watcher, named by the hash of the token, that held the
run's name. What is taken over is deleted, so it is done once; snapshots and looks stay as they are.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vae_core.runs.disk.records import Records
from vae_core.runs.disk.rows import Entry
from vae_core.runs.standing import Point, Standing
from vae_core.training.config import Settings, TrainConfig

LOG = logging.getLogger(__name__)


def take_over(folder: Path, records: Records) -> None:
    """Write the runs and watchers of a folder of before into the database.

    Raises:
        NoAnswerError: the database does not answer; what is left is taken over another time.
    """
    tickets = {path.stem: _text(path) for path in folder.glob("*.watcher")}
    for file in folder.glob("*/run.json"):
        entry = read(file, tickets)
        if entry is not None:
            size = sum(each.stat().st_size for each in file.parent.iterdir() if each != file)
            records.adopt(entry, size, file.stat().st_mtime)
            file.unlink(missing_ok=True)
    records.remember({name: run_id for name, run_id in tickets.items() if run_id})
    for name in tickets:
        (folder / f"{name}.watcher").unlink(missing_ok=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def read(file: Path, tickets: dict[str, str]) -> Entry | None:
    """What a `run.json` tells, None where it is damaged.

    The oldest ones say neither the settings, nor whether these were planned, nor who watches: there
    the folder itself bears the hash of its only token.

    Args:
        file: the `run.json` of a run.
        tickets: runs by the names of their watchers.
    """
    run_id = file.parent.name
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        config = TrainConfig(**values["config"])
        history = tuple(Point.from_dict(point) for point in values["history"])
        planned = asdict(history[-1].settings if history else config.settings)
        standing = Standing(
            config=config,
            settings=Settings(**values.get("settings", planned)),
            as_planned=bool(values.get("as_planned", False)),
            state=values["state"],
            message=values["message"],
            fraction=values["fraction"],
            history=history,
        )
        watchers = dict(values.get("watchers", {run_id: run_id}))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        LOG.warning("a run of before could not be read (%s: %s)", run_id, problem)
        return None
    there = {name: who for name, who in watchers.items() if tickets.get(name, run_id) == run_id}
    return Entry(run_id, standing, there)
