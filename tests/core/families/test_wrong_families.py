"""Do the checks of every family see a wrong one? Each is a family with one thing wrong."""

import inspect
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.support import family_checks as checks
from vae_core.families import FAMILIES, Distribution, Family, Noise, Tails
from vae_core.families.entries.noise import UNIFORM


def altered(name: str, **methods: object) -> Family:
    """The family under a name that scipy does not know, some methods in place of its own."""
    entry = FAMILIES[name]
    made = type("Wrong", (entry.make,), methods)
    made.family = replace(entry, name="wrong", make=made)
    return made.family


def exponential(**methods: object) -> Family:
    return altered("exponential", **methods)


def transformed(q: Distribution, eps: Tensor) -> Tensor:
    return -1.1 * torch.log1p(-eps) / q.rate


def cut(q: Distribution, eps: Tensor) -> Tensor:
    return -torch.log1p(-eps) / q.rate.detach() + 0.0 * q.rate


def knowing(q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    return UNIFORM.draw((k, *q.shape), gen, torch.float64) ** q.rate.detach()


def too_much(q: Distribution, z: Tensor) -> Tensor:
    return (q.rate.log() - q.rate * z).sum(-1) + 0.001


def wrong_scores(q: Distribution, z: Tensor) -> dict[str, Tensor]:
    return {"rate": 1.2 / q.rate - z}


def fixed(name: str, parameter: str) -> Family:
    """It says that the support stands still, which it does not."""
    entry = altered(name)
    p = replace(entry.parameters[parameter], moves_support=False)
    wrong = replace(entry, parameters={**entry.parameters, parameter: p})
    entry.make.family = wrong
    return wrong


def restated(name: str, **fields: object) -> Family:
    """Another field of the entry."""
    entry = replace(altered(name), **fields)
    entry.make.family = entry
    return entry


UNMIRRORED = Noise("uniform", UNIFORM.draw, lambda u: -u)
TWO = Tails(2.0, 0.0, 0.0, 0.0)
ITSELF = Noise("uniform", UNIFORM.draw, lambda u: u)

WRONG = [
    ("transform too wide", checks.check_samples, exponential(transform=transformed)),
    ("gradient of another z", checks.check_gradients, exponential(transform=transformed)),
    ("area not preserved", checks.check_area, exponential(transform=transformed)),
    ("path cut", checks.check_path, exponential(transform=cut)),
    ("noise that knows", checks.check_samples, exponential(base=knowing)),
    ("density too great", checks.check_density, exponential(log_prob=too_much)),
    ("CDF of another", checks.check_density, exponential(cdf=lambda q, z: -(-z).expm1())),
    ("wrong scores", checks.check_gradients, exponential(scores=wrong_scores)),
    ("support unseen", checks.check_gradients, fixed("uniform", "high")),
    ("support unseen", checks.check_gradients, fixed("pareto", "scale")),
    ("support unseen", checks.check_gradients, fixed("reciprocal", "low")),
    ("mirror leaves the law", checks.check_samples, restated("exponential", noise=UNMIRRORED)),
    ("mirror does nothing", checks.check_samples, restated("exponential", noise=ITSELF)),
    ("tails unsaid", checks.check_tails, restated("exponential", tails=lambda **_: Tails())),
    ("tails unsaid", checks.check_tails, restated("cauchy", tails=lambda **_: Tails())),
    ("tails too light", checks.check_tails, restated("cauchy", tails=lambda **_: TWO)),
    ("another line", checks.check_line, restated("exponential", torch="Gumbel(rate, 1).rsample()")),
    (
        "a line without a gradient",
        checks.check_line,
        restated("exponential", torch="Exponential(rate).sample()"),
    ),
]  # fmt: skip


def at_all_points(check: Callable[..., None], entry: Family) -> None:
    for point in checks.points(entry):
        check(entry, point)


@pytest.mark.parametrize(
    ("what", "check", "entry"), WRONG, ids=[f"{each[0]}-{each[2].title}" for each in WRONG]
)
def test_a_wrong_family_is_seen(what, check, entry):
    with pytest.raises((AssertionError, RuntimeError)):
        at_all_points(check, entry)


def test_the_right_one_passes_under_that_name():
    checks.check_family(exponential())


def test_all_checks_are_tried():
    """But for the moments, which look at scipy's law, and a newcomer has none."""
    tried = {check.__name__ for _, check, _ in WRONG}
    assert tried == {check.__name__ for check in checks.CHECKS} - {"check_moments"}
    assert "twin" in inspect.getsource(checks.check_moments)
