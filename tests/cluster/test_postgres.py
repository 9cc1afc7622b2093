"""The PostgreSQL of these tests: it keeps what it was told through a restart, and starts empty."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.postgres import PASSWORD, Postgres

pytestmark = pytest.mark.cluster


def ask(address: str, words: str) -> list[tuple[Any, ...]]:
    """Rows that a statement gives."""
    with import_module("psycopg").connect(address) as connection:
        cursor = connection.execute(words)
        return list(cursor) if cursor.description else []


def test_a_database_outlives_a_restart_and_another_one_is_empty(postgres: Postgres) -> None:
    first, second = postgres.new_database(), postgres.new_database()
    ask(first, "CREATE TABLE kept AS SELECT 7 AS number")
    postgres.restart()
    assert ask(first, "SELECT number FROM kept") == [(7,)]
    assert ask(second, "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'") == [(0,)]


def test_it_asks_for_the_password(database: str) -> None:
    wrong = database.replace(quote(PASSWORD), "guess")
    assert wrong != database
    with pytest.raises(import_module("psycopg").OperationalError, match="password"):
        ask(wrong, "SELECT 1")
