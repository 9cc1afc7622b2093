"""What may change while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.estimators import ESTIMATORS
from vae_core.training.config.choices import TRAINING
from vae_core.training.options import ConfigError, Control, Limit, Names, option, options_of


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
            TRAINING,
            "No VAE can be trained with the estimator {value!r}.",
        ),
        ", ".join(TRAINING),
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
