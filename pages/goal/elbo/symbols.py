"""The symbols of the ELBO: what each is for one image and the trained VAE, as frames."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch

from pages.ui.live import Frame
from pages.ui.numbers import number, vector
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import SIDE, held_out_digit
from vae_core.vae.model import VAE
from vae_core.vae.objective import Anatomy, anatomy
from vae_core.vae.priors import kl_per_dimension

COUNT = 12
ELBO, MEAN, Q, PHI, Z, X, P, THETA, LOG, KL, PRIOR, JOINT = range(1, COUNT + 1)
# What is said of these depends on whose parameters theta and phi are.
CONVENTIONAL = {Q, PHI, P, THETA, JOINT}
SPECIMEN = 2
SAMPLES = 5
TABLE = {
    "x": "{shape_x}: 784 grey values",
    "μ, loc of q(z|x)": "{shape_mu}: {mu}",
    "σ, scale of q(z|x)": "{shape_mu}: {sigma}",
    "z, samples of q(z|x)": "{shape_z}, the first {z}",
    "logits of p(x|z)": "{shape_logits}",
    "log p(x|z)": "{shape_log}, the first {log_p}",
    "log p(z)": "{shape_log}, the first {log_prior}",
    "log p(x, z)": "{shape_log}, the first {log_joint}",
    "E[log p(x|z)], mean over the samples": "{reconstruction}",
    "KL(q ‖ p(z))": "{kl}",
    "ELBO": "{elbo}",
    "weights of the encoder": "{weights_phi}",
    "weights of the decoder": "{weights_theta}",
}


def model() -> VAE:
    """The trained VAE whose z has two dimensions. Raises CheckpointError."""
    return load_pretrained("latent2").model


def base_noise(seed: int) -> torch.Tensor:
    """The base noise of a seed, (SAMPLES, 2)."""
    return torch.randn((SAMPLES, 2), generator=torch.Generator().manual_seed(seed))


@lru_cache(maxsize=64)
def taken_apart(digit: int, seed: int) -> Anatomy:
    """The bound of a held-out image, symbol by symbol. Raises DataError, CheckpointError."""
    return anatomy(held_out_digit(digit, SPECIMEN), model(), base_noise(seed))


def frame(symbol: int, seed: int, digit: int, sentences: tuple[str, ...]) -> Frame:
    """What one symbol says, and the numbers of all.

    Args:
        symbol: 1 to COUNT.
        seed: of the base noise.
        digit: which image.
        sentences: what is said of each symbol, with blanks for the numbers.
    """
    x, found, words = held_out_digit(digit, SPECIMEN), taken_apart(digit, seed), told(digit, seed)
    pictures = {"x": x, "mean of x": found.logits[0].sigmoid()}
    traces: dict[str, dict[str, Any]] = {
        name: {"z": image.view(SIDE, SIDE).numpy().round(3)} for name, image in pictures.items()
    }
    said = sentences[symbol - 1].format(**words)
    return Frame(traces, {**words, "symbol": symbol, "told": said})


@lru_cache(maxsize=64)
def told(digit: int, seed: int) -> dict[str, str]:
    """Shapes and numbers as they are written."""
    x, found = held_out_digit(digit, SPECIMEN), taken_apart(digit, seed)
    pixel = int((found.logits[0].sigmoid() - 0.5).abs().argmin())
    ink = found.logits[0].sigmoid()[pixel]
    shapes = {
        "x": x,
        "mu": found.q.loc,
        "z": found.z,
        "logits": found.logits,
        "log": found.log_px,
    }
    dimensions = kl_per_dimension(found.q)
    numbers = {
        "log_p": found.log_px[0],
        "log_prior": found.log_pz[0],
        "log_joint": found.log_joint[0],
        "reconstruction": found.reconstruction,
        "error": -found.reconstruction,
        "kl": found.kl,
        "kl_1": dimensions[0],
        "kl_2": dimensions[1],
        "elbo": found.elbo,
        "loss": -found.elbo,
        "ink": ink,
        "spread": (ink * (1 - ink)).sqrt(),
    }
    return {
        **{f"shape_{name}": shape(tensor) for name, tensor in shapes.items()},
        **{name: number(float(value)) for name, value in numbers.items()},
        "mu": vector(found.q.loc),
        "sigma": vector(found.q.scale),
        "z": vector(found.z[0]),
        "samples": str(SAMPLES),
        "row": str(pixel // SIDE + 1),
        "column": str(pixel % SIDE + 1),
        "weights_phi": weights(model().encoder),
        "weights_theta": weights(model().decoder),
    }


def shape(tensor: torch.Tensor) -> str:
    """A tensor's shape as Python writes it: "(5, 2)"."""
    return str(tuple(tensor.shape))


def weights(network: torch.nn.Module) -> str:
    """How many weights a network has: "315,604"."""
    return f"{sum(weight.numel() for weight in network.parameters()):,}"


def sections(convention: str) -> list[str]:
    """Names of what the lesson says of each symbol under a convention."""
    return [
        f"symbol_{symbol}{f'_{convention}' if symbol in CONVENTIONAL else ''}"
        for symbol in range(1, COUNT + 1)
    ]
