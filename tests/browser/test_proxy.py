"""The app behind a reverse proxy, below a path of its own: every page, and every address it uses.

Whatever leaves that path is answered by the proxy with 404, or asks it of nobody: both are faults.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from pages import contents
from tests.conftest import Opener, running_server
from tests.support.each_page import each_page, has_figure
from tests.support.live_page import LivePage
from tests.support.proxy import origin, running_proxy

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BASE = "uni/ttn"
PAINTED = ".main-svg .trace, .main-svg image, .main-svg .shapelayer path, .ttn-diagram path"
ALL_PAINTED = f"""() => !Array.from(document.querySelectorAll('.ttn-plot'))
  .some((plot) => !plot.querySelector('{PAINTED}'))"""


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an app that knows its path, behind a proxy that passes this path alone."""
    runs = str(tmp_path_factory.mktemp("runs"))
    with running_server(base=BASE, TTN_RUNS=runs) as app, running_proxy(origin(app), BASE) as way:
        yield way


@pytest.fixture(scope="module")
def stripped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """As `behind`, with an app at its own root: the proxy takes the path off."""
    runs = str(tmp_path_factory.mktemp("runs"))
    with running_server(TTN_RUNS=runs) as app, running_proxy(f"{app}/", BASE) as way:
        yield way


def is_whole(page: Page, shown: contents.PageInfo) -> bool:
    """Whether the page has its figures, as soon as all of them are painted; none has only words."""
    page.locator(".st-key-way_on").wait_for()
    if has_figure(shown):
        page.locator(".ttn-live[data-settled]").first.wait_for()
        page.wait_for_function(ALL_PAINTED)
    return (page.locator(".ttn-plot").count() > 0) == has_figure(shown)


@each_page("race")
def test_every_page_paints_its_figures_below_a_path(
    page: contents.PageInfo, behind: str, open_page: Opener
) -> None:
    assert is_whole(open_page(f"/{page.address}", server=behind).page, page)


@each_page()
def test_a_proxy_that_takes_the_path_off_is_borne_too(
    page: contents.PageInfo, stripped: str, open_page: Opener
) -> None:
    assert is_whole(open_page(f"/{page.address}", server=stripped).page, page)


@pytest.mark.exhaustive
def test_links_between_pages_and_to_states_stay_below_the_path(
    behind: str, open_page: Opener
) -> None:
    page = open_page("/", server=behind).page
    for after in contents.ALL_PAGES[1:]:
        page.locator(".st-key-way_on a", has_text=after.title).click()
        page.wait_for_url(f"{behind}/{after.address}*")
        assert is_whole(page, after)
    page.goto(f"{behind}/location_scale")
    assert is_whole(page, contents.page_info("location_scale"))
    before = page.url
    page.locator(".ttn-presets a").first.click()
    page.wait_for_url(f"{behind}/location_scale?*")
    page.go_back()
    page.wait_for_url(before)
    page.go_forward()
    page.wait_for_url(f"{behind}/location_scale?*")
    for link in page.locator("a[href]").all():
        href = str(link.evaluate("(link) => link.href"))
        assert not href.startswith(origin(behind)) or href.startswith(behind), href


def test_a_slider_and_a_copied_link_keep_the_path(behind: str, open_page: Opener) -> None:
    page = open_page("/location_scale", server=behind).page
    live = LivePage(page, "transform").ready()
    live.slider("mu").press("ArrowRight")
    page.wait_for_url(f"{behind}/location_scale?*")
    page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; }")
    live.root.get_by_role("button", name="Copy link to this state").click()
    page.wait_for_function("window.copied")
    assert str(page.evaluate("window.copied")).startswith(f"{behind}/location_scale?")


@pytest.mark.exhaustive
def test_a_trainings_pictures_files_and_link_are_found_below_the_path(
    behind: str, open_page: Opener
) -> None:
    watched = open_page("/train_vae?epochs=1&hidden=20&latent=2&batch=50", server=behind)
    page = watched.page
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".st-key-look_back .ttn-live[data-settled]")).to_be_visible(timeout=60_000)
    with page.expect_response(re.compile(r"/looks\?")) as answer:
        page.locator(".st-key-look_back .ttn-live").hover()
    assert answer.value.ok
    assert answer.value.url.startswith(f"{behind}/looks?")
    page.get_by_text("Take it away").click()
    link = page.get_by_role("link", name="Curves (CSV)")
    expect(link).to_be_enabled()
    with urllib.request.urlopen(str(link.evaluate("(link) => link.href"))) as file:
        assert file.read().startswith(b"step,")
    assert shown_links(page)[0].startswith(f"{behind}/train_vae?")


def shown_links(page: Page) -> list[str]:
    """The links that the page shows to be copied."""
    return [text for text in page.locator(".stCode code").all_inner_texts() if "://" in text]
