"""The coin's page in a browser: what is seen at the ends of its sliders is what Python says."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pages.beyond.discrete import rows, simplex, steps
from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]


@pytest.mark.parametrize(("key", "eta"), [("Home", -4.0), ("End", 4.0)])
def test_the_takeaways_follow_the_logit_to_its_ends(
    open_page: Opener, key: str, eta: float
) -> None:
    watched = open_page("/discrete?seed=3")
    live = LivePage(watched.page, "discrete_steps").ready()
    live.slider("eta").press(key)
    live.wait_for(eta=eta)
    numbers = steps.frame(eta, 20, 3, "toy").numbers
    said = f"has the slope {numbers['slope']:.4f}. The average of the 20 draws has the slope 0"
    expect(live.root.locator(".ttn-takeaway")).to_contain_text(said)

    watched = open_page(f"/discrete?view=rows&eta={eta:g}")
    live = LivePage(watched.page, "discrete_rows").ready()
    live.slider("tau").press(key)
    tau = 0.05 if key == "Home" else 10
    live.wait_for(tau=tau)
    told = str(rows.frame(eta, tau, 0, "toy").numbers["told"])
    expect(live.root.locator(".ttn-takeaway")).to_contain_text(told)

    watched = open_page(f"/discrete?view=simplex&eta={eta:g}&seed=3")
    live = LivePage(watched.page, "discrete_simplex").ready()
    live.slider("tau").press(key)
    live.wait_for(tau=tau)
    near = simplex.frame(eta, tau, 3, "toy").numbers["near"]
    said = f"{near:.0f} % of the relaxed draws lie close to a corner"
    expect(live.root.locator(".ttn-takeaway")).to_contain_text(said)
