"""What the entry of a family is made of: its noise, its parameters, its tails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions.constraints import Constraint


@dataclass(frozen=True)
class Noise:
    """Base noise, which knows no parameter.

    Attributes:
        title: its name.
        draw: (shape, generator, dtype) -> eps of that shape.
        mirror: eps -> noise of the same law from its other side, such as -eps.
        density: eps -> p(eps), number by number; None where several stand behind each z.
        low, high: the ends between which eps lies.
    """

    title: str
    draw: Callable[[Sequence[int], torch.Generator, torch.dtype], Tensor]
    mirror: Callable[[Tensor], Tensor]
    density: Callable[[Tensor], Tensor] | None = None
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Parameter:
    """What a family's parameter must be, and where a slider for it starts and ends.

    Attributes:
        constraint, words: the condition, and the condition in words.
        default: what a page starts with; a tuple of numbers, or of rows, where it is no number.
        low, high: the ends of its slider, and of each entry's where there are many.
        symbol: its letter in LaTeX.
        moves_support: whether the ends of what z can be move with it. The score does not see them
            move, so that its mean lacks their part; where the density is zero at such an end its
            mean is right, but its variance is infinite.
    """

    constraint: Constraint
    words: str
    default: float | tuple[float, ...] | tuple[tuple[float, ...], ...] = 1.0
    low: float = 0.1
    high: float = 3.0
    symbol: str = r"\lambda"
    moves_support: bool = False

    @property
    def discrete(self) -> bool:
        """Whether it takes whole numbers alone: then there is no derivative in it."""
        return bool(self.constraint.is_discrete)


@dataclass(frozen=True)
class Tails:
    """How much mass lies far out: which costs that grow have a mean. All infinite: any cost has.

    Attributes:
        order: E|z|^r is finite for r below it.
        right: E[exp(c z)] is finite for c below it; left: E[exp(-c z)] is. 0: for no c > 0.
        square: E[exp(c z^2)] is finite for c below it.
    """

    order: float = math.inf
    right: float = math.inf
    left: float = math.inf
    square: float = math.inf

    def objection(
        self, power: float = 0.0, right: float = 0.0, left: float = 0.0, square: float = 0.0
    ) -> str | None:
        """Why E[f] is not finite for an f that grows like that, in one sentence; None if it is.

        The gradient of E[f] exists where E[f] does, for these families; the variance of one
        estimate does where f squared has a mean: ask again with all numbers doubled.

        Args:
            power: f grows like |z|^power; right, left: like exp(right z) as z grows, and like
            exp(left |z|) as it falls; square: like exp(square z^2).

        >>> Tails(order=1.0).objection(power=2.0)
        'Its tails are heavy: E|z|^r is finite only for r < 1, and f grows like |z|^2.'
        """
        for pattern, grows, least in (
            ("exp({} z^2)", square, self.square),
            ("exp({} z)", right, self.right),
            ("exp(-{} z)", left, self.left),
        ):
            if grows > 0.0 and not grows < least:
                only = f"only for c < {least:g}" if least > 0.0 else "for no c > 0"
                return (
                    f"Its tails are too heavy: E[{pattern.format('c')}] is finite {only}, "
                    f"and f grows like {pattern.format(f'{grows:g}')}."
                )
        if power > 0.0 and not power < self.order:
            return (
                f"Its tails are heavy: E|z|^r is finite only for r < {self.order:g}, "
                f"and f grows like |z|^{power:g}."
            )
        return None
