"""The views into the trained VAE: frames, pictures, a hand-drawn digit's text, the page's words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pages import contents
from pages.practice.inside_vae import cover as inside_cover_figures
from pages.practice.inside_vae import gap, maps
from pages.practice.inside_vae import path as paths
from pages.practice.inside_vae import sheet as sketch
from pages.practice.inside_vae.models import held_out, plane, wide
from pages.practice.inside_vae.views import VIEWS
from pages.ui.lesson import Lesson
from tests.support import pages_sweep
from vae_core.training import pretrained
from vae_core.vae.data import as_unit, load_mnist

PAGE = contents.page_info("inside_vae")


def trace(figure, name: str):
    return next(each for each in figure.data if each.name == name)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens(view: str) -> None:
    app = pages_sweep.open_page(PAGE, view=view)
    assert pages_sweep.faults(app) == []
    assert Lesson("inside_vae").text(view) in [each.value for each in app.markdown]


def test_a_missing_model_is_said_and_the_page_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    for view in VIEWS:
        app = pages_sweep.open_page(PAGE, view=view, specimen="17")
        assert pages_sweep.faults(app) == []
        assert any("python -m vae_core pretrain" in error.value for error in app.error), view


@pytest.mark.parametrize("view", ["draw"])
@pytest.mark.parametrize("text", ["!", "A" * 132, "BA", "ü", "_" * 131, ""])
def test_a_hand_drawn_digit_that_is_none_falls_back_with_a_note(view: str, text: str) -> None:
    app = pages_sweep.open_page(PAGE, view=view, drawing=text)
    assert pages_sweep.faults(app) == []
    assert any("drawing" in caption.value for caption in app.caption)


def test_held_out_digits_are_of_their_kind_and_all_different() -> None:
    data = load_mnist()
    seen = set()
    for digit in (0, 8):
        for specimen in (1, 2, 20):
            x = held_out(digit, specimen)
            at = (as_unit(data.test_images) == x).all(1).nonzero()[0]
            assert int(data.test_labels[at]) == digit
            seen.add(int(at))
    assert len(seen) == 6


def test_a_tile_stands_upright() -> None:
    """Its first value is the upper left pixel."""
    now = maps.map_frame(0.5, -0.4)
    digit = trace(maps.draw_map(now), "digit")
    assert (digit.x[0], digit.y[0]) == pytest.approx((0.5 / 28, 1 - 0.5 / 28))
    assert (digit.x[27], digit.y[27]) == pytest.approx((1 - 0.5 / 28, 1 - 0.5 / 28))
    assert (digit.x[-1], digit.y[-1]) == pytest.approx((1 - 0.5 / 28, 0.5 / 28))
    np.testing.assert_array_equal(digit.z, now.traces["digit"]["z"])


def test_the_map_says_which_held_out_digit_is_nearest() -> None:
    first, second, digits = maps.means()
    numbers = maps.map_frame(float(first[7]), float(second[7])).numbers
    assert numbers == {"digit": digits[7], "away": 0.0}
    x = as_unit(load_mnist().test_images[7:8])
    assert plane().encoder(x).loc[0].tolist() == pytest.approx([first[7], second[7]], abs=1e-5)


def test_names_on_the_map_keep_apart() -> None:
    places = np.array([[0.0, 0.0], [0.05, 0.0], [0.0, 0.04], [3.0, 3.0]])
    moved = maps.apart(places, 0.5)
    between = moved[:, None] - moved[None]
    distance = np.hypot(between[..., 0], between[..., 1]) + 9 * np.eye(4)
    assert distance.min() > 0.45
    np.testing.assert_array_equal(moved[3], places[3])


def test_the_mosaic_is_made_of_what_the_point_shows() -> None:
    """The tile around a place of the unit square is the digit that is decoded there."""
    mosaic = maps.mosaic().astype(float) / 255
    assert mosaic.shape == (560, 560)
    for u1, u2 in ((0.025, 0.025), (0.525, 0.875)):
        column, row = (int(u * 20) * 28 for u in (u1, u2))
        upwards = mosaic[row : row + 28, column : column + 28]
        digit = maps.manifold_frame(u1, u2).traces["digit"]["z"].reshape(28, 28)
        np.testing.assert_allclose(upwards[::-1], digit, atol=0.003)


def test_paths_show_what_the_core_computes() -> None:
    ends = (2, 1, 0, 1)
    start, end = held_out(2, 1), held_out(0, 1)
    now = paths.frame(0.5, ends)
    mixed = ((start + end) / 2).numpy()
    np.testing.assert_allclose(now.traces["pixels"]["z"], mixed, atol=1e-6)
    mu = [wide().encoder(x[None]).loc for x in (start, end)]
    middle = wide().mean_of_x((mu[0] + mu[1]) / 2)[0].numpy()
    np.testing.assert_allclose(now.traces["latent"]["z"], middle, atol=1e-5)
    assert now.numbers["change_latent"] < now.numbers["change_pixels"]
    for draw, mark in ((paths.draw, "here"), (paths.draw_narrow, "here below")):
        figure = draw(now, ends)
        assert len({each.name for each in figure.data}) == len(figure.data)
        middle_tile = trace(figure, "latent 4")
        assert min(middle_tile.x) < trace(figure, mark).x[0] < max(middle_tile.x)


def test_completion_outlines_what_it_hides() -> None:
    setting = {"digit": 4, "specimen": 2}
    now = inside_cover_figures.frame(3, 7, 0, side="left", **setting)
    cover = now.traces["cover original"]
    assert (min(cover["x"]), max(cover["x"])) == (0.0, 6.0 * 7 / 28)
    assert now.numbers["share"] == pytest.approx(0.25)
    x = held_out(4, 2).numpy().reshape(28, 28)
    for chain in range(inside_cover_figures.CHAINS):
        picture = now.traces[f"chain {chain}"]["z"].reshape(28, 28)
        np.testing.assert_allclose(picture[:, 7:], x[:, 7:], atol=1e-3)
    missed = picture_error(now.traces["chain 0"]["z"].reshape(28, 28)[:, :7], x[:, :7])
    assert now.numbers["miss"] == pytest.approx(missed, rel=1e-5)
    nothing = inside_cover_figures.frame(3, 0, 0, side="left", **setting)
    assert np.isnan(nothing.traces["cover original"]["x"]).all()
    assert nothing.numbers["miss"] == 0.0
    for draw in (inside_cover_figures.draw, inside_cover_figures.draw_narrow):
        figure = draw(now, **setting)
        assert {each.name for each in figure.data} >= set(now.traces) | {"original"}


def picture_error(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found.astype(float) - truth) ** 2)))


def test_the_gap_is_told_in_its_two_parts() -> None:
    for t in (0, 7, gap.STEPS):
        numbers = gap.frame(t, 4, 2).numbers
        parts = numbers["amortization"] + numbers["approximation"]
        assert numbers["gap"] == pytest.approx(parts)
        assert numbers["gap"] == pytest.approx(numbers["evidence"] - numbers["bound"])
        assert numbers["amortization"] >= 0
    assert numbers["amortization"] == pytest.approx(0.0, abs=1e-3)


def test_ellipses_and_regions_hold_the_same_mass() -> None:
    now = gap.frame(0, 4, 2)
    figure = gap.draw(now, 4, 2)
    ellipse = trace(figure, "q 2")
    centre = [now.numbers["mu_1"], now.numbers["mu_2"]]
    deviations = [now.numbers["sigma_1"], now.numbers["sigma_2"]]
    radii = np.hypot(
        (np.array(ellipse.x) - centre[0]) / deviations[0],
        (np.array(ellipse.y) - centre[1]) / deviations[1],
    )
    np.testing.assert_allclose(radii, 2.0, rtol=1e-5)
    levels = [each.contours.start for each in figure.data if each.type == "contour"]
    assert levels == pytest.approx([1 - np.exp(-0.5), 1 - np.exp(-2.0)])
    gen = np.random.default_rng(0).standard_normal((200_000, 2))
    inside = (np.hypot(*gen.T) < 2).mean()
    assert abs(inside - levels[1]) < 4 * np.sqrt(levels[1] * (1 - levels[1]) / 200_000)


def test_a_hand_drawn_digit_travels_as_text() -> None:
    gen = np.random.default_rng(0)
    for share in (0.0, 0.1, 1.0):
        cells = gen.random(784) < share
        text = sketch.text_of(cells)
        assert len(text) <= 131
        np.testing.assert_array_equal(sketch.cells_of(text), cells)
        assert sketch.parse(text) == text
    assert sketch.text_of(np.zeros(784, dtype=bool)) == "A"
    one = np.zeros(784, dtype=bool)
    one[5] = True
    assert sketch.text_of(one) == "B"
