"""The pictures of the KL against torch and scipy: areas, estimates, descents, the VAE's terms."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import distributions

from pages.goal.kl_divergence import beliefs, descent, dimensions, estimate, picture, rows, views
from pages.ui.lesson import Lesson, read_sections
from vae_core.families.divergence import Hills
from vae_core.training.pretrained import load_pretrained

BELLS: list[dict[str, Any]] = [
    {"mu": 1.5, "sigma": 0.7, "centre": -0.5, "width": 1.5},
    {"mu": -1.0, "sigma": 1.2, "centre": 1.0, "width": 0.4},
    {"mu": 0.0, "sigma": 0.4, "centre": 0.0, "width": 0.4},
]
HILLS: list[dict[str, Any]] = [
    {"mu": 1.5, "sigma": 0.7, "gap": 4.0, "share": 0.5, "width": 0.6, "view": "hills"},
    {"mu": -2.0, "sigma": 0.6, "gap": 4.4, "share": 0.2, "width": 0.5, "view": "hills"},
    {"mu": 0.3, "sigma": 1.5, "gap": 0.0, "share": 0.9, "width": 0.9, "view": "hills"},
]
EACH = [{**place, "n": 100, "seed": 0} for place in (*BELLS, *HILLS)]
ENDS = {"mu": (-3, 3), "sigma": (0.4, 2), "gap": (0, 6), "share": (0.1, 0.9), "width": (0.4, 1.5)}
MOST_ERROR = 1e-8  # four decimals are shown, also of some hundreds of nats


def density(z: Any, given: dict[str, Any], name: str) -> Any:
    """q or p by scipy."""
    if name == "q":
        return stats.norm.pdf(z, given["mu"], given["sigma"])
    centre, gap, share = (given.get(k, d) for k, d in (("centre", 0), ("gap", 0), ("share", 0.5)))
    left, right = (stats.norm.pdf(z, centre + side * gap / 2, given["width"]) for side in (-1, 1))
    return share * left + (1 - share) * right


def target(given: dict[str, Any]) -> Hills:
    """p as the page has it."""
    told = (given.get(k, d) for k, d in (("centre", 0), ("width", 1), ("gap", 0), ("share", 0.5)))
    return beliefs.hills(*map(float, told))


def kl(given: dict[str, Any], one: str, other: str) -> float:
    """By scipy's quadrature of the definition."""

    def integrand(z: float) -> float:
        mine = density(z, given, one)
        return float(mine * np.log(mine / density(z, given, other))) if mine > 1e-250 else 0.0

    breaks = np.arange(-12.0, 12.1, 1.0)
    return sum(
        integrate.quad(integrand, a, b, epsabs=1e-11)[0] for a, b in itertools.pairwise(breaks)
    )


def exact_by_torch(given: dict[str, Any]) -> list[float]:
    q = distributions.Normal(given["mu"], given["sigma"])
    p = distributions.Normal(given["centre"], given["width"])
    return [float(distributions.kl_divergence(*pair)) for pair in ((q, p), (p, q))]


@pytest.mark.parametrize("given", EACH)
def test_both_directions_are_those_of_scipy(given: dict[str, Any]) -> None:
    numbers = picture.frame(**given).numbers
    assert numbers["reverse"] == pytest.approx(kl(given, "q", "p"), abs=1e-7)
    assert numbers["forward"] == pytest.approx(kl(given, "p", "q"), abs=1e-7)


@pytest.mark.parametrize("given", BELLS)
def test_bells_have_the_closed_form(given: dict[str, Any]) -> None:
    numbers = picture.frame(**given, n=1, seed=0).numbers
    mu, sigma, m, s = (given[name] for name in ("mu", "sigma", "centre", "width"))
    written = (
        math.log(s / sigma) + (sigma**2 + (mu - m) ** 2) / (2 * s**2) - 0.5,
        math.log(sigma / s) + (s**2 + (m - mu) ** 2) / (2 * sigma**2) - 0.5,
    )
    for told, formula, torchs in zip(
        (numbers["reverse"], numbers["forward"]), written, exact_by_torch(given), strict=True
    ):
        assert told == pytest.approx(formula, abs=1e-12)
        assert told == pytest.approx(torchs, abs=1e-6)


