"""The runs in the database, as one server reads and writes them.

A run is owned by the one server that has it in memory: only this one writes it. Another server may
take it where its owner is none, or dead; where the owner lives, it reads, or asks for the run.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, and_, case, delete, func, insert, not_, or_, select, update

from vae_core.runs.disk.database import HISTORY, RUNS, WATCHERS, Database, Now
from vae_core.runs.disk.rows import Entry, Found, Read, entry_of, key_of, values_of
from vae_core.runs.standing import ACTIVE, SHARED, Point
from vae_core.training.config import TrainConfig

WATCHERS_PER_RUN = 50
NEWS = {"news": True, "touched_at": Now()}


class Records:
    """The runs in the database.

    All methods raise `NoAnswerError` where it does not answer.

    Args:
        database: where they are.
        server_id: who we are.
    """

    def __init__(self, database: Database, server_id: str) -> None:
        self._database = database
        self._me = server_id

    # Who has a run.
    def find(self, name: str) -> Found | None:
        """Where the token leads of which this is the hash."""
        joined = WATCHERS.outerjoin(RUNS, WATCHERS.c.run_id == RUNS.c.run_id)
        columns = (WATCHERS.c.run_id, WATCHERS.c.visitor, RUNS.c.owner, RUNS.c.state)
        with self._database.reading() as db:
            row = db.execute(
                select(*columns).select_from(joined).where(WATCHERS.c.name == name)
            ).first()
        if row is None:
            return None
        return Found(row.run_id, row.visitor, row.owner, row.state is not None)

    def claim(self, run_id: str, living: Collection[str]) -> tuple[Entry, bool] | None:
        """Own a run from now on; None where a living server has it, or there is none.

        Returns:
            The run, and whether it was handed over to us in order, or was ours before.
        """
        ours = RUNS.c.run_id == run_id
        with self._database.writing() as db:
            row = db.execute(select(RUNS).where(ours).with_for_update()).first()
            if row is None or row.owner in living:
                return None
            db.execute(update(RUNS).where(ours).values(owner=self._me, wanted_by=None, news=False))
            entry = entry_of(db, row)
        return None if entry is None else (entry, bool(row.owner == self._me))

    def owned_by_another(self, run_id: str) -> bool:
        """Whether a run that was ours is there, and is not ours any more."""
        here = select(RUNS.c.owner).where(RUNS.c.run_id == run_id)
        with self._database.reading() as db:
            row = db.execute(here).first()
        return row is not None and row.owner != self._me

    def release(self, run_id: str) -> None:
        """Own a run no more."""
        ours = and_(RUNS.c.run_id == run_id, RUNS.c.owner == self._me)
        with self._database.writing() as db:
            db.execute(update(RUNS).where(ours).values(owner=RUNS.c.wanted_by, wanted_by=None))

    def want(self, run_id: str) -> None:
        """Ask the server that has a run for it."""
        theirs = and_(RUNS.c.run_id == run_id, RUNS.c.owner != self._me)
        with self._database.writing() as db:
            db.execute(update(RUNS).where(theirs).values(wanted_by=self._me))

    def refuse(self, run_id: str) -> None:
        """Keep a run: whoever asked for it is gone."""
        with self._database.writing() as db:
            db.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(wanted_by=None))

    # How a run stands.
    def read(self, run_id: str, before: Read | None = None) -> Read | None:
        """A run of another server, given what was read of it before; None where it is gone."""
        with self._database.reading() as db:
            row = db.execute(select(RUNS).where(RUNS.c.run_id == run_id)).first()
            if row is None or (before and row.touched_at == before.touched_at):
                return None if row is None else before
            known = before.entry.standing.history if before and row.era == before.era else ()
            entry = entry_of(db, row, known)
        return None if entry is None else Read(entry, row.touched_at, row.era, row.written)

    def write(self, changes: Iterable[tuple[Entry, Entry | None]]) -> set[str]:
        """Write runs, each with what the database has of it so far, or None; all or none of them.

        Returns:
            Those that another server has taken over, and that were left as they are.
        """
        with self._database.writing() as db:
            in_order = sorted(changes, key=lambda change: change[0].run_id)  # never a deadlock
            return {now.run_id for now, before in in_order if not self._write(db, now, before)}

    def _write(self, db: Connection, now: Entry, before: Entry | None) -> bool:
        values = values_of(now.standing) | {"place": now.place, "touched_at": Now()}
        if now.size is not None:
            values |= {"bytes": now.size, "written": RUNS.c.written + 1}
        this = RUNS.c.run_id == now.run_id
        found = db.execute(update(RUNS).where(this, RUNS.c.owner == self._me).values(values))
        if not found.rowcount:
            if db.execute(select(RUNS.c.run_id).where(this)).first() is not None:
                return False
            before = None
            values |= {"bytes": now.size or 0, "written": int(now.size is not None)}
            db.execute(insert(RUNS).values(run_id=now.run_id, owner=self._me, **values))
        self._write_history(db, now.run_id, now.standing.history, before)
        fresh = {k: v for k, v in now.watchers.items() if not before or k not in before.watchers}
        if fresh:
            self._point(db, now.run_id, fresh)
        return True

    def _write_history(
        self, db: Connection, run_id: str, points: Sequence[Point], before: Entry | None
    ) -> None:
        """Add the points that are new; all of them where older ones have changed."""
        old = before.standing.history if before else ()
        goes_on = (
            before and len(points) >= len(old) and (not old or points[len(old) - 1] is old[-1])
        )
        if not goes_on:
            db.execute(delete(HISTORY).where(HISTORY.c.run_id == run_id))
            db.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(era=RUNS.c.era + 1))
            old = ()
        rows = [
            {"run_id": run_id, "step": point.step, "point": json.dumps(asdict(point))}
            for point in points[len(old) :]
        ]
        if rows:
            db.execute(insert(HISTORY), rows)

    def _point(self, db: Connection, run_id: str, watchers: Mapping[str, str]) -> None:
        """Let watchers lead to a run; one that they part from hears of it."""
        names = WATCHERS.c.name.in_(watchers)
        left = select(WATCHERS.c.run_id).where(names, WATCHERS.c.run_id != run_id)
        db.execute(update(RUNS).where(RUNS.c.run_id.in_(left)).values(NEWS))
        db.execute(delete(WATCHERS).where(names))
        rows = [{"name": name, "run_id": run_id, "visitor": who} for name, who in watchers.items()]
        db.execute(insert(WATCHERS).values(made_at=Now()), rows)

    # Who watches a run.
    def watchers(self, run_ids: Collection[str]) -> dict[str, dict[str, str]]:
        """The watchers of runs of ours; news of them is heard with this."""
        found: dict[str, dict[str, str]] = {run_id: {} for run_id in run_ids}
        with self._database.writing() as db:
            db.execute(update(RUNS).where(RUNS.c.run_id.in_(run_ids)).values(news=False))
            for row in db.execute(select(WATCHERS).where(WATCHERS.c.run_id.in_(run_ids))):
                found[row.run_id][row.name] = row.visitor
        return found

    def join(self, run_id: str, name: str, visitor: str, most: int) -> bool:
        """Watch a run of another server; False where it does not serve, or has enough watchers."""
        this = and_(RUNS.c.run_id == run_id, RUNS.c.state.in_(SHARED), RUNS.c.as_planned)
        with self._database.writing() as db:
            if not db.execute(update(RUNS).where(this).values(NEWS)).rowcount:
                return False
            many = select(func.count()).where(WATCHERS.c.run_id == run_id)
            if (db.scalar(many) or 0) >= most:
                return False
            self._point(db, run_id, {name: visitor})
        return True

    def leave(self, name: str) -> None:
        """Let a token lead nowhere; its run hears of it."""
        this = WATCHERS.c.name == name
        with self._database.writing() as db:
            run_id = select(WATCHERS.c.run_id).where(this).scalar_subquery()
            db.execute(update(RUNS).where(RUNS.c.run_id == run_id).values(NEWS))
            db.execute(delete(WATCHERS).where(this))

    def discard(self, run_id: str) -> bool:
        """Forget a run of ours; False where it is another's, or somebody watches it after all."""
        this = RUNS.c.run_id == run_id
        with self._database.writing() as db:
            row = db.execute(select(RUNS.c.owner).where(this).with_for_update()).first()
            many = select(func.count()).where(WATCHERS.c.run_id == run_id)
            if (row is not None and row.owner != self._me) or db.scalar(many):
                return False
            db.execute(delete(RUNS).where(this))
        return True

    # Many runs.
    def like(self, config: TrainConfig, most: int, living: Collection[str]) -> list[Found]:
        """Runs that serve whoever asks for this configuration, the best one first."""
        many = select(func.count()).where(WATCHERS.c.run_id == RUNS.c.run_id).scalar_subquery()
        finished = RUNS.c.state == "finished"
        chosen = (
            select(RUNS.c.run_id, RUNS.c.owner)
            .where(RUNS.c.config_key == key_of(config), RUNS.c.as_planned, many < most)
            .where(RUNS.c.state.in_(SHARED), or_(finished, RUNS.c.owner.in_(living)))
            .order_by(case((finished, 0), else_=1), RUNS.c.run_id)
        )
        with self._database.reading() as db:
            return [Found(row.run_id, "", row.owner, True) for row in db.execute(chosen)]

    def active_of(self, visitor: str, living: Collection[str]) -> int:
        """How many active runs a visitor has at other servers."""
        theirs = select(WATCHERS.c.run_id).where(WATCHERS.c.visitor == visitor)
        active = and_(RUNS.c.state.in_(ACTIVE), RUNS.c.owner.in_(living))
        many = select(func.count()).where(RUNS.c.run_id.in_(theirs), active)
        with self._database.reading() as db:
            return db.scalar(many) or 0

    def cull(
        self, most: int, most_bytes: int, keep: Collection[str], living: Collection[str]
    ) -> list[str]:
        """Forget the runs that are too many or too large together, untouched for longest.

        Spared are `keep`, and what is under way at the servers `living`. Returns what is gone.
        """
        under_way = and_(RUNS.c.state.in_(ACTIVE), RUNS.c.owner.in_(living))
        spared = case((or_(RUNS.c.run_id.in_(keep), under_way), 1), else_=0)
        order = (spared.desc(), RUNS.c.touched_at.desc(), RUNS.c.run_id)
        ranked = select(
            RUNS.c.run_id,
            spared.label("spared"),
            func.row_number().over(order_by=order).label("number"),
            func.sum(RUNS.c.bytes).over(order_by=order).label("total"),
        ).subquery()
        beyond = or_(ranked.c.number > most, ranked.c.total > most_bytes)
        chosen = select(ranked.c.run_id).where(beyond, ranked.c.spared == 0)
        old = select(WATCHERS.c.name).order_by(WATCHERS.c.made_at)
        with self._database.reading() as db:
            gone = list(db.scalars(chosen))
            many = db.scalar(select(func.count()).select_from(WATCHERS)) or 0
        if not gone and many <= most * WATCHERS_PER_RUN:
            return []
        these = delete(RUNS).where(RUNS.c.run_id.in_(gone), not_(under_way))
        with self._database.writing() as db:
            if many > most * WATCHERS_PER_RUN:
                db.execute(delete(WATCHERS).where(WATCHERS.c.name.in_(old.limit(many // 2))))
            return list(db.scalars(these.returning(RUNS.c.run_id)))

    # Folders of before.
    def adopt(self, entry: Entry, size: int, touched_at: float) -> None:
        """Take a run in that nobody owns, unless it is here already."""
        values = values_of(entry.standing) | {"bytes": size, "written": 1}
        table = self._database.insert(RUNS).values(
            run_id=entry.run_id, touched_at=touched_at, **values
        )
        with self._database.writing() as db:
            if db.execute(table.on_conflict_do_nothing()).rowcount:
                self._write_history(db, entry.run_id, entry.standing.history, None)
                self._point(db, entry.run_id, entry.watchers)

    def remember(self, watchers: Mapping[str, str]) -> None:
        """Tokens, by their hashes, that led to runs; those whose run is gone still say so."""
        table = self._database.insert(WATCHERS).on_conflict_do_nothing()
        with self._database.writing() as db:
            there = set(db.scalars(select(RUNS.c.run_id)))
            for name, run_id in ((k, v) for k, v in watchers.items() if v not in there):
                db.execute(table.values(name=name, run_id=run_id, visitor=name, made_at=Now()))
