"""The network of one image's bound, and the code that ran, lit where a symbol is meant."""

from __future__ import annotations

import inspect
import textwrap

from pages.goal.elbo.symbols import (
    ELBO,
    JOINT,
    KL,
    LOG,
    MEAN,
    PHI,
    PRIOR,
    SAMPLES,
    THETA,
    P,
    Q,
    X,
    Z,
)
from pages.ui.live import Diagram, Edge, Form, Line, Node
from vae_core.vae.objective import anatomy

# Tracks of the diagram: along, what happens; across, the way through z, and that through the prior.
IMAGE, ENCODER, PREDICTED, BELL, LATENT, DECODER, PIXELS, SCORE, SUM = range(9)
MU, MIDDLE, SIGMA, LOW, UNDER = range(5)
WIDE = Form(
    size=(960, 340),
    along=(45, 147, 242, 338, 434, 530, 640, 768, 902),
    across=(54, 100, 146, 240, 306),
    sizes={
        "picture": (78, 78),
        "box": (92, 50),
        "encoder": (84, 50),
        "decoder": (84, 50),
        "log": (112, 62),
        "mean": (100, 62),
        "kl": (112, 62),
        "prior": (112, 50),
        "elbo": (100, 62),
        "value": (92, 18),
        "x_title": (60, 18),
        "title": (80, 20),
        "code": (326, 144),
    },
    letters={"box": 16, "value": 14},
    places={"code": (1.19, 3.37)},
)
NARROW = Form(
    size=(360, 826),
    down=True,
    along=(48, 128, 194, 258, 318, 380, 462, 548, 632),
    across=(92, 140, 188, 286, 350),
    sizes={
        "picture": (66, 66),
        "box": (92, 44),
        "log": (124, 54),
        "mean": (124, 54),
        "kl": (110, 54),
        "prior": (110, 48),
        "elbo": (110, 54),
        "value": (66, 16),
        "x_title": (40, 18),
        "title": (66, 18),
        "code": (352, 144),
    },
    letters={"box": 15, "value": 13, "code": 13},
    places={
        "code": (9.4, 1.83),
        "mu_value": ("left", "mu"),
        "z_value": ("right", "z"),
    },
)
LINES = {
    ELBO: ("elbo = ",),
    MEAN: ("reconstruction = ",),
    Q: ("q = ",),
    PHI: ("q = ",),
    Z: ("z = ",),
    X: ("q = ", "log_px = "),
    P: ("logits = ", "log_px = "),
    THETA: ("logits = ",),
    LOG: ("log_px = ",),
    KL: ("kl = ",),
    PRIOR: ("log_pz = ", "kl = "),
    JOINT: ("log_joint = ",),
}
"""How the lines begin in which each symbol is computed."""


def code() -> list[str]:
    """The statements of `anatomy`, as they ran."""
    source = textwrap.dedent(inspect.getsource(anatomy))
    body = source.split('"""')[-1].split("return")[0]
    return [line.strip() for line in body.strip().splitlines()]


def diagram(convention: str) -> Diagram:
    """The network, with theta and phi where a convention sees them.

    Args:
        convention: "weights": theta and phi are the networks' weights; "density": they are the
            parameters of p(x|z) and of q(z|x), which the networks predict.
    """
    return Diagram(_things(density=convention == "density"), _arrows(), WIDE, NARROW, "symbol")


def _things(*, density: bool) -> list[Node]:
    by_network, by_density = ((), (PHI,)) if density else ((PHI,), ())
    decoder, at_pixels = ((), (P, JOINT, THETA)) if density else ((THETA,), (P, JOINT))
    phi, theta = ("", "") if density else (" ϕ", " θ")
    bell = (Q, *by_density)
    lines = [
        Line(line, lit=[symbol for symbol, starts in LINES.items() if line.startswith(starts)])
        for line in code()
    ]
    return [
        Node("x", (IMAGE, MIDDLE), shape="picture", colour="x", picture="x", lit=(X,)),
        Node("encoder", (ENCODER, MIDDLE), f"encoder{phi}", colour="phi", lit=by_network),
        Node("mu", (PREDICTED, MU), "μ", "ring", "mu", lit=bell),
        Node("sigma", (PREDICTED, SIGMA), "σ", "ring", "sigma", lit=bell),
        Node("q", (BELL, MIDDLE), _pair("q(z|x)", "a bell"), colour="z", lit=(Q,)),
        Node("z", (LATENT, MIDDLE), "z", "ring", "z", lit=(Z,)),
        Node("decoder", (DECODER, MIDDLE), f"decoder{theta}", colour="theta", lit=decoder),
        Node("p", (PIXELS, MIDDLE), "", "picture", "theta", picture="mean of x", lit=at_pixels),
        Node("log", (SCORE, MIDDLE), _pair("log p(x|z)", "{log_p}"), lit=(LOG,)),
        Node("mean", (SUM, MIDDLE), _pair(f"mean of {SAMPLES}", "{reconstruction}"), lit=(MEAN,)),
        Node("elbo", (SUM, LOW), _pair("ELBO", "{elbo}"), colour="accent", lit=(ELBO,)),
        Node("prior", (PIXELS + 0.5, LOW), _pair("prior p(z)", "N(0, 1)"), lit=(PRIOR, JOINT)),
        Node("kl", (DECODER, LOW), _pair("KL(q ‖ p)", "{kl}"), lit=(KL,)),
        Node("mu_value", ("above", "mu"), (Line("{mu}", "mu"),), "value"),
        Node("sigma_value", ("below", "sigma"), (Line("{sigma}", "sigma"),), "value"),
        Node("z_value", ("below", "z"), (Line("{z}", "z"),), "value"),
        Node("x_title", ("above", "x"), "x", "value"),
        Node("title", ("above", "p"), "p(x|z)", "value"),
        Node("code", (ENCODER, LOW), lines, "code", align="start"),
    ]


def _pair(name: str, number: str) -> tuple[Line, Line]:
    return Line(name), Line(number, small=True)


def _arrows() -> list[Edge]:
    ways = "x encoder, encoder mu, encoder sigma, mu q, sigma q, q z, z decoder, decoder p, p log"
    pairs = [way.split() for way in ways.split(", ")]
    return [
        *(Edge(start, end) for start, end in pairs),
        Edge("log", "mean"),
        Edge("mean", "elbo"),
        Edge("q", "kl", via=((BELL, LOW),)),
        Edge("prior", "kl"),
        Edge("kl", "elbo", via=((DECODER, UNDER), (SUM, UNDER))),
    ]
