"""Servers that share a folder and a database: SQLite here, PostgreSQL in `tests/cluster`."""

from __future__ import annotations

import pytest

from tests.support.servers import servers

__all__ = ["servers"]


@pytest.fixture
def database() -> None:
    """The database in the folder itself."""
