"""Every family of the registry against scipy's law, at its defaults and near the ends."""

import pytest

from tests.support import family_checks as checks
from tests.support.scipy_laws import TWINS
from vae_core.families import FAMILIES

ONE = [entry for entry in FAMILIES.values() if not entry.vector]
ALONE = pytest.mark.exhaustive  # one parameter at an end, the others at their defaults
CASES = [
    pytest.param(entry, point, id=f"{entry.name}-{number}", marks=ALONE if number > 2 else ())
    for entry in ONE
    for number, point in enumerate(checks.points(entry))
]


def test_each_has_a_twin():
    assert {entry.name for entry in ONE} == set(TWINS)


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("entry", "point"), CASES)
def test_it_holds(entry, point, check):
    check(entry, point)
