"""Numbers and claims in the lessons, each against a computation."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import integrate, stats

from pages import contents
from pages.estimators.gradient_variance import draws
from pages.estimators.race import views, ways
from pages.estimators.race.fates import RACES, fates
from pages.practice.compare_runs import curves
from pages.practice.inside_vae.maps import CELLS
from pages.trick.location_scale import picture
from pages.ui import lesson
from pages.ui.runs.reports import epoch_steps, recorded
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.pretrained import PLANS, load_pretrained
from vae_core.training.reports import Diverged
from vae_core.vae.data import as_unit, load_mnist

KEYS = [page.key for page in contents.ALL_PAGES]


@pytest.mark.parametrize("page", KEYS)
def test_one_epsilon_and_one_phi(page: str) -> None:
    text = (lesson.FOLDER / f"{page}.md").read_text(encoding="utf-8")
    assert r"\epsilon" not in text
    assert "φ" not in text


@pytest.mark.parametrize("page", KEYS)
def test_nats_and_held_out_are_explained_where_they_are_met(page: str) -> None:
    sections = lesson.read_sections(page)
    text = "\n".join(sections.values())
    if re.search(r"\bnats\b", text):
        assert "units of the natural logarithm" in text
    if "held-out" in text and page != "race":
        assert "never s" in sections["sentence"]


@pytest.mark.parametrize(
    ("mu", "sigma", "eps"), [(1.0, 0.5, 0.0), (-2.0, 2.0, 1.5), (0.0, 0.1, -3)]
)
def test_the_area_is_that_of_the_slice_that_is_drawn(mu: float, sigma: float, eps: float) -> None:
    now = picture.frame(mu, sigma, eps, n=12, seed=0, t=1.0)
    half = picture.SLICE_WIDTH / 2
    drawn = stats.norm.cdf(eps + half) - stats.norm.cdf(eps - half)
    x, y = now.traces["slice"]["x"], now.traces["slice"]["y"]
    assert now.numbers["area_z"] == pytest.approx(drawn, abs=1e-9)
    assert now.numbers["area_eps"] == pytest.approx(drawn, abs=1e-9)
    assert integrate.simpson(y, x=x) == pytest.approx(drawn, abs=1e-6)


def test_what_the_race_says_of_a_hundred_races() -> None:
    start = ways.setting("square", mu=2, sigma=1, rate=0.1, k=1, seed=3)
    assert 0.4 * RACES < fates("score", start).diverged < 0.6 * RACES  # "about every other one"
    assert fates("pathwise", start).diverged == 0
    calm = ways.setting("square", mu=2, sigma=1, rate=0.05, k=20, seed=3)
    assert fates("score", calm).arrived > 0.9 * RACES
    wild = {name: fates(name, views.WILD) for name in ("pathwise", "score", "score_loo")}
    assert wild["pathwise"].diverged > max(wild[n].diverged for n in wild if n != "pathwise")


def test_a_baseline_that_harms() -> None:
    told = draws.harmful_baseline()
    assert (told["loo"], told["plain"]) == ("15.3", "6.33")
    shared = {"loc": -1.37, "scale": 0.43, "dim": 3, "samples": 2, "replicates": 200_000}
    for key, rule in (("loo", "score_loo"), ("plain", "score")):
        found = measure(Experiment("sine", rule, knobs={"omega": 3.0}, **shared)).scale
        distance = abs(found.variance - float(told[key]))
        assert distance < 4 * found.variance_standard_error + 0.05


def test_a_baseline_that_calms_and_the_score_of_a_narrow_bell() -> None:
    at = draws.Setting("exp", (), "loc", 2.0, 1.0, samples=10)
    assert at.variance("score_loo", 100) < 0.5 * at.variance("score", 100)
    narrow = draws.Setting("square", (), "loc", 2.0, 0.1)
    assert narrow.variance("score", 100) == pytest.approx(1600 + 56 + 0.15)
    assert narrow.variance("pathwise", 100) == pytest.approx(0.04)


def test_what_the_training_page_says_of_its_runs() -> None:
    data = load_mnist()
    assert (len(data.train_images), len(data.test_images)) == (60_000, 10_000)
    config = TrainConfig()
    assert epoch_steps() == len(data.train_images) // config.batch
    for reports in recorded().values():
        assert reports[-1]["epoch"] == 1.0
        assert -250 < reports[0]["train"]["reconstruction"] < -150  # "some -200 nats at first"
    assert curves.recorded_runs() == "Three"


def test_what_is_said_of_the_trained_models() -> None:
    assert f"each of the {CELLS**2} pictures" in lesson.read_sections("inside_vae")["manifold"]
    for name, plan in PLANS.items():
        assert (plan.hidden, plan.depth, plan.estimator) == (400, 1, "pathwise")
        assert str(plan.latent) in name
    image = as_unit(load_mnist().test_images[:200])
    assert load_pretrained("latent20").model.encoder(image).scale.median() < 0.9
    assert curves.LONG_RUN in PLANS
    assert PLANS[curves.LONG_RUN].targets == "grey"  # the page says that it is no log-probability


@pytest.mark.parametrize("rate", [1000.0, 0.01, 0.001])
def test_the_advice_after_a_blow_up_names_a_rate(rate: float) -> None:
    told = Diverged(3, "KL", np.inf, Settings(learning_rate=rate)).explanation
    advised = float(re.findall(r"\((?:say )?([\d.e-]+)", told)[0])
    assert advised < rate
    assert advised <= Settings.learning_rate
