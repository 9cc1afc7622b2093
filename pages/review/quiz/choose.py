"""What a seed makes of the questions: which, in what order, with what numbers and options where.

The same seed gives the same quiz to everybody. Each question draws from dice of its own, so the
quiz of one chapter holds the same numbers as the whole one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from pages.review.quiz.computed import QUESTIONS, Drawn, draw
from pages.review.quiz.items import Item, Option
from pages.ui.numbers import MINUS, number

# A seed that is drawn for the visitor is short enough to be called out in a classroom.
DRAWN_UP_TO = 9_999

_BLANK = re.compile(r"\{\{(\w+)\}\}")


def choose(items: Sequence[Item], seed: int, count: int | None = None) -> list[Item]:
    """The quiz of a seed: a chapter's questions together, in the seed's order.

    Args:
        items: the questions to choose from, in the story's order.
        seed: a whole number.
        count: how many; all of them if None. The fewer are spread over what there is by chance.
    """
    shuffled = list(items)
    _dice(seed, "order").shuffle(shuffled)
    chapters = list(dict.fromkeys(item.chapter for item in items))
    chosen = shuffled[:count]
    return [pose(item, seed) for chapter in chapters for item in chosen if item.chapter == chapter]


def pose(item: Item, seed: int) -> Item:
    """A question with its numbers, its options in the seed's order."""
    chance = _dice(seed, item.name)
    places = list(item.options)
    chance.shuffle(places)
    if item.name not in QUESTIONS:
        return replace(item, options=tuple(places))
    drawn = draw(item.name, chance)
    return replace(
        item,
        question=_fill(item.question, drawn.given),
        options=tuple(_with_numbers(option, drawn) for option in places),
    )


def _dice(seed: int, name: str) -> Random:
    return Random(f"{seed}/{name}")  # noqa: S311 - dice, and no secret


def _with_numbers(option: Option, drawn: Drawn) -> Option:
    value = number(drawn.options[option.name], drawn.digits)
    return replace(
        option,
        text=option.text.replace("{{value}}", value),
        why=_fill(option.why, drawn.given),
        label=_fill(option.label, drawn.given),
        address=_fill(option.address, drawn.given, in_address=True),
    )


def _fill(text: str, given: Mapping[str, float | str], *, in_address: bool = False) -> str:
    """`text` with its blanks filled; outside an address with a true minus.

    Raises:
        KeyError: If a blank has no number.
    """

    def filled(match: re.Match[str]) -> str:
        value = given[match[1]]
        written = value if isinstance(value, str) else f"{value:.10g}"
        return written if in_address else written.replace("-", MINUS)

    return _BLANK.sub(filled, text)
