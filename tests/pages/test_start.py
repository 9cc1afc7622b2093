"""The Start page's picture: its numbers against a derivative by hand, and its two arrangements."""

from __future__ import annotations

import itertools
import re

import pytest

from pages import contents
from pages.goal.start import picture
from pages.goal.start.picture import ARRANGED, reparameterized, sampled
from pages.ui import lesson, numbers
from tests.support import pages_sweep

START = contents.page_info("start")
SETTINGS = list(itertools.product((-3.0, 0.0, 1.2), (0.1, 2.0), (-3.0, 0.0, 1.54)))


@pytest.mark.parametrize(("mu", "sigma", "eps"), SETTINGS)
def test_the_slopes_are_those_of_a_square(mu: float, sigma: float, eps: float) -> None:
    z = mu + sigma * eps
    told = reparameterized(mu, sigma, eps).numbers
    found = [told[name] for name in ("z", "cost", "by_z", "by_mu", "by_sigma")]
    assert found == pytest.approx([z, z * z, 2 * z, 2 * z, 2 * z * eps], abs=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_direct_draw_gives_no_gradient(seed: int) -> None:
    mine = sampled(1.2, 0.5, seed).numbers
    theirs = reparameterized(1.2, 0.5, picture.draw_noise(seed)).numbers
    assert (mine["by_mu"], mine["by_sigma"]) == ("None", "None")
    assert [mine[name] for name in ("z", "cost", "by_z")] == [
        theirs[name] for name in ("z", "cost", "by_z")
    ]


def test_numbers_are_written_with_a_true_minus() -> None:
    assert numbers.number(-0.5) == "\N{MINUS SIGN}0.50"
    assert numbers.number(-0.001) == "0.00"
    assert numbers.number(None) == "None"


each_drawing = pytest.mark.parametrize(
    ("outside", "narrow"), list(itertools.product((False, True), repeat=2))
)


def drawn(outside: bool, narrow: bool) -> dict[str, object]:
    now = reparameterized(-3, 2, 3) if outside else sampled(-3, 2, 0)
    return picture.draw(now, outside=outside, narrow=narrow).to_plotly_json()


@each_drawing
def test_the_values_stand_beside_their_letters(outside: bool, narrow: bool) -> None:
    (values,) = drawn(outside, narrow)["data"]
    assert len(values["text"]) == len(values["x"]) == len(ARRANGED) - (not outside)
    assert values["text"][0] == "\N{MINUS SIGN}3.00"


@each_drawing
def test_everything_is_inside_the_drawing(outside: bool, narrow: bool) -> None:
    figure = drawn(outside, narrow)
    width, height = (figure["layout"]["meta"]["drawing"][side] for side in ("width", "height"))
    (values,) = figure["data"]
    sides = {"left": "right", "right": "left", "center": "center"}
    words = [
        (x, y, text, sides[where.split()[1]], size)
        for x, y, text, where, size in zip(
            values["x"], values["y"], values["text"], values["textposition"],
            values["textfont"]["size"], strict=True,
        )
    ]  # fmt: skip
    words += [
        (each["x"], each["y"], re.sub("<.*?>", "", each["text"]), each["xanchor"],
         each["font"]["size"])
        for each in figure["layout"]["annotations"]
    ]  # fmt: skip
    for x, y, text, anchor, size in words:
        length = 0.5 * size * len(text)
        before = {"left": 0.0, "center": 0.5, "right": 1.0}[anchor]
        assert x - before * length > -4, text
        assert x + (1 - before) * length < width + 4, text
        assert size / 2 < y < height - size / 2, text


def test_the_noise_starts_where_the_dice_of_the_seed_fell() -> None:
    assert picture.draw_noise(0) == pytest.approx(1.5410, abs=1e-4)
    assert picture.draw_noise(0) != picture.draw_noise(1)


def test_the_page_leads_to_every_other_page() -> None:
    app = pages_sweep.open_page(START)
    shown = [element.value for element in app.markdown]
    links = {link.label for link in app.get("page_link")}
    for page in contents.ALL_PAGES[1:]:
        assert lesson.Lesson(page.key).text("teaser") in shown
        assert page.title in links
