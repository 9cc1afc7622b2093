"""A hand on the bar of a run's looks while the run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.test_train_vae import await_epoch, reached
from tests.conftest import Opener, running_server
from tests.support.live_page import LivePage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEPS = ".st-key-look_back .ttn-scrub input"
PICTURES = """(plot) => Array.from(plot.querySelectorAll('image'))
  .map((node) => node.getAttribute('href') ?? node.getAttribute('xlink:href')).join('|')"""


def pictures(live: LivePage) -> str:
    """All that the three strips show."""
    return str(live.root.locator(".ttn-plot").evaluate(PICTURES))


def looks(page: Page) -> int:
    """How many looks the bar offers."""
    return 1 + int(page.locator(STEPS).get_attribute("max") or 0)


def await_looks(page: Page, at_least: int) -> None:
    page.wait_for_function(
        "([bar, count]) => Number(document.querySelector(bar)?.max) + 1 >= count",
        arg=[STEPS, at_least],
        timeout=60_000,
    )


def await_more_looks(page: Page) -> None:
    """Wait for some more, though the run may give up as many: it looks ten times an epoch."""
    await_epoch(page, reached(page)[1] + 0.5)


def place(page: Page, number: int) -> tuple[float, float]:
    """Where on the screen the thumb stands at a look."""
    box = page.locator(STEPS).bounding_box()
    assert box
    part = number / (looks(page) - 1)
    return box["x"] + 8 + part * (box["width"] - 16), box["y"] + box["height"] / 2


def readout(live: LivePage) -> int:
    """The step that the bar tells."""
    return int(live.root.locator(".ttn-scrub output").inner_text().replace(",", ""))


def at_rest(live: LivePage) -> str:
    """The pictures once plotly has drawn them as well."""
    live.page.wait_for_timeout(2500)
    return pictures(live)


@pytest.mark.exhaustive
def test_looking_back_while_it_trains(
    open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTN_RUNS", str(tmp_path))
    with running_server() as server:
        watched = open_page("/train_vae?epochs=50&seed=3", server=server)
        page = watched.page
        page.get_by_role("button", name="Start", exact=True).click()
        live = LivePage(page, "look_back").ready()
        await_looks(page, 8)
        stays_under_the_finger_and_where_it_is_left(live)
        follows_again_from_the_end(live)
        plays_to_the_end_and_follows(live)
        page.get_by_role("button", name="Stop", exact=True).click()
        page.context.close()
        watched.assert_quiet()


def stays_under_the_finger_and_where_it_is_left(live: LivePage) -> None:
    page = live.page
    page.locator(STEPS).scroll_into_view_if_needed()
    newest = pictures(live)
    page.mouse.move(*place(page, looks(page) - 1))
    page.mouse.down()
    seen = set()
    for number in (5, 4, 3, 2):
        page.mouse.move(*place(page, number), steps=3)
        page.wait_for_timeout(400)
        seen.add(pictures(live))
    held, step, bar = pictures(live), readout(live), looks(page)
    assert len(seen) == 4
    assert held != newest
    assert "look=" not in page.url
    page.wait_for_timeout(3500)
    assert (pictures(live), readout(live), looks(page)) == (held, step, bar)
    page.mouse.up()
    live.wait_for(look=step)
    assert f"look={step}" in page.url
    await_more_looks(page)
    left = at_rest(live)
    await_more_looks(page)
    assert (at_rest(live), readout(live)) == (left, step)


def follows_again_from_the_end(live: LivePage) -> None:
    page = live.page
    page.locator(STEPS).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(2500)
    assert page.evaluate("document.activeElement.type") == "range"
    page.keyboard.press("End")
    page.wait_for_function("() => !location.search.includes('look=')")
    page.wait_for_timeout(1500)
    step, shown = readout(live), pictures(live)
    live.page.wait_for_function(
        "([key, step]) => JSON.parse(document.querySelector(`.st-key-${key} .ttn-live`)"
        ".dataset.settled).look > step",
        arg=["look_back", step],
    )
    page.wait_for_timeout(1500)
    assert readout(live) > step
    assert pictures(live) != shown
    assert page.evaluate("document.activeElement.type") == "range"


def plays_to_the_end_and_follows(live: LivePage) -> None:
    page = live.page
    bar = live.root.locator(".ttn-transport")
    bar.get_by_role("combobox", name="Speed").select_option("2")
    bar.get_by_role("button", name="Back to the start").click()
    live.wait_for(look=0)
    bar.get_by_role("button", name="Play").click()
    seen = set()
    while bar.get_by_role("button", name="Pause").count():
        seen.add(pictures(live))
        page.wait_for_timeout(100)
    assert len(seen) >= 6
    page.wait_for_function("() => !location.search.includes('look=')")
    step = readout(live)
    page.wait_for_timeout(4000)
    assert readout(live) > step
