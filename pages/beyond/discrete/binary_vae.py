"""A VAE whose z are coins: what each estimator has made of it, from the recorded runs."""

from __future__ import annotations

import math

from pages.ui.numbers import number
from pages.ui.runs.recorded import mean_and_error, of_each_seed, runs
from vae_core.estimators import ESTIMATORS

RUNS, BELLS = "bernoulli", {"posterior": "diagonal", "latent": 20}
CALM = ("score_loo", "disarm", "rebar")
"""The unbiased ones that decode more than one z for an estimate, and use them well."""


def names() -> list[str]:
    """The estimators that were run, the highest held-out ELBO first."""
    found = dict.fromkeys(run["estimator"] for run in runs(RUNS))
    return sorted(found, key=lambda name: -reached(name)[0])


def reached(name: str) -> tuple[float, float]:
    """Held-out ELBO in nats per image: the mean over seeds, and its standard error."""
    return mean_and_error(of_each_seed(RUNS, "elbo", estimator=name))


def table() -> dict[str, list[str]]:
    """A row for each estimator; columns by title."""
    samples = {run["estimator"]: run["samples"] for run in runs(RUNS)}
    latent = runs(RUNS)[0]["latent"]
    bounds = {name: reached(name) for name in names()}
    kls = [mean_and_error(of_each_seed(RUNS, "kl", estimator=name))[0] for name in names()]
    return {
        "Estimator": [ESTIMATORS[name].title for name in names()],
        "on average": ["the gradient" if ESTIMATORS[n].unbiased else "biased" for n in names()],
        "decoded z, an image": [
            str(ESTIMATORS[name].evaluations(samples[name], latent)) for name in names()
        ],
        "ELBO": [f"{number(m, 1)} ± {number(e, 1)}" for m, e in bounds.values()],
        "KL": [number(value, 1) for value in kls],
    }


def told() -> dict[str, str]:
    """The lesson's blanks: how the runs were made, and what they came to."""
    some, order = runs(RUNS), names()
    bells, _ = mean_and_error(of_each_seed("posteriors", "elbo", **BELLS))
    kl_of_bells, _ = mean_and_error(of_each_seed("posteriors", "kl", **BELLS))
    blanks = {
        "seeds": str(len({run["seed"] for run in some})),
        "epochs": f"{some[0]['epochs']:g}",
        "tau": f"{ESTIMATORS['gumbel_softmax'].knobs['temperature']:g}",
        "coins": str(some[0]["latent"]),
        "codes": f"{2 ** some[0]['latent']:,}",
        "most": f"{some[0]['latent'] * math.log(2.0):.1f}",
        "best": ESTIMATORS[order[0]].title,
        "bells": number(bells, 1),
        "kl_of_bells": f"{kl_of_bells:.1f}",
    }
    means = {name: reached(name)[0] for name in order}
    top = means[order[0]]
    idle, _ = mean_and_error(of_each_seed(RUNS, "kl", estimator="straight_through"))
    return blanks | {
        "behind": f"{top - means['score']:.1f}",
        "near": f"{top - min(means[name] for name in CALM):.1f}",
        "gained": f"{means['disarm'] - means['arm']:.1f}",
        "straight_through_kl": f"{idle:.1f}",
    }
