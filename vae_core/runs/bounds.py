"""What one server allows: the size of a run, and what all runs together may hold."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import nn

from vae_core.training.config import ConfigError, Settings, TrainConfig
from vae_core.vae.data import COUNTS, PIXELS
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.priors import PSEUDO_INPUTS, make_prior


class JobsError(ValueError):
    """A request cannot be met; the message says why."""


@dataclass(frozen=True)
class Bounds:
    """What one server allows.

    Attributes:
        waiting: runs in the queue.
        together: runs that one visitor may ask for at once.
        watchers: tokens that lead to one training.
        kept: runs held in memory that are not active.
        grace: seconds that a run goes on with nobody watching; one that has ended leaves the
            memory after as long, and is found again on the disk.
        seconds: training time of one run.
        steps: updates that one run may plan.
        weights: size of a model.
        draws: latents drawn in one step, B times K.
        memory: bytes of checkpoints and looks of the runs that are not active.
        looks: bytes of the looks of all runs.
        folders: runs on the disk.
        disk: bytes of their files.
    """

    waiting: int = 100
    together: int = 4
    watchers: int = 200
    kept: int = 40
    grace: float = 900.0
    seconds: float = 3600.0
    steps: int = 200_000
    weights: int = 8_000_000
    draws: int = 40_000
    memory: int = 256_000_000
    looks: int = 128_000_000
    folders: int = 200
    disk: int = 2_000_000_000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Bounds:
        """The standard bounds, each replaced where a variable such as TTN_GRACE has a number.

        Raises:
            ValueError: a variable holds something else.
        """
        found = asdict(cls())
        for field, standard in found.items():
            name = f"TTN_{field.upper()}"
            if name in environment:
                try:
                    found[field] = type(standard)(environment[name])
                except ValueError as error:
                    raise ValueError(f"{name} must be a number: {environment[name]!r}") from error
        return cls(**found)

    def check(self, config: TrainConfig) -> None:
        """Raise JobsError, in words that name the way out, for a run that is too large here."""
        steps = planned_steps(config)
        if steps > self.steps:
            raise JobsError(
                f"This plan makes {steps:,} steps, and one run here may make {self.steps:,}. "
                "Choose fewer epochs or a larger batch."
            )
        if config.seconds is not None and config.seconds > self.seconds:
            raise JobsError(
                f"One training may take {self.seconds:,.0f} seconds here. Plan a shorter one."
            )
        size = count_weights(config)
        if size > self.weights:
            raise JobsError(
                f"This model has {size:,} weights, and one here may have {self.weights:,}. "
                "Choose narrower or fewer hidden layers."
            )
        self.check_settings(config, config.settings)

    def check_settings(self, config: TrainConfig, settings: Settings) -> None:
        """Raise JobsError where a run cannot take such settings, or draws too many latents."""
        try:
            config.check(settings)
        except ConfigError as problem:
            raise JobsError(str(problem)) from problem
        draws = config.batch * settings.samples
        if draws > self.draws:
            raise JobsError(
                f"{settings.samples} samples K for each of {config.batch} images are {draws:,} "
                f"latents a step, and {self.draws:,} are allowed here. Choose fewer samples or a "
                "smaller batch."
            )


def planned_steps(config: TrainConfig) -> int:
    """Updates that a run plans, on all training images; 0 for one that is planned in seconds."""
    return round((config.epochs or 0.0) * (COUNTS["train"] // config.batch))


def count_weights(config: TrainConfig) -> int:
    """Weights that a configuration trains: encoder, decoder and prior, biases included."""
    hidden, latent = config.hidden, config.latent
    outputs = LIKELIHOODS[config.likelihood].outputs * PIXELS
    further = (config.depth - 1) * (hidden + 1) * hidden
    encoder = (PIXELS + 1) * hidden + further + (hidden + 1) * 2 * latent
    decoder = (latent + 1) * hidden + further + (hidden + 1) * outputs
    pictures = torch.empty(PSEUDO_INPUTS, PIXELS)
    prior = make_prior(config.prior, latent, nn.Identity(), pictures, torch.Generator())
    return encoder + decoder + sum(weight.numel() for weight in prior.parameters())
