"""What the text of the page tells in numbers."""

from __future__ import annotations

import math

from pages.goal.elbo_gap.scene import MODELS, NOISE
from pages.ui.numbers import number
from vae_core.lab.latent import Bell, elbo, kl_to_posterior

# The question is about the model and the x that the page starts with.
SEEN, PRIOR = 2.5, Bell(0.0, 1.0)
# Neighbours on the slider of x: at the one the best bell lies in the middle, at the other aside.
MIDDLE, ASIDE = 1.75, 1.8


def at_the_prior() -> dict[str, str]:
    """Where the ELBO lies if q is the prior, in x = z + noise."""
    model = MODELS["bell"]
    return {
        "seen": f"{SEEN:g}",
        "missing": number(kl_to_posterior(model, SEEN, PRIOR).value),
        "reached": number(elbo(model, SEEN, PRIOR).value),
        "top": number(model.evidence(SEEN).log),
    }


def about(model: str) -> dict[str, str]:
    """What is said of a model: of its posterior, and of where the best bell lies."""
    posterior = MODELS[model].posterior_bell(1.0)
    if posterior is not None:
        known = {"share": f"{posterior.loc:g}", "width": f"{posterior.scale:g}"}
    else:
        known = {
            "fork": number(NOISE**2 / 2.0),
            "middle": f"{MIDDLE:g}",
            "aside": f"{ASIDE:g}",
            "half": number(math.log(2.0)),
        }
    return {"noise": f"{NOISE:g}"} | known
