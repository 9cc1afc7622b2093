"""The `gradients` command: measure an estimator on a problem from the shell."""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import sys
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from vae_core.estimators import ESTIMATORS
from vae_core.lab import PROBLEMS, find_problem
from vae_core.lab.experiment import Experiment
from vae_core.lab.formula import FormulaError
from vae_core.lab.measurement import Measurement, Statistic, measure
from vae_core.lab.problems import OWN

# Numbers in one estimate from which on memory counts; a constant of glibc's malloc.h.
LARGE, MMAP_THRESHOLD = 10**6, -3
GREEK = {"mu": "loc", "sigma": "scale"}
WHOLE = {"dim", "samples"}
MAX_SWEEP = 1_000
GRADIENT_FIELDS = (
    "exact",
    "mean",
    "standard_error",
    "variance",
    "variance_standard_error",
    "z_score",
    "signal_to_noise",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--list", action="store_true", help="problems and estimators, then stop")
    parser.add_argument("--problem", default="square", help=", ".join(PROBLEMS))
    parser.add_argument("--estimator", default="pathwise", help=", ".join(ESTIMATORS))
    parser.add_argument("--loc", type=float, default=2.0, help="mu of every dimension")
    parser.add_argument("--scale", type=float, default=1.0, help="sigma of every dimension")
    parser.add_argument("--dim", type=int, default=1, help="D, number of dimensions")
    parser.add_argument("--samples", type=int, help="K behind one estimate; default: the fewest")
    parser.add_argument("--replicates", type=int, default=100_000, help="independent estimates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", action="append", default=[], metavar="KNOB=VALUE", help="a problem's setting"
    )
    parser.add_argument(
        "--sweep",
        metavar="NAME=FROM:TO:COUNT",
        help="measure along mu, sigma, dim, samples or one of the problem's settings",
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
    return Experiment(
        problem=args.problem,
        estimator=args.estimator,
        loc=args.loc,
        scale=args.scale,
        dim=args.dim,
        samples=fewest if args.samples is None else args.samples,
        replicates=args.replicates,
        seed=args.seed,
        knobs=dict(_knob(word) for word in args.set),
    )


def _read(problem: str) -> None:
    """Look at a typed cost first. Raises ValueError with the cost and a mark at what is wrong."""
    try:
        find_problem(problem)
    except FormulaError as error:
        raise ValueError(f"{error} Here: {error.marked(problem.removeprefix(OWN))}") from None


def remarks(experiment: Experiment) -> list[str]:
    """How a typed cost was read, and what to know of the estimator on this cost; a line each."""
    problem, rule = experiment.cost_problem, experiment.rule
    read = [f"f(z) = {problem.read_as}", *problem.notes] if problem.read_as else []
    objection = problem.objection(rule)
    return [*read, f"{rule.title}: {objection}"] if objection else read


def _knob(word: str) -> tuple[str, float]:
    name, _, value = word.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise ValueError(f"--set takes NAME=NUMBER, such as omega=3, and got {word!r}.") from None


def sweep_settings(word: str, experiment: Experiment) -> tuple[str, list[Experiment]]:
    """The swept name and one experiment for each value of NAME=FROM:TO:COUNT."""
    name, _, span = word.partition("=")
    field = GREEK.get(name, name)
    allowed = ("mu", "sigma", "dim", "samples", *experiment.cost_problem.knobs)
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
    if field in WHOLE:
        values = sorted({round(value) for value in values})
    if field in experiment.cost_problem.knobs:
        return name, [
            replace(experiment, knobs={**experiment.knobs, field: value}) for value in values
        ]
    return name, [replace(experiment, **{field: value}) for value in values]


def as_json(m: Measurement) -> dict[str, Any]:
    """The measurement as the shell prints it; a number that is not finite becomes null."""
    words = asdict(m.experiment)
    knobs = words.pop("knobs")
    return {
        **words,
        **({"set": knobs} if knobs else {}),
        **({"remarks": told} if (told := remarks(m.experiment)) else {}),
        "value": _statistic(m.value, "exact", "mean", "standard_error"),
        "gradient": {name: _gradient(m, name, s) for name, s in m.gradient.items()},
        "exact_is": m.truth.known,
        "exact_error": m.truth.error,
        "doubts": {name: m.doubt(name) for name in ("value", *m.gradient)},
        "seconds": m.seconds,
    }


def _statistic(s: Statistic, *names: str) -> dict[str, float | None]:
    values = {name: float(getattr(s, name)) for name in names}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _gradient(m: Measurement, parameter: str, s: Statistic) -> dict[str, float | None]:
    return {
        **_statistic(s, *GRADIENT_FIELDS),
        **({"z_score": None} if m.doubt(parameter) else {}),
        "variance_exact": m.experiment.exact_variance(parameter),
        "variance_times_evaluations": m.work_variance(s),
    }


def as_table(m: Measurement) -> str:
    """The measurement for people, a line for each quantity."""
    e = m.experiment
    knobs = "".join(f", {name} = {value:g}" for name, value in e.knobs.items())
    lines = [
        f"{e.estimator} on {e.problem}: mu = {e.loc:g}, sigma = {e.scale:g}, "
        f"D = {e.dim}, K = {e.samples}{knobs}",
        f"{e.replicates} replicates, seed {e.seed}, {m.seconds:.2f} s"
        + ("" if e.cost_problem.allows(e.rule) else "; this estimator is BIASED here"),
        *remarks(e),
        "",
        f"{'':<10}{'exact':>12}{'mean':>12}{'std. error':>12}{'variance':>12}{'closed form':>13}"
        f"{'z':>8}{'SNR':>9}",
    ]
    for name, parameter, s in (
        ("E[f]", "value", m.value),
        ("d/dmu", "loc", m.loc),
        ("d/dsigma", "scale", m.scale),
    ):
        known = e.exact_variance(parameter) if parameter != "value" else None
        z = "-" if m.doubt(parameter) else format(s.z_score, ".2f")
        lines.append(
            f"{name:<10}{s.exact:>12.5g}{s.mean:>12.5g}{s.standard_error:>12.2g}"
            f"{s.variance:>12.5g}{'-' if known is None else format(known, '.5g'):>13}"
            f"{z:>8}{s.signal_to_noise:>9.3g}"
        )
    last = [words for words in (m.truth.words(), *_doubts(m)) if words]
    return "\n".join([*lines, *([""] if last else []), *last])


def _doubts(m: Measurement) -> list[str]:
    """Each quantity that the sample cannot tell, with the reason."""
    names = {"value": "E[f]", "loc": "d/dmu", "scale": "d/dsigma"}
    doubts = {name: m.doubt(parameter) for parameter, name in names.items()}
    return [f"{name}: {doubt}" for name, doubt in doubts.items() if doubt]


def sweep_table(name: str, measurements: list[Measurement]) -> str:
    """A line for each point of a sweep."""
    head = f"{name:>10}{'d/dmu':>12}{'variance':>12}{'d/dsigma':>12}{'variance':>12}"
    lines = [head]
    for m in measurements:
        e = m.experiment
        field = GREEK.get(name, name)
        value = e.knobs[field] if field in e.knobs else getattr(e, field)
        lines.append(
            f"{value:>10.4g}{m.loc.mean:>12.5g}{m.loc.variance:>12.5g}"
            f"{m.scale.mean:>12.5g}{m.scale.variance:>12.5g}{'  *' if _doubts(m) else ''}"
        )
    if any(line.endswith("*") for line in lines):
        lines += ["", "* The sample cannot tell here: draws that matter are too rare to be in it."]
    return "\n".join(lines)


def registry() -> dict[str, Any]:
    """Problems and estimators with their fields and knobs."""
    return {
        "problems": {
            name: {
                "title": p.title,
                "formula": p.formula,
                "smooth": p.smooth,
                "elbo": p.elbo,
                "knobs": {knob: asdict(k) for knob, k in p.knobs.items()},
                "biased_estimators": [n for n, e in ESTIMATORS.items() if not p.allows(e)],
            }
            for name, p in PROBLEMS.items()
        },
        "estimators": {
            name: {
                "title": e.title,
                "summary": e.summary,
                "unbiased": e.unbiased,
                "needs_smooth_cost": e.needs_smooth_cost,
                "needs_elbo": e.needs_elbo,
                "min_samples": e.min_samples,
                "evaluations": e.evaluations(e.min_samples, 1),
                "trains_vae": e.trains_vae,
                "knobs": dict(e.knobs),
                "source": e.source,
            }
            for name, e in ESTIMATORS.items()
        },
    }


def list_as_text() -> str:
    """The same for people."""
    lines = ["problems"]
    for name, p in PROBLEMS.items():
        knobs = " ".join(
            f"--set {n}={k.default:g} ({k.minimum:g} to {k.maximum:g})" for n, k in p.knobs.items()
        )
        lines.append(f"  {name:<16}{p.title:<28}{knobs}")
    lines.append("estimators")
    for name, e in ESTIMATORS.items():
        conditions = ["unbiased" if e.unbiased else "BIASED"]
        if e.needs_smooth_cost:
            conditions.append("needs a smooth f")
        if e.needs_elbo:
            conditions.append("for ELBOs")
        if e.min_samples > 1:
            conditions.append(f"at least {e.min_samples} samples")
        lines.append(f"  {name:<16}{e.title:<28}{', '.join(conditions)}")
    return "\n".join(lines)
