"""Draws of the prior, and what importance sampling says of them: grids, counts, and the file."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch
from scipy import stats

from vae_core.__main__ import main
from vae_core.cli.prior_draws import DIGITS, RUNS, stops
from vae_core.training.evaluate import EVALUATION_SEED
from vae_core.training.pretrained import FOLDER, PLANS, load_pretrained
from vae_core.vae.data import held_out_digit
from vae_core.vae.likelihoods import bernoulli_log_prob
from vae_core.vae.model import VAE
from vae_core.vae.posterior import EXPLAINED, explained, from_the_prior, grid_posterior

FILE: dict[str, Any] = json.loads((FOLDER / "prior_draws.json").read_text(encoding="utf-8"))
TOTAL = FILE["runs"] * FILE["stops"][-1]
IMAGES = torch.stack([held_out_digit(digit, 1) for digit in DIGITS])


def plane() -> VAE:
    return load_pretrained("latent2").model


@torch.no_grad()
def likelihood_on_grid(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """log p(x|z), p(z|x) and p(z) times the cell over the plane, (N,) each; the prior elsewhere."""
    found = grid_posterior(plane(), x)
    second, first = torch.meshgrid(found.second, found.first, indexing="ij")
    z = torch.stack((first, second), -1).view(-1, 2)
    likelihood = bernoulli_log_prob(x, plane().decoder(z)).double()
    prior = torch.exp(-0.5 * z.double().square().sum(-1)) / (2.0 * math.pi) * found.cell
    return likelihood, found.density.flatten() * found.cell, prior


@pytest.mark.parametrize("digit", [1, 5])  # the encoder looks in the wrong place for a 5
def test_importance_sampling_agrees_with_the_grid(digit: int) -> None:
    """log p(x), the mass above the threshold, the share of the prior, and the KL; in the plane."""
    x = IMAGES[digit]
    found, truth = explained(plane(), x, 5_000), grid_posterior(plane(), x)
    assert found.evidence_error < 0.05
    assert abs(found.log_evidence - truth.log_evidence) < 4.0 * found.evidence_error + truth.error
    likelihood, posterior, prior = likelihood_on_grid(x)
    reached = likelihood >= found.threshold
    assert float(posterior[reached].sum()) == pytest.approx(EXPLAINED, abs=0.01)
    share = math.log(float(prior[reached].sum()))
    assert abs(found.log_share - share) < 4.0 * found.share_error + 0.02
    kl = float((posterior * likelihood).sum()) - truth.log_evidence
    assert found.kl == pytest.approx(kl, abs=0.05)
    # KL(p(z|x) || p(z)) from its definition: the mean of log p(z|x) - log p(z).
    ratio = posterior.where(posterior > 0, 1e-300).log() - prior.log()
    assert float((posterior * ratio).sum()) == pytest.approx(kl, abs=0.01)


@torch.no_grad()
def test_the_encoder_alone_misses_the_five_by_more_than_twenty_nats() -> None:
    """As the lesson says: 20,000 draws of q(z|x) alone, in the plane."""
    x, model = IMAGES[5], plane()
    q, gen = model.encoder(x), torch.Generator().manual_seed(0)
    z = q.transform(q.base(20_000, gen))
    weights = model.log_prob_x(x, z) + model.prior.log_prob(z) - q.log_prob(z)
    found = float(weights.double().logsumexp(0)) - math.log(20_000)
    assert found < grid_posterior(model, x).log_evidence - 20.0


def test_another_seed_agrees_within_its_errors_and_no_draw_decides() -> None:
    model = load_pretrained("latent20").model
    one, other = (explained(model, IMAGES[4], 10_000, seed) for seed in (1, 2))
    spread = math.hypot(one.evidence_error, other.evidence_error)
    assert spread < 0.1
    assert abs(one.log_evidence - other.log_evidence) < 5.0 * spread
    assert min(one.effective, other.effective) > 300


def test_what_is_in_the_file_is_worth_many_draws() -> None:
    for images in FILE["models"].values():
        for image in images:
            assert image["effective"] > 1_000
            assert image["evidence_error"] < 0.05
            assert image["share_error"] < 0.1


@torch.no_grad()
def test_a_portion_of_draws_is_what_the_likelihood_says() -> None:
    model = load_pretrained("latent5").model
    portions = list(from_the_prior(model, IMAGES, 2_500, seed=3))
    assert [len(z) for z, _ in portions] == [2_000, 500]
    z, found = portions[1]
    for digit in (1, 8):
        true = bernoulli_log_prob(IMAGES[digit], model.decoder(z))
        torch.testing.assert_close(found[digit], true, rtol=1e-5, atol=2e-3)
    everything = torch.cat([z for z, _ in portions]).flatten()
    assert stats.kstest(everything, "norm").pvalue > 1e-3


def test_the_file_is_of_the_models_that_are_there() -> None:
    assert list(FILE["models"]) == list(PLANS)
    assert FILE["runs"] == RUNS
    assert FILE["stops"] == stops(100_000)
    for images in FILE["models"].values():
        assert len(images) == len(DIGITS)
        assert all(len(image["naive"]) == RUNS for image in images)


@pytest.mark.parametrize("name", PLANS)
def test_what_was_counted_is_what_importance_sampling_expects(name: str) -> None:
    """Binomial counts of a million draws of the prior, for each of ten images."""
    for image in FILE["models"][name]:
        share = math.exp(image["log_share"])
        unsure = TOTAL * share * image["share_error"]
        spread = math.hypot(math.sqrt(TOTAL * share), unsure)
        assert abs(image["count"] - TOTAL * share) < 4.0 * spread + 1.0


@pytest.mark.parametrize("name", PLANS)
def test_the_naive_estimate_is_unbiased_where_draws_explain_and_low_where_none_does(
    name: str,
) -> None:
    for image in FILE["models"][name]:
        ends = torch.tensor([run[-1] - image["log_evidence"] for run in image["naive"]])
        if image["count"] > 100:
            p = ends.double().exp()
            error = math.hypot(float(p.std()) / math.sqrt(RUNS), image["evidence_error"] + 0.005)
            assert abs(float(p.mean()) - 1.0) < 5.0 * error
        elif image["count"] == 0:
            assert ends.median() < -5.0
        assert ends.max() < 6.0


@torch.no_grad()
@pytest.mark.parametrize("name", ["latent1", "latent20"])
def test_a_part_of_the_file_is_measured_again(name: str) -> None:
    """The first draws of the first run, log p(x), and the best z."""
    model = load_pretrained(name).model
    _, found = next(from_the_prior(model, IMAGES, 2_000, EVALUATION_SEED))
    running = found.double().logcumsumexp(1)
    for digit in (4,):
        held = FILE["models"][name][digit]
        for place, stop in enumerate(FILE["stops"][:11]):  # 1 to 2,000
            again = float(running[digit, stop - 1]) - math.log(stop)
            assert held["naive"][0][place] == pytest.approx(again, abs=0.02)
        best = bernoulli_log_prob(IMAGES[digit], model.decoder(torch.tensor(held["best"])))
        assert held["best_log"] == pytest.approx(float(best), abs=0.05)
        small = explained(model, IMAGES[digit], 10_000)
        slack = 5.0 * (small.evidence_error + held["evidence_error"])
        assert small.log_evidence == pytest.approx(held["log_evidence"], abs=slack)


@pytest.mark.exhaustive
def test_all_of_the_file_is_measured_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prior-draws"]) == 0
    again = json.loads(capsys.readouterr().out)
    for name, images in FILE["models"].items():
        for held, found in zip(images, again["models"][name], strict=True):
            assert held["log_share"] == pytest.approx(found["log_share"], abs=0.01)
            assert abs(held["count"] - found["count"]) <= 0.01 * held["count"] + 1


def test_the_command_measures_one_model(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["prior-draws", "--only", "latent2", "--draws", "20", "--samples", "400"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["stops"] == [1, 2, 5, 10, 20]
    assert list(told["models"]) == ["latent2"]
    assert len(told["models"]["latent2"][0]["best"]) == 2


@pytest.mark.parametrize("words", [["--only", "nothing"], ["--draws", "0"], ["--samples", "9"]])
def test_what_cannot_be_measured_is_said_in_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prior-draws", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1
