"""What a run needs to go on later, as plain tensors in safetensors files, never pickles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vae_core.training.config import TrainConfig
from vae_core.vae.model import VAE

MOMENTS = ("exp_avg", "exp_avg_sq", "step")
PARTS = ("encoder.", "decoder.", "prior.")
MISFIT = "The checkpoint does not fit this configuration."


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """Weights, optimizer moments and the state of the noise after `step` steps.

    Attributes:
        step: updates made.
        seconds: time spent on them.
        tensors: copies on the CPU; weights under their names in the model (encoder...,
            decoder..., prior...), the rest under `optimizer.` and `noise`.
    """

    step: int
    seconds: float
    tensors: dict[str, Tensor]

    @property
    def weights(self) -> dict[str, Tensor]:
        """The model's own tensors, fit for `VAE.load_state_dict`."""
        return {k: v for k, v in self.tensors.items() if k.startswith(PARTS)}

    def model(self, config: TrainConfig) -> VAE:
        """The trained model. Raises CheckpointError when the configuration is another's."""
        model = VAE(**config.architecture)
        try:
            model.load_state_dict(self.weights)
        except RuntimeError as error:
            raise CheckpointError(MISFIT) from error
        return model


def capture(
    model: VAE, optimizer: torch.optim.Adam, gen: torch.Generator, step: int, seconds: float
) -> Checkpoint:
    """Copy the run's state, so that later steps leave the copy alone."""
    tensors = {name: value.detach().clone() for name, value in model.state_dict().items()}
    for index, parameter in enumerate(model.parameters()):
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{index}.{key}"] = value.detach().clone()
    tensors["noise"] = gen.get_state()
    return Checkpoint(step, seconds, tensors)


def restore(
    checkpoint: Checkpoint, model: VAE, optimizer: torch.optim.Adam, gen: torch.Generator
) -> None:
    """Put a captured state back. Raises CheckpointError when it belongs to another model."""
    try:
        model.load_state_dict(checkpoint.weights)
        gen.set_state(checkpoint.tensors["noise"])
    except (RuntimeError, KeyError) as error:
        raise CheckpointError(MISFIT) from error
    for index, parameter in enumerate(model.parameters()):
        state = {key: checkpoint.tensors.get(f"optimizer.{index}.{key}") for key in MOMENTS}
        if all(value is not None for value in state.values()):
            optimizer.state[parameter] = {k: v.clone() for k, v in state.items() if v is not None}


def save_checkpoint(path: Path, checkpoint: Checkpoint, config: TrainConfig) -> None:
    """Write a safetensors file with the configuration in its header, whole or not at all."""
    metadata = {
        "config": json.dumps(config.as_dict()),
        "step": str(checkpoint.step),
        "seconds": repr(checkpoint.seconds),
    }
    part = path.with_suffix(".part")
    save_file(checkpoint.tensors, part, metadata)
    part.replace(path)


def load_checkpoint(path: Path) -> tuple[Checkpoint, TrainConfig]:
    """Read what `save_checkpoint` wrote. Raises CheckpointError on a missing or damaged file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        config = TrainConfig(**json.loads(metadata["config"]))
        step, seconds = int(metadata["step"]), float(metadata["seconds"])
        return Checkpoint(step, seconds, tensors), config
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError("The snapshot file is missing or damaged.") from error
