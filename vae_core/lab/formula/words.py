"""What is said of a typed formula: how it was read where it could be read otherwise, and advice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vae_core.lab.formula.tree import (
    CONSTANTS,
    FUNCTIONS,
    PLACES,
    SEVERAL,
    Node,
    is_variable,
    plain,
)

OFFERS = "Try something like sin(3z), z^2 - 2z or exp(-z^2)."
LOST = "If a + was meant, write it; in an address a + is written %2B."
HINTS = {
    **dict.fromkeys(("x", "y", "t", "u", "w"), "The variable is called z."),
    **dict.fromkeys(("mu", "sigma", "eps"), "A cost is a function of z alone."),
    **dict.fromkeys(("if", "else", "where", "and", "or"), "A condition is a factor: (z > 0) z^2."),
    **dict.fromkeys(("clip", "clamp"), "Write min(max(z, -1), 1)."),
    **dict.fromkeys(("floor", "ceil", "round"), "Write a sum of steps: step(z) + step(z - 1)."),
    **dict.fromkeys(("tan", "cot", "sec", "csc"), "It has poles, and a cost must be finite."),
    **dict.fromkeys(("asin", "acos", "arcsin", "arccos"), "It ends at -1 and 1; atan(z) does not."),
    "pow": "Write z^2.",
    "log10": "Write log(z)/log(10).",
    "log2": "Write log(z)/log(2).",
    "f": "Write only what stands on the right of f(z) =.",
}
MARKS = {
    "=": "Write only what stands on the right of f(z) =, and compare with > or <.",
    "\\": "TeX is not understood here: write sin(3z), not \\sin(3z).",
    "{": "Write round brackets.",
    "}": "Write round brackets.",
}


class Piece(NamedTuple):
    """A factor that was read: its tree, and where in the text it begins and ends."""

    node: Node
    position: int
    end: int


def unsigned_notes(text: str, left: Piece, right: Piece, dividend: Piece | None) -> list[str]:
    """How two factors with no sign between them were read, where it could be otherwise.

    Args:
        text: all that was typed.
        left, right: the factors.
        dividend: what the left one divides, if it does: `1/2z` has two readings.
    """
    a, b = (plain(piece.node, PLACES["*"][1]) for piece in (left, right))
    typed = text[(dividend or left).position : right.end]
    told = []
    if dividend is not None:
        over, top = Node("/", (dividend.node, left.node)), plain(dividend.node, PLACES["*"][1])
        told.append(_choice(typed, f"({plain(over)})*{b}", f"{top}/({a}*{b})"))
    elif _has_bare_exponent(text, left) and (is_variable(right.node) or right.node.op in CONSTANTS):
        base, exponent = (
            plain(part, place) for part, place in zip(left.node.parts, (4, 1), strict=True)
        )
        told.append(_choice(typed, f"{a}*{b}", f"{base}^({exponent}*{b})"))
    elif right.node.op == "number":
        told.append(_choice(typed, f"{a}*{b}", f"{a}^{b}"))
    elif left.node.op == "e" and text[right.position] == "(":
        told.append(_choice(typed, f"e*{b}", f"exp({plain(right.node)})"))
    elif left.node.op == "sqrt" and text[left.position] == "√":
        root = plain(left.node.parts[0], PLACES["*"][1])
        told.append(_choice(typed, f"{a}*{b}", f"sqrt({root}*{b})"))
    if left.end < right.position:
        told.append(
            f"A space is read as times: `{text[left.position : right.end]}` is `{a}*{b}`. {LOST}"
        )
    return told


def _choice(typed: str, read: str, other: str) -> str:
    return f"`{typed}` is read as `{read}`. If `{other}` was meant, write it so."


def _has_bare_exponent(text: str, piece: Piece) -> bool:
    """Whether it ends in ^2 or ^z: no bracket and no raised digit says where that ends."""
    last = text[piece.end - 1]
    return piece.node.op == "^" and last.isascii() and last not in ")]|"


def advice(name: str, names: Sequence[str] = ("z",)) -> str:
    """What to write in place of a name that is not known, where these are the variables."""
    if tuple(names) != ("z",):
        known = (*names, *CONSTANTS, *FUNCTIONS, *SEVERAL)
        return f"A formula may use the nodes, numbers and functions: {', '.join(known)}."
    if name in HINTS:
        return HINTS[name]
    if split := _split(name):
        return f"Is a sign missing? Write {split}."
    return f"There are z, {', '.join((*CONSTANTS, *FUNCTIONS, *SEVERAL))}."


def _split(name: str) -> str:
    """`zexp` as z*exp(z), `sinz` as sin(z); nothing if it is no chain of known names."""
    for known in sorted(("z", *CONSTANTS, *FUNCTIONS), key=len, reverse=True):
        rest = name.removeprefix(known)
        if not name.startswith(known):
            continue
        inner = _split(rest) if rest else ""
        if known in FUNCTIONS and (inner or not rest):
            return f"{known}({inner or 'z'})"
        if inner or not rest:
            return f"{known}*{inner}" if rest else known
    return ""
