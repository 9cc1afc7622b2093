"""Learns, or predicts: what viewers asked, and a measurement that can be watched and stopped."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


def test_learns_or_predicts_is_answered(open_page: Opener) -> None:
    page = open_page("/amortized?mu1=0.63&mu2=-0.14&sigma1=0.047&sigma2=0.035").page
    LivePage(page, "hand").ready()
    expect(page.locator(".ttn-takeaway")).to_contain_text("predicts one that lies 2.40 nats below")
    page.get_by_text("It has learnt its weights").click()
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".ttn-predict")).to_contain_text("amortized inference")
    expect(page.locator(".stMain")).to_contain_text("It predicts them. What is learnt are its")


@pytest.mark.exhaustive
def test_a_thousand_images_show_progress_and_can_be_stopped(open_page: Opener) -> None:
    page = open_page("/amortized?view=thousand").page
    LivePage(page, "thousand").ready()
    main = page.locator(".stMain")
    main.get_by_role("button", name="Start", exact=True).click()
    told = page.locator(".ttn-takeaway")
    expect(told).to_contain_text(re.compile(r"^\d+ images so far"))
    first = told.inner_text()
    expect(told).not_to_have_text(first)
    main.get_by_role("button", name="Stop", exact=True).click()
    expect(main.get_by_role("button", name="Go on")).to_be_visible()
    page.wait_for_timeout(600)
    stopped = told.inner_text()
    page.wait_for_timeout(1200)
    assert told.inner_text() == stopped
    main.get_by_role("button", name="Begin again").click()
    expect(told).to_contain_text("Press Start")
