"""Judge a VAE on held-out images, and take the pictures that show how far it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vae_core.data import as_unit
from vae_core.families import Normal
from vae_core.model import VAE
from vae_core.objective import bernoulli_log_prob, kl_per_dimension

CHUNK = 500
PICTURES = 10
MAP_POINTS = 1000
EVALUATION_SEED = 20_131_220

Array = np.ndarray


@dataclass(frozen=True)
class Bound:
    """ELBO = reconstruction - KL, each a mean over images, in nats per image."""

    elbo: float
    reconstruction: float
    kl: float


@dataclass(frozen=True)
class Evaluation:
    """A bound on held-out images, with the KL of each latent dimension, (D,), summing to `kl`."""

    bound: Bound
    kl_per_dimension: Array


@dataclass(frozen=True)
class Views:
    """What the model sees and dreams, as float32 arrays on the CPU.

    Attributes:
        originals: (10, 784) held-out images, one of each digit.
        reconstructions: (10, 784) the decoder's mean of x at z = mu(x).
        samples: (10, 784) the decoder's mean of x at z from the prior, the same z every time.
        latent_means: (M, 2) mu of held-out images when the latent size is 2, else None.
        labels: (M,) their digits.
    """

    originals: Array
    reconstructions: Array
    samples: Array
    latent_means: Array | None
    labels: Array


def spread(images: Tensor, count: int | None) -> Tensor:
    """`count` images, evenly spaced over the whole set; all of them when count is None."""
    if count is None or count >= len(images):
        return images
    return images[torch.linspace(0, len(images) - 1, count).long()]


@torch.inference_mode()
def evaluate(model: VAE, images: Tensor) -> Evaluation:
    """The ELBO on (N, 784) bytes, one sample of z an image, the same noise at every call.

    Common noise makes the curve of a run show its learning and not the luck of the draw.
    """
    gen = torch.Generator().manual_seed(EVALUATION_SEED)
    reconstruction, kl = 0.0, torch.zeros(())
    for chunk in images.split(CHUNK):
        x = as_unit(chunk)
        q = model.encoder(x)
        log_prob = bernoulli_log_prob(x, model.decoder(q.transform(q.base(1, gen))))
        reconstruction += log_prob.double().sum().item()
        kl = kl + kl_per_dimension(q).double().sum(0)
    mean_kl = kl / len(images)
    mean_reconstruction = reconstruction / len(images)
    total = mean_kl.sum().item()
    bound = Bound(mean_reconstruction - total, mean_reconstruction, total)
    return Evaluation(bound, mean_kl.float().numpy())


@torch.inference_mode()
def take_views(model: VAE, images: Tensor, labels: Tensor) -> Views:
    """Pictures of the present model on held-out images (N, 784) with labels (N,)."""
    gen = torch.Generator().manual_seed(EVALUATION_SEED)
    x = as_unit(images[one_of_each(labels)])
    q = model.encoder(x)
    latent = q.loc.shape[-1]
    prior = Normal(torch.zeros(len(x), latent), torch.ones(len(x), latent))
    means = None
    if latent == 2:
        means = model.encoder(as_unit(images[:MAP_POINTS])).loc.numpy().copy()
    return Views(
        originals=x.numpy(),
        reconstructions=model.mean_of_x(q.loc).numpy(),
        samples=model.mean_of_x(prior.base(1, gen)[0]).numpy(),
        latent_means=means,
        labels=labels[:MAP_POINTS].numpy(),
    )


def one_of_each(labels: Tensor) -> Tensor:
    """Positions of the first image of each digit in turn, filled up with the first images."""
    firsts = [int(i) for d in range(10) for i in (labels == d).nonzero()[:1, 0]]
    rest = [i for i in range(len(labels)) if i not in firsts[:PICTURES]]
    return torch.tensor((firsts + rest[: PICTURES - len(firsts)])[:PICTURES])
