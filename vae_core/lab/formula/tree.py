"""What a typed formula means: a small tree, its value, and how it reads in TeX and in plain text.

The tree is made by `parser`; here stands every operation that it may hold, and nothing else is
ever evaluated. A cost is a formula in z alone; a node of a graph is one in the nodes before it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

Function = Callable[..., Tensor]


@dataclass(frozen=True)
class Node:
    """A number, a variable, a constant, or an operation on parts.

    Attributes:
        op: "number", a variable's name, one of `CONSTANTS`, or a key of `OPERATIONS`.
        parts: what the operation takes, in its order.
        text: the digits of a number, as they were typed.
    """

    op: str
    parts: tuple[Node, ...] = ()
    text: str = ""


def _root(x: Tensor) -> Tensor:
    """Square root whose slope at zero is zero, so that sqrt(relu(z)) has one where relu is flat."""
    if not isinstance(x, Tensor):  # what encloses the cost or bounds its growth has no slope
        return torch.sqrt(x)
    inside = x > 0
    return torch.where(inside, torch.where(inside, x, 1.0).sqrt(), x.detach().sqrt())


def _power(base: Tensor, exponent: Tensor) -> Tensor:
    """base ** exponent; at base zero a root's slope is zero, as for `_root`."""
    if not isinstance(base, Tensor):
        return torch.pow(base, exponent)
    edge = (base == 0) & (exponent > 0) & (exponent < 1)
    return torch.where(edge, torch.zeros_like(base), torch.where(edge, 1.0, base) ** exponent)


CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS: dict[str, Function] = {
    "sin": torch.sin,
    "cos": torch.cos,
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": _root,
    "abs": torch.abs,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softplus": torch.nn.functional.softplus,
    "sign": torch.sign,
    "step": lambda z: (z > 0).to(z.dtype),
}
SEVERAL: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "max": torch.maximum,
    "min": torch.minimum,
}
COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    ">": lambda a, b: (a > b).to(a.dtype),
    "<": lambda a, b: (a < b).to(a.dtype),
    ">=": lambda a, b: (a >= b).to(a.dtype),
    "<=": lambda a, b: (a <= b).to(a.dtype),
}
OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "+": torch.add,
    "-": torch.sub,
    "*": torch.mul,
    "/": torch.div,
    "^": _power,
    "neg": torch.neg,
    **COMPARISONS,
    **FUNCTIONS,
    **SEVERAL,
}


def function_of(node: Node, names: Sequence[str] = ("z",)) -> Function:
    """The elementwise function that the tree stands for, of the variables in this order."""
    if node.op in names:
        place = names.index(node.op)
        return lambda *z: z[place]
    if node.op == "number" or node.op in CONSTANTS:
        value = CONSTANTS[node.op] if node.op in CONSTANTS else float(node.text)
        return lambda z, *_: torch.full_like(z, value)
    operation, parts = OPERATIONS[node.op], [function_of(part, names) for part in node.parts]
    if node.op == "^" and is_constant(node.parts[1]):
        base, exponent = parts[0], parts[1](torch.zeros((), dtype=torch.float64)).item()
        if not 0.0 < exponent < 1.0:
            return lambda *z: torch.pow(base(*z), exponent)
    if node.op in SEVERAL:
        return lambda *z: reduce(operation, (part(*z) for part in parts))
    return lambda *z: operation(*(part(*z) for part in parts))


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for part in node.parts:
        yield from walk(part)


def is_variable(node: Node) -> bool:
    """Whether it is one of the names that stand for what is not known yet."""
    return not node.parts and node.op != "number" and node.op not in CONSTANTS


def is_constant(node: Node) -> bool:
    """Whether no variable occurs in it."""
    return not any(is_variable(below) for below in walk(node))


# How tightly an operation binds: a part that binds less than its place asks for gets brackets.
BINDING = dict.fromkeys(COMPARISONS, 0) | {"+": 1, "-": 1, "neg": 1, "*": 2, "/": 2, "^": 3}
PLACES = {
    "+": (1, 2),
    "-": (1, 2),
    "*": (2, 3),
    "/": (2, 3),
    "^": (4, 4),
    "neg": (2,),
} | dict.fromkeys(COMPARISONS, (1, 1))
ATOM = 4


