"""Walks ahead of the finger: offered, made once, fetched by name, given up where nobody waits."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pages import contents
from pages.ui.live import Frame, figure
from pages.ui.live.ahead.turns import Turns
from pages.ui.live.ahead.walks import WALKS, UnwantedError, Walk, Walks
from tests.support import pages_sweep
from tests.support.each_page import PAGES
from tests.support.loops import finished

GRID = np.linspace(-1.0, 1.0, 7)
# Their figures are of runs, which go on.
OF_RUNS = {"train_vae", "compare_runs"}
seen: list[float] = []
go_on = threading.Event()


def parabola(a: float, b: float) -> Frame:
    seen.append(a)
    return Frame({"moving": {"x": GRID, "y": a * GRID**2 + b}}, {"top": a + b})


def slow(a: float, b: float) -> Frame:
    seen.append(a)
    assert go_on.wait(20.0)
    return Frame({}, {"top": a + b})


WALK = Walk(parabola, "a", (0.0, 0.5, 2.0), (("b", 7.0),))


@pytest.fixture(autouse=True)
def _afresh() -> None:
    seen.clear()
    go_on.clear()


async def here() -> bool:
    return False


def fetched(walks: Walks, name: str, gone: Callable[[], Awaitable[bool]] = here) -> Any:
    """What the browser gets."""
    body = finished(walks.fetch(name, gone))
    return None if body is None else json.loads(gzip.decompress(body))


def test_a_walk_is_made_when_it_is_fetched_and_only_once() -> None:
    walks = Walks()
    name = walks.offer(WALK)
    assert seen == []
    assert fetched(walks, name) == json.loads(json.dumps(WALK.packed()))
    assert fetched(walks, name)["numbers"]["top"] == [7.0, 7.5, 9.0]
    assert seen == [0.0, 0.5, 2.0] * 2


def test_all_who_stand_there_are_told_the_same_name_and_others_cannot_guess_it() -> None:
    walks = Walks()
    name = walks.offer(WALK)
    assert walks.offer(replace(WALK)) == name
    assert walks.offer(replace(WALK, others=(("b", 8.0),))) != name
    assert Walks().offer(WALK) != name
    assert len(name) > 20
    assert fetched(walks, name + "x") is None


def test_the_oldest_offers_are_forgotten_and_can_be_renewed() -> None:
    walks = Walks(most_offered=2)
    name = walks.offer(WALK)
    for b in (1.0, 2.0):
        walks.offer(replace(WALK, others=(("b", b),)))
    assert fetched(walks, name) is None
    second = walks.offer(WALK)
    assert walks.offer(WALK, name) == name != second
    assert fetched(walks, name) == fetched(walks, second)
    assert len(walks._offered) == len(set(walks._names.values())) + 1 == 2


def test_what_nobody_waits_for_is_broken_off_and_not_kept() -> None:
    walks = Walks()
    name = walks.offer(replace(WALK, frame=slow))

    async def left() -> bool:
        go_on.set()
        return True

    assert fetched(walks, name, left) is None
    assert seen == [0.0]
    assert fetched(walks, name)["numbers"]["top"] == [7.0, 7.5, 9.0]


def test_a_server_that_ends_breaks_off_what_is_in_the_making() -> None:
    walks = Walks()
    walks.close()
    with pytest.raises(UnwantedError):
        walks.make(WALK, threading.Event())
    assert seen == []


def test_an_error_in_a_frame_is_no_answer_and_is_not_kept() -> None:
    walks = Walks()
    name = walks.offer(replace(WALK, others=(("c", 7.0),)))
    for _ in range(2):
        with pytest.raises(TypeError):
            fetched(walks, name)
    assert len(walks.made) == 0


def test_an_answer_goes_first() -> None:
    turns, order = Turns(), []

    def step() -> None:
        turns.stand_back(20.0)
        order.append("ahead")

    with turns.answering():
        ahead = threading.Thread(target=step)
        ahead.start()
        with turns.answering():
            order.append("inner")
        time.sleep(0.05)
        assert turns.quiet == 0.0
        order.append("answer")
    ahead.join(20.0)
    assert order == ["inner", "answer", "ahead"]
    assert turns.quiet > 0.0


def test_what_is_ahead_gets_its_turn_where_answers_never_end() -> None:
    turns = Turns()
    with turns.answering():
        turns.stand_back(0.01)


def test_an_answer_that_fails_is_over() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.answering():
        _ = 1 // 0
    turns.stand_back(20.0)
    assert turns.quiet > 0.0


@PAGES
def test_a_page_is_made_once_and_all_that_its_sliders_would_show_can_be_made(
    page: contents.PageInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[figure.Made] = []
    original = figure._made
    monkeypatch.setattr(figure, "_made", lambda *words: made.append(original(*words)) or made[-1])
    assert pages_sweep.faults(pages_sweep.open_page(page)) == []
    for name, walk in (each for state in made for each in state.walks):
        ahead = fetched(WALKS, name)
        assert all(len(numbers) == len(walk.positions) for numbers in ahead["numbers"].values())
        assert all(
            len(each["at"]) == len(walk.positions) for each in ahead["fields"] if "at" in each
        )
    first = made.copy()
    made.clear()
    pages_sweep.open_page(page)
    assert all((a is b) == (page.key not in OF_RUNS) for a, b in zip(first, made, strict=True))
    told = [json.loads(state.sent["told"] or "") for state in made]
    moving = [t for t in told if t["context"] and not t["formulaJs"] and t["params"]]
    assert all(len(t["ahead"]) == len(sliders(t)) for t in moving if not fetches(t))


def sliders(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What can be slid in a figure."""
    return [param for param in told["params"] if param["kind"] != "seed"]


def fetches(told: dict[str, Any]) -> bool:
    """Whether a figure's pictures are fetched by their names."""
    return bool(told["transport"] and told["transport"]["fetched"])
