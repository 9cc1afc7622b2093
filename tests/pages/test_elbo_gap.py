"""The gap's picture: what bars, labels and sentences say, against the core and closed forms."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from torch.distributions import Normal, kl_divergence

from pages.goal.elbo_gap import bars, picture, scene, told
from pages.ui.lesson import read_sections
from pages.ui.live import Frame
from vae_core.lab.latent import Bell, best_bell, elbo

START: dict[str, Any] = {"mu": 0.8, "sigma": 0.8, "x": 2.5, "t": 0, "model": "bell"}
DRAWINGS = (picture.draw, picture.draw_narrow)
XS = [round(-1 + 0.05 * i, 2) for i in range(81)]


def frame(**values: Any) -> Frame:
    return scene.frame(**{**START, **values})


def test_the_formula_adds_up_in_closed_form() -> None:
    """x = z + noise: a normal evidence, a normal posterior, and KLs between normals."""
    now, spread = frame().numbers, 1.0 + scene.NOISE**2
    evidence = stats.norm.logpdf(2.5, 0.0, math.sqrt(spread))
    q, posterior = Normal(0.8, 0.8), Normal(2.5 / spread, scene.NOISE / math.sqrt(spread))
    reconstruction = stats.norm.logpdf(2.5, 0.8, scene.NOISE) - 0.8**2 / (2 * scene.NOISE**2)
    to_prior = kl_divergence(q, Normal(0.0, 1.0)).item()
    to_posterior = kl_divergence(q, posterior).item()
    assert now["evidence"] == pytest.approx(evidence, rel=1e-12)
    assert now["reconstruction"] == pytest.approx(reconstruction, rel=1e-12)
    assert now["kl_prior"] == pytest.approx(to_prior, rel=1e-5)
    assert now["bound"] == pytest.approx(reconstruction - to_prior, rel=1e-5)
    assert now["gap"] == pytest.approx(to_posterior, rel=1e-5)
    assert now["bound"] + now["gap"] == pytest.approx(evidence, abs=1e-12)


def test_the_posterior_of_the_lesson() -> None:
    """N(0.64 x, 0.6^2), from the normal equations of z and x."""
    told_here = told.about("bell")
    precision = 1.0 + 1.0 / scene.NOISE**2
    assert float(told_here["share"]) == pytest.approx(1.0 / scene.NOISE**2 / precision, abs=1e-9)
    assert float(told_here["width"]) == pytest.approx(precision**-0.5, abs=1e-9)


def test_on_the_posterior_the_bound_touches() -> None:
    now = frame(mu=1.6, sigma=0.6)
    assert now.numbers["gap"] < 1e-12
    assert now.numbers["bound"] == pytest.approx(now.numbers["evidence"], abs=1e-12)
    assert "coincide" in now.numbers["verdict"]
    height = np.interp(scene.GRID, now.traces["bell q(z)"]["x"], now.traces["bell q(z)"]["y"])
    np.testing.assert_allclose(height, now.traces["posterior p(z|x)"]["y"], atol=2e-3)


def test_what_is_said_of_q_on_the_prior() -> None:
    now = frame(mu=0, sigma=1).numbers
    assert now["kl_prior"] == 0.0
    missing = kl_divergence(Normal(0.0, 1.0), Normal(1.6, 0.6)).item()
    said = told.at_the_prior()
    assert said["missing"] == f"{missing:.2f}" == f"{now['gap']:.2f}"
    assert said["reached"] == f"{now['bound']:.2f}".replace("-", "−")
    assert said["top"] == f"{now['evidence']:.2f}".replace("-", "−")


def test_what_is_said_of_the_two_hills() -> None:
    said, model = told.about("hills"), scene.MODELS["hills"]
    assert said["half"] == f"{math.log(2):.2f}"
    assert float(said["fork"]) == pytest.approx(scene.NOISE**2 / 2, abs=5e-3)
    for x in XS:  # on the slider, in the middle up to the one, aside from the other on
        assert (abs(best_bell(model, x).loc) > 0.5) == (x >= told.ASIDE), x
        assert (abs(best_bell(model, x).loc) < 1e-3) == (x <= told.MIDDLE), x
    assert pytest.approx(0.05) == told.ASIDE - told.MIDDLE


def test_q_climbs_onto_a_hill_or_stays_on_a_lower_summit() -> None:
    """As the links promise."""
    hill = frame(model="hills", t=scene.STEPS).numbers
    assert hill["mu_q"] == pytest.approx(1.417, abs=0.02)
    assert hill["gap"] - hill["left"] < 5e-3
    assert "No bell comes closer than 0.73" in hill["verdict"]
    middle = frame(model="hills", mu=0.1, t=scene.STEPS).numbers
    assert abs(middle["mu_q"]) < 0.01
    assert middle["gap"] > middle["left"] + 1.0
    assert "stands almost still" in middle["verdict"]
    model, x = scene.MODELS["hills"], 2.5
    top = elbo(model, x, Bell(0.0, 0.92190)).value
    steps = (-0.05, -0.02, 0.02, 0.05)
    around = [(m, 0.9219 + s) for m, s in itertools.product((0.0, *steps), steps)]
    around += [(m, 0.9219) for m in steps]
    assert all(elbo(model, x, Bell(m, s)).value < top for m, s in around)


def test_q_climbs_onto_the_posterior() -> None:
    bounds = [frame(t=t).numbers["bound"] for t in range(scene.STEPS + 1)]
    assert all(np.diff(bounds) >= 0)
    end = frame(t=scene.STEPS).numbers
    assert end["gap"] < scene.UNSEEN
    assert (end["mu_q"], end["sigma_q"]) == pytest.approx((1.6, 0.6), abs=0.02)


PLACES = [
    {"model": model, "mu": mu, "sigma": sigma, "x": x, "t": t}
    for model in scene.MODELS
    for mu in (-2.5, 0.0, 0.8, 2.5)
    for sigma in (0.24, 0.6, 1.5)
    for x in (-1.0, 0.3, 1.6, 3.0)
    for t in (0, 40)
]


def test_the_columns_stack_and_the_labels_keep_apart() -> None:
    for place in PLACES:
        now = frame(**place)
        at, top = now.traces, now.numbers["evidence"]
        level = max(now.numbers["bound"], bars.FOOT)
        assert bars.FOOT < top < bars.HEAD - 1.0
        assert at["log p(x)"]["y"].tolist() == [bars.FOOT, top, top, bars.FOOT]
        assert at["ELBO"]["y"].tolist() == [bars.FOOT, level, level, bars.FOOT]
        assert at["KL"]["y"].tolist() == [level, top, top, level]
        low, high = at["ELBO words"]["y"][0], at["KL words"]["y"][0]
        assert bars.FOOT + 1.5 <= low <= high - 0.3
        assert high < bars.HEAD
        assert ("↓" in at["ELBO words"]["text"][0]) == (now.numbers["bound"] < bars.FOOT)
        assert at["best bell"]["y"] == pytest.approx([top - now.numbers["left"]] * 2)
        assert at["log p(x) lying"]["x"].tolist() == at["log p(x)"]["y"].tolist()
        kl = at["KL words lying"]["x"][0]
        beyond = at["KL words beyond lying"]["x"][0]
        assert np.isnan(kl) != np.isnan(beyond)
        if np.isnan(beyond):  # half of its words' width is 0.8 nats
            assert max(level, bars.FOOT + bars.ALONG[0]) <= kl - 0.8 < kl + 0.8 <= top
        assert at["KL words lying"]["text"] == at["KL words"]["text"]
        assert "nan" not in str(now.numbers)
        assert now.numbers["error"] < 1e-8


def test_the_sentence_says_the_gap_that_is_drawn() -> None:
    for place in PLACES:
        now = frame(**place).numbers
        gap, said = now["gap"], now["verdict"]
        assert now["bound"] + gap == pytest.approx(now["evidence"], abs=1e-9 * max(1, gap))
        if gap >= scene.UNSEEN:
            assert f"lies {gap:.2f} nats below" in said
        assert ("coincide" in said) == (gap < scene.NOTHING)
        assert ("No bell comes closer" in said) == (
            scene.UNSEEN <= gap < now["left"] + scene.UNSEEN
        )
        assert gap >= now["left"] - 1e-8


def test_the_figure_draws_every_trace_that_moves() -> None:
    now = frame()
    wide, narrow = ({trace.name for trace in draw(now).data} for draw in DRAWINGS)
    assert set(now.traces) == (wide | narrow) - {"prior p(z)"}
    assert {name for name in now.traces if name.endswith(bars.LYING)} == narrow - wide


def test_the_units_are_told() -> None:
    assert "units of the natural logarithm" in read_sections("elbo_gap")["sentence"]
