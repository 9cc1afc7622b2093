"""What viewers asked of the change of variables, each by an address, and a g drawn by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

LINE = "phi1=-0.2&phi2=0.4&phi3=1&phi4=1.6&phi5=2.2"


def takeaway(page: Page, view: str) -> str:
    """What the view's figure says."""
    live = LivePage(page, f"lotus_{view}").ready()
    return str(live.root.locator(".ttn-takeaway").inner_text())


@pytest.mark.exhaustive
def test_dz_is_not_deps_and_lotus_does_not_ask(open_page: Opener) -> None:
    """Question 7: a line stretches alike, by sigma; a bent g does not; the area stays in both."""
    page = open_page(f"/lotus?view=bars&{LINE}").page
    said = takeaway(page, "bars")
    assert "dz = 0.60 dε" in said
    assert "with σ = 0.60" in said
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_text("Is dz = dε, by LOTUS")).to_be_visible()
    page.locator("label", has_text="The same grains").click()
    assert "1.360 over ε and 1.360 over z" in takeaway(page, "grains")  # 1 + 0.6 squared


def test_the_base_density_stands_still_while_g_is_drawn(open_page: Opener) -> None:
    """Question 10: a diamond is dragged until g turns back; the average over eps stands."""
    page = open_page("/lotus").page
    live = LivePage(page, "lotus_grains").ready()
    said = live.root.locator(".ttn-takeaway")
    expect(said).to_contain_text("So you may average over ε")
    still = """(plot) => Array.from(plot._fullData.find((t) => t.name === 'p(ε)').y).join()"""
    plot = live.root.locator(".js-plotly-plot")
    before = plot.evaluate(still)
    grip = live.root.locator('.ttn-grip[data-param="phi5"]')
    box = grip.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 70, steps=6)
    page.mouse.up()
    expect(said).to_contain_text("g turns back at ε = 1")
    expect(said).to_contain_text("holds 84 % of the sand, so as q(z) it is refused")
    assert plot.evaluate(still) == before
    live.wait_for_change("phi5", 2.3)
    assert "phi5=" in page.url
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_text("Because it holds no ϕ")).to_be_visible()
