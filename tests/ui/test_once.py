"""What is made once for all: awaited, bounded, and never kept where it failed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from pages.ui.live.once import NamelessError, Once, name_of

PATIENCE = 20.0


def texts(most: int = 10) -> Once[str]:
    return Once(most, len)


def test_the_second_who_asks_gets_the_same() -> None:
    once, made = texts(), [0]

    def make() -> str:
        made[0] += 1
        return "abc"

    first = once.get("a", make)
    assert once.get("a", make) is first
    assert made == [1]
    assert (len(once), once.bytes) == (1, 3)


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    once = texts()
    for name in "abc":
        once.get(name, lambda: "1234")
        once.get("a", lambda: "never made again")
    assert (len(once), once.bytes) == (2, 8)
    assert once.get("b", lambda: "gone") == "gone"
    assert once.get("a", lambda: "gone") == "1234"


def test_what_is_larger_than_all_memory_is_handed_out_and_not_kept() -> None:
    once = texts()
    once.get("small", lambda: "1")
    assert once.get("large", lambda: "x" * 11) == "x" * 11
    assert once.get("large", lambda: "again") == "again"
    assert once.get("small", lambda: "gone") == "1"


class Gate:
    """A making that goes on when it may, once at a time."""

    def __init__(self, faults: int = 0) -> None:
        self.begun, self.may = threading.Semaphore(0), threading.Event()
        self.runs, self.faults = 0, faults

    def __call__(self) -> str:
        self.runs += 1
        self.begun.release()
        assert self.may.wait(PATIENCE)
        if self.runs <= self.faults:
            raise InterruptedError
        return "made"


def crowd(ask: Callable[[], str], gate: Gate, many: int = 8) -> list[str]:
    """What each of some visitors gets who ask while it is in the making; "" for an error."""

    def outcome() -> str:
        try:
            return ask()
        except InterruptedError:
            return ""

    with ThreadPoolExecutor(many) as threads:
        asked = [threads.submit(outcome) for _ in range(many)]
        assert gate.begun.acquire(timeout=PATIENCE)
        gate.may.set()
        return [each.result(PATIENCE) for each in asked]


def test_it_is_made_once_for_all_who_ask_meanwhile() -> None:
    once, gate = texts(), Gate()
    assert crowd(lambda: once.get("a", gate), gate) == ["made"] * 8
    assert gate.runs == 1


def test_an_error_is_the_makers_own_and_the_next_makes_it() -> None:
    once, gate = texts(), Gate(faults=2)
    got = crowd(lambda: once.get("a", gate), gate)
    assert sorted(got) == ["", "", *["made"] * 6]
    assert gate.runs == 3
    assert len(once) == 1


def test_an_error_is_not_kept() -> None:
    once = texts()
    with pytest.raises(ZeroDivisionError):
        once.get("a", lambda: str(1 // 0))
    assert (len(once), once.bytes) == (0, 0)
    assert once.get("a", lambda: "made") == "made"


def test_who_waits_can_give_up_and_others_go_on() -> None:
    once, gate = texts(), Gate()

    def give_up() -> None:
        raise TimeoutError

    with ThreadPoolExecutor(1) as threads:
        maker = threads.submit(once.get, "a", gate)
        assert gate.begun.acquire(timeout=PATIENCE)
        with pytest.raises(TimeoutError):
            once.get("a", lambda: "mine", give_up)
        gate.may.set()
        assert maker.result(PATIENCE) == "made"
    assert once.get("a", lambda: "mine") == "made"


def test_many_threads_leave_it_in_order() -> None:
    once = texts(50)

    def ask(seed: int) -> bool:
        draw = np.random.default_rng(seed)
        names = [int(name) for name in draw.integers(0, 30, 400)]
        return all(once.get(name, lambda n=name: f"{n:04d}") == f"{name:04d}" for name in names)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(8)))
    assert once.bytes == 4 * len(once) <= 50
    assert not once._making


@dataclass(frozen=True)
class Thing:
    """Something with a name."""

    words: str
    numbers: dict[str, Any] = field(default_factory=dict)


def some(a: int) -> int:
    return a


def other(a: int) -> int:
    return a


SAME: list[Callable[[], Any]] = [
    lambda: ("a", 1, 2.5, None, True, b"x"),
    lambda: {"a": [1, 2], "b": (some, len, Thing)},
    lambda: Thing("a", {"b": partial(some, a=2)}),
    lambda: partial(partial(some), 3),
    lambda: Thing.__init__,
]
OTHER: list[tuple[Any, Any]] = [
    (1, 1.0),
    (1, True),
    ((1,), [1]),
    (some, other),
    (partial(some, 1), partial(some, 2)),
    (partial(some, 1), partial(some, a=1)),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (Thing("a"), Thing("b")),
    (Thing("a", {"b": 1}), Thing("a", {"b": 2})),
    ("1", 1),
]


@pytest.mark.parametrize("make", SAME)
def test_what_is_the_same_has_one_name(make: Callable[[], Any]) -> None:
    assert name_of(make()) == name_of(make())
    assert hash(name_of(make())) == hash(name_of(make()))


@pytest.mark.parametrize(("one", "another"), OTHER)
def test_what_differs_has_another_name(one: Any, another: Any) -> None:
    assert name_of(one) != name_of(another)


@pytest.mark.parametrize(
    "value", [lambda: 0, partial(lambda: 0), np.zeros(2), {"a": object()}, [set()]]
)
def test_what_is_made_on_the_way_has_none(value: Any) -> None:
    def inner() -> None:
        """Made anew each time."""

    for each in (value, (inner,)):
        with pytest.raises(NamelessError):
            name_of(each)
