"""What the tests of several servers share: a PostgreSQL, and databases with nothing in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole session; whoever stops it starts it again."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> str:
    """Address of a fresh database, as TTN_DATABASE takes it."""
    return postgres.new_database()
