"""What a run needs to go on later, as plain tensors in safetensors files, never pickles.

Files are written whole or not at all. What is written goes into a new file of an unused name beside
the target, which then takes its place: a neighbour is never touched, and whoever reads the target
sees the old file or the new one.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vae_core.training.config import ConfigError, TrainConfig
from vae_core.vae.data import COUNTS
from vae_core.vae.model import VAE

MOMENTS = ("exp_avg", "exp_avg_sq", "step")
PARTS = ("encoder.", "decoder.", "prior.")
MISFIT = "The checkpoint does not fit this configuration."
WANTED = "A file that `train --save` wrote is wanted."
PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How a file of torch.save begins: as a zip file, or as a bare pickle."""


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

    @property
    def finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(weight.isfinite().all()) for weight in self.weights.values())

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
    write_whole(path, save(checkpoint.tensors, metadata))


def load_checkpoint(path: Path) -> tuple[Checkpoint, TrainConfig]:
    """Read what `save_checkpoint` wrote, or a model that comes with the program.

    Raises:
        CheckpointError: there is nothing of the kind; the message names the file and the reason.
    """
    metadata, tensors = _read(path)
    if "config" not in metadata:
        raise CheckpointError(
            f"{path} is a safetensors file of another program: it holds no configuration of a VAE. "
            f"{WANTED}"
        )
    try:
        config = TrainConfig(**json.loads(metadata["config"]))
    except ConfigError as error:
        raise CheckpointError(f"{path} is of another version of this program. {error}") from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: its configuration cannot be read ({error}).") from error
    try:
        if "bound" in metadata:  # it came with the program, and was trained as planned
            steps = round((config.epochs or 0.0) * (COUNTS["train"] // config.batch))
            return Checkpoint(steps, 0.0, tensors), config
        return Checkpoint(int(metadata["step"]), float(metadata["seconds"]), tensors), config
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} does not say how far its training was.") from error


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and tensors of a safetensors file. Raises CheckpointError with the reason."""
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder. {WANTED}")
    if not path.exists():
        raise CheckpointError(f"There is no file {path}.")
    if not path.is_file():
        raise CheckpointError(f"{path} is no ordinary file. {WANTED}")
    try:
        with path.open("rb") as file:
            start = file.read(2)
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except SafetensorError as error:
        if start in PICKLES:
            raise CheckpointError(
                f"{path} is a file of torch.save, which may hold any program, so it is not opened. "
                f"{WANTED}"
            ) from error
        raise CheckpointError(f"{path} is damaged, or no safetensors file ({error}).") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; its permissions are those of the file it replaces, or what the umask leaves.

    A symbolic link stays, and the file that it leads to is replaced.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    path = path.resolve()
    with _part_beside(path) as (file, part):
        file.write(content)
        file.close()
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)


def try_target(path: Path, size: int) -> None:
    """Find out whether a file of this size, in bytes, could be written; nothing is left of it.

    Raises:
        OSError: it could not; `strerror` says why.
    """
    path = path.resolve()
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(0, "it is a folder", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(0, "it is no ordinary file", str(path))
    with _part_beside(path) as (file, _):
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.write(bytes(size))


@contextmanager
def _part_beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file of an unused name in the same folder, deleted where it is still there after."""
    part = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with part.open("xb") as file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)
