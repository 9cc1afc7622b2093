"""Every family of the registry against scipy's law, at its defaults and near the ends."""

import pytest

from tests.support import family_checks as checks
from tests.support.scipy_laws import TWINS
from vae_core.families import FAMILIES

ONE = [entry for entry in FAMILIES.values() if not entry.vector]
CASES = [
    pytest.param(entry, point, id=f"{entry.name}-{number}")
    for entry in ONE
    for number, point in enumerate(checks.points(entry))
]


def test_each_has_a_twin():
    assert {entry.name for entry in ONE} == set(TWINS)


@pytest.mark.parametrize(("entry", "point"), CASES)
def test_density_and_cdf(entry, point):
    checks.check_density(entry, point)


@pytest.mark.parametrize(("entry", "point"), CASES)
def test_moments(entry, point):
    checks.check_moments(entry, point)


@pytest.mark.parametrize(("entry", "point"), CASES)
def test_samples(entry, point):
    checks.check_samples(entry, point)


@pytest.mark.parametrize(("entry", "point"), [c for c in CASES if c.values[0].path != "none"])
def test_the_path(entry, point):
    checks.check_path(entry, point)


@pytest.mark.parametrize(("entry", "point"), CASES)
def test_gradients(entry, point):
    checks.check_gradients(entry, point)


@pytest.mark.parametrize(("entry", "point"), CASES)
def test_tails(entry, point):
    checks.check_tails(entry, point)


@pytest.mark.parametrize(("entry", "point"), CASES)
def test_torchs_line(entry, point):
    checks.check_line(entry, point)
