"""The line: who comes next."""

from __future__ import annotations

from dataclasses import dataclass, field

from vae_core.runs.work.line import Line


@dataclass(eq=False)
class Work:
    name: str
    visitors: set[str] = field(default_factory=set)


def stood(workers: int, *entries: tuple[str, str]) -> tuple[Line[Work], list[Work]]:
    line: Line[Work] = Line(workers)
    works = [Work(name, set(visitors.split())) for name, visitors in entries]
    for work in works:
        line.stand(work)
    return line, works


def called(line: Line[Work]) -> list[str]:
    return [work.name for work in line.calls()]


def test_first_come_first_served():
    line, works = stood(2, ("a", "ann"), ("b", "ben"), ("c", "carl"))
    assert called(line) == ["a", "b"]
    assert [line.place(work) for work in works] == [0, 0, 1]
    assert called(line) == []
    line.release(works[0])
    assert called(line) == ["c"]
    assert len(line) == 0


def test_a_visitor_has_one_worker_and_holds_up_nobody():
    line, works = stood(3, ("a", "ann"), ("a2", "ann"), ("b", "ben"))
    assert called(line) == ["a", "b"]
    assert line.place(works[1]) == 1
    line.release(works[0])
    assert called(line) == ["a2"]


def test_work_shared_with_someone_who_has_none_goes_ahead():
    line, works = stood(3, ("a", "ann"), ("shared", "ann ben"), ("b2", "ben"))
    assert called(line) == ["a", "shared"]
    line.release(works[1])
    assert called(line) == ["b2"]


def test_leaving_twice_does_no_harm():
    line, works = stood(1, ("a", "ann"), ("b", "ben"))
    line.leave(works[0])
    line.leave(works[0])
    line.release(works[0])
    assert called(line) == ["b"]
    assert line.works(works[1])


def test_who_was_at_work_before_may_stand_first():
    line, works = stood(0, ("a", "ann"), ("b", "ben"))
    line.leave(works[1])
    line.stand(works[1], first=True)
    assert [line.place(work) for work in works] == [2, 1]
    line.workers = 1
    assert called(line) == ["b"]