@pytest.mark.parametrize("given", EACH)
def test_the_formula_of_the_hills_adds_up(given: dict[str, Any]) -> None:
    numbers = picture.frame(**given).numbers
    z = np.linspace(-14, 14, 8001)
    for one, other, name in (("q", "p", "reverse"), ("p", "q", "forward")):
        mine = density(z, given, one)
        for of in (one, other):
            log = np.log(np.maximum(density(z, given, of), 1e-300))
            wanted = integrate.simpson(mine * log, x=z)
            assert numbers[f"{of}_under_{one}"] == pytest.approx(wanted, abs=1e-5)
        left = float(numbers[f"{one}_under_{one}"]) - float(numbers[f"{other}_under_{one}"])
        assert left == pytest.approx(float(numbers[name]), abs=1e-12)


@pytest.mark.parametrize("shade", ["plain", "lifted"])
@pytest.mark.parametrize("given", EACH)
def test_the_shaded_areas_are_the_divergences(given: dict[str, Any], shade: str) -> None:
    now = picture.frame(**given, shade=shade)
    for name in ("reverse", "forward"):
        y = now.traces[name]["y"]
        assert np.trapezoid(y, beliefs.Z) == pytest.approx(now.numbers[name], abs=2e-3)
        if shade == "lifted":
            assert y.min() >= -1e-12
    assert picture.frame(**EACH[0]).traces["reverse"]["y"].min() < 0


@pytest.mark.parametrize(("mu", "sigma"), list(itertools.product(ENDS["mu"], ENDS["sigma"])))
def test_what_is_called_exact_is_so_at_every_end(mu: float, sigma: float) -> None:
    names = ("gap", "share", "width")
    for ends in itertools.product(*(ENDS[name] for name in names)):
        given = dict(zip(names, ends, strict=True))
        now = picture.frame(mu=mu, sigma=sigma, n=1, seed=0, view="hills", **given)
        assert float(now.numbers["error"]) < MOST_ERROR
        assert all(np.isfinite(arrays["y"]).any() or name.endswith(("mean", "here", "error"))
                   for name, arrays in now.traces.items())  # fmt: skip


def test_the_sliders_ends_are_those_tested() -> None:
    for param in (views.MU, views.SIGMA, views.GAP, views.SHARE, views.HILL):
        assert ENDS[param.key] == (param.positions[0], param.positions[-1])


@pytest.mark.parametrize("given", [EACH[0], EACH[3]])
def test_the_estimates_average_to_the_exact_values(given: dict[str, Any]) -> None:
    """z-scores over two hundred seeds, and in one the first draws' own mean and error."""
    seeds = range(200)
    found: dict[str, list[float]] = {"reverse": [], "forward": []}
    q, p = beliefs.bell(given["mu"], given["sigma"]), target(given)
    for seed in seeds:
        for name, ratio in picture.draws(q, p, seed)[1].items():
            found[name].append(float(ratio[:100].mean()))
    truth = picture.exact(q, p)
    for name, means in found.items():
        score = (np.mean(means) - getattr(truth, name)) / (np.std(means) / math.sqrt(len(seeds)))
        assert abs(score) < 4
    ratio = picture.draws(q, p, 0)[1]["reverse"][:100]
    told = str(picture.frame(**given).numbers["estimate_reverse"]).split(" ± ")
    assert float(told[0]) == pytest.approx(float(ratio.mean()), abs=0.05)
    assert float(told[1]) == pytest.approx(float(ratio.std()) / 10, abs=0.05)


