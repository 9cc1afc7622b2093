"""Costs of many samples, a part at a time: the same digits, and memory that is bounded."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.conftest import ROOT
from vae_core.estimators import ESTIMATORS
from vae_core.lab.doubly_stochastic.minibatch import data_points, decompose
from vae_core.lab.experiment import Experiment, estimates
from vae_core.lab.race import Course, Lane, run
from vae_core.vae import model as models
from vae_core.vae.model import VAE
from vae_core.vae.objective import elbo

TYPED = "f=sin(z)*cos(z)*exp(-z^2/2)*sin(3*z)*tanh(z)+log(1+z^2)*cos(5*z)*sin(7*z)"
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


@pytest.mark.parametrize("estimator", ["pathwise", "score_baseline", "stl", "measure_valued"])
@pytest.mark.parametrize("name", ["sine", "logistic_elbo", TYPED])
def test_parts_change_no_digit(name: str, estimator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = Experiment(name, estimator, dim=7, samples=501, replicates=2)
    whole = estimates(experiment)
    for limit in ("MOST_NUMBERS", "MOST_OF_ELBO"):
        monkeypatch.setattr(sys.modules["vae_core.lab.problems.registry"], limit, 300)
    parts = estimates(experiment)
    # Where -log q meets the same z, the order of two additions differs, and with it a last digit.
    most = 1e-13 if name == "logistic_elbo" else 0.0
    assert (whole.value == parts.value).all()
    for key, gradient in whole.gradient.items():
        np.testing.assert_allclose(parts.gradient[key], gradient, rtol=most, atol=most)


@pytest.mark.parametrize("prior", ["standard", "mixture", "vamp"])
def test_a_vae_decodes_very_many_samples_in_parts(
    prior: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gen = torch.Generator().manual_seed(0)
    x = torch.rand((4, 784), generator=gen)
    found = []
    for memory in (models.MOST_MEMORY, 1):
        monkeypatch.setattr(models, "MOST_MEMORY", memory)
        model = VAE(hidden=8, latent=2, prior=prior).double()
        terms = elbo(x.double(), model, ESTIMATORS["score_loo"], 6, gen.manual_seed(1))
        weights = list(model.parameters())
        found.append((terms.elbo, *torch.autograd.grad(terms.elbo.sum(), weights)))
    assert model.most_samples == 1
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "estimator"), [(TYPED, "stl"), ("logistic_elbo", "pathwise_antithetic")]
)
def test_the_largest_estimates_stay_below_two_gigabytes(name: str, estimator: str) -> None:
    words = ["--problem", name, "--estimator", estimator, "--dim", "1000", "--samples", "10000"]
    words = ["gradients", *words, "--replicates", "2", "--json"]
    code = f"from vae_core.__main__ import main; main({words!r}); {PEAK}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[-1]) < 2_000_000


def test_what_would_not_fit_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="single estimates are kept"):
        estimates(Experiment("square", "pathwise", replicates=100_000_000))
    with pytest.raises(ValueError, match="data points must lie between"):
        decompose("pathwise", 1.0, 1.0, data_points(1.0), 4, 10_000, 10_000)
    with pytest.raises(ValueError, match=r"steps \* lanes must lie between"):
        run("pathwise", Course("square", steps=100_000), [Lane(1.0, 1.0, 0.1)] * 1000)
