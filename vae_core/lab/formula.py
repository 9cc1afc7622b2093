"""A learner's own cost, typed in plain notation: `sin(3z) + z^2/2`, `|z|`, `2 exp(-z^2)`.

The text is cut into tokens, written again as Python with the multiplication signs that people
leave out, parsed into a syntax tree, and the tree is translated node by node. Only the nodes,
names and functions listed here are understood; nothing is ever evaluated as code.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

LONGEST = 200
OFFERS = "Try something like sin(3z), z^2 - 2z or exp(-z^2)."

Function = Callable[[Tensor], Tensor]


class FormulaError(ValueError):
    """What is not understood, in a learner's words, and where.

    Attributes:
        position: index of the character at fault in the text.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Formula(NamedTuple):
    """A parsed cost: f maps z elementwise; `jumps` says whether it may be discontinuous."""

    f: Function
    jumps: bool


CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS: dict[str, Function] = {
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softplus": torch.nn.functional.softplus,
    "sign": torch.sign,
    "step": lambda z: (z > 0).to(z.dtype),
}
JUMPING = {"sign", "step"}
OPERATORS: dict[type[ast.operator], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Add: torch.add,
    ast.Sub: torch.sub,
    ast.Mult: torch.mul,
    ast.Div: torch.div,
    ast.Pow: torch.pow,
}
SYMBOLS = {"×": "*", "·": "*", "−": "-", "÷": "/", "^": "**", "²": "**2", "³": "**3", "π": "pi"}
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|(?P<name>[a-zA-Z]+|π)"
    r"|(?P<operator>\*\*|[-+*/^×·−÷²³])|(?P<bracket>[()|]))"
)


class Token(NamedTuple):
    """A piece of the text: its kind, its Python spelling, and where it stands."""

    kind: str
    text: str
    position: int


@lru_cache(maxsize=256)
def parse_formula(text: str) -> Formula:
    """Turn a typed formula in z into a function.

    Raises:
        FormulaError: for anything that is not understood; it says what, and points at it.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"The formula is longer than {LONGEST} characters.", LONGEST)
    tokens = _tokens(text)
    if not tokens:
        raise FormulaError(f"There is no formula yet. {OFFERS}", 0)
    source, places = _python(tokens)
    try:
        tree = ast.parse(source, mode="eval")
        f = _translate(tree.body, places)
    except SyntaxError as error:
        at = min((error.offset or len(places)) - 1, len(places) - 1)
        message = f"Something is missing or out of place here. {OFFERS}"
        raise FormulaError(message, places[at]) from None
    except (RecursionError, MemoryError):
        raise FormulaError("The formula is nested too deeply.", 0) from None
    return Formula(f, any(token.text in JUMPING for token in tokens))


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


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            spot = at + len(text[at:]) - len(text[at:].lstrip())
            raise FormulaError(f"{text[spot]!r} is not understood in a formula.", spot)
        kind = match.lastgroup or ""
        piece = match.group(kind)
        found.append(Token(kind, SYMBOLS.get(piece, piece), match.start(kind)))
        at = match.end()
    return found


def _python(tokens: list[Token]) -> tuple[str, list[int]]:
    """The tokens as Python, and for each of its characters the place in the learner's text."""
    source, places, bars = "", [], 0
    before: Token | None = None
    for found in tokens:
        token = found
        if found.text == "|":
            closes = bars > 0 and _ends_value(before)
            bars += -1 if closes else 1
            token = found._replace(text=")" if closes else "(", kind="abs")
        if before is not None and before.kind == token.kind == "number":
            raise FormulaError("Two numbers stand side by side here.", token.position)
        piece = "abs(" if token.kind == "abs" and token.text == "(" else token.text
        called = before is not None and before.text in FUNCTIONS and token.text == "("
        starts_value = token.kind in ("number", "name") or token.text == "("
        if _ends_value(before) and starts_value and not called:
            piece = "*" + piece
        source += piece
        places += [token.position] * len(piece)
        before = token
    if bars:
        last = next(token for token in reversed(tokens) if token.text == "|")
        raise FormulaError("This bar has no partner.", last.position)
    return source, places


def _ends_value(token: Token | None) -> bool:
    """Whether what comes next, were it a value, would be multiplied by what ends here."""
    if token is None:
        return False
    return token.kind in ("number", "name") or token.text in (")", "**2", "**3")


def _translate(node: ast.expr, places: list[int]) -> Function:
    """The function that a node of the syntax tree stands for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _constant(float(node.value))
    if isinstance(node, ast.Name) and node.id == "z":
        return lambda z: z
    if isinstance(node, ast.Name) and node.id in CONSTANTS:
        return _constant(CONSTANTS[node.id])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        operand, sign = _translate(node.operand, places), -1.0
        return operand if isinstance(node.op, ast.UAdd) else lambda z: sign * operand(z)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        operator = OPERATORS[type(node.op)]
        left, right = _translate(node.left, places), _translate(node.right, places)
        return lambda z: operator(left(z), right(z))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        outer, inner = FUNCTIONS.get(node.func.id), _translate(node.args[0], places)
        if outer is not None:
            return lambda z: outer(inner(z))
        node = node.func
    raise FormulaError(_unknown(node), places[node.col_offset])


def _constant(value: float) -> Function:
    return lambda z: torch.full_like(z, value)


def _unknown(node: ast.expr) -> str:
    names = ", ".join((*CONSTANTS, *FUNCTIONS))
    if not isinstance(node, ast.Name):
        return f"This is not understood in a formula. {OFFERS}"
    if node.id in FUNCTIONS:
        return f"{node.id} needs its argument in brackets: {node.id}(z)."
    return f"{node.id!r} is not known here. There are z, {names}."
