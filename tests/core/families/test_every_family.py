"""Every family of the registry against scipy's law, at its defaults and near the ends."""

import pytest

from tests.support import family_checks as checks
from tests.support.scipy_laws import TWINS
from vae_core.families import FAMILIES
from vae_core.families.entries.noise import PAPER

ONE = [entry for entry in FAMILIES.values() if not entry.vector]
ALONE = pytest.mark.exhaustive  # one parameter at an end, the others at their defaults
CASES = [
    pytest.param(entry, point, id=f"{entry.name}-{number}", marks=ALONE if number > 2 else ())
    for entry in ONE
    for number, point in enumerate(checks.points(entry))
]


def test_each_of_the_papers_has_a_twin():
    """A newcomer may have none: it is held to itself then."""
    papers = {entry.name for entry in ONE if PAPER in entry.source}
    assert papers <= set(TWINS) <= {entry.name for entry in ONE}
    assert len(papers) == 20  # of 22: two are vectors


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("entry", "point"), CASES)
def test_it_holds(entry, point, check):
    check(entry, point)
