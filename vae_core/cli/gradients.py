"""The `gradients` command: measure an estimator on a problem from the shell."""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import sys
from contextlib import suppress
from dataclasses import replace

import numpy as np

from vae_core.cli.gradient_words import (
    GREEK,
    as_json,
    as_table,
    example,
    list_as_text,
    registry,
    remarks,
    sweep_table,
)
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import PROBLEMS, find_problem
from vae_core.lab.experiment import NORMAL, Experiment
from vae_core.lab.formula import FormulaError
from vae_core.lab.measurement import measure
from vae_core.lab.members import find_family
from vae_core.lab.problems import OWN

# Numbers in one estimate from which on memory counts; a constant of glibc's malloc.h.
LARGE, MMAP_THRESHOLD = 10**6, -3
WHOLE = {"dim", "samples"}
LOC, SCALE = 2.0, 1.0
MAX_SWEEP = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument(
        "--list", action="store_true", help="problems, estimators and families, then stop"
    )
    parser.add_argument("--problem", default="square", help=", ".join(PROBLEMS))
    parser.add_argument("--estimator", default="pathwise", help=", ".join(ESTIMATORS))
    parser.add_argument("--family", default=NORMAL, help=", ".join(FAMILIES))
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        dest="parameters",
        metavar="NAME=VALUE,...",
        help="the family's parameters, the same in every dimension",
    )
    parser.add_argument("--loc", type=float, help=f"mu of a Normal; default: {LOC:g}")
    parser.add_argument("--scale", type=float, help=f"sigma of a Normal; default: {SCALE:g}")
    parser.add_argument("--dim", type=int, default=1, help="D, number of dimensions")
    parser.add_argument("--samples", type=int, help="K behind one estimate; default: the fewest")
    parser.add_argument("--replicates", type=int, default=100_000, help="independent estimates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KNOB=VALUE",
        help="a setting of the problem or of the estimator",
    )
    parser.add_argument(
        "--sweep",
        metavar="NAME=FROM:TO:COUNT",
        help="measure along a parameter, dim, samples or a setting of problem or estimator",
    )
    parser.add_argument("--json", action="store_true", help="JSON in place of a table")


def run(args: argparse.Namespace) -> None:
    """Print what was asked for. Raises ValueError, one line long, for what cannot be done."""
    if args.list:
        print(json.dumps(registry(), indent=2) if args.json else list_as_text())
        return
    experiment = experiment_from(args)
    if experiment.samples * experiment.dim > LARGE:
        hand_back_at_once()
    if args.sweep is None:
        measurement = measure(experiment)
        print(json.dumps(as_json(measurement)) if args.json else as_table(measurement))
        return
    name, settings = sweep_settings(args.sweep, experiment)
    measurements = [measure(setting) for setting in settings]
    if args.json:
        print(json.dumps([as_json(m) for m in measurements]))
    else:
        for remark in remarks(experiment):
            print(remark, file=sys.stderr)
        print(sweep_table(name, measurements))


def hand_back_at_once() -> None:
    """Give the memory of large arrays back as soon as they are freed, where the system can.

    Left to itself glibc keeps blocks of sizes that it has seen, and the gaps between them grow to
    gigabytes. Each block costs more time so, hence it is for large estimates alone.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, 2**16)


def experiment_from(args: argparse.Namespace) -> Experiment:
    """The experiment that the words describe; K defaults to the fewest the estimator allows."""
    rule = ESTIMATORS.get(args.estimator)
    _read(args.problem)
    fewest = rule.min_samples if rule else 1
    pairs = dict(_pair("--set", word, "omega=3") for word in args.set)
    own = {name: value for name, value in pairs.items() if rule and name in rule.limits}
    return Experiment(
        problem=args.problem,
        estimator=args.estimator,
        dim=args.dim,
        samples=fewest if args.samples is None else args.samples,
        replicates=args.replicates,
        seed=args.seed,
        knobs={name: value for name, value in pairs.items() if name not in own},
        family=args.family,
        parameters=_parameters(args),
        settings=own,
    )


def _parameters(args: argparse.Namespace) -> dict[str, float]:
    """The parameters of q: by --with, and a Normal's by --loc and --scale too."""
    entry = find_family(args.family)
    words = [word for given in args.parameters for word in given.split(",")]
    pairs = [_pair("--with", word, "concentration=0.7,rate=2") for word in words]
    short = {n: v for n, v in (("loc", args.loc), ("scale", args.scale)) if v is not None}
    if short and args.family != NORMAL:
        raise ValueError(
            f"--loc and --scale mean a Normal: for the family {entry.name} write --with "
            f"{'...' if entry.vector else example(entry)}."
        )
    pairs += short.items()
    for name, _ in pairs:
        if [each for each, _ in pairs].count(name) > 1:
            raise ValueError(f"{name} is given twice.")
    return ({"loc": LOC, "scale": SCALE} if args.family == NORMAL else {}) | dict(pairs)


def _read(problem: str) -> None:
    """Look at a typed cost first. Raises ValueError with the cost and a mark at what is wrong."""
    try:
        find_problem(problem)
    except FormulaError as error:
        raise ValueError(f"{error} Here: {error.marked(problem.removeprefix(OWN))}") from None


def _pair(option: str, word: str, such_as: str) -> tuple[str, float]:
    name, _, value = word.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise ValueError(
            f"{option} takes NAME=NUMBER, such as {such_as}, and got {word!r}."
        ) from None


def sweep_settings(word: str, experiment: Experiment) -> tuple[str, list[Experiment]]:
    """The swept name and one experiment for each value of NAME=FROM:TO:COUNT."""
    name, _, span = word.partition("=")
    own = tuple(GREEK) if experiment.normal else tuple(experiment.entry.parameters)
    field = GREEK.get(name, name) if experiment.normal else name
    knobs = (*experiment.cost_problem.knobs, *experiment.settings)
    allowed = (*own, "dim", "samples", *knobs)
    if name not in allowed:
        raise ValueError(f"{name!r} cannot be swept; there are {', '.join(allowed)}.")
    try:
        low, high, count = (
            kind(part) for kind, part in zip((float, float, int), span.split(":"), strict=True)
        )
    except ValueError:
        raise ValueError(f"--sweep takes NAME=FROM:TO:COUNT, and got {word!r}.") from None
    if not 2 <= count <= MAX_SWEEP or not math.isfinite(low) or not math.isfinite(high):
        raise ValueError(f"--sweep takes finite ends and 2 to {MAX_SWEEP} points, not {span!r}.")
    values = np.linspace(low, high, count).tolist()
    if field in WHOLE or (name in own and experiment.entry.parameters[field].discrete):
        values = sorted({round(value) for value in values})
    if field in WHOLE:
        return name, [replace(experiment, **{field: value}) for value in values]
    if name in own:
        numbers = [{**experiment.numbers, field: value} for value in values]
        return name, [replace(experiment, parameters=each) for each in numbers]
    if name in experiment.settings:
        of_rule = [{**experiment.settings, name: value} for value in values]
        return name, [replace(experiment, settings=each) for each in of_rule]
    settings = [{**experiment.knobs, field: value} for value in values]
    return name, [replace(experiment, knobs=each) for each in settings]
