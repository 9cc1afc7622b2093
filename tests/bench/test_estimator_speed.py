"""How fast estimates are made, as ratios within one run: against the noise, and against a loop."""

import time
from collections.abc import Callable

import pytest
import torch

from vae_core.estimators import ESTIMATORS
from vae_core.families import Normal
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure

MANY, FEW = 1_000_000, 300
ROUNDS = 15
FLOORS = {"pathwise": 0.5, "score": 0.4}


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def draw_normals() -> torch.Tensor:
    return torch.randn(MANY, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def loop_with_a_backward_each(name: str) -> None:
    """What one would write first: a replicate at a time."""
    gen = torch.Generator().manual_seed(0)
    for _ in range(FEW):
        loc = torch.full((1, 1), 2.0, dtype=torch.float64, requires_grad=True)
        scale = torch.ones((1, 1), dtype=torch.float64, requires_grad=True)
        q = Normal(loc, scale)
        ESTIMATORS[name](PROBLEMS["square"].cost(q), q, 1, gen).sum().backward()


@pytest.mark.bench
@pytest.mark.parametrize("name", FLOORS)
def test_estimates_keep_up_with_the_noise(name, capsys):
    """The least of several interleaved rounds, since the machine is shared."""
    experiment = Experiment("square", name, replicates=MANY)
    rounds = [(seconds(draw_normals), seconds(lambda: measure(experiment))) for _ in range(ROUNDS)]
    noise, estimates = (min(column) for column in zip(*rounds, strict=True))
    loop = min(seconds(lambda: loop_with_a_backward_each(name)) for _ in range(3))
    against_noise, against_loop = noise / estimates, loop / FEW / (estimates / MANY)
    with capsys.disabled():
        print(
            f"\n{name}: {MANY / estimates / 1e6:.1f} million estimates a second, "
            f"{against_noise:.2f} of the rate of the normals (at least {FLOORS[name]}), "
            f"{against_loop:.0f} times a loop (at least 500)"
        )
    assert against_noise >= FLOORS[name]
    assert against_loop >= 500
