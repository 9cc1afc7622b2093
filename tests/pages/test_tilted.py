"""What the training page says of posteriors with a tilt: the recorded runs, and the choice."""

from __future__ import annotations

import math
import re
import statistics

import pytest
import torch
from scipy import stats
from torch.distributions import MultivariateNormal

from pages import contents
from pages.practice.train_vae import tilted
from pages.ui import lesson
from pages.ui.runs.recorded import runs
from pages.ui.runs.reports import REFERENCES
from tests.support import pages_sweep
from vae_core.training.config import TrainConfig
from vae_core.training.pretrained import load_pretrained
from vae_core.training.train import train
from vae_core.vae.data import held_out_digit
from vae_core.vae.posterior import grid_posterior, log_joint
from vae_core.vae.posteriors import POSTERIORS

PAGE = contents.page_info("train_vae")
LATENTS = (2, 5, 20)
GAUSSIANS = [name for name, kind in POSTERIORS.items() if not kind.family.discrete]
README = REFERENCES / "README.md"


def test_every_posterior_was_run_at_every_size_with_every_seed() -> None:
    seeds = sorted({run["seed"] for run in runs(tilted.RUNS)})
    assert seeds == list(range(len(seeds)))
    assert len(seeds) >= 2
    found = [(run["posterior"], run["latent"], run["seed"]) for run in runs(tilted.RUNS)]
    assert sorted(found) == sorted((p, d, s) for p in GAUSSIANS for d in LATENTS for s in seeds)
    for run in runs(tilted.RUNS):
        assert run["elbo"] == pytest.approx(run["reconstruction"] - run["kl"], abs=2e-4)


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("posterior", tilted.NAMES)
def test_gains_are_between_runs_of_one_seed(posterior: str, latent: int) -> None:
    by_seed = {
        run["seed"]: run["elbo"]
        for run in runs(tilted.RUNS)
        if (run["posterior"], run["latent"]) == (posterior, latent)
    }
    each = [
        by_seed[run["seed"]] - run["elbo"]
        for run in runs(tilted.RUNS)
        if (run["posterior"], run["latent"]) == ("diagonal", latent)
    ]
    mean, error = tilted.gain(posterior, latent)
    assert mean == pytest.approx(statistics.mean(each))
    assert error == pytest.approx(statistics.stdev(each) / math.sqrt(len(each)))
    clear = abs(mean) > round(stats.t.ppf(0.975, len(each) - 1), 2) * error
    said = tilted.verdict(posterior)
    where = "is ahead" if mean > 0.0 else "is behind"
    place = where if clear else "cannot be told from the diagonal"
    part = re.search(rf"{place} at D = ([\d, and]+\d)", said)
    assert part is not None
    assert str(latent) in re.findall(r"\d+", part[1])


def test_readme_and_lesson_show_the_same_numbers() -> None:
    text, told = README.read_text(encoding="utf-8"), tilted.told()
    shown = lesson.fill(lesson.read_sections("train_vae")["tilted"], told)
    rows = re.findall(r"^\| \d+ \|.*$", text, re.MULTILINE)
    assert len(rows) == len(LATENTS)
    for row in rows:
        assert row in shown
    assert told["verdict"] in text
    assert told["verdict"] in shown
    assert f"the seeds 0 to {int(told['seeds']) - 1}" in text


def test_the_posterior_of_the_lessons_4_is_tilted_as_it_says() -> None:
    """Its correlation over the cells of the grid, and by weights of draws around it."""
    model, x = load_pretrained("latent2").model, held_out_digit(4, 2)
    found = grid_posterior(model, x)
    second, first = torch.meshgrid(found.second.double(), found.first.double(), indexing="ij")
    points = torch.stack((first.flatten(), second.flatten()))
    on_grid = torch.cov(points, aweights=found.density.flatten() * found.cell)
    correlation = on_grid[0, 1] / on_grid.diagonal().prod().sqrt()
    text = lesson.read_sections("train_vae")["tilted"]
    assert "(inside_vae?view=gap&digit=4&specimen=2)" in text
    assert f"a correlation of {correlation:.2f}" in text
    law = MultivariateNormal(
        (points * (found.density.flatten() * found.cell)).sum(1), 2.0 * on_grid
    )
    gen = torch.Generator().manual_seed(1)
    z = law.loc + torch.randn(40_000, 2, generator=gen, dtype=torch.float64) @ law.scale_tril.T
    weights = (log_joint(model, x, z.float()).double() - law.log_prob(z)).softmax(0)
    drawn = torch.cov(z.T, aweights=weights)
    again = drawn[0, 1] / drawn.diagonal().prod().sqrt()
    assert again.item() == pytest.approx(correlation.item(), abs=0.02)


@pytest.mark.parametrize("posterior", tilted.NAMES)
def test_a_link_chooses_it_and_the_page_says_what_it_is(posterior: str) -> None:
    app = pages_sweep.open_page(PAGE, posterior=posterior)
    assert pages_sweep.faults(app) == []
    box = app.selectbox(key="control:posterior")
    assert box.value == posterior
    assert box.options == [kind.title for kind in POSTERIORS.values()]
    for kind in POSTERIORS.values():
        assert kind.watch in box.help


@pytest.mark.exhaustive
@pytest.mark.parametrize("posterior", ["rank_one", "full"])
def test_the_recorded_runs_can_be_made_again(posterior: str) -> None:
    """To a nat, whatever the machine rounds: two seeds are some tenths apart."""
    config = TrainConfig(latent=2, epochs=5, targets="binary", posterior=posterior)
    *_, last = train(config, noise_share=0.0)
    run = tilted.elbos(posterior, 2)[0]
    assert last.test is not None
    assert last.test.elbo == pytest.approx(run, abs=1.0)