def test_an_estimate_is_told_with_the_decimals_that_it_has() -> None:
    assert estimate.in_words(1.23456, 0.0423) == "1.235 ± 0.042"
    assert estimate.in_words(-1.23456, 2.3) == "−1.2 ± 2.3"
    assert estimate.in_words(0.5, math.nan) == "0.50"
    assert estimate.in_words(0.0, 0.0) == "0.00 ± 0.00"


def test_the_path_of_the_estimate_is_a_multiple_of_the_exact_value() -> None:
    given = EACH[0]
    now = picture.frame(**given)
    q, p = beliefs.bell(1.5, 0.7), beliefs.hills(-0.5, 1.5, 0.0, 0.5)
    ratio = picture.draws(q, p, 0)[1]["forward"].numpy()
    path = now.traces["forward mean"]["y"]
    for at, n in enumerate(beliefs.DRAWS):
        if n > given["n"]:
            assert np.isnan(path[at])
        elif 0 <= (times := ratio[:n].mean() / now.numbers["forward"]) <= estimate.MOST_SEEN:
            assert path[at] == pytest.approx(times)


def test_the_verdict() -> None:
    assert picture.verdict(picture.Exact(0.0, 0.0, 0.0)) == "Nothing tells q and p apart."
    assert "agree" in picture.verdict(picture.Exact(1.0, 1.0, 0.0))
    assert "1.500" in picture.verdict(picture.Exact(0.5, 2.0, 0.0))


def test_what_leaves_the_picture_is_told_beside_it() -> None:
    y = np.zeros(beliefs.POINTS)
    assert rows.peak(y)["text"] == [""]
    y[90] = 12.34
    assert rows.peak(y)["text"] == ["▲ up to 12.3"]
    assert rows.peak(y)["x"][0] < beliefs.Z[90]  # no room at the right


# ---- the best q -------------------------------------------------------------------------------


def test_one_direction_picks_a_hill_and_the_other_covers_both() -> None:
    """The question's answer, at the view's own defaults, and what the words say of it."""
    picks = descent.descent(0.8, 4.0, 0.5, "reverse")
    assert picks.loc[-1] == pytest.approx(2.0, abs=0.02)
    assert picks.scale[-1] == pytest.approx(descent.WIDTH, abs=0.02)
    assert picks.reverse[-1] == pytest.approx(math.log(2), abs=0.01)  # "the log 2"
    covers = descent.descent(0.8, 4.0, 0.5, "forward")
    assert covers.loc[-1] == pytest.approx(0.0, abs=0.01)
    assert covers.scale[-1] ** 2 == pytest.approx(descent.WIDTH**2 + 4.0, rel=0.01)
    assert descent.descent(1.6, 4.0, 0.8, "reverse").loc[-1] > 1.9  # "even the lesser one"
    middle = descent.descent(0.0, 4.0, 0.5, "reverse")
    assert abs(middle.loc[-1]) < 1e-9  # "cannot choose, and stays over both"
    assert middle.reverse[-1] > picks.reverse[-1] + 0.3  # "worse off"
    assert descent.descent(-0.8, 4.0, 0.5, "reverse").loc[-1] < -1.9
    assert (views.START.default, views.GAP.default, views.SHARE.default) == (0.8, 4, 0.5)
    assert views.STEP.param.default == 0  # the answer is not given away


def test_nothing_over_both_hills_is_better_than_one_hill() -> None:
    """By a grid over all bells, with torch's own densities."""
    z = torch.linspace(-12, 12, 1201, dtype=torch.float64)
    both = distributions.Categorical(torch.tensor([0.5, 0.5], dtype=torch.float64))
    places = torch.tensor([-2.0, 2.0], dtype=torch.float64)
    p = distributions.MixtureSameFamily(both, distributions.Normal(places, descent.WIDTH))
    loc = torch.linspace(0, 3, 31, dtype=torch.float64)[:, None, None]
    scale = torch.linspace(0.3, 3, 28, dtype=torch.float64)[:, None]
    log_q = distributions.Normal(loc, scale).log_prob(z)
    found = (log_q.exp() * (log_q - p.log_prob(z))).sum(-1) * (z[1] - z[0])
    at, wide = divmod(int(found.argmin()), found.shape[1])
    assert loc.flatten()[at] == pytest.approx(2.0)
    assert scale.flatten()[wide] == pytest.approx(descent.WIDTH)


