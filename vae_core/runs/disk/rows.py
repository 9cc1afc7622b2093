"""A run as rows of the database, and what is made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from vae_core.runs.disk.database import HISTORY, WATCHERS
from vae_core.runs.standing import Point, Standing
from vae_core.training.config import Settings, TrainConfig


@dataclass(frozen=True)
class Entry:
    """What the database has of a run, or is to have.

    Attributes:
        watchers: visitor of each watcher, by the hash of the watcher's token.
        place: place in line.
        size: bytes of its files, where they were just written.
    """

    run_id: str
    standing: Standing
    watchers: Mapping[str, str]
    place: int = 0
    size: int | None = None


@dataclass(frozen=True)
class Found:
    """Where a watcher's token leads: `exists` is False where the run itself is gone."""

    run_id: str
    visitor: str
    owner: str | None
    exists: bool


def key_of(config: TrainConfig) -> str:
    """The same for equal configurations, and no others."""
    values = config.as_dict()
    plain = {k: float(v) if isinstance(v, (int, float)) else v for k, v in values.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]


def values_of(run: Standing) -> dict[str, Any]:
    """What stands in a run's own row."""
    return {
        "config": json.dumps(run.config.as_dict()),
        "config_key": key_of(run.config),
        "state": run.state,
        "message": run.message,
        "fraction": run.fraction,
        "settings": json.dumps(asdict(run.settings)),
        "as_planned": run.as_planned,
    }


def entry_of(db: Connection, row: Row[Any]) -> Entry | None:
    """A run with its history and watchers; None where it is of another version, or damaged."""
    points = select(HISTORY.c.point).where(HISTORY.c.run_id == row.run_id).order_by(HISTORY.c.step)
    watchers = select(WATCHERS.c.name, WATCHERS.c.visitor).where(WATCHERS.c.run_id == row.run_id)
    try:
        standing = Standing(
            config=TrainConfig(**json.loads(row.config)),
            settings=Settings(**json.loads(row.settings)),
            as_planned=row.as_planned,
            state=row.state,
            message=row.message,
            fraction=row.fraction,
            history=tuple(Point.from_dict(json.loads(point)) for point in db.scalars(points)),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return Entry(row.run_id, standing, dict(db.execute(watchers).tuples().all()), row.place)
