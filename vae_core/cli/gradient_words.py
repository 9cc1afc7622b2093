"""What the `gradients` command prints: JSON, tables, and the lists of what there is."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES, PARAMETRIZATIONS, Family
from vae_core.lab import PROBLEMS
from vae_core.lab.exact.integrals.any_variance import TOLERANCE
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import Measurement, Statistic

GREEK = {"mu": "loc", "sigma": "scale"}
LETTERS = {name: letter for letter, name in GREEK.items()}
GRADIENT_FIELDS = (
    "exact",
    "mean",
    "standard_error",
    "variance",
    "variance_standard_error",
    "z_score",
    "signal_to_noise",
)
NAME_WIDTH = 10


def remarks(experiment: Experiment) -> list[str]:
    """How a typed cost was read, and what to know of the estimator on this cost; a line each."""
    problem, rule = experiment.cost_problem, experiment.rule
    read = [f"f(z) = {problem.read_as}", *problem.notes] if problem.read_as else []
    objection = problem.objection(rule)
    return [*read, f"{rule.title}: {objection}"] if objection else read


def as_json(m: Measurement) -> dict[str, Any]:
    """The measurement as the shell prints it; a number that is not finite becomes null."""
    words = asdict(m.experiment)
    knobs, family = words.pop("knobs") | words.pop("settings"), _family(m.experiment)
    for name in ("loc", "scale") if family else ():
        del words[name]
    first = {name: words.pop(name) for name in ("problem", "estimator")}
    for name in ("family", "parameters"):
        del words[name]
    return {
        **first,
        **family,
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


def _family(e: Experiment) -> dict[str, Any]:
    """What stands in place of a Normal's loc and scale."""
    return {} if e.normal else {"family": e.family, "parameters": dict(e.numbers)}


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
    pairs = {**e.knobs, **e.settings}.items()
    knobs = "".join(f", {name} = {value:g}" for name, value in pairs)
    names = {"value": "E[f]"} | _derivatives(e)
    wide = max(NAME_WIDTH, *(len(name) + 1 for name in names.values()))
    lines = [
        f"{e.estimator} on {e.problem}: {_member(e)}, D = {e.dim}, K = {e.samples}{knobs}",
        f"{e.replicates} replicates, seed {e.seed}, {m.seconds:.2f} s"
        + ("" if e.cost_problem.allows(e.rule) else "; this estimator is BIASED here"),
        *remarks(e),
        "",
        f"{'':<{wide}}{'exact':>12}{'mean':>12}{'std. error':>12}{'variance':>12}"
        f"{e.variance_is:>13}{'z':>8}{'SNR':>9}",
    ]
    for parameter, name in names.items():
        s = m.value if parameter == "value" else m.gradient[parameter]
        known = e.exact_variance(parameter) if parameter != "value" else None
        z = "-" if m.doubt(parameter) else format(s.z_score, ".2f")
        lines.append(
            f"{name:<{wide}}{s.exact:>12.5g}{s.mean:>12.5g}{s.standard_error:>12.2g}"
            f"{s.variance:>12.5g}{'-' if known is None else format(known, '.5g'):>13}"
            f"{z:>8}{s.signal_to_noise:>9.3g}"
        )
    last = [words for words in (m.truth.words(), _agreement(e), *_doubts(m)) if words]
    return "\n".join([*lines, *([""] if last else []), *last])


def _agreement(e: Experiment) -> str:
    """How well exact variances are known, where that is by quadrature."""
    if e.normal or e.entry.discrete:
        return ""
    if not any(e.exact_variance(name) for name in e.entry.differentiable):
        return ""
    return f"An exact variance, too, is an estimate: two rules agree to {TOLERANCE:.0e} of it."


def _member(e: Experiment) -> str:
    """The distribution: a Normal by its letters, another family by its parameters' names."""
    if e.normal:
        return f"mu = {e.loc:g}, sigma = {e.scale:g}"
    numbers = ", ".join(f"{name} = {value:g}" for name, value in e.numbers.items())
    return f"{e.entry.title}({numbers})"


def _derivatives(e: Experiment) -> dict[str, str]:
    """What each parameter's derivative is called."""
    letters = LETTERS if e.normal else {}
    return {name: f"d/d{letters.get(name, name)}" for name in e.entry.differentiable}


