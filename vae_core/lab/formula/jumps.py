"""Whether a typed cost, or its slope, jumps: looked for where it could, and seen by what it does.

A formula can jump only where a sign or a comparison turns, where a divisor vanishes, or where the
base of a power or the argument of a logarithm does. These places are found as roots, and the cost
is followed towards each from both sides: it jumps if its two sides stay apart however near they
come. If instead one side never comes to rest, its slope is too steep to have a mean. Of the slope
the same is asked, and at the kinks of an absolute value, a largest or a least, and a root as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations

import torch
from torch import Tensor

from vae_core.estimators.slopes import derivative
from vae_core.lab.formula.tree import (
    COMPARISONS,
    SEVERAL,
    Function,
    Node,
    function_of,
    is_constant,
    walk,
)

# Every z that a bell within the shell's bounds reaches: mu up to 1000, twelve sigma of up to 1000.
FARTHEST, SPACING, NEAR, NEAR_SPACING = 13_000.0, 0.05, 16.0, 1 / 512
MOST_PLACES = 2_000
HALVINGS = 80
# Distances from the place, in units of its size where that exceeds 1: over three decades from the
# first, and further out where rounding blurs f that near, as in (z - 1) / sqrt(z^2 - 2z + 1).
FIRST, FURTHER, DECADES, DISTANCES = 1e-8, 1e-4, 3.0, 16
ROUNDING, TINY = 1e-12, 1e-300
# The least jump that is told from rounding, in units of f around it: sqrt(log(1 + z^2)) has 1e-8.
LEAST = 1e-7
# A root is found to no more digits than this, so that one at an end of z may seem to lie inside.
BESIDE = 1e-9


JUMPS = "this f jumps, and the jumps are lost."
ENDLESS = "this f has no bound near some z, and its slope is too steep there to have a mean."
KINKS = "this f has a kink, where its slope jumps, and the second derivative does not see that."
STEEP = "the slope of this f has no bound near some z, and the second derivative there no mean."


def flaw(tree: Node, low: float = -math.inf, high: float = math.inf) -> str:
    """Why the slope of the formula does not tell its gradient; empty if it does.

    Args:
        tree: the formula.
        low, high: the ends of what z can be; what happens there or beyond does not matter.
    """
    roots = (_roots(function_of(turns)) for turns in _turnings(tree))
    within = (r[(r[:, 0] > low + BESIDE) & (r[:, 1] < high - BESIDE)] for r in roots)
    return _worst(function_of(tree), within, JUMPS, ENDLESS)


def kink(tree: Node) -> str:
    """Why the second derivative of a formula that does not jump lacks a part; empty if it does not.

    >>> z = Node("z")
    >>> kink(Node("abs", (z,))) == KINKS
    True
    >>> kink(Node("*", (z, Node("abs", (z,)))))
    ''
    """
    f = function_of(tree)

    def slope(z: Tensor) -> Tensor:
        z = z.clone().requires_grad_()
        return derivative(f(z), z)

    roots = (_roots(function_of(turns)) for turns in (*_turnings(tree), *_bends(tree)))
    return _worst(slope, roots, KINKS, STEEP)


def _worst(f: Function, roots: Iterable[Tensor], jumps: str, endless: str) -> str:
    """Which of two sentences holds of a function at the places where it could; empty if none."""
    found = ""
    for places in roots:
        left, right = _approaches(f, places, FIRST)
        apart, blurred = _apart(left, right)
        further, _ = _apart(*_approaches(f, places, FURTHER))
        size = torch.stack(_approaches(f, places, 1.0)).nan_to_num().abs().amax((0, 2))
        if ((apart | blurred & further) & ((right - left).abs()[:, 0] > LEAST * size)).any():
            return jumps
        if _endless(left).any() or _endless(right).any():
            found = endless
    return found


def _turnings(tree: Node) -> Iterator[Node]:
    """The parts of a formula at whose zeros it can jump."""
    for node in dict.fromkeys(walk(tree)):
        turns = _turning(node)
        if turns is not None and not is_constant(turns):
            yield turns


def _turning(node: Node) -> Node | None:
    """The part of an operation at whose zeros the operation can jump; None if it has none."""
    if node.op in ("sign", "step", "log"):
        return node.parts[0]
    if node.op in COMPARISONS:
        return Node("-", node.parts)
    if node.op == "/":
        return node.parts[1]
    if node.op == "^":
        base, exponent = node.parts
        return exponent if is_constant(base) else base
    return None


def _bends(tree: Node) -> Iterator[Node]:
    """The parts of a formula at whose zeros its slope alone can jump."""
    for node in dict.fromkeys(walk(tree)):
        if node.op in ("abs", "relu", "sqrt"):
            turns = [node.parts[0]]
        elif node.op in SEVERAL:
            turns = [Node("-", pair) for pair in combinations(node.parts, 2)]
        else:
            continue
        yield from (part for part in turns if not is_constant(part))


@cache
def _grid() -> Tensor:
    """Where roots are looked for: evenly far out, and more closely near the origin."""
    far = torch.arange(-FARTHEST, FARTHEST + SPACING, SPACING, dtype=torch.float64)
    near = torch.arange(-NEAR, NEAR, NEAR_SPACING, dtype=torch.float64)
    return torch.cat((far[far < -NEAR], near, far[far >= NEAR]))


def _roots(g: Function) -> Tensor:
    """Neighbouring numbers between which g changes its sign or touches zero: (R, 2)."""
    z = _grid()
    value = g(z)
    side = _side(value)
    turns = (side[1:] != side[:-1]).nonzero().flatten()
    crossings = _bisect(g, *_nearest_the_origin(z[turns], z[turns + 1]))
    size = value.abs()
    dips = ((size[1:-1] <= size[:-2]) & (size[1:-1] < size[2:])).nonzero().flatten()
    touches = _lowest(g, *_nearest_the_origin(z[dips], z[dips + 2]))
    return torch.cat((crossings, touches.unsqueeze(1).expand(-1, 2)))


def _nearest_the_origin(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    chosen = left.abs().argsort(stable=True)[:MOST_PLACES]
    return left[chosen], right[chosen]


def _side(value: Tensor) -> Tensor:
    """-1, 0 or 1 by sign; 2 where there is no value."""
    return torch.where(value.isnan(), 2.0, value.sign())


def _bisect(g: Function, left: Tensor, right: Tensor) -> Tensor:
    """Halve each interval, its ends on different sides, down to neighbouring numbers: (R, 2)."""
    before = _side(g(left))
    for _ in range(HALVINGS):
        middle = (left + right) / 2.0
        same = _side(g(middle)) == before
        left, right = torch.where(same, middle, left), torch.where(same, right, middle)
    # A value that is only too small for a number, like exp(-z^2) far out, has not turned.
    ends = torch.stack((left, right), dim=1)
    vanished = (g(ends).abs().amax(1) < TINY) & (ends.abs().amax(1) > TINY)
    return ends[~vanished]


def _lowest(g: Function, left: Tensor, right: Tensor) -> Tensor:
    """Where |g| is least in each interval, by thirds: (R,)."""
    for _ in range(2 * HALVINGS):
        third = (right - left) / 3.0
        falls = g(left + third).abs() > g(right - third).abs()
        left, right = (
            torch.where(falls, left + third, left),
            torch.where(falls, right, right - third),
        )
    return (left + right) / 2.0


def _approaches(f: Function, places: Tensor, first: float) -> tuple[Tensor, Tensor]:
    """f on the way to each place from the left and from the right: (R, DISTANCES) each."""
    reach = first * torch.logspace(0.0, -DECADES, DISTANCES, dtype=torch.float64)
    reach = reach * places.abs().amax(1, keepdim=True).clamp_min(1.0)
    return f(places[:, :1] - reach), f(places[:, 1:] + reach)


def _apart(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Whether f stays apart on the two sides of each place, and whether it cannot be told: (R,).

    The gap must not close from the first distance to the nearest. It must stand out from how much
    f still varies on one side, which rounding makes large in a quotient of vanishing parts.
    """
    gap = (right - left).abs()
    steps = torch.maximum(left.diff().abs(), right.diff().abs())
    size = torch.maximum(right.abs(), left.abs())
    closes = (gap <= ROUNDING * size) | (gap < 0.5 * gap[:, :1]) | gap.isnan()
    blurred = ~(gap[:, 1:] > 2.0 * steps).all(1)
    return ~closes.any(1) & ~blurred, blurred


def _endless(side: Tensor) -> Tensor:
    """Whether f goes on rising, or falling, by steps that do not become smaller: (R,)."""
    steps = side.diff()
    onwards = (steps.sign() == steps[:, :1].sign()) & (steps.abs() > ROUNDING * side[:, 1:].abs())
    return onwards.all(1) & (steps.abs() > 0.9 * steps[:, :1].abs()).all(1)
