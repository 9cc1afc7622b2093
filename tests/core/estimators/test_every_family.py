"""Every estimator that takes any family, on every family that it does not refuse."""

import pytest
import torch
from torch import Tensor

from tests.support import family_checks as checks
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES

ROWS = 12_000
RULES = [rule for rule in ESTIMATORS.values() if rule.unbiased and not rule.families]
ONE = [entry for entry in FAMILIES.values() if not entry.vector]


@pytest.mark.parametrize("entry", ONE, ids=lambda entry: entry.name)
def test_it_is_unbiased_or_refused(entry):
    """d E[tanh((z - a) / b)] in each parameter that there is a derivative in, by z-score."""
    point = checks.points(entry)[0]
    middle, width = checks.standard(entry, point)

    def f(z: Tensor) -> Tensor:
        return torch.tanh((z - middle) / width)

    exact = {name: checks.exact_slopes(entry, point, [f], name)[0] for name in entry.differentiable}
    taken = 0
    for rule in RULES:
        if rule.refusal(entry):
            continue
        taken += 1
        q = checks.at(entry, point, ROWS, leaves=True)
        gen = torch.Generator().manual_seed(12)
        values = rule(lambda z: f(z).sum(-1), q, max(2, rule.min_samples), gen).mean(0)
        leaves = [q.parameters[name] for name in entry.differentiable]
        for name, found in zip(exact, torch.autograd.grad(values.sum(), leaves), strict=True):
            checks.agrees(found, exact[name])
    assert taken >= 2
