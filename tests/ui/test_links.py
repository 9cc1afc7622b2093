"""Links to every page: what one says is what another shows, and no link breaks a page."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

import pytest

from pages import contents
from tests.support import page_controls, pages_sweep

HOSTILE = [
    "nan", "NaN", "inf", "-inf", "1e999", "", " ", "abc", "--1", "1,2", "0x10", "9" * 400, "-9e99",
    "None", "true", "<script>alert(1)</script>", "'; DROP TABLE", "{mu}", "{{mu}}", "$x$", "\u0000",
    "\ud7ff", "../../etc", "%00", "１２", "1_000", "[1]", "1;2", "🙂", "\n",
]  # fmt: skip
LINKS = 200
COMMON = ["hide", "present", "embed", "nothing", "mu", "seed", "problem", "k"]
each_page = pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=pytest.mark.xdist_group(f"links {p.key}")) for p in contents.ALL_PAGES],
    ids=[page.key for page in contents.ALL_PAGES],
)


@cache
def moved(key: str) -> dict[str, str]:
    """An address that takes every control of a page off its default."""
    return page_controls.moved(contents.page_info(key))


@each_page
def test_a_link_sets_every_control_at_once(page: contents.PageInfo) -> None:
    link = moved(page.key)
    app, found = page_controls.read_page(page, **link)
    assert pages_sweep.faults(app) == []
    assert set(found) <= set(link)
    for name, control in found.items():
        assert control.fit, name
        assert control.value == control.parse(link[name]) != control.default, name


def malformed(chance: random.Random, key: str) -> dict[str, str | list[str]]:
    """A link that nobody would write on purpose, with some values that are right."""

    def text() -> str:
        makers: list[Callable[[], str]] = [
            lambda: chance.choice(HOSTILE),
            lambda: "".join(
                chr(chance.randrange(1, 0x2FFF)) for _ in range(chance.randrange(1, 30))
            ),
            lambda: str(chance.uniform(-1e6, 1e6)),
            lambda: quote(chance.choice(HOSTILE)),
        ]
        return chance.choice(makers)()

    right = moved(key)
    names = sorted({*right, *COMMON})
    link: dict[str, str | list[str]] = {
        name: right[name] for name in sorted(right) if chance.random() < 0.4
    }
    picked = chance.sample(names, chance.randrange(1, len(names) + 1))
    link |= {name: text() for name in picked}
    if chance.random() < 0.2:
        link[picked[0]] = [text(), text()]
    return link


@pytest.mark.slow
@each_page
def test_malformed_links_break_no_page(page: contents.PageInfo) -> None:
    chance = random.Random(page.key)
    for _ in range(-(-LINKS // len(contents.ALL_PAGES))):
        link = malformed(chance, page.key)
        app, _ = page_controls.read_page(page, **link)
        assert pages_sweep.faults(app) == [], link
