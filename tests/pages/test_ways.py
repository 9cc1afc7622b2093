"""The three ways through the pages: they keep their time, their order, and lead to what exists."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from pages import contents
from pages.goal.start import ways
from pages.ui.lesson import Lesson
from pages.ui.live import Param
from tests.support import page_controls, pages_sweep

STORY = [page.key for page in contents.ALL_PAGES]
MINUTES = {"way_story": 60, "way_lab": 30, "way_class": 50}
TOURS = {name: ways.parse(Lesson("start").text(name)) for name in ways.WAYS}
each_tour = pytest.mark.parametrize("name", ways.WAYS)


@each_tour
def test_a_tour_keeps_its_time_and_the_order_of_the_story(name: str) -> None:
    paragraph, stops = TOURS[name]
    assert not paragraph[0].isdigit()
    assert sum(stop.minutes for stop in stops) == MINUTES[name]
    order = [STORY.index(stop.page) for stop in stops]
    assert order == sorted(order)


def test_the_story_starts_at_the_start_and_passes_every_chapter_but_once() -> None:
    _, stops = TOURS["way_story"]
    keys = [stop.page for stop in stops]
    assert keys[0] == "start"
    assert len(set(keys)) == len(keys)
    passed = {contents.page_info(key).folder for key in keys}
    assert passed == {page.folder for page in contents.ALL_PAGES}
    for stop in stops:
        assert stop.label == contents.page_info(stop.page).title


def test_a_lesson_asks_at_each_stop_but_the_last() -> None:
    _, stops = TOURS["way_class"]
    assert all("Ask" in stop.text for stop in stops[:-1])
    assert stops[-1].page == "quiz"
    assert "seed=" in stops[-1].query  # the same questions for all


@pytest.mark.parametrize(
    ("page", "query"),
    sorted({(s.page, s.query) for _, stops in TOURS.values() for s in stops if s.query}),
)
def test_a_stop_is_a_state_that_exists(page: str, query: str) -> None:
    told = dict(parse_qsl(query.removeprefix("?"), strict_parsing=True))
    app, found = page_controls.read_page(contents.page_info(page), **told)
    assert pages_sweep.faults(app) == []
    for name, text in told.items():
        assert found[name].fit, (page, name)
        param = getattr(found[name].parse, "__self__", None)
        if isinstance(param, Param):
            assert not param.missed(text, found[name].value)


def test_a_line_that_is_no_stop_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no stop of a tour: '1\. Somewhere'"):
        ways.parse("Words.\n\n1. Somewhere")


@pytest.mark.parametrize("present", [False, True])
def test_start_lists_the_stops_as_links(present: bool) -> None:
    query = {"present": "1"} if present else {}
    app = pages_sweep.open_page(contents.page_info("start"), **query)
    assert [fold.label for fold in app.expander][: len(ways.WAYS)] == list(ways.WAYS.values())
    lists = "".join(str(each.proto.body) for each in app.get("html"))
    for _, stops in TOURS.values():
        for stop in stops:
            address = contents.page_info(stop.page).address + stop.query
            if present:
                address += ("&" if stop.query else "?") + "present=1"
            assert f'href="./{address.replace("&", "&amp;")}"' in lists
