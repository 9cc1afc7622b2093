"""Changes to a graph's text, a node at a time, as a builder makes them.

The text need not be right before or after: what is half built is text all the same.
"""

from __future__ import annotations

import re

from vae_core.lab.formula.tokens import NUMBERED
from vae_core.lab.graphs.laws import OFFERED
from vae_core.lab.graphs.text import LINE, RANDOM, lines_of

KINDS = {
    "param": "a parameter",
    "formula": "a formula",
    "cost": "a cost",
    **{name: f"random: {entry.title}" for name, entry in OFFERED.items()},
}
"""What a node can be, by a short name: "param", "formula", "cost", or a family."""


def lines(text: str) -> dict[str, str]:
    """The lines that are nodes, by their names."""
    matches = filter(None, map(LINE.fullmatch, lines_of(text)))
    return {match["name"].lower(): match[0] for match in matches}


def parts(line: str) -> tuple[str, str]:
    """Kind and content of a node's line: ("normal", "theta, 1"), ("cost", "x^2").

    >>> parts("x ~ normal(theta, 1) by score"), parts("param a = 2")
    (('normal', 'theta, 1'), ('param', '2'))
    """
    match = LINE.fullmatch(line)
    if match is None:
        return "formula", line
    rest = match["rest"].strip()
    law = RANDOM.fullmatch(rest)
    if match["sign"] == "~" and law:
        return law["family"].lower(), law["given"].strip()
    return match["word"] or "formula", rest


def line(name: str, kind: str, content: str) -> str:
    """The line of a node of a kind.

    >>> line("x", "normal", "theta, 1"), line("c", "cost", "x^2")
    ('x ~ normal(theta, 1)', 'cost c = x^2')
    """
    if kind in OFFERED:
        return f"{name} ~ {kind}({content})"
    return f"{'' if kind == 'formula' else f'{kind} '}{name} = {content}"


def placed(text: str, name: str, kind: str, content: str) -> str:
    """The text with this node, in its old place if there is one of that name.

    Raises ValueError for a name that is none.
    """
    if not re.fullmatch(NUMBERED, name):
        raise ValueError(
            f"`{name}` is no name: letters, and a number at the end, as in theta, x1 or x_1."
        )
    found = lines(text)
    found[name.lower()] = line(name.lower(), kind, content)
    return "\n".join(found.values())


def without(text: str, name: str) -> str:
    """The text without a node."""
    return "\n".join(each for key, each in lines(text).items() if key != name)


def connected(text: str, parent: str, child: str) -> str:
    """The text with an arrow more: the parent is added to the child's formula.

    Of a random node it is the formula of its family's first parameter. Raises ValueError where the
    child is a parameter.
    """
    old = lines(text)[child]
    kind, content = parts(old)
    if kind == "param":
        raise ValueError(f"{child} is a parameter, and hangs on nothing: no arrow leads to it.")
    first, comma, rest = content.partition(",")
    new = line(child, kind, f"{first.strip()} + {parent}{comma}{rest}")
    ending = re.search(r"\s+by\s+(?:path|score)$", old)
    return "\n".join(
        new + (ending[0] if ending else "") if name == child else each
        for name, each in lines(text).items()
    )
