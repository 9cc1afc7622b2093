"""The database of the runs: its tables, its address, and what is said while it does not answer.

SQLite in the folder of the runs serves all servers of one machine; PostgreSQL those of several. All
times in it are seconds of the database's own clock, so that no two machines' clocks are compared.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

LOG = logging.getLogger(__name__)

NAME = "runs.sqlite"
WAIT_SECONDS = 5.0
POSTGRES = {
    "connect_timeout": 3,
    "tcp_user_timeout": 6000,
    "options": "-c statement_timeout=8s -c lock_timeout=5s",
}
SILENT = (
    "The list of the runs does not answer at the moment. No run is lost by that; please try again "
    "in a few seconds."
)
WANTED = "an address such as postgresql://user:password@host/name, or sqlite:///file"

TABLES = MetaData()
SERVERS = Table(
    "servers",
    TABLES,
    Column("server_id", Text, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("seen_at", Double, nullable=False),
)
RUNS = Table(
    "runs",
    TABLES,
    Column("run_id", Text, primary_key=True),  # the name of the folder of its files, too
    Column("config", Text, nullable=False),
    Column("config_key", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("fraction", Double, nullable=False),
    Column("settings", Text, nullable=False),
    Column("as_planned", Boolean, nullable=False),
    Column("place", Integer, nullable=False, default=0),
    Column("owner", Text, index=True),  # the server that has it in memory
    Column("wanted_by", Text),  # the server that asks for it
    Column("news", Boolean, nullable=False, default=False),  # another server changed who watches
    Column("era", Integer, nullable=False, default=0),  # how often its history was written anew
    Column("written", Integer, nullable=False, default=0),  # how often its files were
    Column("bytes", BigInteger, nullable=False, default=0),
    Column("touched_at", Double, nullable=False),
)
HISTORY = Table(
    "history",
    TABLES,
    Column("run_id", ForeignKey(RUNS.c.run_id, ondelete="CASCADE"), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("point", Text, nullable=False),
)
# Watchers outlive their run, so that it can be said that it is gone.
WATCHERS = Table(
    "watchers",
    TABLES,
    Column("name", Text, primary_key=True),  # hash of the watcher's token
    Column("run_id", Text, nullable=False, index=True),
    Column("visitor", Text, nullable=False, index=True),
    Column("made_at", Double, nullable=False),
)
VISITORS = Table(
    "visitors",
    TABLES,
    Column("visitor", Text, primary_key=True),
    Column("server_id", Text, primary_key=True),  # where they were seen
    Column("seen_at", Double, nullable=False),
)


class NoAnswerError(Exception):
    """The database does not answer; the message says so to a visitor."""

    def __init__(self) -> None:
        super().__init__(SILENT)


class Now(FunctionElement[float]):
    """Seconds of the database's clock, to the millisecond."""

    inherit_cache = True
    type = Double()


@compiles(Now, "sqlite")
def _now_in_sqlite(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(Now, "postgresql")
def _now_in_postgresql(*_: object, **__: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


def address_of(named: str) -> URL:
    """The address that TTN_DATABASE holds.

    Raises:
        ValueError: it is none, or its driver is missing; the message is one line and repeats
            nothing of the address, which may hold a password.
    """
    try:
        url = make_url(named.strip())
        kind = url.get_backend_name()
    except (ArgumentError, ValueError) as problem:
        raise ValueError(f"TTN_DATABASE must be {WANTED}") from problem
    if kind == "sqlite" and url.database and not url.host:
        return url.set(drivername="sqlite")
    if kind not in ("postgresql", "postgres") or not url.database:
        raise ValueError(f"TTN_DATABASE must be {WANTED}")
    if find_spec("psycopg") is None:
        raise ValueError("TTN_DATABASE: PostgreSQL needs what requirements-cluster.txt lists")
    return url.set(drivername="postgresql+psycopg")


class Database:
    """Connections to the database, for any thread.

    Once it has not answered, everybody is told so at once, until whoever knocks gets an answer:
    no visitor waits for one that is gone.

    Args:
        address: where it is.
        folder: the folder of the runs, where it is when there is no address.
    """

    def __init__(self, address: URL | None, folder: Path) -> None:
        here = URL.create("sqlite", database=str(folder / NAME))
        self._engine = _engine(address or here)
        self._reads = self._engine.execution_options(reads=True)
        self._silent = True
        self._closed = False

    def make(self) -> None:
        """Make the tables where there are none yet."""
        with self._heard(knock=True):
            try:
                TABLES.create_all(self._engine)
            except DBAPIError:  # another server makes them at this moment
                TABLES.create_all(self._engine)

    def move(self, file: Path) -> None:
        """Take over what a database of SQLite holds, which gets another name; none of it is owned.

        Raises:
            NoAnswerError: this database does not answer, or the other one.
        """
        old = Database(URL.create("sqlite", database=str(file)), file.parent)
        old.make()
        with old.reading() as source, self.writing() as db:
            for table in (RUNS, HISTORY, WATCHERS):
                free = {"owner": None, "wanted_by": None} if table is RUNS else {}
                rows = [{**row, **free} for row in source.execute(select(table)).mappings()]
                if rows:
                    db.execute(self.insert(table).on_conflict_do_nothing(), rows)
        old.close()
        with suppress(OSError):  # another server did the same
            file.replace(file.with_name(f"{file.name}.moved"))

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that may say what to do where there is such a row already."""
        if self._engine.dialect.name == "sqlite":
            return sqlite.insert(table)
        return postgresql.insert(table)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads. Raises NoAnswerError."""
        with self._heard(), self._reads.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, knock: bool = False) -> Iterator[Connection]:
        """A transaction, whole or not at all; `knock` tries though there was no answer before.

        Raises:
            NoAnswerError: nothing was written, or it is not known.
        """
        with self._heard(knock=knock), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _heard(self, *, knock: bool = False) -> Iterator[None]:
        if self._silent and not knock:
            raise NoAnswerError
        try:
            yield
        except (DBAPIError, PoolTimeoutError) as problem:
            if not self._silent:
                LOG.warning("the database of the runs does not answer (%s)", problem.args[0])
            self._silent = True
            raise NoAnswerError from problem
        finally:
            if self._closed:
                self._engine.dispose()
        if knock:
            self._silent = False

    def close(self) -> None:
        """Let the connections go; where somebody asks after all, they come back for this alone."""
        self._closed = True
        self._engine.dispose()


def _engine(address: URL) -> Engine:
    if address.get_backend_name() != "sqlite":
        return create_engine(
            address, hide_parameters=True, pool_size=8, pool_timeout=WAIT_SECONDS,
            pool_pre_ping=True, connect_args=POSTGRES,
        )  # fmt: skip
    engine = create_engine(
        address, hide_parameters=True, pool_size=8, connect_args={"timeout": WAIT_SECONDS}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    """Tune a connection to SQLite: readers and one writer at once, and it begins as we say."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the right to write at once: to ask for it after reading may be refused."""
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