@pytest.mark.parametrize("way", ["reverse", "forward"])
@pytest.mark.parametrize(
    ("mu", "gap", "share"), list(itertools.product((-3, 0, 3), (0, 6), (0.1, 0.9)))
)
def test_every_descent_goes_down(mu: float, gap: float, share: float, way: str) -> None:
    found = descent.descent(mu, gap, share, way)
    down = found.reverse if way == "reverse" else found.forward
    assert (np.diff(down) < 1e-6).all()
    assert found.error < MOST_ERROR


def test_a_descents_picture_tells_its_own_step() -> None:
    given = {"mu": 0.8, "gap": 4.0, "share": 0.3, "way": "reverse"}
    found = descent.descent(**given)
    for t in (0, 7, descent.STEPS):
        now = descent.frame(t=t, **given)
        place = {"mu": found.loc[t], "sigma": found.scale[t], "width": descent.WIDTH}
        place |= {"gap": 4.0, "share": 0.3}
        assert now.numbers["kl"] == pytest.approx(kl(place, "q", "p"), abs=1e-7)
        assert now.numbers["other"] == pytest.approx(kl(place, "p", "q"), abs=1e-7)
        area = np.trapezoid(now.traces["reverse"]["y"], beliefs.Z)
        assert area == pytest.approx(now.numbers["kl"], abs=2e-3)
        right = 1 - stats.norm.cdf(0, found.loc[t], found.scale[t])
        told = f"{right:.0%}" if right < 0.995 else "More than 99%"
        assert f"{told} of q is on the right" in str(now.numbers["verdict"])


def test_the_steps_formula_is_the_next_step() -> None:
    given = {"mu": 0.8, "gap": 4.0, "share": 0.3}
    for way, t in itertools.product(("reverse", "forward"), (0, 5)):
        told = descent.frame(t=t, way=way, **given).numbers
        found = descent.descent(**given, way=way)
        mu, sigma, by_mu, by_log_sigma = (
            float(told[name]) for name in ("mu_q", "sigma_q", "by_mu", "by_log_sigma")
        )
        assert mu - descent.RATE * sigma**2 * by_mu == pytest.approx(found.loc[t + 1])
        after = sigma**2 - descent.RATE * sigma**2 * by_log_sigma
        assert after == pytest.approx(found.scale[t + 1] ** 2)


# ---- the VAE's --------------------------------------------------------------------------------


@pytest.mark.parametrize(("digit", "specimen"), [(4, 2), (1, 1), (0, 20)])
def test_the_vaes_terms_are_those_of_torch_distributions(digit: int, specimen: int) -> None:
    found = dimensions.terms(digit, specimen)
    with torch.no_grad():
        q = load_pretrained("latent20").model.encoder(dimensions.image(digit, specimen)[None])
    loc, scale = q.loc[0].double(), q.scale[0].double()
    unit = distributions.Normal(torch.zeros_like(loc), torch.ones_like(loc))
    wanted = distributions.kl_divergence(distributions.Normal(loc, scale), unit)
    order = found.place - 1
    torch.testing.assert_close(torch.from_numpy(found.moved + found.spread), wanted[order])
    assert (np.diff(found.moved + found.spread) <= 0).all()
    assert sorted(order) == list(range(dimensions.LATENT))
    assert (found.spread >= 0).all()
    np.testing.assert_allclose(found.moved, found.loc**2 / 2)
    np.testing.assert_allclose(found.spread, (found.scale**2 - 1 - np.log(found.scale**2)) / 2)
    for rank in (1, 7, dimensions.LATENT):
        numbers = dimensions.frame(rank, digit, specimen).numbers
        assert numbers["term"] == pytest.approx(float(wanted[order[rank - 1]]))
        assert numbers["total"] == pytest.approx(float(wanted.sum()))
        assert numbers["moved"] + numbers["spread"] == pytest.approx(numbers["term"])
        assert numbers["mu_d"] == pytest.approx(float(loc[order[rank - 1]]))


