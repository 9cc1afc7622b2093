"""Every page by the keyboard alone, and the link that comes of it opened in another browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ElementHandle, Page, expect
from playwright.sync_api import TimeoutError as NothingHappened

from pages import contents
from pages.ui import theme
from tests.browser.test_pages import rgb
from tests.conftest import Opener
from tests.support.each_page import each_page, has_figure

pytestmark = pytest.mark.browser

# Number all that the Tab key should reach; a group of radio buttons or pills is one stop.
NUMBER = """() => {
  const main = document.querySelector('.stMain');
  const all = Array.from(main.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'));
  const groups = new Set();
  let count = 0;
  for (const node of all) {
    const shown = node.checkVisibility({ visibilityProperty: true })
      && !node.closest('[aria-hidden=true]');
    if (!shown || node.disabled || node.tabIndex < 0) continue;
    const pills = '[data-testid=stButtonGroup]';
    const group = node.closest(node.type === 'radio' ? '[role=radiogroup], fieldset' : pills);
    if (groups.has(group)) continue;
    if (group) groups.add(group);
    (group ?? node).dataset.stop = count;
    count += 1;
  }
  return count;
}"""
# How the focused element and what is around it look; to be compared with the same without focus.
LOOK = """() => {
  const node = document.activeElement;
  const near = [node, ...(node.closest('label')?.querySelectorAll('*') ?? [])];
  for (let i = 0, up = node.parentElement; up && i < 4; i += 1, up = up.parentElement) {
    near.push(up);
  }
  const look = () => near.map((each) => {
    const style = getComputedStyle(each);
    const outline = style.outlineStyle === 'none' ? '' : style.outline;
    const box = each.getBoundingClientRect();
    const seen = Number(style.opacity) > 0 && box.width > 4 && box.height > 4;
    return seen ? [outline, style.boxShadow, style.borderColor].join() : '';
  }).join(';');
  const focused = look();
  const stop = node.closest('[data-stop]')?.dataset.stop;
  const position = document.querySelector('.stMain').scrollTop;
  node.blur();
  const plain = look();
  node.focus({ preventScroll: true });
  document.querySelector('.stMain').scrollTop = position;
  return { stop, visible: focused !== plain, html: node.outerHTML.slice(0, 160) };
}"""
CALM = "*, *::before, *::after { transition: none !important; animation: none !important; }"
# What all the controls of a page stand at, by what they are called.
STATE = """() => {
  const main = document.querySelector('.stMain');
  const name = (node) => (node.getAttribute('aria-label') ?? node.labels?.[0]?.innerText
    ?? node.closest('label')?.innerText ?? node.id).trim();
  const inputs = Array.from(main.querySelectorAll(
    'input:not([type=hidden]), [data-testid=stSelectbox], [data-testid=stButtonGroup] button'));
  return inputs.filter((node) => !node.closest('.ttn-predict')).map((node) => {
    if (node.matches('button')) return [node.innerText, node.getAttribute('kind')];
    if (node.matches('[data-testid=stSelectbox]')) return ['select', node.innerText];
    const ticked = node.type === 'radio' || node.type === 'checkbox';
    return [name(node), ticked ? node.checked : node.value];
  });
}"""
# The controls whose state stands in the address, and the keys that move each kind.
KINDS: dict[str, list[list[str]]] = {
    "[data-testid=stRadio] input[type=radio]:checked": [["ArrowDown"], ["ArrowUp"]],
    "[data-testid=stSelectbox] input": [["ArrowDown", "ArrowDown", "Enter"], ["Escape"]],
    ":nth-match([data-testid=stButtonGroup] button, 3)": [["Enter"]],
    "[data-testid=stCheckbox] input": [["Space"]],
    "[data-testid=stNumberInput] input": [["ArrowUp", "Enter"], ["ArrowDown", "Enter"]],
    "[data-testid=stTextInput] input[type=search]": [["a", "Enter"]],
    ".ttn-live .ttn-slider input[type=range], .ttn-scrub input": [["ArrowLeft"], ["ArrowRight"]],
    ".ttn-live .ttn-seed": [["ArrowUp"]],
}


MISSED = """(reached) => Array.from(document.querySelectorAll('[data-stop]'))
  .filter((node) => !reached.includes(node.dataset.stop))
  .map((node) => node.outerHTML.slice(0, 160))"""


def tab_through(page: Page) -> tuple[list[str], list[str]]:
    """What Tab did not reach, and where its focus is not seen."""
    count = page.evaluate(NUMBER)
    reached: set[str] = set()
    unseen: list[str] = []
    for _ in range(count + 25):
        page.keyboard.press("Tab")
        look = page.evaluate(LOOK)
        if look["stop"] is None or look["stop"] in reached:
            continue
        reached.add(look["stop"])
        if not look["visible"]:
            unseen.append(look["html"])
        if len(reached) == count:
            break
    return page.evaluate(MISSED, sorted(reached)), unseen


def move_by_keys(page: Page, control: ElementHandle, ways: list[list[str]]) -> bool:
    """Move a control by its keys until the address changes."""
    before = page.url
    stuck = control.evaluate("(node) => node.type === 'range' && node.value === node.min")
    for keys in reversed(ways) if stuck else ways:
        control.focus()
        for key in keys:
            page.keyboard.press(key)
        try:
            page.wait_for_function("(url) => location.href !== url", arg=before, timeout=3000)
        except NothingHappened:
            continue
        return True
    return False


def rest(page: Page) -> None:
    """Wait until the page has heard and answered."""
    page.wait_for_timeout(400)
    page.wait_for_selector(
        '.stApp[data-test-script-state="notRunning"]', state="attached", timeout=60_000
    )


@each_page("train_vae")
def test_everyone_can_work_the_page_and_its_link_tells_all(
    page: contents.PageInfo, open_page: Opener
) -> None:
    """One visit for axe in both themes, for the keyboard, and for the link that comes of it."""
    here = open_page(f"/{page.address}", reduced_motion="reduce").page
    here.add_style_tag(content=CALM)
    for scheme in ("dark", "light"):
        assert grave(here, scheme) == [], scheme
    missed, unseen = tab_through(here)
    assert missed == []
    assert unseen == []
    start = json.dumps(state(here))
    for kind, ways in KINDS.items():
        for number in range(here.locator(kind).count()):
            control = here.locator(kind).nth(number)
            if not control.is_visible() or control.is_disabled():
                continue
            assert move_by_keys(here, control.element_handle(), ways), f"{kind} {number}"
            if not kind.startswith(".ttn"):
                rest(here)
    rest(here)
    here.wait_for_timeout(600)
    told = state(here)
    assert json.dumps(told) != start
    there = open_page("/" + here.url.split("/", 3)[3])
    figures = ".ttn-live[data-settled]"
    if count := here.locator(figures).count():
        there.page.locator(figures).nth(count - 1).wait_for(state="attached", timeout=60_000)
    assert bool(count) == has_figure(page)
    rest(there.page)
    assert state(there.page) == told


def grave(page: Page, scheme: str) -> list[Any]:
    """Serious and critical violations that axe finds in a theme."""
    page.emulate_media(color_scheme=scheme)
    paper = rgb(getattr(theme.ROLES["paper"], scheme))
    expect(page.locator(".stApp")).to_have_css("background-color", paper)
    page.wait_for_timeout(600)
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def state(page: Page) -> list[Any]:
    """What all controls stand at."""
    found: list[Any] = page.evaluate(STATE)
    return found