def plain(node: Node, place: int = 0) -> str:
    """The formula with every multiplication sign, to be typed again: `1/2*z`, `max(0, z)`.

    Args:
        node: what is to be written.
        place: how tightly it must bind to need no brackets.
    """
    if not node.parts:
        return node.text or node.op
    if node.op not in BINDING:
        return f"{node.op}({', '.join(plain(part) for part in node.parts)})"
    parts = [plain(part, need) for part, need in zip(node.parts, PLACES[node.op], strict=True)]
    joint = f" {node.op} " if BINDING[node.op] < PLACES["*"][0] else node.op
    text = "-" + parts[0] if node.op == "neg" else joint.join(parts)
    return text if BINDING[node.op] >= place else f"({text})"


GREEK = re.compile(
    "alpha|beta|gamma|delta|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega"
)
OTHERWISE = {"eps": r"\varepsilon", "epsilon": r"\varepsilon"}
SIGNS = {">=": r"\ge", "<=": r"\le"}
WRITTEN = {name: rf"\{name}" for name in ("sin", "cos", "sinh", "cosh", "tanh", "log")}
WRITTEN |= {"max": r"\max", "min": r"\min", "atan": r"\arctan"}
SHAPES = {
    "abs": r"\left|{0}\right|",
    "sqrt": r"\sqrt{{{0}}}",
    "exp": r"e^{{{0}}}",
    "step": r"\mathbf{{1}}[{0} > 0]",
    "/": r"\frac{{{0}}}{{{1}}}",
}


def tex(node: Node) -> str:
    """The formula as it is typeset, with a dot for times where nothing else shows it."""
    if not node.parts:
        return _tex_number(node.text) if node.op == "number" else tex_name(node.op)
    if node.op in SHAPES:
        return SHAPES[node.op].format(*(tex(part) for part in node.parts))
    if node.op not in BINDING:
        name = WRITTEN.get(node.op, rf"\operatorname{{{node.op}}}")
        return rf"{name}\!\left({', '.join(tex(part) for part in node.parts)}\right)"
    parts = [
        _in_place(part, place) for part, place in zip(node.parts, PLACES[node.op], strict=True)
    ]
    if node.op == "neg":
        return "-" + parts[0]
    if node.op == "^":
        return f"{{{parts[0]}}}^{{{tex(node.parts[1])}}}"
    if node.op == "*":
        return (" " if _side_by_side(*node.parts) else r" \cdot ").join(parts)
    joined = f" {SIGNS.get(node.op, node.op)} ".join(parts)
    return rf"\mathbf{{1}}[{joined}]" if node.op in COMPARISONS else joined


def tex_name(name: str) -> str:
    r"""A variable's name in TeX: a Greek letter by its name, and a number at its foot.

    >>> print(tex_name("theta2"), tex_name("cost"), tex_name("x_1"))
    \theta_{2} \mathrm{cost} x_{1}
    """
    word = name.rstrip("0123456789")
    foot, word = name[len(word) :], word.rstrip("_")
    letter = word if len(word) == 1 else OTHERWISE.get(word, rf"\mathrm{{{word}}}")
    if GREEK.fullmatch(word):
        letter = rf"\{word}"
    return f"{letter}_{{{foot}}}" if foot else letter


def _in_place(node: Node, place: int) -> str:
    """TeX of a part, in brackets where it binds less than its place asks for."""
    binds = BINDING.get(node.op, ATOM)
    if node.op in COMPARISONS or (node.op == "/" and place < ATOM):
        binds = ATOM  # they bring their own brackets, or their bar
    if node.op == "exp":
        binds = 3
    return tex(node) if binds >= place else rf"\left({tex(node)}\right)"


def _side_by_side(left: Node, right: Node) -> bool:
    """Whether a product needs no dot: a constant before what does not begin with a number."""
    first = right
    while first.op in ("*", "^"):
        first = first.parts[0]
    return is_constant(left) and first.op not in ("number", "/", "neg")


def _tex_number(text: str) -> str:
    digits, _, exponent = text.lower().partition("e")
    power = f"10^{{{int(exponent)}}}" if exponent else ""
    return power if power and digits == "1" else rf"{digits} \cdot {power}" if power else digits
