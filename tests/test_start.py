"""The Start page's picture: its numbers, its words and its drawing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import torch

from pages.ui import frame, lesson, start_figures
from pages.ui.start_figures import Passage
from tests import pages_sweep

FREE = Passage(1.2, 0.5, 1.5, 1.95, 3.8025, 3.9, 3.9, 5.85)
STUCK = replace(FREE, by_mu=None, by_sigma=None)
START = frame.page_info("start")


def drawings(passage: Passage) -> list[ET.Element]:
    """The drawings as parsed XML."""
    return list(ET.fromstring(f"<both>{start_figures.gradient_path(passage)}</both>"))  # noqa: S314


@pytest.mark.parametrize("passage", [FREE, STUCK], ids=["free", "stuck"])
def test_both_drawings_carry_their_words(passage: Passage) -> None:
    wide, narrow = drawings(passage)
    for drawing in (wide, narrow):
        assert drawing.get("role") == "img"
        assert drawing.get("aria-label") == start_figures.takeaway(passage)
    assert "".join(wide.itertext()).count("1.95") == 1


@pytest.mark.parametrize("passage", [FREE, STUCK], ids=["free", "stuck"])
def test_everything_is_inside_the_drawing(passage: Passage) -> None:
    for drawing in drawings(passage):
        _, _, width, height = map(float, drawing.get("viewBox", "").split())
        for text in drawing.iter("text"):
            length = 8.2 * len("".join(text.itertext()))
            x, y = float(text.get("x", "nan")), float(text.get("y", "nan"))
            before = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor", "")]
            assert x - before * length > -8
            assert x + (1 - before) * length < width + 8
            assert 0 < y < height


def test_the_words_say_where_the_gradient_ends() -> None:
    assert "gets stuck" in start_figures.takeaway(STUCK)
    assert "∂cost/∂z = 3.90" in start_figures.takeaway(STUCK)
    assert "∂cost/∂μ = 3.90 and ∂cost/∂σ = 5.85" in start_figures.takeaway(FREE)
    assert start_figures.number(-0.5) == "\N{MINUS SIGN}0.50"
    assert start_figures.number(None) == "None"


@pytest.mark.parametrize("seed", ["0", "1", "7"])
def test_the_page_shows_the_true_numbers(seed: str) -> None:
    shown = pages_sweep.open_page(START, view="reparameterize", seed=seed)
    gen = torch.Generator().manual_seed(int(seed))
    eps = torch.randn(1, 1, 1, generator=gen, dtype=torch.float64).item()
    z = 1.2 + 0.5 * eps
    words = " ".join(element.value for element in shown.markdown)
    assert f"∂cost/∂μ = {start_figures.number(2 * z)}" in words
    assert f"∂cost/∂σ = {start_figures.number(2 * z * eps)}" in words


def test_a_direct_draw_gives_no_gradient() -> None:
    shown = pages_sweep.open_page(START, view="sample")
    words = " ".join(element.value for element in shown.markdown)
    assert "there is none" in words
    assert "None" in words


def test_the_page_leads_to_every_other_page() -> None:
    texts = lesson.read_sections("start")
    links = {link.label for link in pages_sweep.open_page(START).get("page_link")}
    for page in frame.ALL_PAGES[1:]:
        assert page.key in texts, f"start.md says nothing of {page.key}"
        assert page.title in links
