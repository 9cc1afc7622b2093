"""Addresses of databases: what is none is refused in a line that tells no password."""

from __future__ import annotations

from pathlib import Path

import pytest

from vae_core.runs.disk import place
from vae_core.runs.disk.database import address_of


@pytest.mark.parametrize(
    ("named", "driver", "name"),
    [
        ("postgresql://ann:secret@db.example.edu/runs", "postgresql+psycopg", "runs"),
        (" postgres://ann@localhost:5433/runs ", "postgresql+psycopg", "runs"),
        ("postgresql+psycopg2://localhost/runs", "postgresql+psycopg", "runs"),
        ("sqlite:///some/where.sqlite", "sqlite", "some/where.sqlite"),
    ],
)
def test_an_address_is_understood(named: str, driver: str, name: str) -> None:
    pytest.importorskip("psycopg")
    url = address_of(named)
    assert (url.drivername, url.database) == (driver, name)


@pytest.mark.parametrize(
    "named",
    [
        "nonsense",
        "secret",
        "postgresql//ann:secret@host/runs",
        "postgresql://ann:secret@host",
        "postgresql://ann:secret@host:port/runs",
        "mysql://ann:secret@host/runs",
        "sqlite://",
        "sqlite://secret/runs",
        "redis://secret",
    ],
)
def test_what_is_none_is_refused_and_not_repeated(named: str) -> None:
    with pytest.raises(ValueError, match=r"^TTN_DATABASE must be .*postgresql://") as refused:
        place.check({"TTN_DATABASE": named})
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_without_its_driver_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vae_core.runs.disk.database.find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"^TTN_DATABASE: .*requirements-cluster"):
        place.check({"TTN_DATABASE": "postgresql://localhost/runs"})


def test_places_that_are_fine_are_left_alone(tmp_path: Path) -> None:
    place.check({})
    place.check({"TTN_RUNS": str(tmp_path / "runs"), "TTN_DATABASE": ""})
    assert list((tmp_path / "runs").iterdir()) == []
