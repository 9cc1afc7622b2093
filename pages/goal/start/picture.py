"""The Start page's picture: a VAE's way forward, and how far the gradient gets on its way back.

Pure functions: numbers to a frame, and the diagram that shows them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pages.ui.live import Diagram, Edge, Form, Frame, Line, Node
from vae_core.families import Normal

# Tracks of the diagram: along, what happens; across, from the noise to what is written.
X, ENCODER, PREDICTED, SAMPLING, Z, DECODER, XHAT, COST = range(8)
NOISE, MU, MIDDLE, SIGMA, LANE, NOTES = range(6)
SIZES = {"node": (150.0, 66.0), "cost": (84.0, 50.0), "value": (46.0, 20.0)}
TITLE = {"gradient": 15.0}
WIDE = Form(
    size=(960, 306),
    along=(30, 142, 276, 436, 588, 704, 818, 910),
    across=(24, 84, 118, 152, 222, 268),
    sizes={
        **SIZES,
        "note": (118.0, 68.0),
        "learns": (76.0, 68.0),
        "gradient": (80.0, 20.0),
    },
    letters=TITLE,
)
NARROW = Form(
    size=(360, 640),
    down=True,
    along=(26, 84, 168, 262, 364, 450, 530, 606),
    across=(24, 92, 122, 152, 222, 298),
    sizes={**SIZES, "node": (136.0, 66.0), "note": (124.0, 68.0), "learns": (124.0, 68.0)},
    letters=TITLE,
    places={"mu_value": ("left", "mu"), "gradient": (COST, NOTES)},
)


@dataclass(frozen=True)
class Passage:
    """One pass through the picture, in one dimension, for the cost z^2.

    Attributes:
        eps: base noise behind the draw.
        z: the draw, mu + sigma eps.
        cost: z^2.
        by_z: derivative of the cost in z.
        by_mu: derivative of the cost in mu, None where no gradient arrives.
        by_sigma: the same in sigma.
    """

    eps: float
    z: float
    cost: float
    by_z: float
    by_mu: float | None
    by_sigma: float | None


def passage(mu: float, sigma: float, eps: float, *, outside: bool) -> Passage:
    """One draw z ~ N(mu, sigma^2) and the gradient of its cost z^2, by automatic differentiation.

    Args:
        mu, sigma: what the encoder predicts.
        eps: base noise behind the draw.
        outside: whether the noise is drawn outside, or z directly.
    """
    loc, scale = (torch.tensor([[v]], dtype=torch.float64, requires_grad=True) for v in (mu, sigma))
    z = Normal(loc, scale).transform(torch.tensor([[[eps]]], dtype=torch.float64))
    if not outside:  # a draw hands over a number, and not how it came about
        z = z.detach().requires_grad_()
    cost = (z**2).sum()
    slopes = torch.autograd.grad(cost, (z, loc, scale), allow_unused=True)
    by_z, by_mu, by_sigma = (None if slope is None else slope.item() for slope in slopes)
    return Passage(eps, z.item(), cost.item(), by_z or 0.0, by_mu, by_sigma)


def draw_noise(seed: int) -> float:
    """The base noise that a seed draws."""
    zero, one = (torch.full((1, 1), v, dtype=torch.float64) for v in (0.0, 1.0))
    return Normal(zero, one).base(1, torch.Generator().manual_seed(seed)).item()


def sampled(mu: float, sigma: float, seed: int) -> Frame:
    """z is drawn directly: the gradient ends there."""
    return _frame(mu, sigma, passage(mu, sigma, draw_noise(seed), outside=False))


def reparameterized(mu: float, sigma: float, eps: float) -> Frame:
    """The noise comes from outside: the gradient passes to mu and sigma."""
    return _frame(mu, sigma, passage(mu, sigma, eps, outside=True))


def _frame(mu: float, sigma: float, found: Passage) -> Frame:
    named = {"mu": mu, "sigma": sigma, **vars(found)}
    return Frame({}, {name: "None" if value is None else value for name, value in named.items()})


def diagram(*, outside: bool) -> Diagram:
    """The way forward as arrows; below or beside it the way back of the gradient.

    Args:
        outside: whether the noise is drawn outside, or z directly.
    """
    forward = [("x", "encoder"), ("encoder", "mu"), ("encoder", "sigma"), ("mu", "node")]
    forward += [("sigma", "node"), ("node", "z"), ("z", "decoder"), ("decoder", "xhat")]
    edges = [*(Edge(*ends) for ends in forward), Edge("xhat", "cost")]
    more_nodes, more_edges = _passing() if outside else _stuck()
    nodes = (*_things(), *_slopes(), *more_nodes)
    return Diagram(nodes, (*edges, *more_edges), WIDE, NARROW)


def _things() -> list[Node]:
    """What both ways to draw have in common."""
    return [
        Node("x", (X, MIDDLE), "x", "ring", "x"),
        Node("encoder", (ENCODER, MIDDLE), "encoder ϕ", colour="phi"),
        Node("mu", (PREDICTED, MU), "μ", "ring", "mu"),
        Node("sigma", (PREDICTED, SIGMA), "σ", "ring", "sigma"),
        Node("z", (Z, MIDDLE), "z", "ring", "z"),
        Node("decoder", (DECODER, MIDDLE), "decoder θ", colour="theta"),
        Node("xhat", (XHAT, MIDDLE), "x′", "ring", "x"),
        Node("cost", (COST, MIDDLE), (Line("cost"), Line("z² = {cost:.2f}", small=True))),
        Node("mu_value", ("below", "mu"), "{mu:.2f}", "value"),
        Node("sigma_value", ("below", "sigma"), "{sigma:.2f}", "value"),
        Node("z_value", ("below", "z"), "{z:.2f}", "value"),
        Node("gradient", (COST - 0.3, LANE - 0.28), (Line("gradient", "accent"),), "note"),
    ]


def _slopes() -> list[Node]:
    """What arrives of the gradient."""
    arrived = "∂cost/∂μ = {by_mu:.2f}\n∂cost/∂σ = {by_sigma:.2f}"
    return [
        Node("by_z", (Z, NOTES), "∂cost/∂z = {by_z:.2f}", "note", align="start"),
        Node("by_mu", (PREDICTED, NOTES), arrived, "note", align="start"),
    ]


def _passing() -> tuple[list[Node], list[Edge]]:
    """The noise from outside, and a gradient that goes all the way."""
    plain = (Line("z = μ + σ ϵ"), Line("plain arithmetic", small=True))
    nodes = [
        Node("eps", (SAMPLING, NOISE), "ϵ", "ring", "eps"),
        Node("eps_value", ("right", "eps"), "{eps:.2f}", "value"),
        Node("node", (SAMPLING, MIDDLE), plain, colour="good"),
        Node("slopes", (SAMPLING, NOTES), "× ∂z/∂μ = 1\n× ∂z/∂σ = ϵ", "note"),
        Node("learns", (ENCODER, NOTES), "ϕ learns", "note"),
    ]
    back = Edge((COST + 0.4, LANE), (X + 0.3, LANE), "gradient")
    return nodes, [Edge("eps", "node", colour="eps"), back]


def _stuck() -> tuple[list[Node], list[Edge]]:
    """A draw, at which the gradient ends."""
    drawn = (Line("z ~ N(μ, σ²)"), Line("a random draw", small=True))
    stuck = (Line("stuck here", "bad"), Line("a draw has no derivative"))
    wall = SAMPLING + 0.4
    nodes = [
        Node("node", (SAMPLING, MIDDLE), drawn, colour="bad", dashed=True),
        Node("cross", (wall, LANE), shape="cross", colour="bad"),
        Node("stuck", (SAMPLING, NOTES), stuck, "note"),
        Node("learns", (ENCODER, NOTES), "ϕ learns nothing", "note"),
    ]
    back = Edge((COST + 0.4, LANE), (wall + 0.08, LANE), "gradient")
    return nodes, [back, Edge((wall - 0.1, LANE), (X + 0.3, LANE), "lost")]
