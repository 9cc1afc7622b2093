"""The names that a configuration may take where no registry holds them, and which go together."""

from __future__ import annotations

from vae_core.estimators import ESTIMATORS
from vae_core.training.options import Choice, ConfigError
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.posteriors import POSTERIORS
from vae_core.vae.priors import PRIORS

TARGETS = {
    "grey": Choice(
        "Grey values",
        "Grey values as shares of ink: the bound is not the log of a probability.",
    ),
    "binary": Choice(
        "Black and white, drawn anew",
        "A fresh coin for each pixel at each visit: the number that papers report.",
    ),
}
"""What the decoder is to predict."""

OBJECTIVES = {
    "elbo": Choice("ELBO", "The bound itself, averaged over K samples."),
    "iwae": Choice(
        "Importance-weighted bound",
        "The tighter bound of K weighted samples: better for log p(x), and the larger K is, "
        "the less signal reaches the encoder.",
    ),
}
"""What is climbed."""

TRAINING = {
    name: Choice(entry.title, entry.summary)
    for name, entry in ESTIMATORS.items()
    if entry.trains_vae
}
"""The estimators that a VAE can be trained with, whichever its z is."""


def trainable(posterior: str = "diagonal") -> tuple[str, ...]:
    """Names of the estimators that a VAE with this entry of `POSTERIORS` can be trained with.

    >>> trainable()
    ('pathwise', 'score', 'score_loo')
    >>> "pathwise" in trainable("bernoulli"), "disarm" in trainable("bernoulli")
    (False, True)
    """
    z = POSTERIORS[posterior].family
    return tuple(name for name in TRAINING if not ESTIMATORS[name].refusal(z))


def priors_of(posterior: str) -> tuple[str, ...]:
    """Names of the priors that go with this entry of `POSTERIORS`, the usual one first."""
    discrete = POSTERIORS[posterior].family.discrete
    return tuple(name for name, entry in PRIORS.items() if entry.discrete == discrete)


def refuse_estimator(estimator: str, posterior: str, objective: str) -> None:
    """Raise ConfigError where an estimator cannot take the z of a posterior, or the objective."""
    if refusal := ESTIMATORS[estimator].refusal(POSTERIORS[posterior].family):
        raise ConfigError(
            f"{refusal} With the posterior {posterior} choose one of: "
            f"{', '.join(trainable(posterior))}."
        )
    if objective == "iwae" and "pathwise" not in trainable(posterior):
        raise ConfigError(
            "The importance-weighted bound (iwae) is climbed along the reparameterized path, and "
            f"a z of the posterior {posterior} has none: take the objective elbo."
        )
    if objective == "iwae" and estimator != "pathwise":
        raise ConfigError(
            "The importance-weighted bound (iwae) is climbed along the reparameterized path: "
            f"it needs the estimator pathwise, and got {estimator}."
        )


def refuse_prior(prior: str, posterior: str) -> None:
    """Raise ConfigError where the prior is one of another kind of z than the posterior's."""
    fitting = priors_of(posterior)
    if prior not in fitting:
        raise ConfigError(
            f"A z of the posterior {posterior} is not one that the prior {prior} draws, so their "
            f"KL is infinite. Choose one of: {', '.join(fitting)}."
        )


def refuse_targets(targets: str, likelihood: str) -> None:
    """Raise ConfigError where coins are to be predicted by a density."""
    if targets == "binary" and LIKELIHOODS[likelihood].density:
        kind, _, _ = LIKELIHOODS[likelihood].title.partition(",")
        raise ConfigError(
            f"A {kind} is a density of grey values, and binary targets are coins: "
            "take grey targets with it, or the likelihood bernoulli."
        )
