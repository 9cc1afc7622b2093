"""A class at work: visitors who let go of sliders, and some who train, all at once."""

from __future__ import annotations

import csv
import io
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tests.support.websocket_visitor import WebsocketVisitor

PAGES = {
    "location_scale": lambda draw: f"mu={draw.randrange(-20, 21) / 10}",
    "gradient_variance": lambda draw: f"mu={draw.randrange(-20, 21) / 10}",
    "race": lambda draw: f"seed={draw.randrange(3)}",
}


@dataclass(frozen=True)
class Lesson:
    """What a class does.

    Attributes:
        visitors: how many there are.
        seeds: of those among them who train, each its own.
        seconds: how long the others let go of sliders.
        pause: shortest and longest time between two releases.
        patience: seconds within which the trainings must have ended.
    """

    visitors: int
    seeds: Sequence[int]
    seconds: float
    pause: tuple[float, float]
    patience: float = 600.0


def drag(visitor: WebsocketVisitor, lesson: Lesson, draw: random.Random) -> None:
    """Let go of a slider again and again, after pauses as uneven as people's."""
    until = time.monotonic() + lesson.seconds
    while time.monotonic() < until:
        time.sleep(draw.uniform(*lesson.pause))
        visitor.run(PAGES[visitor.page](draw))


def follow(visitor: WebsocketVisitor, lesson: Lesson) -> None:
    """Start a training and watch it to its end, as the page does by itself."""
    until = time.monotonic() + lesson.patience
    visitor.run(press="start")
    while visitor.interval:
        assert time.monotonic() < until, f"a training did not end within {lesson.patience} s"
        time.sleep(visitor.interval)
        visitor.run(itself=True)


def take(address: str, lesson: Lesson) -> list[WebsocketVisitor]:
    """Have the class at work; its visitors know what each script run took, and what went wrong."""

    def guarded(work: Callable[..., None], visitor: WebsocketVisitor, *words: object) -> None:
        try:
            work(visitor, lesson, *words)
        except Exception as fault:
            visitor.faults.append(repr(fault))

    with ExitStack() as stack:
        visitors = [
            stack.enter_context(WebsocketVisitor(address, "train_vae", f"latent=2&seed={seed}"))
            for seed in lesson.seeds
        ]
        for number in range(lesson.visitors - len(visitors)):
            page = list(PAGES)[number % len(PAGES)]
            visitors.append(stack.enter_context(WebsocketVisitor(address, page)))
        threads = [
            threading.Thread(target=guarded, args=(follow, each))
            if each.page == "train_vae"
            else threading.Thread(target=guarded, args=(drag, each, random.Random(number)))
            for number, each in enumerate(visitors)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return visitors


def faults(visitors: Sequence[WebsocketVisitor]) -> list[str]:
    """All that went wrong."""
    return [fault for visitor in visitors for fault in visitor.faults]


def reached(visitors: Sequence[WebsocketVisitor]) -> list[float]:
    """Epochs to which the trainings came, of those who train."""
    trained = [visitor for visitor in visitors if visitor.page == "train_vae"]
    return [float(curves(visitor)[-1]["epoch"]) for visitor in trained]


def script_runs(visitors: Sequence[WebsocketVisitor]) -> list[float]:
    """Seconds that each script run took while the sliders were moved."""
    end = max(visitor.ended[-1] for visitor in visitors if visitor.page in PAGES)
    return [
        wait
        for visitor in visitors
        for wait, ended in zip(visitor.waits, visitor.ended, strict=True)
        if ended <= end
    ]


def curves(visitor: WebsocketVisitor) -> list[dict[str, str]]:
    """The points of a visitor's run, as they take them away."""
    table = visitor.fetch(f"take/curves.csv?run={visitor.token}").decode()
    return list(csv.DictReader(io.StringIO(table)))
