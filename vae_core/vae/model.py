"""The variational autoencoder: encoder, decoder, prior and likelihood, put together.

Encoder (weights phi): x -> mu, log sigma, the parameters of q(z|x), and more where q is tilted; or
the logits of coins.
Decoder (weights theta): z -> the parameters of p(x|z), such as logits. It does not give x itself.
Both have one hidden layer (Kingma & Welling 2014, appendix C), or more of the same width. Neither
mu nor sigma is a weight: the encoder predicts them anew for every image.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from vae_core.estimators import in_parts
from vae_core.families import Distribution, Gaussian, Normal
from vae_core.vae.data import PIXELS
from vae_core.vae.fast_dense import Dense, mixed_precision, through
from vae_core.vae.likelihoods import LIKELIHOODS, bias_for_deviation, mean_of_pixels
from vae_core.vae.posteriors import POSTERIORS, outputs_of_encoder
from vae_core.vae.priors import PRIORS, PSEUDO_INPUTS, make_prior

LEAST_INK = 1e-3
MOST_MEMORY = 1_500_000_000
"""Of a step, in bytes: images, libraries and Python itself take another 0.4 GB."""
FIRST_DEVIATION = 0.3
"""Where a learned sigma of x starts: the spread of MNIST's grey values."""
FIRST_TILT = 0.2
"""Gain of the weights that tilt q; at zero exactly, the gradient of a rank-one tilt is zero."""


class Encoder(nn.Module):
    """q(z|x) = N(mu(x), sigma(x)^2), diagonal; or another one, see `posteriors`."""

    def __init__(
        self, pixels: int, hidden: int, latent: int, depth: int = 1, posterior: str = "diagonal"
    ) -> None:
        super().__init__()
        self.kind = POSTERIORS[posterior]
        self.latent = latent
        self.hidden = Dense(pixels, hidden)
        self.deeper = _further_layers(hidden, depth)
        self.parameters_of_q = Dense(hidden, outputs_of_encoder(posterior, latent))

    def forward(self, x: Tensor) -> Distribution:
        """Images (B, 784) in [0, 1] to a q of (B, D): a Normal where it is diagonal."""
        outputs = through((self.hidden, *self.deeper, self.parameters_of_q), x)
        return self.kind.make(outputs, self.latent)


class Decoder(nn.Module):
    """The parameters of p(x|z), one or two numbers for each pixel; see `likelihoods`."""

    def __init__(self, latent: int, hidden: int, outputs: int, depth: int = 1) -> None:
        super().__init__()
        self.hidden = Dense(latent, hidden)
        self.deeper = _further_layers(hidden, depth)
        self.logits = Dense(hidden, outputs)

    def forward(self, z: Tensor) -> Tensor:
        """Latents (..., D) to logits (..., 784); their sigmoid is the mean of x.

        Where sigma of x is learned, 784 more numbers follow.
        """
        return through((self.hidden, *self.deeper, self.logits), z)


def _further_layers(hidden: int, depth: int) -> nn.ModuleList:
    return nn.ModuleList(Dense(hidden, hidden) for _ in range(depth - 1))


