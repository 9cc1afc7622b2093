"""What the pages say and offer of a VAE whose z are coins: the recorded runs, and the training."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterator

import pytest

from pages import contents
from pages.beyond.discrete import binary_vae
from pages.ui import lesson
from pages.ui.runs import reports
from pages.ui.runs.recorded import runs
from tests.support import pages_sweep
from tests.support.small_jobs import small_jobs
from vae_core.estimators import ESTIMATORS
from vae_core.runs.jobs import Jobs
from vae_core.training.config import TrainConfig, trainable
from vae_core.training.train import train

DISCRETE, TRAINING = (contents.page_info(key) for key in ("discrete", "train_vae"))
COINS = {"posterior": "bernoulli", "targets": "binary"}
SEEDS = 3


@pytest.fixture
def jobs(tmp_path) -> Iterator[Jobs]:
    """A queue that trains on few images, and a runs folder of its own."""
    with small_jobs(tmp_path) as made:
        yield made


def elbos(name: str) -> list[float]:
    return [run["elbo"] for run in runs(binary_vae.RUNS) if run["estimator"] == name]


def test_every_estimator_that_takes_coins_was_run_with_every_seed() -> None:
    found = sorted((run["estimator"], run["seed"]) for run in runs(binary_vae.RUNS))
    assert found == sorted((name, s) for name in trainable("bernoulli") for s in range(SEEDS))
    for run in runs(binary_vae.RUNS):
        assert run["samples"] == ESTIMATORS[run["estimator"]].min_samples
        assert run["elbo"] == pytest.approx(run["reconstruction"] - run["kl"], abs=2e-4)
        assert 0.0 < run["kl"] < run["latent"] * math.log(2.0)


def test_the_table_orders_the_means_over_seeds() -> None:
    table = binary_vae.table()
    assert {len(column) for column in table.values()} == {len(trainable("bernoulli"))}
    said = [float(re.split(" ± ", text)[0].replace("−", "-")) for text in table["ELBO"]]
    assert said == sorted(said, reverse=True)
    for title, mean in zip(table["Estimator"], said, strict=True):
        name = next(n for n in trainable("bernoulli") if ESTIMATORS[n].title == title)
        assert mean == pytest.approx(statistics.fmean(elbos(name)), abs=0.051)
        row = table["Estimator"].index(title)
        biased = table["on average"][row] == "biased"
        assert biased != ESTIMATORS[name].unbiased


def test_what_the_lesson_says_is_what_the_runs_came_to() -> None:
    """Who is first and last, who is near, and that the differences are more than luck."""
    means = {name: statistics.fmean(elbos(name)) for name in trainable("bernoulli")}
    errors = {name: statistics.stdev(elbos(name)) / math.sqrt(SEEDS) for name in means}

    def clear(better: str, worse: str) -> bool:
        return means[better] - means[worse] > 4.3 * math.hypot(errors[better], errors[worse])

    first, last = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    assert (first, last) == ("gumbel_softmax", "score")
    assert clear("gumbel_softmax", "disarm")
    assert clear("disarm", "arm")
    assert all(clear(name, "straight_through") for name in binary_vae.CALM)
    assert clear("straight_through", "score")
    told = binary_vae.told()
    assert float(told["behind"]) == pytest.approx(means[first] - means[last], abs=0.051)
    assert float(told["gained"]) == pytest.approx(means["disarm"] - means["arm"], abs=0.051)
    gaps = [means[first] - means[name] for name in binary_vae.CALM]
    assert float(told["near"]) == pytest.approx(max(gaps), abs=0.051)
    kls = [run["kl"] for run in runs(binary_vae.RUNS) if run["estimator"] == "straight_through"]
    assert float(told["straight_through_kl"]) == pytest.approx(statistics.fmean(kls), abs=0.051)
    assert statistics.fmean(kls) < 0.65 * runs(binary_vae.RUNS)[0]["latent"] * math.log(2.0)
    bells = [
        r["elbo"] for r in runs("posteriors") if (r["posterior"], r["latent"]) == ("diagonal", 20)
    ]
    assert told["bells"] == f"−{-statistics.fmean(bells):.1f}"


def test_the_readme_tells_the_same_numbers() -> None:
    text = (reports.REFERENCES / "README.md").read_text(encoding="utf-8")
    table = binary_vae.table()
    for row in zip(*table.values(), strict=True):
        assert f"| {' | '.join(row)} |" in text


def test_the_page_shows_the_table_and_its_link_trains_such_a_vae(jobs: Jobs) -> None:
    app = pages_sweep.open_page(DISCRETE)
    assert pages_sweep.faults(app) == []
    shown = [list(each.value.columns) for each in app.table]
    assert list(binary_vae.table()) in shown
    link = re.search(r"\(train_vae\?([^)]+)\)", lesson.read_sections("discrete")["binary_vae_says"])
    assert link
    query = dict(pair.split("=") for pair in link[1].split("&"))
    started = pages_sweep.open_page(TRAINING, **query | {"epochs": "1"})
    started.button(key="start").click().run()
    assert pages_sweep.faults(started) == []
    token = started.query_params["run"]
    view = jobs.wait_for(token if isinstance(token, str) else token[0], lambda v: not v.active)
    assert (view.state, view.config.prior) == ("finished", "bernoulli")
    assert view.history[-1].test.elbo > view.history[0].test.elbo
    assert [curve.name for curve in reports.drawn_curves(view)][:1] == ["this run: training images"]
    titles = [strip.label for strip in reports.strips(view.views, view.config)]
    assert "the likelier 0s and 1s" in titles[1]
    assert "fair coins" in titles[2]
    assert pages_sweep.faults(started.run()) == []


def test_only_what_fits_is_offered() -> None:
    for posterior in ("diagonal", "bernoulli"):
        app = pages_sweep.open_page(TRAINING, posterior=posterior)
        assert pages_sweep.faults(app) == []
        titles = [ESTIMATORS[name].title for name in trainable(posterior)]
        assert app.selectbox(key="control:estimator").options == titles
        keys = {box.key for box in app.selectbox}
        assert ("control:prior" in keys) == (posterior == "diagonal")
        told = any("this z has none: REINFORCE is used" in each.value for each in app.caption)
        assert told == (posterior == "bernoulli")
    app = pages_sweep.open_page(TRAINING, posterior="bernoulli", estimator="disarm")
    assert not any("this z has none" in each.value for each in app.caption)


def test_an_address_that_does_not_fit_gets_a_note_or_a_sentence() -> None:
    app = pages_sweep.open_page(TRAINING, posterior="bernoulli", estimator="pathwise")
    assert any("Gradient estimator" in each.value for each in app.caption)
    app = pages_sweep.open_page(TRAINING, **COINS, estimator="arm", objective="iwae")
    assert any("take the objective elbo" in each.value for each in app.warning)
    assert pages_sweep.faults(app) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["disarm", "gumbel_softmax"])
def test_the_recorded_runs_can_be_made_again(name: str) -> None:
    """To a nat and a half, whatever the machine rounds: two seeds are as far apart."""
    run = next(run for run in runs(binary_vae.RUNS) if (run["estimator"], run["seed"]) == (name, 0))
    config = TrainConfig(name, samples=run["samples"], latent=run["latent"], epochs=5, **COINS)
    *_, last = train(config, noise_share=0.0)
    assert last.test.elbo == pytest.approx(run["elbo"], abs=1.5)
