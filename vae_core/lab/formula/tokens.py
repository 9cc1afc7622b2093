"""The pieces of a typed formula, and what is said of a place that is not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from vae_core.lab.formula.words import MARKS

SYMBOLS = dict.fromkeys("×·⋅∙✕", "*") | dict.fromkeys("−–", "-") | dict.fromkeys("÷∕⁄", "/")
SYMBOLS |= {"**": "^", "≥": ">=", "≤": "<=", "π": "pi", "√": "sqrt"}
ALIASES = {"ln": "log", "sgn": "sign", "heaviside": "step", "arctan": "atan", "logistic": "sigmoid"}
NUMBERED = r"[a-zA-Z]+(?:_?[0-9]+)?"
"""A name that may end in a number, as x1 or x_1 does; where z is the only name, z2 is z times 2."""


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(
        r"\s*(?:(?P<number>[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+)"
        rf"|(?P<name>log10|log2|{name}|π)|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
        r"|(?P<sign>\*\*|<=|>=|[-+*/^×·⋅∙✕−–÷∕⁄<>≤≥√(),|\[\]]))"
    )


OF_LETTERS, OF_NAMES = _pattern("[a-zA-Z]+"), _pattern(NUMBERED)


class Token(NamedTuple):
    """A piece of the text: its kind, its plain spelling, and where it begins and ends."""

    kind: str
    text: str
    position: int
    end: int


class FormulaError(ValueError):
    """What is not understood, in a learner's words, and where.

    Attributes:
        position: index of the character at fault in the text.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position

    def marked(self, text: str, mark: str = ">>") -> str:
        """The text with a mark before the character at fault."""
        return f"{text[: self.position]}{mark}{text[self.position :]}"


def tokens(text: str, names: Sequence[str] = ("z",)) -> list[Token]:
    """Cut a formula into its pieces. Raises FormulaError at a sign that it does not know.

    Args:
        text: what was typed.
        names: the variables there are; names may end in a number where z is not the only one.
    """
    found, at = [], 0
    pattern = OF_LETTERS if tuple(names) == ("z",) else OF_NAMES
    text = text.rstrip()
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            spot = at + len(text[at:]) - len(text[at:].lstrip())
            hint = MARKS.get(text[spot], "")
            raise FormulaError(
                f"'{text[spot]}' is not understood in a formula. {hint}".strip(), spot
            )
        kind = match.lastgroup or ""
        piece = match.group(kind)
        spelt = SYMBOLS.get(piece, piece.lower())
        found.append(Token(kind, ALIASES.get(spelt, spelt), match.start(kind), match.end()))
        at = match.end()
    return found
