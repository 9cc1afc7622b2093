"""Questions whose numbers are drawn: what one is made of, and how a seed draws it.

A computed question is one function. It draws its numbers from the generator it is given, computes
the right answer by `vae_core`, and the wrong ones as the misconception behind each would. The words
around the numbers stand in `assets/quiz/<chapter>.md`, below the function's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

TRIES = 500
# Two numbers are told apart at a glance where they differ by so much of the larger one, and by so
# many units of the last digit that is shown.
SHARE, UNITS = 0.06, 5


@dataclass(frozen=True)
class Drawn:
    """The numbers of one question.

    Attributes:
        given: numbers of the question's text and of its links, by the names of their blanks.
        options: what each option says, by its name; the right one among them.
        digits: decimals of the options.
    """

    given: Mapping[str, float | str]
    options: Mapping[str, float]
    digits: int = 2


class Again(Exception):  # noqa: N818 - no error: the dice are rolled once more
    """These numbers would not make a fair question."""


Maker = Callable[[Random], Drawn]
QUESTIONS: dict[str, Maker] = {}


def computed(maker: Maker) -> Maker:
    """Register a function as the question of its name."""
    QUESTIONS[maker.__name__] = maker
    return maker


def draw(name: str, chance: Random) -> Drawn:
    """The numbers of a question, drawn until all its options are told apart at a glance.

    Raises:
        KeyError: If no question of that name is computed.
        RuntimeError: If its numbers never come out fair.
    """
    for _ in range(TRIES):
        try:
            drawn = QUESTIONS[name](chance)
        except Again:
            continue
        values = list(drawn.options.values())
        if apart(values, drawn.digits) and not any(tied(v, drawn.digits) for v in values):
            return drawn
    raise RuntimeError(f"{name}: no fair numbers in {TRIES} tries")


def apart(values: Sequence[float], digits: int = 2) -> bool:
    """Whether each two of the values, shown with so many decimals, differ by what is seen."""
    least = UNITS * 10.0**-digits - 1e-12
    return all(
        abs(a - b) >= max(least, SHARE * max(abs(a), abs(b))) for a, b in combinations(values, 2)
    )


def tied(value: float, digits: int) -> bool:
    """Whether two roundings to so many decimals are as good: people and programs would differ."""
    shown = abs(value) * 10.0**digits
    return abs(shown - int(shown) - 0.5) < 1e-6


def pick(chance: Random, low: float, high: float, step: float) -> float:
    """One of low, low + step, ... high, each as likely: a position of a page's slider."""
    return round(low + step * chance.randint(0, round((high - low) / step)), 10)


def written(value: float, digits: int = 2) -> float:
    """A number as it stands in the question: who computes with it gets what the answer says."""
    return round(value, digits)


def agree(told: float, computed_value: float, digits: int = 2) -> None:
    """Draw again where the written numbers lead to another last digit than the exact ones."""
    if abs(round(told, digits) - round(computed_value, digits)) > 0.5 * 10.0**-digits:
        raise Again
