"""Which servers and visitors are there, as the database tells it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import bindparam, delete, func, select, update

from vae_core.runs.disk.database import RUNS, SERVERS, VISITORS, Database, Now
from vae_core.runs.servers import lock
from vae_core.runs.standing import ACTIVE

DEAD_AFTER = 15.0
"""Seconds without a heartbeat after which a server's runs may be taken over."""


@dataclass(frozen=True)
class Mine:
    """A run that this server has, and what others want of it.

    Attributes:
        active: whether it goes on by itself, or could at any moment.
        wanted_by: the server that asks for it.
        news: whether watchers came or went at another server.
    """

    active: bool
    wanted_by: str | None
    news: bool


class Presence:
    """This server's heartbeat, and those of the others.

    A server lives while it holds its lock, on this machine, and its heart beats. Who has been out
    of reach, or has just started, takes no other server for dead until it has listened for long
    enough itself: after an outage of the database all hearts have stood still.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        server_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._folder = folder
        self._me = server_id
        self._machine = lock.machine()
        self._clock = clock
        self._since = self._last = float("-inf")

    def beat(self) -> dict[str, Mine]:
        """Show that this server lives, even where nothing answered before; returns its runs.

        Raises:
            NoAnswerError: the database does not answer.
        """
        table = self._database.insert(SERVERS)
        values = {"server_id": self._me, "machine": self._machine, "seen_at": Now()}
        known = table.values(values).on_conflict_do_update(
            index_elements=["server_id"], set_={"seen_at": Now()}
        )
        columns = (RUNS.c.run_id, RUNS.c.state, RUNS.c.wanted_by, RUNS.c.news)
        with self._database.writing(knock=True) as db:
            db.execute(known)
            rows = db.execute(select(*columns).where(RUNS.c.owner == self._me)).all()
        now = self._clock()
        if now - self._last > DEAD_AFTER / 3:
            self._since = now
        self._last = now
        return {row.run_id: Mine(row.state in ACTIVE, row.wanted_by, row.news) for row in rows}

    def living(self) -> list[str]:
        """The other servers that are alive."""
        fresh = SERVERS.c.seen_at > Now() - DEAD_AFTER
        with self._database.reading() as db:
            rows = db.execute(select(SERVERS.c.server_id, SERVERS.c.machine, fresh)).all()
        judges = self._last - self._since >= DEAD_AFTER
        return [
            server_id
            for server_id, machine, beats in rows
            if server_id != self._me
            and (beats or not judges)
            and (machine != self._machine or lock.lives(self._folder, server_id) is not False)
        ]

    def bury(self) -> None:
        """Forget the servers that are dead."""
        dead = SERVERS.c.server_id.not_in([self._me, *self.living()])
        with self._database.reading() as db:
            gone = db.scalars(select(SERVERS.c.server_id).where(dead)).all()
        if gone:
            with self._database.writing() as db:
                db.execute(delete(SERVERS).where(SERVERS.c.server_id.in_(gone)))
        for server_id in gone:
            lock.bury(self._folder, server_id)

    def sign_off(self) -> None:
        """Leave: the runs that this server has belong to whoever comes."""
        with self._database.writing() as db:
            db.execute(update(RUNS).where(RUNS.c.owner == self._me).values(owner=None))
            db.execute(delete(SERVERS).where(SERVERS.c.server_id == self._me))

    def tell_seen(self, ago: Mapping[str, float], grace: float) -> None:
        """Note how many seconds ago visitors were seen here; beyond the grace all are forgotten."""
        told = self._database.insert(VISITORS).values(
            server_id=self._me, seen_at=Now() - bindparam("ago")
        )
        told = told.on_conflict_do_update(
            index_elements=["visitor", "server_id"], set_={"seen_at": told.excluded.seen_at}
        )
        rows = [{"visitor": visitor, "ago": ago[visitor]} for visitor in sorted(ago)]
        with self._database.writing() as db:
            if rows:
                db.execute(told, rows)
            db.execute(delete(VISITORS).where(VISITORS.c.seen_at < Now() - grace))

    def seen_elsewhere(self) -> dict[str, float]:
        """How many seconds ago visitors were seen last at other servers."""
        last = func.max(VISITORS.c.seen_at)
        chosen = select(VISITORS.c.visitor, Now() - last).group_by(VISITORS.c.visitor)
        with self._database.reading() as db:
            rows = db.execute(chosen.where(VISITORS.c.server_id != self._me)).tuples()
            return dict(rows.all())