class VAE(nn.Module):
    """An encoder, a decoder and a prior with freshly drawn weights.

    Args:
        pixels: size of x.
        hidden: width of the hidden layers in either network.
        latent: D, the size of z.
        pixel_mean: (pixels,) mean of each pixel; the output bias starts there, so that training
            need not spend its first steps on learning what the average image looks like.
        gen: draws the weights; the default is a generator with seed 0.
        depth: hidden layers in either network.
        likelihood: p(x|z), a name in `vae_core.vae.likelihoods.LIKELIHOODS`.
        noise: sigma of x, where the likelihood is a Gaussian with a fixed one.
        prior: p(z), a name in `vae_core.vae.priors.PRIORS`.
        posterior: what q(z|x) can be, a name in `vae_core.vae.posteriors.POSTERIORS`. Whichever it
            is, the same generator draws the same weights for all that a diagonal one has, too.
        pseudo_inputs: (C, pixels) where a VampPrior starts; black pictures when None.
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
        *,
        depth: int = 1,
        likelihood: str = "bernoulli",
        noise: float = 0.1,
        prior: str = "standard",
        posterior: str = "diagonal",
        pseudo_inputs: Tensor | None = None,
    ) -> None:
        super().__init__()
        gen = gen or torch.Generator().manual_seed(0)
        if PRIORS[prior].discrete != POSTERIORS[posterior].family.discrete:
            raise ValueError(f"The prior {prior} draws no z of the posterior {posterior}.")
        self.pixels = pixels
        self.noise = noise
        self.likelihood = LIKELIHOODS[likelihood]
        self.encoder = Encoder(pixels, hidden, latent, depth, posterior)
        self.decoder = Decoder(latent, hidden, self.likelihood.outputs * pixels, depth)
        _initialize(self, gen)
        if pixel_mean is not None:
            with torch.no_grad():
                mean = pixel_mean.clamp(LEAST_INK, 1.0 - LEAST_INK)
                self.decoder.logits.bias[:pixels].copy_(mean.logit())
        if pseudo_inputs is None:
            pseudo_inputs = torch.zeros(PSEUDO_INPUTS, pixels)
        self.prior = make_prior(prior, latent, self.encoder, pseudo_inputs, gen)
        with torch.no_grad():  # last, so that it moves no other draw
            tilt = self.encoder.parameters_of_q.weight[2 * latent :]
            if len(tilt):
                nn.init.xavier_uniform_(tilt, gain=FIRST_TILT, generator=gen)

    def gaussian_q(self, x: Tensor) -> Gaussian:
        """q(z|x) of a model whose q is a Gaussian, for what no coin can do.

        Raises:
            ValueError: q is none.
        """
        q = self.encoder(x)
        if not isinstance(q, Gaussian):
            raise ValueError(
                "This is worked out for a Gaussian q(z|x), and the model's is another: "
                f"{self.encoder.kind.title}."
            )
        return q

    def diagonal_q(self, x: Tensor) -> Normal:
        """q(z|x) of a model whose q is diagonal, for what mu and sigma alone are worked out for.

        Raises:
            ValueError: q is another Gaussian.
        """
        q = self.encoder(x)
        if not isinstance(q, Normal):
            raise ValueError(
                "This is worked out for a diagonal q(z|x), which mu and sigma describe, and the "
                f"model's is another: {self.encoder.kind.title}."
            )
        return q

    def rounded(self, wanted: bool = True) -> AbstractContextManager[None]:
        """Large products of this thread are rounded meanwhile, where the likelihood bears it.

        A density can be too steep in its mean for eight bits; a probability is not.
        """
        return mixed_precision(wanted and not self.likelihood.density)

    def log_prob_x(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats, summed over pixels: (..., 784) and (..., D) to (...).

        For one minibatch (B, 784) and very many samples (K, B, D) some of them at a time.
        """

        def log_prob(some: Tensor) -> Tensor:
            return self.likelihood.log_prob(x, self.decoder(some), self.noise)

        return in_parts(log_prob, z, self.most_samples) if z.dim() > x.dim() == 2 else log_prob(z)

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) of samples (K, B, D), in nats, some of them at a time likewise: (K, B)."""
        return in_parts(self.prior.log_prob, z, self.most_samples)

    @property
    def most_samples(self) -> int:
        """How many z are decoded at once, so that a training step stays below two gigabytes.

        Measured: a sample takes some seven numbers a pixel, three for each hidden unit, and where
        the prior is a mixture eight for each coordinate of each component; a weight takes eight,
        with its gradient and what the optimizer and a checkpoint keep of it.
        """
        layers = [self.decoder.hidden, *self.decoder.deeper]
        hidden = sum(int(layer.out_features) for layer in layers)
        per_sample: int = (
            7 * self.likelihood.outputs * self.pixels + 3 * hidden + self.prior.numbers
        )
        weights: int = sum(weight.numel() for weight in self.parameters())
        return max(1, (MOST_MEMORY // 4 - 8 * weights) // per_sample)

    def mean_of_x(self, z: Tensor) -> Tensor:
        """Latents (..., D) to the mean of x under p(x|z), (..., 784): what pictures show."""
        return mean_of_pixels(self.decoder(z), self.pixels)

    def deviation_of_x(self, z: Tensor) -> Tensor:
        """Latents (..., D) to the standard deviation of x under p(x|z), (..., 784)."""
        return self.likelihood.deviation(self.decoder(z), self.noise)


def _initialize(model: VAE, gen: torch.Generator) -> None:
    """He et al. 2015 before a ReLU, Glorot & Bengio 2010 at the outputs; biases zero.

    The encoder starts near q(z|x) = N(0, I): close to the prior the KL is small, and no sigma is
    so small that the score, which grows as 1 / sigma, throws a REINFORCE run off course.
    """
    encoder, decoder = model.encoder, model.decoder
    hidden = (encoder.hidden, decoder.hidden, *encoder.deeper, *decoder.deeper)
    pixels = model.pixels
    with torch.no_grad():
        for layer in hidden:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=gen)
            nn.init.zeros_(layer.bias)
        mu, log_sigma, _ = encoder.parameters_of_q.weight.tensor_split(
            (encoder.latent, 2 * encoder.latent)
        )
        mean_of_x, sigma_of_x = decoder.logits.weight[:pixels], decoder.logits.weight[pixels:]
        for weight, gain in ((mu, 0.2), (log_sigma, 0.05), (mean_of_x, 0.5)):
            nn.init.xavier_uniform_(weight, gain=gain, generator=gen)
        nn.init.zeros_(encoder.parameters_of_q.bias)
        nn.init.zeros_(decoder.logits.bias)
        nn.init.zeros_(sigma_of_x)
        nn.init.constant_(decoder.logits.bias[pixels:], bias_for_deviation(FIRST_DEVIATION))
