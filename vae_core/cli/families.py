"""The `families` command: which families of distributions there are, and how each gets a path."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from typing import Any

from vae_core.families import FAMILIES, PARAMETRIZATIONS, Family, Parameter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--json", action="store_true", help="JSON in place of a table")


def run(args: argparse.Namespace) -> None:
    """Print the registry."""
    print(json.dumps(as_json(), indent=2) if args.json else as_text())


def as_json() -> dict[str, Any]:
    """Each family by name: what it is, what it takes, how its z gets a path."""
    return {name: described(entry) for name, entry in FAMILIES.items()}


def described(entry: Family) -> dict[str, Any]:
    """One family's fields; `moments_below` is the order of E|z|^r at its defaults, null for any.

    `or_by` has its other parametrizations, where there are any.
    """
    others = [
        {name: parameter(p) for name, p in other.parameters.items()}
        for other in PARAMETRIZATIONS.get(entry.name, ())
    ]
    return {
        "title": entry.title,
        "path": entry.path,
        "noise": entry.noise.title,
        "formula": entry.formula,
        "parameters": {name: parameter(p) for name, p in entry.parameters.items()},
        "moments_below": order(entry),
        "vector": entry.vector,
        "discrete": entry.discrete,
        "torch": entry.torch,
        "also": entry.also or None,
        "remark": entry.remark or None,
        "reason": entry.reason or None,
        "source": entry.source,
        **({"or_by": others} if others else {}),
    }


def parameter(p: Parameter) -> dict[str, Any]:
    """What it must be, in words, with its range and its letter."""
    words = {name: value for name, value in asdict(p).items() if name != "constraint"}
    return {**words, "whole": p.discrete}


def order(entry: Family) -> float | None:
    """The order below which E|z|^r is finite at the defaults; None where any is."""
    found = entry.moments(**{name: p.default for name, p in entry.parameters.items()})  # type: ignore[arg-type]
    return found if math.isfinite(found) else None


def as_text() -> str:
    """The same for people, a paragraph each."""
    return "\n\n".join(paragraph(name, entry) for name, entry in FAMILIES.items())


def paragraph(name: str, entry: Family) -> str:
    """A family in lines: its name and path, its parameters, torch's line, what to know."""
    below = order(entry)
    lines = [
        f"{name:<16}{entry.title}; path: {entry.path}; noise: {entry.noise.title}",
        *(f"  {key:<18}{told(p)}" for key, p in entry.parameters.items()),
        *(
            f"  or by {', '.join(other.parameters)}"
            for other in PARAMETRIZATIONS.get(entry.name, ())
        ),
        *([f"  E|z|^r is finite for r < {below:g} at the defaults."] if below else []),
        f"  torch: {entry.torch or 'none with a gradient'}",
        *(f"  {words}" for words in (entry.also, entry.remark, entry.reason) if words),
        f"  {entry.source}",
    ]
    return "\n".join(lines)


def told(p: Parameter) -> str:
    """A parameter in one line."""
    moves = "; moves the support" if p.moves_support else ""
    return f"{p.words}; default {p.default}, from {p.low:g} to {p.high:g}{moves}"
