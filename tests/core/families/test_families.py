"""The Normal family against torch.distributions, and the area that the transform preserves."""

import pytest
import torch

from vae_core.families import FAMILIES, Distribution, Normal


def family() -> tuple[Normal, torch.Generator]:
    gen = torch.Generator().manual_seed(3)
    loc = torch.randn((4, 3), generator=gen, dtype=torch.float64)
    scale = torch.rand((4, 3), generator=gen, dtype=torch.float64) + 0.1
    return Normal(loc, scale), gen


def test_log_density_is_that_of_torch_distributions():
    q, gen = family()
    z = q.transform(q.base(5, gen))
    expected = torch.distributions.Normal(q.loc, q.scale).log_prob(z).sum(-1)
    torch.testing.assert_close(q.log_prob(z), expected, rtol=1e-12, atol=1e-12)


def test_inverse_undoes_transform():
    q, gen = family()
    eps = q.base(5, gen)
    torch.testing.assert_close(q.inverse(q.transform(eps)), eps, rtol=1e-12, atol=1e-12)


def test_transform_preserves_area():
    """q(z) |dz/deps| = p(eps), with dz/deps by autograd."""
    q, gen = family()
    eps = q.base(5, gen).requires_grad_()
    z = q.transform(eps)
    (slope,) = torch.autograd.grad(z.sum(), eps)
    base = Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale))
    torch.testing.assert_close(q.log_prob(z) + slope.log().sum(-1), base.log_prob(eps))


def test_slopes_of_a_sample_are_one_and_eps():
    q, gen = family()
    loc, scale = q.loc.requires_grad_(), q.scale.requires_grad_()
    eps = q.base(1, gen)
    by_loc, by_scale = torch.autograd.grad(q.transform(eps).sum(), (loc, scale))
    torch.testing.assert_close(by_loc, torch.ones_like(loc))
    torch.testing.assert_close(by_scale, eps[0])


def test_noise_depends_on_the_generator_alone():
    q, _ = family()
    wide = Normal(q.loc + 1.0, q.scale * 7.0)
    first = q.base(2, torch.Generator().manual_seed(1))
    assert torch.equal(first, wide.base(2, torch.Generator().manual_seed(1)))
    assert not torch.equal(first, q.base(2, torch.Generator().manual_seed(2)))


def test_parameters_broadcast():
    q = Normal(torch.zeros(1, 3), torch.ones(4, 1))
    gen = torch.Generator().manual_seed(0)
    assert q.shape == (4, 3)
    assert q.base(2, gen).shape == (2, 4, 3)
    assert q.log_prob(q.base(2, gen)).shape == (2, 4)


def test_detached_parameters_receive_no_gradient():
    q = Normal(torch.zeros(1, 1, requires_grad=True), torch.ones(1, 1, requires_grad=True))
    assert not q.detach().transform(torch.ones(1, 1, 1)).requires_grad


def test_scores_are_those_of_autograd_and_the_law_is_that_of_torch():
    """Written out for speed; any other family's come from its density, as here."""
    q, gen = family()
    z = q.transform(q.base(5, gen))
    for name, by_hand in q.scores(z).items():
        torch.testing.assert_close(by_hand, Distribution.scores(q, z)[name])
    torch.testing.assert_close(q.law.log_prob(z).sum(-1), q.log_prob(z))


def test_the_registry_has_its_parameters_and_their_conditions():
    entry = FAMILIES["normal"]
    q = entry(loc=torch.zeros(1, 2), scale=torch.ones(1, 2))
    assert isinstance(q, Normal)
    assert q.family is entry
    assert list(q.parameters) == list(entry.parameters) == ["loc", "scale"]
    with pytest.raises(ValueError, match="scale of the family normal must be a positive number"):
        entry(loc=torch.zeros(1, 2), scale=torch.zeros(1, 2))
