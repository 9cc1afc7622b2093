"""What is hidden: frames and sentences against scipy, counts, and the trained models."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from pages.goal.latent_variables import blind, blind_picture, picture, scene, told, views
from pages.ui.lesson import read_sections
from pages.ui.live import Frame
from vae_core.lab.latent import BentCurve, posterior_on_grid
from vae_core.training.pretrained import PLANS, load_pretrained

START: dict[str, Any] = {
    **{f"h{k + 1}": height for k, height in enumerate(views.HEIGHTS)},
    "noise": 0.4,
    "x": 1.0,
    "n": 200,
    "seed": 0,
}
LIMIT: dict[str, Any] = {"noise": 0.4, "x": 1.0, "n": 200, "seed": 0}


def bent(**values: Any) -> Frame:
    return scene.bent(**{**START, **values})


def mean(z: float, heights: tuple[float, ...] = views.HEIGHTS) -> float:
    """The curve, written out: a bias and three sigmoids through four points."""
    places = (-1.0, 0.0, 1.0)
    rows = [
        [1.0, *(1.0 / (1.0 + math.exp(-3.0 * (knot - place))) for place in places)]
        for knot in (-1.5, -0.5, 0.5, 1.5)
    ]
    bias, *weights = np.linalg.solve(rows, heights)
    units = [1.0 / (1.0 + math.exp(-3.0 * (z - place))) for place in places]
    return float(bias + np.dot(weights, units))


@pytest.mark.parametrize(("x", "noise"), [(1.0, 0.4), (-1.2, 0.3), (2.6, 1.2)])
def test_the_formula_is_the_integral_and_bayes(x: float, noise: float) -> None:
    now = bent(x=x, noise=noise).numbers

    def joint(z: float) -> float:
        return float(stats.norm.pdf(x, mean(z), noise) * stats.norm.pdf(z))

    true = integrate.quad(joint, -8.0, 8.0, limit=400, epsabs=1e-13)[0]
    assert now["p_x"] == pytest.approx(true, rel=1e-9)
    assert now["log_p"] == pytest.approx(math.log(true), abs=1e-9)
    z = float(now["z_top"])
    assert now["prior"] == pytest.approx(stats.norm.pdf(z))
    assert now["likelihood"] == pytest.approx(stats.norm.pdf(x, mean(z), noise))
    assert now["posterior"] == pytest.approx(joint(z) / true)
    walk = np.linspace(-3.0, 3.0, 601)
    assert max(joint(each) for each in walk) / true <= float(now["posterior"]) * 1.001


def test_the_curve_the_band_and_p_of_x_that_are_drawn() -> None:
    at = bent().traces
    for z, x in zip(at["curve"]["x"][::9], at["curve"]["y"][::9], strict=True):
        assert x == pytest.approx(mean(z), abs=1e-9)
    upper, lower = np.split(at["band"]["y"], 2)
    assert upper - lower[::-1] == pytest.approx(2 * 1.96 * 0.4)
    assert stats.norm.cdf(scene.BAND) - stats.norm.cdf(-scene.BAND) == pytest.approx(0.95, abs=1e-4)
    assert "95 %" in read_sections("latent_variables")["hand"]
    for k, knot in enumerate((-1.5, -0.5, 0.5, 1.5)):
        point = at[f"point {k + 1}"]
        assert (point["x"][0], point["y"][0]) == (knot, views.HEIGHTS[k])
    assert np.trapezoid(at["p(x)"]["x"], at["p(x)"]["y"]) == pytest.approx(1.0, abs=1e-4)
    area = np.trapezoid(at["posterior"]["y"], at["posterior"]["x"])
    assert area == pytest.approx(1.0, abs=5e-3)


def test_the_histogram_grows_by_blocks_and_then_into_p_of_x() -> None:
    block = 1.0 / (scene.FULL * scene.BIN)
    for n in (0, 1, 7, 100):
        bars = bent(n=n).traces["histogram"]["x"]
        assert bars.sum() == pytest.approx(n * block)
        assert np.allclose(bars / block, np.round(bars / block))
    now = bent(n=scene.MOST_DRAWS).traces
    centres, bars = now["histogram"]["y"], now["histogram"]["x"]
    assert len(centres) == len(bars) == 30
    expected = np.interp(centres, now["p(x)"]["y"], now["p(x)"]["x"])
    spread = np.sqrt(np.maximum(expected, 0.01) / (scene.MOST_DRAWS * scene.BIN))
    assert (np.abs(bars - expected) < 4.0 * spread + 0.02).all()


def test_the_newest_draw_goes_up_off_the_curve_and_across() -> None:
    at = bent(n=3).traces
    z, x = at["its z"]["x"][0], at["its x"]["y"][0]
    assert at["its mean"]["y"][0] == pytest.approx(mean(z), abs=1e-9)
    assert at["way"]["y"][1:3].tolist() == [at["its mean"]["y"][0], x]
    assert (at["dots"]["x"][2], at["dots"]["y"][2]) == (z, x)
    assert np.isnan(at["dots"]["x"][3:]).all()
    nothing = bent(n=0).traces["way"]
    assert (np.isnan(nothing["x"]) | np.isnan(nothing["y"])).all()
    assert bent(n=5000).traces["dots"]["x"].shape == (scene.MOST_DOTS,)


def test_what_is_counted_near_x() -> None:
    for n in (1, 10, 200, 5000):
        now = bent(n=n).numbers
        assert now["counted"] == pytest.approx(float(now["near"]) / (n * scene.BIN))
    now = bent(n=5000).numbers
    off = float(now["counted"]) - float(now["p_x"])
    assert abs(off) < 4.0 * float(now["counted_error"])


def test_the_sentence() -> None:
    assert "nothing is drawn yet" in str(bent(n=0).numbers["verdict"])
    assert "no x of 1 draw came within 0.15" in str(bent(n=1).numbers["verdict"])
    said = str(bent().numbers["verdict"])
    found = re.search(r"about (\S+) ± (\S+); by quadrature (\S+)\.$", said)
    assert found
    assert abs(float(found[1]) - float(found[3])) < 4.0 * float(found[2])
    assert "(48%)" in said


def test_hills_are_masses_between_valleys() -> None:
    model = BentCurve(0.4, views.HEIGHTS)
    found = scene.hills(posterior_on_grid(model, 1.0))
    assert len(found) == 3
    assert sum(hill.mass for hill in found) == pytest.approx(1.0, abs=1e-6)

    def joint(z: float) -> float:
        return float(stats.norm.pdf(1.0, mean(z), 0.4) * stats.norm.pdf(z))

    walk = np.linspace(0.3, 0.9, 601)
    valley = walk[np.argmin([joint(z) for z in walk])]
    mass = integrate.quad(joint, valley, 8.0)[0] / integrate.quad(joint, -8.0, 8.0, limit=200)[0]
    right = max(found, key=lambda hill: hill.top)
    assert right.mass == pytest.approx(mass, abs=0.01)
    near = np.linspace(right.top - 0.05, right.top + 0.05, 101)
    assert abs(near[np.argmax([joint(z) for z in near])] - right.top) < 0.01


def test_as_the_links_promise() -> None:
    line = bent(**{f"h{k + 1}": h for k, h in enumerate(views.SHAPES["line"])})
    assert "(" not in str(line.numbers["hills"])
    fold = bent(**{f"h{k + 1}": h for k, h in enumerate(views.SHAPES["fold"])}, n=1000)
    assert str(fold.numbers["hills"]).count("50%") == 2
    little, much = (scene.trained(**{**LIMIT, "x": x}).numbers for x in (-1.5, 1.5))
    assert float(little["z_top"]) > 1.0
    assert float(much["z_top"]) < -1.0


def test_what_is_cut_off_is_said() -> None:
    steep = bent(h1=-2.5, h2=-2.5, h3=2.5, h4=2.5, noise=0.3, x=0)
    assert float(steep.numbers["posterior"]) > scene.DENSEST_Z
    assert steep.traces["peak"]["text"][0].startswith("↑")
    assert steep.traces["posterior"]["y"].max() == scene.DENSEST_Z
    assert bent().traces["peak"]["text"] == [""]


@torch.no_grad()
def test_the_trained_curve_is_the_ink_of_the_vae() -> None:
    """Pixel by pixel through the weights, and its noise and bound as the lesson says."""
    model = load_pretrained("latent1").model
    now = scene.trained(**LIMIT)
    for z, x in zip(now.traces["curve"]["x"][::12], now.traces["curve"]["y"][::12], strict=True):
        hidden = model.decoder.hidden(torch.tensor([z], dtype=torch.float32)).relu()
        ink = float(model.decoder.logits(hidden).sigmoid().sum())
        assert x == pytest.approx((ink - 100) / 20, abs=1e-4)
    said = told.of_the_trained_curve()
    z = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(1))
    pi = model.mean_of_x(z)
    deviation = math.sqrt(float((pi * (1 - pi)).sum(-1).mean()))
    assert float(said["ink_noise"]) == pytest.approx(deviation, abs=0.1)
    assert float(said["in_units"]) == pytest.approx(deviation / 20, abs=0.01)
    x = torch.bernoulli(pi[:2000], generator=torch.Generator().manual_seed(2)).sum(-1)
    off = x - pi[:2000].sum(-1)
    assert float(off.std()) == pytest.approx(deviation, rel=0.05)


def test_the_told_error_holds_for_the_trained_curve() -> None:
    """Against a grid sixteen times as fine: a network of ReLUs has corners."""
    model = scene.Ink(0.4)
    z = torch.linspace(-7.0, 7.0, 14 * 1024 + 1, dtype=torch.float64)
    for x in (-1.5, 0.0, 1.0):
        true = float(model.log_joint(x, z).logsumexp(0)) - math.log(1024)
        found = posterior_on_grid(model, x)
        assert abs(found.log_evidence - true) <= found.error
        assert found.error < 2e-3


def test_how_many_draws_meet_one() -> None:
    for share in (0.3, 1e-3, 1e-9):
        number = blind.needed(math.log(share))
        assert stats.binom.sf(0, round(1e5), share) == pytest.approx(
            1.0 - (1.0 - share) ** 1e5, rel=1e-6
        )
        assert -math.expm1(number * math.log1p(-share)) == pytest.approx(0.9)


def test_the_frames_of_the_runs_are_the_file() -> None:
    for d in blind.sizes():
        found = blind.known(d, 4)
        now = blind.frame(d, 4, 1000)
        at = blind.stops().index(1000)
        runs = [run[at] for run in found["naive"]]
        assert now.numbers["median"] == pytest.approx(float(np.median(runs)))
        for k, run in enumerate(found["naive"]):
            y = now.traces[f"run {k}"]["y"]
            assert np.isnan(y[at + 1 :]).all()
            assert y[at] == pytest.approx(max(run[at] - found["log_evidence"], blind.BELOW))
        assert now.traces["chosen"]["y"][0] == pytest.approx(found["log_share"] / math.log(10))
        share = math.exp(found["log_share"])
        shown = now.traces["shares"]["text"][list(blind.sizes()).index(d)]
        mantissa = shown.replace(",", "").split(" × 10")
        power = (
            mantissa[1].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
            if mantissa[1:]
            else "0"
        )
        assert float(mantissa[0]) * 10 ** int(power) == pytest.approx(1 / share, rel=0.06)
        if found["count"]:
            counted = now.traces["counted"]["y"][list(blind.sizes()).index(d)]
            assert 10**counted == pytest.approx(found["count"] / 1e6)
        assert now.traces["best"]["z"].shape == now.traces["image"]["z"].shape == (28, 28)
        assert PLANS[blind.sizes()[d]].epochs == (40 if d == 2 else 20)  # as the lesson says
    assert {name: load_pretrained(name).config.latent for name in PLANS} == {
        name: d for d, name in blind.sizes().items()
    }


def test_what_is_said_of_a_million() -> None:
    said = told.of_a_million()
    few, many = blind.known(2, 4), blind.known(20, 4)
    assert said["total"] == "1,000,000"
    assert int(said["few"].replace(",", "")) == few["count"] > 1000
    assert (said["none"], many["count"]) == ("none", 0)
    assert 1e6 * math.exp(many["log_share"]) < 0.01
    assert float(said["cost"]) > 100


def test_what_the_lesson_says_of_the_measurement() -> None:
    ten, twenty = blind.known(10, 1)["log_share"], blind.known(20, 1)["log_share"]
    assert abs(ten - twenty) < 1.0
    for d in blind.sizes():  # the share is close to exp(-KL), against what it spans
        for digit in range(10):
            found = blind.known(d, digit)
            assert abs(-found["log_share"] - found["kl"]) < 0.15 * found["kl"]
    five = np.array(blind.known(5, 4)["naive"])[:, -1]
    assert (five < blind.known(5, 4)["log_evidence"]).sum() > 5
    assert "all ten runs are within" in blind.frame(2, 4, 100_000).numbers["verdict"]
    one, four = (blind.known(20, digit)["log_share"] for digit in (1, 4))
    assert one > four + 5.0


def test_the_sentence_of_the_runs() -> None:
    for d in blind.sizes():
        for digit in (1, 4, 5):
            for n in (1, 1000, 100_000):
                off = blind.naive(d, digit)[:, blind.stops().index(n)]
                said = str(blind.frame(d, digit, n).numbers["verdict"])
                low = re.search(r"; (all ten|\d+) lies? below it", said)
                if low:
                    assert (10 if low[1] == "all ten" else int(low[1])) == (off < 0).sum()
                else:
                    assert np.abs(off).max() < blind.NEAR


def test_the_figures_draw_every_trace_that_moves() -> None:
    still = {"prior p(z)", "log p(x)"}
    for now, draw in (
        (bent(), lambda frame: picture.draw(frame, points=4)),
        (bent(), lambda frame: picture.draw_narrow(frame, points=4)),
        (scene.trained(**LIMIT), lambda frame: picture.draw(frame, points=0)),
        (blind.frame(20, 4, 1000), blind_picture.draw),
        (blind.frame(20, 4, 1000), blind_picture.draw_narrow),
    ):
        names = {trace.name for trace in draw(now).data}
        assert set(now.traces) <= names
        assert {n for n in names - set(now.traces) if not n.startswith("name of")} <= still
