"""A learner's own formula, typed plainly: `sin(3z) + z^2/2`, `|z|`, `max(0, z)`, `z > 0`.

The text is cut into tokens and parsed by descent into the tree of `tree`. Only the names
and signs listed there and here are understood; nothing is ever evaluated as code. What can be
read in two ways is read in one, and a note says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

import torch

from vae_core.lab.formula.tokens import FormulaError, Token, tokens
from vae_core.lab.formula.tree import (
    COMPARISONS,
    CONSTANTS,
    FUNCTIONS,
    SEVERAL,
    Function,
    Node,
    function_of,
    plain,
)
from vae_core.lab.formula.words import LOST, OFFERS, Piece, advice, unsigned_notes

LONGEST = 200
DEEPEST = 40


CLOSING = {"(": ")", "[": "]", "|": "|"}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


class Formula(NamedTuple):
    """A parsed cost.

    Attributes:
        f: maps z, or each of the variables in their order, elementwise.
        tree: what was understood.
        notes: a sentence for each place that could be read in another way.
    """

    f: Function
    tree: Node
    notes: tuple[str, ...]


@lru_cache(maxsize=256)
def parse_formula(text: str, names: tuple[str, ...] = ("z",)) -> Formula:
    """Turn a typed formula into a function.

    Args:
        text: what was typed.
        names: the variables it may hold, in the order in which the function takes them.

    Raises:
        FormulaError: for anything that is not understood; it says what, and points at it.

    >>> parse_formula("sin(3z) + z^2/2").f(torch.tensor([0.0, 2.0]))
    tensor([0.0000, 1.7206])
    >>> parse_formula("x1^2 + theta", ("theta", "x1")).f(torch.tensor(1.0), torch.tensor(3.0))
    tensor(10.)
    """
    if len(text) > LONGEST:
        raise FormulaError(f"The formula is longer than {LONGEST} characters.", LONGEST)
    pieces = tokens(text, names)
    if not pieces:
        raise FormulaError(f"There is no formula yet. {OFFERS}", 0)
    parser = _Parser(text, pieces, names)
    tree = parser.whole()
    return Formula(function_of(tree, names), tree, tuple(dict.fromkeys(parser.notes)))


def check_finite(f: Function, reach: int = 65, per_unit: int = 40) -> None:
    """Raise ValueError unless f is a finite number all the way from -reach to reach."""
    z = torch.arange(-reach * per_unit, reach * per_unit + 1, dtype=torch.float64) / per_unit
    bad = z[~torch.isfinite(f(z))]
    if bad.numel():
        worst = bad[bad.abs().argmin()].item()
        raise ValueError(
            f"f(z) is not a finite number at z = {worst:.3g}: the cost must be defined for "
            "every z, and must not explode."
        )


class _Parser:
    """Recursive descent: comparison, sum, product, sign, power, value, from loose to tight."""

    def __init__(self, text: str, tokens: list[Token], names: tuple[str, ...]) -> None:
        self.text = text
        self.tokens = tokens
        self.names = names
        self.notes: list[str] = []
        self.at = 0
        self.depth = 0
        self.in_bars = False

    @property
    def next(self) -> Token:
        """The token that is to be read; an empty one at the end."""
        end = self.tokens[-1].end
        return self.tokens[self.at] if self.at < len(self.tokens) else Token("end", "", end, end)

    def take(self, *spellings: str) -> Token | None:
        """Read the next token if it is one of these signs."""
        token = self.next
        if token.kind != "sign" or token.text not in spellings:
            return None
        self.at += 1
        return token

    def refuse(self, message: str, token: Token | None = None) -> FormulaError:
        """What is wrong at a token, the next one if none is given."""
        return FormulaError(message, (token or self.next).position)

    def out_of_place(self) -> FormulaError:
        """The next token stands where nothing, or something else, should."""
        if self.next.text in (")", "]"):
            return self.refuse("This bracket closes nothing.")
        if self.next.text == ",":
            return self.refuse("A comma stands in max(0, z) and min(0, z) only; write 0.5 for 0,5.")
        return self.refuse(f"Something is missing or out of place here. {OFFERS}")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level further down."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refuse("The formula is nested too deeply.")
        yield
        self.depth -= 1

    def whole(self) -> Node:
        """All of the text."""
        tree = self.comparison()
        if self.next.kind != "end":
            raise self.out_of_place()
        if tree.op in COMPARISONS:
            self.notes.append(f"`{plain(tree)}` is read as 1 where it holds, and 0 elsewhere.")
        return tree

    def comparison(self) -> Node:
        """a > b as 1 or 0; a < b < c holds where both do."""
        tree, left = None, self.sum()
        while sign := self.take(*COMPARISONS):
            right = self.sum()
            holds = Node(sign.text, (left, right))
            tree, left = Node("*", (tree, holds)) if tree else holds, right
        return tree or left

    def sum(self) -> Node:
        """Terms, from left to right."""
        tree = self.product()
        while sign := self.take("+", "-"):
            tree = Node(sign.text, (tree, self.product()))
        return tree

    def product(self) -> Node:
        """Factors, from left to right; where no sign stands between two, they are multiplied."""
        before, dividend = self.factor(), None
        tree = before.node
        while True:
            sign = self.take("*", "/")
            if sign is None and not self._starts_value():
                return tree
            if sign is None and self.tokens[self.at - 1].kind == self.next.kind == "number":
                raise self.refuse(f"Two numbers stand side by side here. {LOST}")
            factor = self.factor()
            if sign is None:
                self.notes += unsigned_notes(self.text, before, factor, dividend)
            tree = Node(sign.text if sign else "*", (tree, factor.node))
            dividend = before if sign and sign.text == "/" else None
            before = factor

    def _starts_value(self) -> bool:
        token = self.next
        if token.text == "|":
            return not self.in_bars
        return token.kind in ("number", "name") or token.text in ("(", "[", "sqrt")

    def factor(self) -> Piece:
        """A power with the signs before it, and where it stands."""
        start = self.next.position
        node = self.signed()
        return Piece(node, start, self.tokens[self.at - 1].end)

    def signed(self) -> Node:
        """-z^2 is -(z^2)."""
        negative = False
        while sign := self.take("-", "+"):
            negative ^= sign.text == "-"
        tree = self.power()
        return Node("neg", (tree,)) if negative else tree

    def power(self) -> Node:
        """a^b^c is a^(b^c); a raised digit binds first."""
        start, tree = self.next, self.value()
        while self.next.kind == "raised":
            tree = Node("^", (tree, self._raised()))
        if self.take("^"):
            with self.deeper():
                tree = Node("^", (tree, self.signed()))
        if tree.op == "^" and self.text[start.position] == "√":
            self.notes.append(f"`√` takes what follows it at once: this is `{plain(tree)}`.")
        return tree

    def _raised(self) -> Node:
        self.at += 1
        return Node("number", text=self.tokens[self.at - 1].text.translate(SUPERSCRIPTS))

    def value(self) -> Node:
        """A number, a name, a call, or something in brackets or bars."""
        token = self.next
        if self.take(*CLOSING):
            return self._inside(token)[0]
        if self.take("sqrt"):
            with self.deeper():
                return Node("sqrt", (self.value(),))
        if token.kind not in ("number", "name"):
            raise self.out_of_place()
        self.at += 1
        if token.kind == "number":
            return Node("number", text=token.text)
        if token.text in FUNCTIONS or token.text in SEVERAL:
            return self._call(token)
        if token.text in self.names or token.text in CONSTANTS:
            return Node(token.text)
        name = self.text[token.position : token.end]
        raise self.refuse(f"{name!r} is not known here. {advice(token.text, self.names)}", token)

    def _inside(self, opening: Token, *, several: bool = False) -> tuple[Node, ...]:
        """What stands in brackets, or its size in bars; in parts where commas divide it."""
        bars = opening.text == "|"
        outer, self.in_bars = self.in_bars, bars
        with self.deeper():
            parts = [self.comparison()]
            while several and self.take(","):
                parts.append(self.comparison())
        if not self.take(CLOSING[opening.text]):
            if self.next.kind != "end":
                raise self.out_of_place()
            raise self.refuse(f"This {'bar' if bars else 'bracket'} has no partner.", opening)
        self.in_bars = outer
        return (Node("abs", (parts[0],)),) if bars else tuple(parts)

    def _call(self, token: Token) -> Node:
        """A function with its arguments; sin^2(z) is sin(z)^2."""
        name, several = token.text, token.text in SEVERAL
        exponent = self._raised() if self.next.kind == "raised" else None
        if self.take("^"):
            if self.take("-"):
                raise self.refuse(f"{name}^-1 can be read in two ways: write 1/{name}(z).", token)
            if self.next.kind != "number":
                raise self.refuse(f"The power of {name} stands last: {name}(z)^2.", token)
            exponent = self.value()
        opening = self.take(*CLOSING)
        if opening is None:
            example = f"{name}(0, z)" if several else f"{name}(z)"
            raise self.refuse(f"{name} needs its argument in brackets: {example}.", token)
        parts = self._inside(opening, several=several)
        if several and len(parts) < 2:
            raise self.refuse(f"{name} needs two arguments: {name}(0, z).", token)
        called = Node(name, parts)
        return Node("^", (called, exponent)) if exponent else called
