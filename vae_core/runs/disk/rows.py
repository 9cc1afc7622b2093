"""A run as rows of the database, and what is made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Read:
    """A run as it was read: when it was touched, how often history and files were written."""

    entry: Entry
    touched_at: float
    era: int
    written: int


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


def entry_of(db: Connection, row: Row[Any], known: Sequence[Point] = ()) -> Entry | None:
    """A run with its history and watchers; None where it is of another version, or damaged.

    Args:
        db: a connection.
        row: the run's own.
        known: how its history begins; only what follows is read.
    """
    later = HISTORY.c.step > (known[-1].step if known else -1)
    points = select(HISTORY.c.point).where(HISTORY.c.run_id == row.run_id, later)
    watchers = select(WATCHERS.c.name, WATCHERS.c.visitor).where(WATCHERS.c.run_id == row.run_id)
    try:
        new = [Point.from_dict(json.loads(p)) for p in db.scalars(points.order_by(HISTORY.c.step))]
        standing = Standing(
            config=TrainConfig(**json.loads(row.config)),
            settings=Settings(**json.loads(row.settings)),
            as_planned=row.as_planned,
            state=row.state,
            message=row.message,
            fraction=row.fraction,
            history=(*known, *new),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return Entry(row.run_id, standing, dict(db.execute(watchers).tuples().all()), row.place)
