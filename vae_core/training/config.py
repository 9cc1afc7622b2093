"""What a training run is told: its plan, fixed from the start, and its settings, free to change.

Wrong values raise `ConfigError` with a sentence in plain words that names what is allowed.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from vae_core.estimators import ESTIMATORS
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.priors import PRIORS

TRAINABLE = tuple(name for name, entry in ESTIMATORS.items() if entry.trains_vae)
"""Names of the estimators that a VAE can be trained with."""


@dataclass(frozen=True)
class Limit:
    """The values that a number may take, and the name that a learner knows it by."""

    title: str
    low: float
    high: float
    whole: bool = True

    def check(self, value: float) -> None:
        """Raise ConfigError unless the value is a number within the limits."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.low <= value <= self.high and (value == int(value) or not self.whole):
            return
        kind = "a whole number" if self.whole else "a number"
        raise ConfigError(
            f"{self.title} must be {kind} from {self.low:g} to {self.high:g}, and is {value}."
        )


LIMITS = {
    "samples": Limit("Samples K", 1, 64),
    "learning_rate": Limit("Learning rate", 1e-6, 1e4, whole=False),
    "latent": Limit("Latent size", 1, 64),
    "hidden": Limit("Hidden width", 1, 2000),
    "batch": Limit("Batch size", 1, 2000),
    "epochs": Limit("Epochs", 0.001, 1000, whole=False),
    "seconds": Limit("Seconds", 0.1, 86_400, whole=False),
    "seed": Limit("Seed", 0, 2**31 - 1),
    "depth": Limit("Hidden layers", 1, 4),
    "noise": Limit("Sigma of x", 0.02, 1, whole=False),
    "beta": Limit("Beta", 0, 100, whole=False),
    "warm_up": Limit("KL warm-up in epochs", 0, 1000, whole=False),
}

TARGETS = {
    "grey": "Grey values as shares of ink: the bound is not the log of a probability.",
    "binary": "A fresh coin for each pixel at each visit: the number that papers report.",
}
"""What the decoder is to predict, with one line on what to watch for."""

OBJECTIVES = {
    "elbo": "The bound itself, averaged over K samples.",
    "iwae": "The tighter bound of K weighted samples: better for log p(x), and the larger K is, "
    "the less signal reaches the encoder.",
}
"""What is climbed, with one line on what to watch for."""

CHOICES = {
    "likelihood": ("Likelihood", tuple(LIKELIHOODS)),
    "targets": ("Targets", tuple(TARGETS)),
    "prior": ("Prior", tuple(PRIORS)),
    "objective": ("Objective", tuple(OBJECTIVES)),
}
"""The fields of `TrainConfig` that take one of some names: what a learner calls them, the names."""


class ConfigError(ValueError):
    """A run cannot be done as asked; the message says what is allowed."""


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

    estimator: str = "pathwise"
    samples: int = 1
    learning_rate: float = 2e-3
    beta: float = 1.0

    def __post_init__(self) -> None:
        if self.estimator not in TRAINABLE:
            raise ConfigError(
                f"No VAE can be trained with the estimator {self.estimator!r}. "
                f"Choose one of: {', '.join(TRAINABLE)}."
            )
        LIMITS["samples"].check(self.samples)
        LIMITS["learning_rate"].check(self.learning_rate)
        LIMITS["beta"].check(self.beta)
        entry = ESTIMATORS[self.estimator]
        if self.samples < entry.min_samples:
            raise ConfigError(
                f"{entry.title} ({self.estimator}) needs at least {entry.min_samples} "
                f"samples K, and got {self.samples}."
            )


@dataclass(frozen=True)
class TrainConfig:
    """One training run, complete: the same configuration gives the same run.

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
        warm_up: epochs over which the weight of the KL rises from 0 to beta (Bowman et al. 2016).
        objective: "elbo", or "iwae", the importance-weighted bound (Burda et al. 2016).
    """

    estimator: str = "pathwise"
    samples: int = 1
    learning_rate: float = 2e-3
    latent: int = 20
    hidden: int = 400
    batch: int = 100
    epochs: float | None = None
    seconds: float | None = None
    seed: int = 0
    depth: int = 1
    likelihood: str = "bernoulli"
    noise: float = 0.1
    targets: str = "grey"
    prior: str = "standard"
    beta: float = 1.0
    warm_up: float = 0.0
    objective: str = "elbo"

    def __post_init__(self) -> None:
        if self.epochs is None and self.seconds is None:
            object.__setattr__(self, "epochs", 1.0)
        if self.epochs is not None and self.seconds is not None:
            raise ConfigError("A run is planned in epochs or in seconds, not in both.")
        self.check(self.settings)
        for name in ("latent", "hidden", "batch", "seed", "depth", "noise", "warm_up"):
            LIMITS[name].check(getattr(self, name))
        for name in ("epochs", "seconds"):
            if getattr(self, name) is not None:
                LIMITS[name].check(getattr(self, name))
        self._check_choices()

    def _check_choices(self) -> None:
        """Names that exist, and that go together."""
        for name, (title, allowed) in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(
                    f"{title}: there is no {getattr(self, name)!r}. "
                    f"Choose one of: {', '.join(allowed)}."
                )
        if self.targets == "binary" and self.likelihood != "bernoulli":
            raise ConfigError(
                "A Gaussian is a density of grey values, and binary targets are coins: "
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
        return Settings(self.estimator, self.samples, self.learning_rate, self.beta)

    @property
    def architecture(self) -> dict[str, Any]:
        """What decides the model's shape: `VAE(**architecture)` fits this run's weights."""
        names = ("hidden", "latent", "depth", "likelihood", "noise", "prior")
        return {name: getattr(self, name) for name in names}

    def weight_of_kl(self, settings: Settings, epoch: float) -> float:
        """Beta at a point of the run: it rises in a straight line while the KL warms up."""
        return settings.beta * (min(1.0, epoch / self.warm_up) if self.warm_up else 1.0)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `TrainConfig(**values)` makes the same configuration again."""
        return asdict(self)


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
