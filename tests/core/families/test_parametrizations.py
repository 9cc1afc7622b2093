"""A family in other parameters: the same law, as any entry, found by the parameters' names."""

import itertools
import math

import pytest
import torch

from tests.support import family_checks as checks
from vae_core.families import FAMILIES, PARAMETRIZATIONS, Relaxable

OTHERS = [entry for entries in PARAMETRIZATIONS.values() for entry in entries]
each_other = pytest.mark.parametrize("entry", OTHERS, ids=lambda e: "-".join(e.parameters))


@each_other
def test_it_keeps_what_every_family_keeps(entry):
    for point in checks.points(entry)[:3]:
        checks.check_samples(entry, point)
        q = checks.at(entry, point)
        low, high = (int(end.item()) for end in q.support)
        z = torch.arange(low, high + 1.0, dtype=torch.float64).view(-1, 1, 1)
        mass = q.log_prob(z).exp().flatten()
        torch.testing.assert_close(mass.cumsum(0), q.cdf(z).flatten())
        assert mass.sum().item() == pytest.approx(1.0, abs=1e-12)
        assert q.log_prob(z + high - low + 1.0).max() == -math.inf


@each_other
def test_it_is_found_by_its_parameters(entry):
    first = FAMILIES[entry.name]
    assert first.in_terms_of(entry.parameters) is entry
    assert first.in_terms_of(first.parameters) is first
    q = first(**checks.at(entry, checks.points(entry)[0]).parameters)
    assert type(q) is entry.make
    assert q.family is entry


def test_a_coin_is_the_same_by_its_logit():
    p = torch.tensor([[0.05, 0.3, 0.9]], dtype=torch.float64)
    one, other = FAMILIES["bernoulli"](probs=p), FAMILIES["bernoulli"](logit=p.logit())
    u = one.base(1000, torch.Generator().manual_seed(0))
    z = one.transform(u)
    assert torch.equal(z, other.transform(u))
    torch.testing.assert_close(one.log_prob(z), other.log_prob(z))
    torch.testing.assert_close(one.mean, other.mean)
    by_logit = one.scores(z)["probs"] * p * (1 - p)
    torch.testing.assert_close(by_logit, other.scores(z)["logit"])


@pytest.mark.parametrize("entry", [FAMILIES["categorical"], *PARAMETRIZATIONS["categorical"]])
def test_categories_are_those_of_torch(entry):
    names = list(entry.parameters)
    logits = torch.linspace(-1.0, 1.5, len(names), dtype=torch.float64)
    q = entry(**{name: value.view(1, 1) for name, value in zip(names, logits, strict=True)})
    law = torch.distributions.Categorical(logits=logits)
    z = torch.arange(len(names), dtype=torch.float64).view(-1, 1, 1)
    torch.testing.assert_close(q.log_prob(z).flatten(), law.log_prob(z.flatten()))
    torch.testing.assert_close(q.mean.squeeze(), (law.probs * z.flatten()).sum())
    one_hot = torch.eye(len(names), dtype=torch.float64) - law.probs
    for i, score in enumerate(q.scores(z).values()):
        torch.testing.assert_close(score.flatten(), one_hot[:, i])


RELAXABLE = [
    entry
    for entry in (*FAMILIES.values(), *itertools.chain(*PARAMETRIZATIONS.values()))
    if issubclass(entry.make, Relaxable)
]


@pytest.mark.parametrize("entry", RELAXABLE, ids=lambda e: "-".join(e.parameters))
def test_what_is_perturbed_again_rounds_to_the_same_z_and_has_the_same_law(entry):
    """Means and products of x~, z drawn first, against those of x; and cold it relaxes to z."""
    assert len(RELAXABLE) == 5
    point = dict(zip(entry.parameters, (0.3, -0.8, 0.9, 0.1, -0.4), strict=False))
    q = checks.at(entry, point)
    gen = torch.Generator().manual_seed(4)
    u, v, w = (q.base(40_000, gen) for _ in range(3))
    z = q.transform(u)
    free, held = q.perturbed(w).flatten(1), q.perturbed_given(z, v).flatten(1)
    for f in (torch.tanh, torch.square):
        for one, other in itertools.product(range(free.shape[1]), repeat=2):
            a, b = (f(x[:, one]) * torch.tanh(x[:, other]) for x in (free, held))
            error = math.sqrt((a.var() + b.var()).item() / len(a))
            assert abs((a.mean() - b.mean()).item()) < 4.5 * error
    cold = q.relax(q.perturbed_given(z, v), 1e-5)
    assert ((cold - z).abs() < 1e-6).double().mean() > 0.999
    low, high = q.support
    hot = q.relax(q.perturbed(u), 10.0)
    assert bool((hot > low).all())
    assert bool((hot < high).all())
