"""The Start page's picture: its numbers against a derivative by hand, and its two arrangements."""

from __future__ import annotations

import itertools

import pytest

from pages import contents
from pages.goal.start import picture
from pages.goal.start.picture import reparameterized, sampled
from pages.ui import lesson, numbers
from tests.support import diagrams, pages_sweep

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


ARRANGED = ("mu", "sigma", "z", "cost", "by_z", "by_mu", "by_sigma", "eps")
each_way = pytest.mark.parametrize("outside", [False, True])
each_form = pytest.mark.parametrize("form", diagrams.FORMS)


@each_way
def test_the_values_stand_beside_their_letters(outside: bool) -> None:
    drawn = picture.diagram(outside=outside)
    now = reparameterized(-3, 2, 3) if outside else sampled(-3, 2, 0)
    shown = ARRANGED if outside else ARRANGED[:-1]
    written = {name: diagrams.line_with(drawn, name).words for name in shown}
    assert diagrams.asked(drawn) == set(shown)
    assert diagrams.filled(written["mu"], now.numbers) == "\N{MINUS SIGN}3.00"
    for form in (drawn.wide, drawn.narrow):
        boxes = drawn.boxes(form)
        for name in ("mu", "sigma", "z", *(["eps"] if outside else [])):
            letter, value = boxes[name], boxes[f"{name}_value"]
            away = abs(letter.x - value.x) + abs(letter.y - value.y)
            assert away < (letter.width + max(value.width, value.height)) / 2 + 8


@each_way
@each_form
def test_everything_is_inside_the_drawing(outside: bool, form: str) -> None:
    drawn = picture.diagram(outside=outside)
    assert diagrams.faults(drawn, getattr(drawn, form)) == []


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
