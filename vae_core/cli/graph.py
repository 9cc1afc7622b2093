"""The `graph` command: the gradient of any graph with chance in it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from vae_core.lab.graphs import Graph, estimate, exact, finite_differences, parse_graph, text_of
from vae_core.lab.graphs.code import program
from vae_core.lab.graphs.presets import PRESETS
from vae_core.lab.graphs.remarks import remarks
from vae_core.lab.graphs.surrogate import as_text
from vae_core.lab.graphs.text import MOST_LETTERS

MOST_REPLICATES = 10_000_000
COLUMNS = ("estimate", "std. error", "variance", "exact", "difference")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument(
        "graph",
        metavar="TEXT_OR_FILE",
        help=f"a graph, its lines parted by ; or a file that holds one; or {', '.join(PRESETS)}",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="value of a parameter"
    )
    parser.add_argument("--replicates", type=int, default=200_000, help="independent estimates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--every-cost", action="store_true", help="multiply each score by all costs"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--code", action="store_true", help="print the graph as a program in torch")


def run(args: argparse.Namespace) -> None:
    """Measure and print. Raises ValueError, one line long, for what cannot be done."""
    if not 2 <= args.replicates <= MOST_REPLICATES:
        raise ValueError(f"--replicates must lie between 2 and {MOST_REPLICATES}.")
    graph = parse_graph(_text(args.graph)).at(**dict(_setting(word) for word in args.set))
    if args.code:
        print(program(graph, args.replicates, args.seed, every_cost=args.every_cost), end="")
        return
    found = measured(graph, args.replicates, args.seed, every_cost=args.every_cost)
    print(json.dumps(found) if args.json else as_lines(found))


def _text(words: str) -> str:
    """A graph by its preset's name, from a file, or as it is written."""
    if words in PRESETS:
        return PRESETS[words].text
    if "=" in words or "~" in words:
        return words
    try:
        return Path(words).read_text(encoding="utf-8")[: MOST_LETTERS + 1]
    except FileNotFoundError:
        have = ", ".join(PRESETS)
        raise ValueError(f"{words!r} is no graph, no file, and none of {have}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{words} holds no text.") from None


def _setting(word: str) -> tuple[str, float]:
    name, _, value = word.partition("=")
    try:
        return name.strip().lower(), float(value)
    except ValueError:
        raise ValueError(f"--set wants a name and a number, theta=0.3, and got {word!r}.") from None


def measured(graph: Graph, replicates: int, seed: int, *, every_cost: bool) -> dict[str, Any]:
    """Estimates with their standard errors, the exact gradient, and finite differences."""
    estimates = estimate(graph, replicates, seed, every_cost=every_cost)
    differences, known = finite_differences(graph, replicates, seed), exact(graph)
    told = remarks(graph)
    rows: dict[str, Any] = {}
    for name, found in estimates.gradient.items():
        truth = None if isinstance(known, str) else known.gradient[name]
        difference = differences[name]
        rows[name] = {
            "value": graph.by_name[name].value,
            "mean": found.mean,
            "standard_error": found.error,
            "variance": found.variance,
            "exact": truth and truth.value,
            "exact_error": truth and truth.error,
            "finite_difference": difference and difference.mean,
            "finite_difference_error": difference and difference.error,
        }
    return {
        "graph": text_of(graph).splitlines(),
        "surrogate": as_text(graph, every_cost=every_cost),
        "remarks": [each.words for each in told],
        "unbiased": not any(each.wrong for each in told),
        "no_exact": known if isinstance(known, str) else None,
        "replicates": replicates,
        "seed": seed,
        "cost": {"mean": estimates.cost.mean, "standard_error": estimates.cost.error},
        "parameters": rows,
    }


def as_lines(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        *found["graph"],
        "",
        f"surrogate: {found['surrogate']}",
        "what stands in [...] is held constant",
        *found["remarks"],
        "",
        f"E[cost] = {found['cost']['mean']:.5g} +- {found['cost']['standard_error']:.2g}",
        f"{'':<14}" + "".join(f"{title:>12}" for title in COLUMNS),
    ]
    for name, row in found["parameters"].items():
        numbers = (row["mean"], row["standard_error"], row["variance"], row["exact"])
        cells = (*numbers, row["finite_difference"])
        shown = "".join(f"{'-' if n is None else f'{n:.5g}':>12}" for n in cells)
        lines.append(f"d / d {name:<8}{shown}")
    return "\n".join([*lines, *([found["no_exact"]] if found["no_exact"] else [])])
