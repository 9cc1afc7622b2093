"""What q(z|x) can be: a diagonal Gaussian, one with a tilt along one direction, or any; or coins.

Rezende, Mohamed & Wierstra 2014 write a diagonal plus rank one for the *precision*,
C^-1 = D + u u^T; here it is the *covariance*, C = D + u u^T. Both tilt q along one direction by as
many numbers, and on a plane both reach every covariance. The covariance is taken since its parts
can be seen, u being a direction along which all dimensions move together, and since Cholesky's
triangle, the inverse and the determinant then are sums along the dimensions. A full one is told by
its triangle, so that the D^3 operations of a factorization are never made.

The encoder gives mu and log sigma of each dimension, and what tilts q *in units of sigma*: the
covariance is S (I + t t^T) S or S (N N^T) S with S = diag(sigma), and N a lower triangle with ones
on its diagonal. Whatever numbers an encoder gives, that is a covariance; and where q narrows in
training, its tilt stays as it is.

All Gaussians are z = mu + L eps with a lower triangle L, and one eps for each dimension. So with
the same generator all of them see the same noise. Shapes: K samples, B images, D latent dimensions.

A new kind is a class and one registered function that makes it; `POSTERIORS` carries it to the
model, the shell, the pages and the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import constraints

from vae_core.families import (
    STANDARD_NORMAL,
    BernoulliByLogit,
    Distribution,
    Family,
    Gaussian,
    Normal,
    Parameter,
    Tails,
)

SOURCE = "Rezende, Mohamed & Wierstra 2014"
LOC = Parameter(constraints.real_vector, "numbers", symbol=r"\mu")


@dataclass(frozen=True)
class RankOne(Gaussian):
    """N(loc, D + u u^T) with D = diag(own^2) and u = own * tilt.

    In units of own, z_d - mu_d is y_d = eps_d + t_d eps_0, with one eps_0 for all dimensions. Its
    covariance I + t t^T has, with s_d = t_1^2 + ... + t_d^2, the leading minors 1 + s_d (by the
    determinant lemma), and so the lower triangle of Cholesky

        L_dd = sqrt((1 + s_d) / (1 + s_{d-1})),   L_dj = t_d t_j / sqrt((1 + s_{j-1}) (1 + s_j)),

    by which y = L eps needs no eps_0 and costs D additions, as its inverse does.

    Args:
        loc: mean mu, (B, D).
        own: deviation of each dimension's own noise, positive, (B, D).
        tilt: t, by how much of it the shared noise moves each dimension, (B, D).
    """

    own: Tensor
    tilt: Tensor

    @property
    def variance(self) -> Tensor:
        """own^2 (1 + t^2)."""
        return self.own.square() * (1.0 + self.tilt.square())

    @property
    def conditional_scale(self) -> Tensor:
        """own sqrt((1 + s_d) / (1 + s_{d-1}))."""
        now, before = self._minors
        return self.own * (now / before).sqrt()

    @property
    def lower_triangle(self) -> Tensor:
        """What each eps alone does to z, as columns."""
        batch, size = self.own.shape[:-1], self.own.shape[-1]
        alone = torch.eye(size, dtype=self.own.dtype).view(size, *(1 for _ in batch), size)
        centred = RankOne(torch.zeros_like(self.own), self.own, self.tilt)
        return centred.transform(alone).movedim(0, -1)

    def transform(self, eps: Tensor) -> Tensor:
        """Move base noise to the latent: z = loc + L eps, (K, B, D)."""
        now, before = self._minors
        along = _sum_before(self.tilt / (now * before).sqrt() * eps)
        return self.loc + self.own * ((now / before).sqrt() * eps + self.tilt * along)

    def inverse(self, z: Tensor) -> Tensor:
        """Find the base noise: what z_d leaves unexplained by those before it, (K, B, D)."""
        now, before = self._minors
        y = (z - self.loc) / self.own
        expected = self.tilt * _sum_before(self.tilt * y) / before
        return (y - expected) * (before / now).sqrt()

    def seen_from(self, p: Normal) -> RankOne:
        """The same in coordinates in which p is N(0, I)."""
        return RankOne((self.loc - p.loc) / p.scale, self.own / p.scale, self.tilt)

    @property
    def _minors(self) -> tuple[Tensor, Tensor]:
        """1 + s_d and 1 + s_{d-1}, (B, D) each."""
        squares = self.tilt.square()
        now = 1.0 + squares.cumsum(-1)
        return now, torch.cat((torch.ones_like(now[..., :1]), now[..., :-1]), -1)


@dataclass(frozen=True)
class Full(Gaussian):
    """N(loc, L L^T) with any lower triangle L that has a positive diagonal.

    Args:
        loc: mean mu, (B, D).
        scale_tril: L, (B, D, D).
    """

    scale_tril: Tensor

    @property
    def shape(self) -> torch.Size:
        """That of loc, (B, D)."""
        return self.loc.shape

    @property
    def variance(self) -> Tensor:
        """Row by row the sum of L's squares."""
        return self.scale_tril.square().sum(-1)

    @property
    def conditional_scale(self) -> Tensor:
        """L's diagonal."""
        return self.scale_tril.diagonal(dim1=-2, dim2=-1)

    @property
    def lower_triangle(self) -> Tensor:
        """L itself."""
        return self.scale_tril

    def transform(self, eps: Tensor) -> Tensor:
        """Move base noise to the latent: z = loc + L eps, (K, B, D)."""
        return self.loc + self._by_columns(eps, torch.matmul)

    def inverse(self, z: Tensor) -> Tensor:
        """Find the base noise, row after row: L^-1 (z - loc), (K, B, D)."""
        return self._by_columns(
            z - self.loc, lambda tril, off: torch.linalg.solve_triangular(tril, off, upper=False)
        )

    def seen_from(self, p: Normal) -> Full:
        """The same in coordinates in which p is N(0, I)."""
        return Full((self.loc - p.loc) / p.scale, self.scale_tril / p.scale.unsqueeze(-1))

    def _by_columns(self, rows: Tensor, work: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Work with L on vectors (..., B, D); those that share an L are columns of one matrix."""
        rows = rows.expand(torch.broadcast_shapes(rows.shape, self.loc.shape))
        columns = rows.reshape(-1, *self.loc.shape).movedim(0, -1)
        return work(self.scale_tril, columns).movedim(-1, 0).reshape(rows.shape)


def _sum_before(terms: Tensor) -> Tensor:
    """The sum of the terms before each, along the last axis; zero at the first."""
    sums = terms.cumsum(-1)[..., :-1]
    return torch.cat((torch.zeros_like(terms[..., :1]), sums), -1)


def _family(make: type[Gaussian], name: str, title: str, formula: str, **more: Parameter) -> Family:
    """What estimators ask of a distribution; a VAE's own, so it stands in no list of families."""
    return Family(
        name,
        make,
        title,
        SOURCE,
        path="location-scale",
        noise=STANDARD_NORMAL,
        law=None,
        parameters={"loc": LOC, **more},
        tails=lambda **_: Tails(square=0.0),
        formula=formula,
        vector=True,
    )


RankOne.family = _family(
    RankOne,
    "rank_one",
    "Normal with a covariance of diagonal plus rank one",
    r"\mu + L\varepsilon,\ LL^\top = D + uu^\top",
    own=Parameter(constraints.independent(constraints.positive, 1), "positive numbers"),
    tilt=Parameter(constraints.real_vector, "numbers"),
)
Full.family = _family(
    Full,
    "full",
    "Normal with a full covariance",
    r"\mu + L\varepsilon",
    scale_tril=Parameter(constraints.lower_cholesky, "a lower triangle with a positive diagonal"),
)


@dataclass(frozen=True)
class PosteriorKind:
    """One entry of the registry.

    Attributes:
        title: the name that a page shows.
        watch: one line on what to watch for.
        family: what q(z|x) is to an estimator, which takes it or not.
        outputs: D -> how many numbers the encoder gives for an image.
        make: (these numbers (B, outputs), D) -> q(z|x).
    """

    title: str
    watch: str
    family: Family
    outputs: Callable[[int], int]
    make: Callable[[Tensor, int], Distribution]


POSTERIORS: dict[str, PosteriorKind] = {}
Make = Callable[[Tensor, Tensor, Tensor], Gaussian]


def posterior(
    *, title: str, watch: str, further: Callable[[int], int], family: Family = Normal.family
) -> Callable[[Make], Make]:
    """Register the decorated function, which makes a Gaussian q(z|x), under its own name.

    It is given mu and sigma, (B, D), and what else the encoder gives for it, (B, further).
    """

    def register(make: Make) -> Make:
        def of_outputs(outputs: Tensor, latent: int) -> Distribution:
            mu, log_sigma, tilt = outputs.tensor_split((latent, 2 * latent), dim=-1)
            return make(mu, log_sigma.exp(), tilt)

        POSTERIORS[make.__name__] = PosteriorKind(
            title, watch, family, lambda latent: 2 * latent + further(latent), of_outputs
        )
        return make

    return register


def outputs_of_encoder(name: str, latent: int) -> int:
    """How many numbers an encoder gives for an image with this entry of `POSTERIORS`."""
    return POSTERIORS[name].outputs(latent)


@posterior(
    title="Diagonal",
    watch="A bell whose axes are those of z.",
    further=lambda latent: 0,
)
def diagonal(mu: Tensor, sigma: Tensor, _tilt: Tensor) -> Gaussian:
    """N(mu, sigma^2)."""
    return Normal(mu, sigma)


@posterior(
    title="Diagonal plus rank one",
    watch="The bell may lean along one direction.",
    further=lambda latent: latent,
    family=RankOne.family,
)
def rank_one(mu: Tensor, sigma: Tensor, tilt: Tensor) -> Gaussian:
    """Covariance D + u u^T, D = diag(sigma^2) and u = sigma * tilt."""
    return RankOne(mu, sigma, tilt)


@posterior(
    title="Full covariance",
    watch="The bell may lean any way: D (D - 1) / 2 more numbers for each image.",
    further=lambda latent: latent * (latent - 1) // 2,
    family=Full.family,
)
def full(mu: Tensor, sigma: Tensor, tilt: Tensor) -> Gaussian:
    """Covariance L L^T; in units of sigma, L has ones on its diagonal and the tilt below it."""
    size = mu.shape[-1]
    row, column = torch.tril_indices(size, size, -1)
    unit = torch.eye(size, dtype=mu.dtype).repeat(*mu.shape[:-1], 1, 1)
    unit[..., row, column] = tilt
    return Full(mu, sigma.unsqueeze(-1) * unit)


def bernoulli(logits: Tensor, _latent: int) -> Distribution:
    """Coins: z_d is 1 with probability 1 / (1 + exp(-logit)), each by itself."""
    return BernoulliByLogit(logits)


POSTERIORS["bernoulli"] = PosteriorKind(
    "Bernoulli: z of zeros and ones",
    "Each z is a coin, and has no path.",
    BernoulliByLogit.family,
    lambda latent: latent,
    bernoulli,
)
