"""What one server allows of a run: its size and its length."""

from __future__ import annotations

import torch
from torch import nn

from vae_core.runs.allowance import Allowance
from vae_core.training.config import ConfigError, Settings, TrainConfig
from vae_core.vae.data import COUNTS, PIXELS
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.posteriors import outputs_of_encoder
from vae_core.vae.priors import PSEUDO_INPUTS, make_prior

FULL = "The line is full at the moment. Please try again in a minute."


class JobsError(ValueError):
    """A request cannot be met; the message says why."""


class Bounds(Allowance):
    """What one server allows, and the words for what is too large."""

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

    def check_compared(self, runs: int) -> None:
        """Raise JobsError for more runs than one visitor may ask for at once."""
        if runs > self.together:
            raise JobsError(f"You may compare {self.together} runs at a time.")

    def check_second(self, active: int) -> None:
        """Raise JobsError for a visitor who has so many runs under way, and wants to start one."""
        if active:
            raise JobsError("You have a training under way. Stop it before you start another.")

    def check_together(self, active: int) -> None:
        """Raise JobsError for a visitor who has so many runs under way, and goes on with one."""
        if active >= self.together:
            raise JobsError(f"You have {active} trainings under way. Stop one of them first.")

    def check_line(self, waiting: int, more: int) -> None:
        """Raise JobsError where no more runs may wait beside these."""
        if more and waiting + more > self.waiting:
            raise JobsError(FULL)


def planned_steps(config: TrainConfig) -> int:
    """Updates that a run plans, on all training images; 0 for one that is planned in seconds."""
    return round((config.epochs or 0.0) * (COUNTS["train"] // config.batch))


def count_weights(config: TrainConfig) -> int:
    """Weights that a configuration trains: encoder, decoder and prior, biases included."""
    hidden, latent = config.hidden, config.latent
    outputs = LIKELIHOODS[config.likelihood].outputs * PIXELS
    further = (config.depth - 1) * (hidden + 1) * hidden
    encoder = (
        (PIXELS + 1) * hidden
        + further
        + (hidden + 1) * outputs_of_encoder(config.posterior, latent)
    )
    decoder = (latent + 1) * hidden + further + (hidden + 1) * outputs
    pictures = torch.empty(PSEUDO_INPUTS, PIXELS)
    prior = make_prior(config.prior, latent, nn.Identity(), pictures, torch.Generator())
    return encoder + decoder + sum(weight.numel() for weight in prior.parameters())