def _doubts(m: Measurement) -> list[str]:
    """Each quantity that the sample cannot tell, with the reason."""
    names = {"value": "E[f]"} | _derivatives(m.experiment)
    doubts = {name: m.doubt(parameter) for parameter, name in names.items()}
    return [f"{name}: {doubt}" for name, doubt in doubts.items() if doubt]


def sweep_table(name: str, measurements: list[Measurement]) -> str:
    """A line for each point of a sweep."""
    names = _derivatives(measurements[0].experiment)
    wide = {parameter: max(12, len(title) + 2) for parameter, title in names.items()}
    titles = "".join(f"{title:>{wide[p]}}{'variance':>12}" for p, title in names.items())
    lines = [f"{name:>{max(NAME_WIDTH, len(name))}}{titles}"]
    for m in measurements:
        numbers = "".join(
            f"{m.gradient[p].mean:>{wide[p]}.5g}{m.gradient[p].variance:>12.5g}" for p in names
        )
        at = f"{_swept(m.experiment, name):>{max(NAME_WIDTH, len(name))}.4g}"
        lines.append(f"{at}{numbers}{'  *' if _doubts(m) else ''}")
    if any(line.endswith("*") for line in lines):
        lines += ["", "* The sample cannot tell here: draws that matter are too rare to be in it."]
    return "\n".join(lines)


def _swept(e: Experiment, name: str) -> float:
    """Where the swept quantity stands."""
    field = GREEK.get(name, name)
    for found in (e.knobs, e.settings, e.numbers):
        if field in found:
            return found[field]
    return float(getattr(e, field))


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
                "needs": e.needs,
                "needs_smooth_cost": e.needs_smooth_cost,
                "needs_smooth_slope": e.needs_smooth_slope,
                "needs_elbo": e.needs_elbo,
                "min_samples": e.min_samples,
                "evaluations": e.evaluations(e.min_samples, 1),
                "trains_vae": e.trains_vae,
                "knobs": dict(e.knobs),
                "limits": dict(e.limits),
                "source": e.source,
            }
            for name, e in ESTIMATORS.items()
        },
        "families": {name: _listed(entry) for name, entry in FAMILIES.items()},
    }


def _listed(entry: Family) -> dict[str, Any]:
    """A family's parameters, and why the estimators that refuse it do."""
    refused = {name: e.refusal(entry) for name, e in ESTIMATORS.items()}
    return {
        "title": entry.title,
        "parameters": {
            name: {"is": p.words, "default": p.default, "low": p.low, "high": p.high}
            for name, p in entry.parameters.items()
        },
        "in_the_lab": not entry.vector,
        "or_by": [list(other.parameters) for other in PARAMETRIZATIONS.get(entry.name, ())],
        "refused_by": {name: why for name, why in refused.items() if why},
    }


def list_as_text() -> str:
    """The same for people."""
    lines = ["problems"]
    for name, p in PROBLEMS.items():
        knobs = " ".join(
            f"--set {n}={k.default:g} ({k.minimum:g} to {k.maximum:g})" for n, k in p.knobs.items()
        )
        lines.append(f"  {name:<26}{p.title:<30}{knobs}")
    lines.append("estimators")
    for name, e in ESTIMATORS.items():
        conditions = ["unbiased" if e.unbiased else "BIASED"]
        if e.families:
            conditions.append(f"needs {e.needs}")
        if e.needs_smooth_cost:
            kinks = " without kinks" if e.needs_smooth_slope else ""
            conditions.append(f"needs a smooth f{kinks}")
        if e.needs_elbo:
            conditions.append("for ELBOs")
        if e.min_samples > 1:
            conditions.append(f"at least {e.min_samples} samples")
        conditions += [
            f"--set {knob}={e.knobs[knob]:g} ({low:g} to {high:g})"
            for knob, (low, high) in e.limits.items()
        ]
        lines.append(f"  {name:<26}{e.title:<30}{', '.join(conditions)}")
    lines.append("families")
    lines += [
        f"  {name:<26}{f.title:<30}--with {example(f)}"
        for name, first in FAMILIES.items()
        for f in (first, *PARAMETRIZATIONS.get(name, ()))
        if not f.vector
    ]
    return "\n".join(lines)


def example(entry: Family) -> str:
    """How its parameters are written, such as concentration=1,rate=1."""
    return ",".join(f"{name}={p.default:g}" for name, p in entry.parameters.items())
