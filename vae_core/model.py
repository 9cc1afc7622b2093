"""The variational autoencoder's two networks, and nothing else.

Encoder (weights phi): x -> mu, log sigma, the parameters of q(z|x).
Decoder (weights theta): z -> logits, the parameters of p(x|z). It does not give x itself.
Both have one hidden layer (Kingma & Welling 2014, appendix C). Neither mu nor sigma is a weight:
the encoder predicts them anew for every image.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_core.data import PIXELS
from vae_core.families import Normal

LEAST_INK = 1e-3


class Encoder(nn.Module):
    """q(z|x) = N(mu(x), sigma(x)^2), diagonal."""

    def __init__(self, pixels: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.hidden = nn.utils.skip_init(nn.Linear, pixels, hidden)
        self.parameters_of_q = nn.utils.skip_init(nn.Linear, hidden, 2 * latent)

    def forward(self, x: Tensor) -> Normal:
        """Images (B, 784) in [0, 1] to a Normal with loc and scale (B, D)."""
        mu, log_sigma = self.parameters_of_q(F.relu(self.hidden(x))).chunk(2, dim=-1)
        return Normal(mu, log_sigma.exp())


class Decoder(nn.Module):
    """p(x|z): one Bernoulli for each pixel."""

    def __init__(self, latent: int, hidden: int, pixels: int) -> None:
        super().__init__()
        self.hidden = nn.utils.skip_init(nn.Linear, latent, hidden)
        self.logits = nn.utils.skip_init(nn.Linear, hidden, pixels)

    def forward(self, z: Tensor) -> Tensor:
        """Latents (..., D) to logits (..., 784); their sigmoid is the mean of x."""
        logits: Tensor = self.logits(F.relu(self.hidden(z)))
        return logits


class VAE(nn.Module):
    """An encoder and a decoder with freshly drawn weights.

    Args:
        pixels: size of x.
        hidden: width of the hidden layer in either network.
        latent: D, the size of z.
        pixel_mean: (pixels,) mean of each pixel; the output bias starts there, so that training
            need not spend its first steps on learning what the average image looks like.
        gen: draws the weights; the default is a generator with seed 0.
    """

    encoder: Encoder
    decoder: Decoder

    def __init__(
        self,
        pixels: int = PIXELS,
        hidden: int = 400,
        latent: int = 20,
        pixel_mean: Tensor | None = None,
        gen: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(pixels, hidden, latent)
        self.decoder = Decoder(latent, hidden, pixels)
        _initialize(self, gen or torch.Generator().manual_seed(0))
        if pixel_mean is not None:
            with torch.no_grad():
                mean = pixel_mean.clamp(LEAST_INK, 1.0 - LEAST_INK)
                self.decoder.logits.bias.copy_(mean.logit())

    def mean_of_x(self, z: Tensor) -> Tensor:
        """Latents (..., D) to the mean of x under p(x|z), (..., 784): what pictures show."""
        return self.decoder(z).sigmoid()  # type: ignore[no-any-return]


def _initialize(model: VAE, gen: torch.Generator) -> None:
    """He et al. 2015 before a ReLU, Glorot & Bengio 2010 at the outputs; biases zero.

    The encoder starts near q(z|x) = N(0, I): close to the prior the KL is small, and no sigma is
    so small that the score, which grows as 1 / sigma, throws a REINFORCE run off course.
    """
    with torch.no_grad():
        for layer in (model.encoder.hidden, model.decoder.hidden):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=gen)
            nn.init.zeros_(layer.bias)
        mu, log_sigma = model.encoder.parameters_of_q.weight.chunk(2)
        for weight, gain in ((mu, 0.2), (log_sigma, 0.05), (model.decoder.logits.weight, 0.5)):
            nn.init.xavier_uniform_(weight, gain=gain, generator=gen)
        nn.init.zeros_(model.encoder.parameters_of_q.bias)
        nn.init.zeros_(model.decoder.logits.bias)
