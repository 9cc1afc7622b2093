"""What the text of the page tells in numbers."""

from __future__ import annotations

import math
from functools import cache

import torch

from pages.goal.latent_variables import blind
from pages.goal.latent_variables.scene import LINE, UNIT
from pages.ui.numbers import number, short
from vae_core.lab.latent import even_grid
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import SIDE, held_out_digit

ASKED, SMALL, LARGE, ASIDE = 4, 2, 20, 2


@cache
def of_a_million() -> dict[str, str]:
    """How many of all draws explain the question's image, with few dimensions and with many."""
    few, many = (blind.known(d, ASKED) for d in (SMALL, LARGE))
    return {
        "digit": str(ASKED),
        "small": str(SMALL),
        "large": str(LARGE),
        "total": f"{blind.total():,}",
        "few": f"{few['count']:,}",
        "few_one_in": blind.one_in(few["log_share"]),
        "aside": str(ASIDE),
        "cost": number(cost_of_a_shift(), 0),
        "one_in": blind.one_in(many["log_share"]),
        "none": "none" if many["count"] == 0 else str(many["count"]),
        "expected": short(blind.total() * math.exp(many["log_share"]), 1),
    }


@torch.no_grad()
def cost_of_a_shift() -> float:
    """Nats of log p(x|z) that the question's image loses when it moves aside and z stays."""
    model, x = load_pretrained(blind.sizes()[LARGE]).model, held_out_digit(ASKED, 1)
    z = model.encoder(x).loc
    aside = x.view(SIDE, SIDE).roll(ASIDE, dims=1).flatten()
    here, there = (float(model.log_prob_x(image, z)) for image in (x, aside))
    return here - there


@cache
@torch.no_grad()
def of_the_trained_curve() -> dict[str, str]:
    """The pixels' own deviation of a picture's ink, averaged over the prior, and the bound."""
    found = load_pretrained(LINE)
    z = even_grid()
    prior = torch.exp(-0.5 * z * z)
    pixels = found.model.deviation_of_x(z.float().unsqueeze(1)).double()
    variance = pixels.square().sum(-1)
    mean = math.sqrt(float((variance * prior).sum() / prior.sum()))
    return {
        "ink_noise": number(mean, 1),
        "in_units": number(mean / UNIT),
        "bound": number(found.bound.elbo, 1),
    }
