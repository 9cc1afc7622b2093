"""A training run's plan: all that is fixed from the start, and the settings that it starts with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from vae_core.training.config.choices import (
    OBJECTIVES,
    TARGETS,
    priors_of,
    refuse_estimator,
    refuse_prior,
    refuse_targets,
)
from vae_core.training.config.settings import Settings
from vae_core.training.options import ConfigError, Control, Limit, Names, option, options_of
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.posteriors import POSTERIORS
from vae_core.vae.priors import PRIORS


@dataclass(frozen=True)
class TrainConfig:
    """One training run, complete: the same configuration gives the same run.

    >>> config = TrainConfig(estimator="score_loo", samples=4, latent=2, epochs=0.5)
    >>> TrainConfig(**config.as_dict()) == config
    True
    >>> TrainConfig(beta=-1)
    Traceback (most recent call last):
    ...
    vae_core.training.options.ConfigError: Beta must be a number from 0 to 100, and is -1.

    Attributes:
        estimator, samples, learning_rate, beta: the settings at the start, see `Settings`.
        latent: D, the size of z.
        hidden: width of the hidden layers in encoder and decoder.
        batch: B, images a step.
        epochs: planned passes over the training images; None when `seconds` is given.
        seconds: planned time instead; such a run depends on the speed of the machine.
        seed: decides weights, order of images and noise.
        depth: hidden layers in encoder and decoder.
        likelihood: p(x|z), a name in `LIKELIHOODS`.
        noise: sigma of x of the likelihood "gaussian"; the others do not use it.
        targets: "grey", or "binary": each pixel is drawn anew as 0 or 1, with its grey value as
            the probability, whenever its image is met (Salakhutdinov & Murray 2008).
        prior: p(z), a name in `PRIORS`; the usual one of the posterior's z when left out.
        posterior: what q(z|x) can be, a name in `POSTERIORS`.
        warm_up: epochs over which the weight of the KL rises from 0 to beta (Bowman et al. 2016).
        objective: "elbo", or "iwae", the importance-weighted bound (Burda et al. 2016).
    """

    estimator: str = Settings.estimator
    samples: int = Settings.samples
    learning_rate: float = Settings.learning_rate
    latent: int = option(
        20,
        Limit("Latent size", 1, 64),
        "D, size of z",
        control=Control("Latent size D", "With 2 you see all of z.", (1, 2, 5, 10, 20, 40, 64)),
    )
    hidden: int = option(
        400,
        Limit("Hidden width", 1, 2000),
        "hidden width",
        control=Control("Hidden width", "Wider: better, and slower.", (50, 100, 200, 400, 800)),
    )
    batch: int = option(
        100,
        Limit("Batch size", 1, 2000),
        "images a step",
        control=Control(
            "Batch size B", "Larger: fewer, calmer steps.", (20, 50, 100, 200, 500, 1000)
        ),
    )
    epochs: float | None = option(
        None,
        Limit("Epochs", 0.001, 1000, whole=False),
        "passes over the images; default: 1",
        control=Control("Epochs", "Passes over 60,000 images.", (1, 2, 5, 10, 20, 50)),
    )
    seconds: float | None = option(
        None,
        Limit("Seconds", 0.1, 86_400, whole=False),
        "time to train, in place of --epochs",
    )
    seed: int = option(0, Limit("Seed", 0, 2**31 - 1))
    depth: int = option(
        1,
        Limit("Hidden layers", 1, 4),
        "hidden layers, 1 to 4",
        control=Control("Hidden layers", "Deeper needs more epochs to pay.", (1, 2, 3)),
    )
    likelihood: str = option(
        "bernoulli",
        Names("Likelihood", LIKELIHOODS),
        control=Control("Decoder gives"),
    )
    noise: float = option(
        0.1,
        Limit("Sigma of x", 0.02, 1, whole=False),
        "sigma of x of --likelihood gaussian",
        control=Control(
            "σ of x, where fixed", LIKELIHOODS["gaussian"].watch, (0.05, 0.1, 0.2, 0.5, 1)
        ),
    )
    targets: str = option(
        "grey",
        Names("Targets", TARGETS),
        control=Control("Targets", " ".join(each.watch for each in TARGETS.values())),
    )
    prior: str = option(None, Names("Prior", PRIORS), control=Control("Prior p(z)"))
    posterior: str = option(
        "diagonal", Names("Posterior", POSTERIORS), control=Control("Posterior q(z|x)")
    )
    beta: float = Settings.beta
    warm_up: float = option(
        0.0,
        Limit("KL warm-up in epochs", 0, 1000, whole=False),
        "epochs over which the weight of the KL rises from 0 to beta",
        control=Control(
            "KL warm-up, epochs",
            "β rises slowly: fewer idle z.",
            (0, 0.2, 0.5, 1, 2),
            address="warm",
        ),
        metavar="EPOCHS",
    )
    objective: str = option(
        "elbo",
        Names("Objective", OBJECTIVES),
        control=Control("Climb", " ".join(each.watch for each in OBJECTIVES.values())),
    )

    def __post_init__(self) -> None:
        if self.epochs is None and self.seconds is None:
            object.__setattr__(self, "epochs", 1.0)
        if self.epochs is not None and self.seconds is not None:
            raise ConfigError("A run is planned in epochs or in seconds, not in both.")
        settings = self.settings
        for name, each in options_of(TrainConfig).items():
            if getattr(self, name) is not getattr(TrainConfig, name):
                each.values.check(getattr(self, name))
        if not self.prior:
            object.__setattr__(self, "prior", priors_of(self.posterior)[0])
        self.check(settings)
        refuse_prior(self.prior, self.posterior)
        refuse_targets(self.targets, self.likelihood)

    def check(self, settings: Settings) -> None:
        """Raise ConfigError where this run cannot go on with such settings."""
        refuse_estimator(settings.estimator, self.posterior, self.objective)

    @property
    def settings(self) -> Settings:
        """The settings that the run starts with."""
        return Settings(**{name: getattr(self, name) for name in options_of(Settings)})

    @property
    def architecture(self) -> dict[str, Any]:
        """What decides the model's shape: `VAE(**architecture)` fits this run's weights."""
        names = ("hidden", "latent", "depth", "likelihood", "noise", "prior", "posterior")
        return {name: getattr(self, name) for name in names}

    def weight_of_kl(self, settings: Settings, epoch: float) -> float:
        """Beta at a point of the run: it rises in a straight line while the KL warms up."""
        return settings.beta * (min(1.0, epoch / self.warm_up) if self.warm_up else 1.0)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `TrainConfig(**values)` makes the same configuration again."""
        return asdict(self)


OPTIONS = options_of(Settings) | options_of(TrainConfig)
"""All that a training can be told, by the field's name."""
