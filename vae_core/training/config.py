"""What a training run is told: its plan, fixed from the start, and its settings, free to change.

Wrong values raise `ConfigError` with a sentence in plain words that names what is allowed.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from vae_core.estimators import ESTIMATORS
from vae_core.training.options import (
    Choice,
    ConfigError,
    Control,
    Limit,
    Names,
    option,
    options_of,
)
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.posteriors import POSTERIORS
from vae_core.vae.priors import PRIORS

TRAINABLE = tuple(name for name, entry in ESTIMATORS.items() if entry.trains_vae)
"""Names of the estimators that a VAE can be trained with."""

__all__ = ["OPTIONS", "TRAINABLE", "ConfigError", "Settings", "TrainConfig"]


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


@dataclass(frozen=True)
class Settings:
    """What may change while a run goes on, from one step to the next.

    Attributes:
        estimator: name of the gradient estimator for the encoder.
        samples: K, samples of z for each image and step.
        learning_rate: the highest of the schedule, which warms up to it and decays from it.
        beta: weight of the KL in the gradient, 1 for the ELBO (Higgins et al. 2017); where the KL
            warms up, the weight that it rises to.
    """

    estimator: str = option(
        "pathwise",
        Names(
            "Gradient estimator",
            {n: Choice(ESTIMATORS[n].title, ESTIMATORS[n].summary) for n in TRAINABLE},
            "No VAE can be trained with the estimator {value!r}.",
        ),
        ", ".join(TRAINABLE),
    )
    samples: int = option(
        1,
        Limit("Samples K", 1, 64),
        "K of z for each image and step; default: the fewest",
        control=Control("Samples K", "More samples, calmer gradient.", (1, 2, 4, 8, 16, 32)),
        brief="K = {:g}",
    )
    learning_rate: float = option(
        2e-3,
        Limit("Learning rate", 1e-6, 1e4, whole=False),
        "highest learning rate",
        control=Control(
            "Learning rate",
            "Too large blows up: try 1000.",
            (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 1000),
            address="lr",
        ),
        flag="lr",
        brief="rate {:g}",
    )
    beta: float = option(
        1.0,
        Limit("Beta", 0, 100, whole=False),
        "weight of the KL",
        control=Control(
            "Weight β of KL",
            "Below 1 sharpens, above 1 tidies z.",
            (0, 0.1, 0.5, 1, 2, 4, 10),
        ),
        brief="β = {:g}",
    )

    def __post_init__(self) -> None:
        for name, each in options_of(Settings).items():
            each.values.check(getattr(self, name))
        entry = ESTIMATORS[self.estimator]
        if self.samples < entry.min_samples:
            raise ConfigError(
                f"{entry.title} ({self.estimator}) needs at least {entry.min_samples} "
                f"samples K, and got {self.samples}."
            )


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
        prior: p(z), a name in `PRIORS`.
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
    prior: str = option("standard", Names("Prior", PRIORS), control=Control("Prior p(z)"))
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
        self.check(self.settings)
        for name, each in options_of(TrainConfig).items():
            if getattr(self, name) is not getattr(TrainConfig, name):
                each.values.check(getattr(self, name))
        if self.targets == "binary" and LIKELIHOODS[self.likelihood].density:
            kind, _, _ = LIKELIHOODS[self.likelihood].title.partition(",")
            raise ConfigError(
                f"A {kind} is a density of grey values, and binary targets are coins: "
                "take grey targets with it, or the likelihood bernoulli."
            )

    def check(self, settings: Settings) -> None:
        """Raise ConfigError where this run cannot go on with such settings."""
        if self.objective == "iwae" and settings.estimator != "pathwise":
            raise ConfigError(
                "The importance-weighted bound (iwae) is climbed along the reparameterized path: "
                f"it needs the estimator pathwise, and got {settings.estimator}."
            )

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


def fast_config(seed: int = 0) -> TrainConfig:
    """The run of 784-400-20 that brings the held-out ELBO of grey MNIST past -106 nats soonest.

    Found by measurement. Minibatches are larger than usual, since a step then has less to do
    beside its products, and the steps seven times as large, since they warm up first and shrink
    to nothing in the end, where most of the gain of a short run is made. Three and a half epochs
    of that reach what a constant rate of 1e-3 at batch 128 needs about ten for.
    """
    return TrainConfig(learning_rate=1.4e-2, batch=250, epochs=3.4, seed=seed)


def warm_up_and_decay(fraction: float, warm_up: float = 0.1) -> float:
    """Share of the learning rate at a fraction (0 to 1) of the run.

    A straight rise, then half a cosine down to zero (Loshchilov & Hutter 2017, without restarts),
    so that a short run ends in small steps however short it is.
    """
    if fraction < warm_up:
        return max(fraction, 1e-3) / warm_up
    return 0.5 * (1.0 + math.cos(math.pi * (fraction - warm_up) / (1.0 - warm_up)))
