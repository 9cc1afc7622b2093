"""The pages, and the figures, as a test's parameter."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pages import contents

PAGES = pytest.mark.parametrize("page", contents.ALL_PAGES, ids=lambda page: page.key)


def each_page(*now: str) -> pytest.MarkDecorator:
    """Runs over all pages: those named with `make test`, the others with `make exhaustive`.

    For what depends on the server and hardly on the page, so that a new page brings little of it.
    """
    return pytest.mark.parametrize(
        "page",
        [
            pytest.param(page, marks=[] if page.key in now else pytest.mark.exhaustive)
            for page in contents.ALL_PAGES
        ],
        ids=lambda page: page.key,
    )


def has_figure(page: contents.PageInfo) -> bool:
    """Whether a page shows a live figure; one of words alone is swept for what it has."""
    own = (contents.PAGES / page.file).parent.rglob("*.py")
    return any("live_figure(" in path.read_text(encoding="utf-8") for path in own)


def each_figure(figures: Sequence[tuple[object, ...]], now: int) -> list[object]:
    """Figures as parameters: the first few with `make test`, the others with `make exhaustive`."""
    return [
        pytest.param(*figure, marks=pytest.mark.exhaustive if number >= now else [])
        for number, figure in enumerate(figures)
    ]
