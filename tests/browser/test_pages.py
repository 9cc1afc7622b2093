"""Pages in a real browser: each cold by its own address, quiet, in both themes and two widths.

With the environment variable SCREENSHOTS set to a folder, the pages are photographed on the way.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from pages import contents
from pages.ui import assets, layout, lesson, theme
from tests.conftest import Opener, running_server
from tests.support.each_page import each_page
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

LETTER = ".st-key-passage .ttn-diagram tspan"


def rgb(colour: str) -> str:
    """A hex colour as the browser writes it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


def sideways(page: Page) -> bool:
    """Whether the page must be scrolled sideways."""
    return bool(
        page.evaluate(
            "() => { const main = document.querySelector('.stMain');"
            " return main.scrollWidth > main.clientWidth + 1; }"
        )
    )


@pytest.mark.slow
@each_page()
def test_page_opens_cold_by_its_own_address(page: contents.PageInfo, open_page: Opener) -> None:
    with running_server() as fresh:
        watched = open_page(f"/{page.address}", server=fresh)
        question = lesson.read_sections(page.key)["question"]
        heading = watched.page.locator("h1")
        expect(heading).to_have_count(1)
        plain = re.sub(r"[$\\].*", "", question).strip()
        assert (heading.text_content() or "").startswith(plain)
        expect(watched.page.locator(".st-key-way_on")).to_have_count(1)
        watched.page.context.close()
        watched.assert_quiet()


