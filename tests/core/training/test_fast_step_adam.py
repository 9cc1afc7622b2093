"""Adam without bookkeeping gives the numbers of torch's own, bit for bit."""

import torch

from vae_core.training.fast_step import AdamSteps
from vae_core.vae.model import VAE


def test_steps_are_those_of_torchs_adam():
    ours, theirs = (VAE(pixels=9, hidden=7, latent=2) for _ in range(2))
    adams = [torch.optim.Adam(vae.parameters(), fused=True) for vae in (ours, theirs)]
    steps, gen = AdamSteps(adams[0]), torch.Generator().manual_seed(1)
    for rate in (1e-2, 3e-3, 1e-3):
        gradients = [torch.randn(w.shape, generator=gen) for w in ours.parameters()]
        steps.climb(gradients, rate)
        adams[1].param_groups[0]["lr"] = rate
        for weight, gradient in zip(theirs.parameters(), gradients, strict=True):
            weight.grad = -gradient
        adams[1].step()
    for mine, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, expected)
        for key, value in adams[1].state[expected].items():
            assert torch.equal(adams[0].state[mine][key], value)
