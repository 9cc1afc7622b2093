"""What viewers asked of the obstacle, each by an address, and the number or word that answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


def takeaway(page: Page, view: str) -> str:
    """What the view's figure says."""
    live = LivePage(page, f"stuck_{view}").ready()
    return str(live.root.locator(".ttn-takeaway").inner_text())


@pytest.mark.exhaustive
def test_the_derivative_may_go_inside_and_it_helps_no_draw(open_page: Opener) -> None:
    """Whether it may go inside, with fixed bounds and with one that moves; which term is stuck."""
    page = open_page("/stuck").page
    said = takeaway(page, "density")
    assert "may go inside: it gives 3.00" in said
    assert "f ∂q/∂μ is 3.00, and no average" in said
    assert said.endswith("Draws from q see q ∂f/∂μ alone: 0.00.")
    expect(page.get_by_text("so Leibniz adds no boundary term")).to_be_visible()
    page.locator("label", has_text="Moving support").click()
    said = takeaway(page, "support")
    assert "−0.67 from inside, 2.00 from the moving end, 1.33 together" in said.replace("-", "−")
    assert "view=support" in page.url


def test_the_simple_example_shows_the_term_that_is_not_stuck(open_page: Opener) -> None:
    page = open_page("/stuck?c=1").page
    said = takeaway(page, "density")
    assert "it gives 4.00" in said
    assert said.endswith("Draws from q see q ∂f/∂μ alone: 1.00.")
    expect(page.get_by_text("nothing is wrong with the integral")).to_be_visible()


@pytest.mark.exhaustive
def test_weights_give_mu_and_sigma_and_these_give_z(open_page: Opener) -> None:
    """The graph is covered until the question is answered; then it leads from z to the weights."""
    page = open_page("/stuck?view=ways&step=1").page
    live = LivePage(page, "stuck_ways").ready()
    said = live.root.locator(".ttn-takeaway")
    expect(said).to_contain_text("2μ = 3.00")
    live.root.get_by_role("button", name="One step on").click()
    expect(said).to_contain_text("moves μ out of the density")
    live.root.get_by_role("button", name="One step on").click()
    expect(said).to_contain_text("naive, 0.00")
    graph = page.locator(".st-key-stuck_graph .ttn-diagram")
    expect(graph).to_be_hidden()
    page.get_by_role("button", name="Skip").click()
    expect(graph).to_be_visible()
    for words in ("AccumulateGrad", "UnbindBackward0", "AddBackward0", "grad: None", "NormalBack"):
        expect(graph).to_contain_text(words)
    expect(page.get_by_text("What is reparameterized is q, not the true posterior")).to_be_visible()