@each_page("families", "quiz")
def test_page_fits(page: contents.PageInfo, open_page: Opener, screenshots: Path | None) -> None:
    shown = open_page(f"/{page.address}").page
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")):
        shown.set_viewport_size({"width": width, "height": 844})
        shown.emulate_media(color_scheme=scheme)
        paper = rgb(getattr(theme.ROLES["paper"], scheme))
        expect(shown.locator(".stApp")).to_have_css("background-color", paper)
        shown.wait_for_timeout(300 if screenshots is None else 1500)
        assert not sideways(shown), (width, scheme)
        if screenshots is not None:
            shown.screenshot(path=screenshots / f"{page.key}-{width}-{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.exhaustive)])
def test_symbols_have_their_colour_in_pictures_and_formulas(scheme: str, open_page: Opener) -> None:
    page = open_page("/", scheme=scheme).page
    colour = rgb(getattr(theme.SYMBOLS["mu"], scheme))
    expect(page.locator(LETTER, has_text="μ").first).to_have_css("fill", colour)
    written = page.locator(".katex-html .mord[style*=color]", has_text="μ").first
    expect(written).to_have_css("color", colour)


def test_the_theme_can_be_switched(open_page: Opener) -> None:
    page = open_page("/", scheme="light").page
    page.get_by_test_id("stMainMenu").click()
    page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    drawn = page.locator(LETTER, has_text="μ").first
    expect(drawn).to_have_css("fill", rgb(theme.SYMBOLS["mu"].dark))


@pytest.mark.exhaustive
def test_the_theme_can_be_switched_while_a_figure_loads(open_page: Opener) -> None:
    page = open_page("/").page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/assets/live/style.js*", hold)
    page.reload()
    page.get_by_test_id("stMainMenu").click()
    while not held:
        page.wait_for_timeout(50)
    page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    page.wait_for_timeout(200)
    for route in held:
        route.continue_()
    drawn = page.locator(LETTER, has_text="μ").first
    expect(drawn).to_have_css("fill", rgb(theme.SYMBOLS["mu"].dark))


MOUNT = """async (url) => {
  const { mount } = await import(url);
  const show = mount(class {
    constructor() { log.push("made"); }
    show({ data }) { log.push(data); }
    remove() { log.push("removed"); }
  });
  const log = [];
  const parentElement = document.createElement("div");
  document.body.append(parentElement);
  const recall = {};
  for (const data of ["old", "new", "cancelled"]) recall[data] = show({ parentElement, data });
  recall.cancelled();
  recall.old();
  parentElement.remove();
  recall.new();
  return log;
}"""


def test_a_recalled_showing_gives_way_to_the_one_before_it(open_page: Opener) -> None:
    page = open_page("/").page
    log = page.evaluate(MOUNT, assets.url("shared/mount.js"))
    assert log == ["made", "old", "new", "cancelled", "new", "removed"]


def test_the_start_page_frees_the_gradient(open_page: Opener) -> None:
    watched = open_page("/")
    picture = watched.page.locator(".st-key-passage .ttn-stage")
    expect(picture).to_have_attribute("aria-label", re.compile("gets stuck"))
    watched.page.get_by_text("Draw the noise outside", exact=True).click()
    expect(picture).to_have_attribute("aria-label", re.compile("the gradient passes"))
    assert "view=reparameterize" in watched.page.url
    live = LivePage(watched.page, "passage")
    watched.page.wait_for_timeout(1000)
    left, width, middle = live.grab("eps")
    watched.page.mouse.move(left + width / 2, middle, steps=3)
    expect(live.root.locator(".ttn-words text", has_text="2.40")).to_have_count(2)
    expect(picture).to_have_attribute("aria-label", re.compile("∂cost/∂σ = 6.07"))
    watched.page.mouse.up()
    expect(picture).to_have_attribute("aria-label", re.compile("∂cost/∂σ = 0.00"))


@pytest.mark.parametrize(
    ("width", "across"), [pytest.param(1280, True, marks=pytest.mark.exhaustive), (390, False)]
)
def test_the_picture_runs_across_a_screen_and_down_a_phone(
    width: int, across: bool, open_page: Opener
) -> None:
    live = LivePage(open_page("/", width=width).page, "passage").ready()
    box = live.root.locator(".ttn-plot").bounding_box()
    assert (box["width"] > box["height"]) == across
    words = live.root.locator(".ttn-words text")
    assert words.count() > 5
    for word in words.all():
        inner = word.bounding_box()
        assert inner["x"] >= box["x"] - 1
        assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1


@pytest.mark.exhaustive
def test_the_way_leads_on_and_back(open_page: Opener) -> None:
    watched = open_page("/")
    for page in contents.ALL_PAGES[1:]:
        watched.page.locator(".st-key-way_on a", has_text=page.title).click()
        watched.page.wait_for_url(f"**/{page.address}*")
        watched.settle()
    for page in reversed(contents.ALL_PAGES[:-1]):
        watched.page.locator(".st-key-way_on a", has_text=page.title).first.click()
        watched.page.wait_for_url(re.compile(rf"/{page.address}(\?|$)"))
        watched.settle()


ALONE = """(link) => {
  const box = link.getBoundingClientRect();
  const on = (x, y) => link.contains(document.elementFromPoint(x, y));
  const middle = box.top + box.height / 2;
  const meets = (other) => {
    const them = other.getBoundingClientRect();
    return them.width && them.left < box.right && box.left < them.right
      && them.top < box.bottom && box.top < them.bottom;
  };
  const others = document.querySelectorAll('.stAppHeader button, .stAppHeader a, h1');
  return on(box.left + 2, middle) && on(box.right - 2, middle) && !Array.from(others).some(meets);
}"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("query", ["", "?present=1"])
def test_the_name_stands_free_at_every_width(query: str, open_page: Opener) -> None:
    page = open_page(f"/race{query}").page
    link = page.get_by_role("link", name=layout.NAME, exact=True)
    for width in (1280, 769, 768, 767, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.reload()
        expect(link).to_be_in_viewport()
        page.wait_for_timeout(300)
        assert link.evaluate(ALONE), width
        assert not sideways(page), width


@each_page("train_vae")
def test_every_page_has_the_name_and_the_way_home(
    page: contents.PageInfo, open_page: Opener
) -> None:
    shown = open_page(f"/{page.address}?hide=seed").page
    link = shown.get_by_role("link", name=layout.NAME, exact=True)
    assert link.evaluate(ALONE)
    link.click()
    shown.wait_for_url(re.compile(r"/\?hide=seed$"))
    question = lesson.read_sections("start")["question"]
    expect(shown.locator("h1")).to_have_text(question)


def test_what_one_touches_on_a_phone_is_large_enough(open_page: Opener) -> None:
    page = open_page("/", width=390).page
    for target in page.locator(".stPageLink a, .stRadio [role=radiogroup] label").all():
        page.wait_for_function(  # the style sheet comes as a part of the page
            "(node) => node.getBoundingClientRect().height >= 44", arg=target.element_handle()
        )


def test_the_keyboard_reaches_the_links_and_shows_where_it_is(open_page: Opener) -> None:
    page = open_page("/").page
    link = page.locator(".st-key-way_on a").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("el => el === document.activeElement"):
            break
    else:
        pytest.fail("the link to the next page is out of the keyboard's reach")
    assert link.evaluate("el => getComputedStyle(el).outlineStyle") == "solid"


def test_the_projector_view_has_large_type_and_no_menu(open_page: Opener) -> None:
    page = open_page("/?present=1").page
    expect(page.locator(".stAppHeader")).to_be_hidden()
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= 20
    page.locator(".st-key-way_on a").last.click()
    page.wait_for_url(f"**/{contents.ALL_PAGES[1].address}?*present=1*")
    expect(page.locator(".stAppHeader")).to_be_hidden()
