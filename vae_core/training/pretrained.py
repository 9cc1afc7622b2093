"""Trained models that come with the program: how they are made, and how they are read back.

`python -m vae_core pretrain` writes one safetensors file for each plan in `PLANS`: the weights in
half precision, the configuration, and the bound on all held-out images measured with those very
weights. A plan has a fixed seed, so the same machine makes the same files again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from vae_core.training.checkpoint import CheckpointError, write_whole
from vae_core.training.config import TrainConfig
from vae_core.training.evaluate import Bound, evaluate
from vae_core.training.train import Diverged, Progress, fresh_model, train
from vae_core.vae.data import Mnist, load_mnist
from vae_core.vae.model import VAE

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "pretrained"
PLANS = {
    "latent1": TrainConfig(latent=1, epochs=20, seed=0),
    "latent2": TrainConfig(latent=2, epochs=40, seed=0),
    "latent5": TrainConfig(latent=5, epochs=20, seed=0),
    "latent10": TrainConfig(latent=10, epochs=20, seed=0),
    "latent20": TrainConfig(latent=20, epochs=20, seed=0),
}
"""What is trained, by the name of its file."""

REMEDY = "`python -m vae_core pretrain` makes it anew in a few minutes."


@dataclass(frozen=True)
class Pretrained:
    """A trained model, and what is known of it.

    Attributes:
        model: in float32, to be read and never trained.
        config: how it was trained.
        bound: mean over all held-out images, one sample of z each, as measured when it was made.
    """

    model: VAE
    config: TrainConfig
    bound: Bound


def file_of(name: str, folder: Path | None = None) -> Path:
    """Where a model's file lies."""
    return (folder or FOLDER) / f"{name}.safetensors"


def pretrain(
    config: TrainConfig,
    path: Path,
    data: Mnist | None = None,
    hear: Callable[[Progress], object] | None = None,
) -> Bound:
    """Train as `config` says and write the file, whole or not at all.

    Args:
        config: the plan.
        path: the file to write; its folder is made if need be.
        data: images; MNIST when None.
        hear: is told of every look at held-out images.

    Returns:
        The bound on all held-out images, with the weights as they were written.

    Raises:
        CheckpointError: the training blew up.
    """
    data = data or load_mnist()
    weights = None
    for report in train(config, data, exact=True):  # not rounded, whatever the processor
        if isinstance(report, Diverged):
            raise CheckpointError(report.explanation)
        if hear and report.test:
            hear(report)
        if report.checkpoint:
            weights = {name: each.half() for name, each in report.checkpoint.weights.items()}
    assert weights is not None  # noqa: S101  (a run that has not diverged ends with a checkpoint)
    model = fresh_model(config, data)
    model.load_state_dict({name: each.float() for name, each in weights.items()})
    bound = evaluate(model, data.test_images).bound
    told = {
        "config": json.dumps(config.as_dict()),
        "bound": json.dumps(asdict(bound)),
        "encoder": json.dumps(_layers(model.encoder, "encoder")),
        "decoder": json.dumps(_layers(model.decoder, "decoder")),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(weights, told))
    return bound


def _layers(network: nn.Module, name: str) -> list[str]:
    """Names of the linear layers in their order, for readers who know no torch."""
    linear = (key for key, each in network.named_modules() if isinstance(each, nn.Linear))
    return [f"{name}.{key}" for key in linear]


def load_pretrained(name: str, folder: Path | None = None) -> Pretrained:
    """Read a model, once per process and file; later calls share it.

    Args:
        name: a key of `PLANS`.
        folder: another folder than the program's own.

    Raises:
        CheckpointError: the file is missing, damaged, or of another version of the program.

    >>> found = load_pretrained("latent2")
    >>> found.model.mean_of_x(torch.zeros(1, 2)).shape  # what it dreams at the middle of the plane
    torch.Size([1, 784])
    >>> -160 < found.bound.elbo < -100  # nats per held-out image
    True
    """
    return _load(file_of(name, folder))


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # whoever asks first: gradients may be asked of it later
def _load(path: Path) -> Pretrained:
    name = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        raise CheckpointError(f"The trained model {name} is missing. {REMEDY}")
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata()
            weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        config = TrainConfig(**json.loads(told["config"]))
        bound = Bound(**json.loads(told["bound"]))
        model = VAE(hidden=config.hidden, latent=config.latent, gen=torch.Generator())
        model.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"The trained model {name} is damaged. {REMEDY}") from error
    return Pretrained(model.eval().requires_grad_(False), config, bound)
