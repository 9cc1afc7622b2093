"""Judge a VAE on held-out images, and take the pictures that show how far it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vae_core.training.config import TrainConfig
from vae_core.vae.data import as_unit, binarized_bytes
from vae_core.vae.model import VAE
from vae_core.vae.objective import log_weights

CHUNK = 500
ROWS = 1000
PORTION = 100
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
    """A bound on held-out images, with the KL of each latent dimension, (D,), summing to `kl`.

    With a prior whose dimensions depend on each other, a mixture, a dimension's share is that of
    q(z_d|x) to p(z_d | z_1 ... z_{d-1}), estimated at the drawn samples.
    """

    bound: Bound
    kl_per_dimension: Array


@dataclass(frozen=True)
class Views:
    """What the model sees and dreams, as float32 arrays on the CPU.

    Attributes:
        originals: (10, 784) held-out images, one of each digit.
        reconstructions: (10, 784) the decoder's mean of x at the likeliest z, mu(x) of a bell.
        samples: (10, 784) the decoder's mean of x at z from the prior, the same z every time.
        latent_means: (M, 2) mu of held-out images when z is a plane, else None.
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


@dataclass(frozen=True)
class Evidence:
    """An estimate of log p(x), a mean over `images` images in nats, with its standard error.

    The error is that of the choice of images; the estimate itself lies below the truth by what
    `samples` samples leave of the gap.
    """

    log_prob: float
    standard_error: float
    images: int
    samples: int


def held_out(images: Tensor, config: TrainConfig) -> Tensor:
    """The images (N, 784), as bytes, that a run of this configuration is judged on.

    Binary targets are tossed once, the same for every run, so that numbers can be compared.
    """
    return binarized_bytes(images, EVALUATION_SEED) if config.targets == "binary" else images


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
        eps = q.base(1, gen)
        z = q.transform(eps)
        each = model.prior.kl_per_dimension(q)
        if each is None:
            each = q.log_prob_of_noise(eps[0]) - model.prior.log_prob_per_dimension(z[0])
        reconstruction += model.log_prob_x(x, z).double().sum().item()
        kl = kl + each.double().sum(0)
    mean_kl = kl / len(images)
    mean_reconstruction = reconstruction / len(images)
    total = mean_kl.sum().item()
    bound = Bound(mean_reconstruction - total, mean_reconstruction, total)
    return Evaluation(bound, mean_kl.float().numpy())


@torch.inference_mode()
def evidence(
    model: VAE,
    images: Tensor,
    samples: int,
    seed: int = EVALUATION_SEED,
    progress: Callable[[float], object] | None = None,
) -> Evidence:
    """The importance-weighted estimate of log p(x) on (N, 784) bytes; N at least 2.

    Burda et al. 2016, section 5: the log of the mean of p(x, z) / q(z|x) over the samples. They
    are drawn in portions, `ROWS` latents at a time, so memory does not grow with them.

    Args:
        samples: K, samples of z for each image.
        progress: told the share of the work that is done, from time to time.
    """
    gen = torch.Generator().manual_seed(seed)
    portion = min(samples, PORTION)
    found = []
    for chunk in images.split(max(1, ROWS // portion)):
        x = as_unit(chunk)
        q = model.encoder(x)
        total = torch.full((len(x),), -math.inf)
        for start in range(0, samples, portion):
            z = q.transform(q.base(min(portion, samples - start), gen))
            total = torch.logaddexp(total, log_weights(x, q, model, z).logsumexp(0))
        found.append(total.double() - math.log(samples))
        if progress is not None:
            progress(sum(map(len, found)) / len(images))
    each = torch.cat(found)
    error = each.std().item() / math.sqrt(len(each))
    return Evidence(each.mean().item(), error, len(each), samples)


@torch.inference_mode()
def take_views(model: VAE, images: Tensor, labels: Tensor) -> Views:
    """Pictures of the present model on held-out images (N, 784) with labels (N,)."""
    gen = torch.Generator().manual_seed(EVALUATION_SEED)
    x = as_unit(images[one_of_each(labels)])
    q = model.encoder(x)
    means = None
    if q.shape[-1] == 2 and not q.family.discrete:
        means = model.encoder(as_unit(images[:MAP_POINTS])).loc.numpy().copy()
    return Views(
        originals=x.numpy(),
        reconstructions=model.mean_of_x(q.mode).numpy(),
        samples=model.mean_of_x(model.prior.sample(len(x), gen)).numpy(),
        latent_means=means,
        labels=labels[:MAP_POINTS].numpy(),
    )


def one_of_each(labels: Tensor) -> Tensor:
    """Positions of the first image of each digit in turn, filled up with the first images."""
    firsts = [int(i) for d in range(10) for i in (labels == d).nonzero()[:1, 0]]
    rest = [i for i in range(len(labels)) if i not in firsts[:PICTURES]]
    return torch.tensor((firsts + rest[: PICTURES - len(firsts)])[:PICTURES])