# ---- words ------------------------------------------------------------------------------------


def test_the_tangent_and_what_follows_of_it() -> None:
    r = np.geomspace(1e-9, 1e9, 2001)
    assert (np.log(r) <= r - 1 + 1e-15 * r).all()
    assert math.log(1.0) == 1.0 - 1.0
    z = np.linspace(-40, 40, 40_001)
    for given in EACH:
        q, p = density(z, given, "q"), density(z, given, "p")
        assert integrate.simpson(p - q, x=z) == pytest.approx(0, abs=1e-10)
        at = (q > 1e-200) & (p > 1e-200)
        assert (q[at] * np.log(q[at] / p[at]) + p[at] - q[at]).min() >= -1e-16


@pytest.mark.parametrize("given", EACH[:3])
def test_the_mean_square_from_another_centre(given: dict[str, Any]) -> None:
    z, m = np.linspace(-14, 14, 8001), given["centre"]
    found = integrate.simpson(density(z, given, "q") * (z - m) ** 2, x=z)
    assert found == pytest.approx(given["sigma"] ** 2 + (given["mu"] - m) ** 2, abs=1e-9)


def test_the_detour_is_shorter() -> None:
    """Three bells against torch: no triangle inequality holds."""
    bells = [distributions.Normal(float(at), 1.0) for at in range(3)]
    one, two, direct = (
        float(distributions.kl_divergence(bells[a], bells[b])) for a, b in ((0, 1), (1, 2), (0, 2))
    )
    assert one + two < direct
    told = {name: float(text) for name, text in views.detour().items()}
    assert told == pytest.approx({"one": one, "two": two, "over": one + two, "direct": direct})


def test_what_is_said_of_the_states_to_try() -> None:
    narrow = picture.frame(mu=0, sigma=0.4, centre=0, width=1.5, n=1, seed=0).numbers
    assert narrow["reverse"] < 1 < narrow["forward"]  # "KL(q‖p) stays below 1"
    alike = picture.frame(mu=1, sigma=1, centre=-1, width=1, n=1, seed=0).numbers
    assert alike["reverse"] == pytest.approx(alike["forward"])
    same = picture.frame(mu=0, sigma=0.6, gap=0, width=0.6, view="hills", n=1, seed=0).numbers
    assert max(same["reverse"], same["forward"]) < 1e-12
    assert "four fifths" in read_sections("kl_divergence")["try_lesser"]  # share 0.8


@pytest.mark.parametrize("name", views.VIEWS)
def test_the_figure_draws_every_trace_that_moves(name: str) -> None:
    chosen: dict[str, Any] = {"shade": "plain"}
    if name == "best":
        chosen = {"way": "forward"}
    if name == "vae":
        chosen = {"digit": 4, "specimen": 2}
    shown = views.VIEWS[name].build(Lesson("kl_divergence"), chosen)
    now = shown.at({param.key: param.default for param in shown.axes})
    assert now is not None
    assert callable(shown.figure)
    drawn = [trace.name for trace in shown.figure(now).data]
    assert set(now.traces) <= set(drawn)
    assert len(set(drawn)) == len(drawn)
    words = re.findall(r"\{(\w+)(?::[^{}]*)?\}", shown.takeaway)
    assert set(words) <= {*now.numbers, *(param.key for param in shown.axes)}
