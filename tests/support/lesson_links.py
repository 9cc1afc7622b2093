"""Links that stand in lessons: whether each says what its page reads."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pages import contents
from pages.ui import controls
from pages.ui.lesson import Link
from tests.support import page_controls, pages_sweep


def each_link(links: Iterable[Link], every: int) -> pytest.MarkDecorator:
    """Runs over all states that are linked to: some with `make test`, all with `exhaustive`.

    Args:
        links: the links; each state is asked once.
        every: one of how many is asked with `make test`.
    """
    states = sorted({(link.page, tuple(link.query.items())) for link in links})
    return pytest.mark.parametrize(
        ("page", "query"),
        [
            pytest.param(*state, marks=[] if n % every == 0 else pytest.mark.exhaustive)
            for n, state in enumerate(states)
        ],
    )


def assert_read(page: str, query: tuple[tuple[str, str], ...]) -> None:
    """Each name is a control's there, and each value one of its own; and it says something.

    A link that says nothing would show what the visitor has left on that page.
    """
    app, found = page_controls.read_page(contents.page_info(page), **dict(query))
    assert query
    assert pages_sweep.faults(app) == []
    for name, text in query:
        assert found[name].fit, name
        assert _written(found[name].value) == text, name


def _written(value: object) -> str:
    """A control's value as it stands in an address."""
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else controls.number_text(float(str(value)))
