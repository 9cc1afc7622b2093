"""The live figure under a real hand: drag, zoom, keys, play, links, and its formula's numbers."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from pages import contents
from pages.trick.location_scale import picture
from pages.ui import lesson, theme
from tests.conftest import Opener
from tests.support.live_page import READ_SHOWN, LivePage

pytestmark = pytest.mark.browser

NEXT = contents.ALL_PAGES[contents.ALL_PAGES.index(contents.page_info("location_scale")) + 1]

PAGE = "/location_scale"
ZOOM = "[...gd._fullLayout.xaxis.range]"


def transform(open_page: Opener, query: str = "", **options: Any) -> LivePage:
    watched = open_page(PAGE + query, **options)
    return LivePage(watched.page, "transform").ready()


def count_runs(live: LivePage) -> str:
    """Start to count the script runs that the browser asks for; an expression for the count."""
    live.page.evaluate(
        """() => {
          window.scriptRuns = 0;
          const { send } = WebSocket.prototype;
          WebSocket.prototype.send = function (message) {
            window.scriptRuns += 1;
            send.call(this, message);
          };
        }"""
    )
    return "window.scriptRuns"


def test_a_drag_repaints_without_the_server_and_a_release_runs_once(open_page: Opener) -> None:
    live = transform(open_page)
    runs = count_runs(live)
    left, width, middle = live.grab("mu")
    pictures = set()
    for part in np.linspace(0.6, 0.2, 12):
        live.page.mouse.move(left + part * width, middle)
        live.page.wait_for_timeout(40)
        pictures.add(live.shown())
    assert len(pictures) >= 8
    assert live.page.evaluate(runs) == 0
    assert "mu=" not in live.page.url
    formula = live.root.locator(".ttn-formula").inner_text()
    takeaway = live.root.locator(".ttn-takeaway").inner_text()
    live.page.mouse.up()
    mu = float(live.slider("mu").evaluate("(s) => s.value")) * 0.1 - 3
    live.wait_for(mu=round(mu, 1))
    live.page.wait_for_timeout(600)
    assert live.page.evaluate(runs) == 1
    assert f"mu={round(mu, 1):g}" in live.page.url
    assert live.root.locator(".ttn-takeaway").inner_text() == takeaway
    assert f"{abs(mu):.2f}" in formula


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_can_be_saved(open_page: Opener, scheme: str) -> None:
    live = transform(open_page, scheme=scheme)
    with live.page.expect_download() as told:
        live.root.get_by_role("button", name="Save the picture").click()
    assert told.value.suggested_filename == "transform.png"
    image = Image.open(told.value.path()).convert("RGB")
    box = live.root.locator(".ttn-plot").bounding_box()
    assert box
    assert image.size == pytest.approx((2 * box["width"], 2 * box["height"]), abs=2)
    assert image.getpixel((2, 2)) == rgb_of(getattr(theme.ROLES["paper"], scheme))
    assert len(image.getcolors(2**24) or ()) > 100


def rgb_of(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def test_painting_agrees_with_plotly(open_page: Opener) -> None:
    live = transform(open_page, "?n=20")
    live.page.evaluate(
        """() => {
          const react = Plotly.react;
          Plotly.react = (...all) => {
            window.painted = (READ_SHOWN)(document.querySelector('.ttn-plot'));
            return react(...all).then(() => { window.redraws = 1; });
          };
        }""".replace("READ_SHOWN", READ_SHOWN)
    )
    first = live.shown()
    left, width, middle = live.grab("sigma")
    live.page.mouse.move(left + 0.8 * width, middle)
    live.until_shown_differs_from(first)
    live.page.mouse.up()
    live.page.wait_for_function("() => window.redraws")
    painted = live.page.evaluate("window.painted")
    assert numbers_in(painted) == pytest.approx(numbers_in(live.shown()), abs=0.11)


def numbers_in(paths: str) -> list[float]:
    cleaned = "".join(each if each in "0123456789.-" else " " for each in paths.replace("-", " -"))
    return [float(word) for word in cleaned.split() if word not in {"-", "."}]


def test_zoom_hidden_traces_and_scroll_survive(open_page: Opener) -> None:
    live = transform(open_page)
    live.zoom(0.3, 0.8)
    legend = live.root.locator(".legendtoggle").first
    legend.click()
    live.page.wait_for_timeout(600)
    hidden = "gd._fullData.filter((t) => t.visible === 'legendonly').map((t) => t.name)"
    scroll = "document.querySelector('[data-testid=stMain]').scrollTop"
    before = (live.plotly(ZOOM), live.plotly(hidden), live.page.evaluate(scroll))
    assert before[0] == pytest.approx([-3.2, 4.8], abs=0.1)
    assert before[1] == ["p(ε)"]
    left, width, middle = live.grab("mu")
    live.page.mouse.move(left + 0.3 * width, middle, steps=5)
    assert (live.plotly(ZOOM), live.plotly(hidden), live.page.evaluate(scroll)) == before
    live.page.mouse.up()
    live.page.wait_for_timeout(1500)
    assert (live.plotly(ZOOM), live.plotly(hidden), live.page.evaluate(scroll)) == before


def test_the_keyboard_alone_works_it(open_page: Opener) -> None:
    live = transform(open_page)
    live.slider("mu").focus()
    for _ in range(3):
        live.page.keyboard.press("ArrowRight")
    live.wait_for(mu=1.8)
    live.root.locator(".ttn-stage").focus()
    live.page.keyboard.press("Home")
    live.wait_for(t=0)
    live.page.keyboard.press("ArrowRight")
    live.wait_for(t=0.01)
    live.page.keyboard.press("Space")
    live.page.wait_for_timeout(500)
    live.page.keyboard.press("Space")
    live.page.wait_for_function("() => /t=0\\.[1-9]/.test(location.search)")
    outline = live.root.locator(".ttn-stage").evaluate(
        "(node) => getComputedStyle(node).outlineStyle"
    )
    assert outline == "solid"


def test_playing_lands_the_samples(open_page: Opener) -> None:
    live = transform(open_page, "?t=0")
    live.root.get_by_role("combobox", name="Speed").select_option("4")
    live.root.get_by_role("button", name="Play").click()
    live.wait_for(t=1)
    assert "t=" not in live.page.url


@pytest.mark.exhaustive
def test_reduced_motion_jumps(open_page: Opener) -> None:
    live = transform(open_page, "?t=0", reduced_motion="reduce")
    live.root.get_by_role("button", name="Play").click()
    live.page.wait_for_function(
        "() => document.querySelector('.ttn-scrub output').value === '1.00'"
    )
    assert live.root.get_by_role("button", name="Play").count() == 1


@pytest.mark.parametrize(
    ("param", "change"), [("mu", 1.0), ("sigma", 0.5), ("eps", 0.5)], ids=["bell", "flank", "dot"]
)
def test_parts_of_the_picture_can_be_dragged(open_page: Opener, param: str, change: float) -> None:
    live = transform(open_page)
    before = live.values[param]
    grip = live.root.locator(f'.ttn-grip[data-param="{param}"]').last
    box = grip.bounding_box()
    unit = live.plotly("gd._fullLayout.xaxis._length / 16")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    pull = change * unit * (0.6 if param == "eps" else 1.0)
    live.page.mouse.move(x, y)
    live.page.mouse.down()
    live.page.mouse.move(x + pull, y, steps=4)
    live.page.mouse.up()
    live.wait_for_change(param, before)
    assert live.values[param] == pytest.approx(before + change, abs=0.1)


def test_a_link_opens_the_same_state_elsewhere(open_page: Opener) -> None:
    query = "?mu=-1.2&sigma=1.7&eps=-0.5&n=50&seed=7&t=0.4"
    here, there = transform(open_page), transform(open_page, query)
    assert there.values == {"mu": -1.2, "sigma": 1.7, "eps": -0.5, "n": 50, "seed": 7, "t": 0.4}
    here.root.get_by_role("link", name="Squeeze").click()
    here.wait_for(mu=2, sigma=0.4, eps=0.5, n=50)
    here.page.wait_for_timeout(600)
    again = transform(open_page, here.page.url.split("location_scale")[1])
    assert again.values == here.values
    assert again.shown() == here.shown()


@pytest.mark.exhaustive
def test_the_way_back_undoes_a_preset(open_page: Opener) -> None:
    live = transform(open_page, "?mu=-1")
    live.root.get_by_role("link", name="Squeeze").click()
    live.wait_for(mu=2, sigma=0.4)
    live.page.wait_for_timeout(1000)
    live.page.go_back()
    live.wait_for(mu=-1, sigma=0.6)


def test_a_looked_ahead_picture_is_the_servers_own(open_page: Opener) -> None:
    watched = open_page("/gradient_variance")
    live = LivePage(watched.page, "variance_histogram").ready_to_move()
    before = live.shown()
    live.slider("mu").focus()
    live.page.keyboard.down("ArrowRight")
    live.until_shown_differs_from(before)
    painted = live.root.locator(".ttn-takeaway").inner_text()
    live.page.keyboard.up("ArrowRight")
    live.page.wait_for_function("() => location.search.includes('mu=')")
    live.page.wait_for_timeout(2000)
    assert live.root.locator(".ttn-takeaway").inner_text() == painted


def test_the_address_survives_reload_and_page_changes(open_page: Opener) -> None:
    live = transform(open_page, "?mu=-1.2")
    live.slider("sigma").focus()
    live.page.keyboard.press("ArrowRight")
    live.wait_for(sigma=0.65)
    live.page.reload()
    live.ready()
    assert live.values["sigma"] == 0.65
    live.page.get_by_role("link", name="Next").click()
    live.page.wait_for_url(lambda url: "location_scale" not in url)
    live.page.wait_for_timeout(1500)
    live.page.get_by_role("link", name="The location-scale transform").last.click()
    live.ready()
    live.wait_for(mu=-1.2, sigma=0.65)
    assert "mu=-1.2" in live.page.url


def test_a_bad_link_says_so_quietly(open_page: Opener) -> None:
    live = transform(open_page, "?mu=banana&hide=eps,seed")
    assert live.values["mu"] == 1.5
    assert "mean μ" in live.root.locator(".ttn-notes").inner_text()
    assert live.slider("eps").count() == 0


def test_the_browser_formula_is_the_core(open_page: Opener) -> None:
    live = transform(open_page)
    corners = itertools.product(
        (-3.0, 0.7, 3.0), (0.4, 1.0, 2.0), (-2.5, 2.5), (1, 200), (0.0, 0.37, 1.0)
    )
    settings = [dict(zip(("mu", "sigma", "eps", "n", "t"), each, strict=True)) for each in corners]
    constants = {name: array.tolist() for name, array in picture.constants(seed=3).items()}
    answers = live.page.evaluate(
        """async ([settings, constants]) => {
          const { frame } = await import('/assets/frames/location_scale.js');
          const typed = Object.fromEntries(
            Object.entries(constants).map(([name, list]) => [name, new Float64Array(list)]));
          const plain = (value) => Array.from(value, (x) => (Number.isNaN(x) ? null : x));
          return settings.map((values) => {
            const { traces, numbers } = frame(values, typed);
            const arrays = Object.entries(traces).map(
              ([name, at]) => [name, plain(at.x), plain(at.y)]);
            return JSON.stringify({ arrays, numbers });
          });
        }""",
        [settings, constants],
    )
    for setting, answer in zip(settings, map(json.loads, answers), strict=True):
        expected = picture.frame(**setting, seed=3)
        assert {name for name, *_ in answer["arrays"]} == set(expected.traces)
        for name, x, y in answer["arrays"]:
            for found, attr in ((x, "x"), (y, "y")):
                wanted = np.asarray(expected.traces[name][attr], dtype=float)
                np.testing.assert_allclose(np.array(found, dtype=float), wanted, atol=1e-6)
        assert answer["numbers"] == pytest.approx(dict(expected.numbers), abs=1e-6)


def test_browser_formats_numbers_as_python_does(open_page: Opener) -> None:
    live = transform(open_page)
    specs = [".2f", "+.1f", ".3g", ",d", ".1%", ".2e", "d", ",.1f", ".5g"]
    numbers = [0.0, 1.0, -1.005, 1234567.891, 0.000012345, -0.06, 99.95, 1e18, 2.75]
    found = live.page.evaluate(
        """async ([specs, numbers]) => {
          const { format } = await import('/assets/shared/words.js');
          return specs.map((spec) => numbers.map((number) => format(number, spec)));
        }""",
        [specs, numbers],
    )
    for spec, row in zip(specs, found, strict=True):
        for number, text in zip(numbers, row, strict=True):
            value = round(number) if spec.endswith("d") else number
            wanted = format(value, spec)
            nothing = not any(digit in "123456789" for digit in wanted)
            plain = wanted.replace("-", "+" if "+" in spec else "") if nothing else wanted
            assert text.replace("−", "-") == plain, (spec, number)


def test_the_browser_writes_numbers_in_sentences_as_people_do(open_page: Opener) -> None:
    live = transform(open_page)
    filled = live.page.evaluate(
        """async () => {
          const { fill } = await import('/assets/shared/words.js');
          const names = { small: 5e-7, large: -1234567, word: "1.5e+08", code: "exp(-2)" };
          return fill("{small:.1e}, {large:.3g}, {word}, {code}, {small:.1f}", names, {});
        }"""
    )
    assert filled == "5.0 × 10⁻⁷, −1.23 × 10⁶, 1.5 × 10⁸, exp(-2), 0.0"


@pytest.mark.exhaustive
def test_touch_targets_are_large_on_a_phone(open_page: Opener) -> None:
    live = transform(open_page, width=390, has_touch=True)
    for control in live.root.locator(
        "button:visible, input:visible, select:visible, summary:visible"
    ).all():
        assert control.bounding_box()["height"] >= 44


@pytest.mark.exhaustive
def test_a_copied_link_shares_the_controls_and_no_run(open_page: Opener) -> None:
    """Whoever has the token of a run can stop it, so a link holds none."""
    live = transform(open_page, "?mu=1.5&run=secret&present=0")
    live.page.evaluate(
        "() => { navigator.clipboard.writeText = async (text) => { window.written = text; }; }"
    )
    live.root.get_by_role("button", name="Copy link to this state").click()
    expect(live.root.get_by_text("Copied.")).to_be_visible()
    assert live.page.evaluate("window.written").endswith("?mu=1.5&present=0")
    assert "run=secret" in live.page.url


def test_who_goes_on_right_after_a_release_arrives(open_page: Opener) -> None:
    for wait in (0, 150):
        live = transform(open_page)
        page = live.page
        left, width, middle = live.grab("mu")
        page.mouse.move(left + 0.3 * width, middle)
        page.mouse.up()
        page.wait_for_timeout(wait)
        page.locator(".st-key-way_on a").last.evaluate("(link) => link.click()")
        page.wait_for_url(f"**/{NEXT.address}*")
        heading = lesson.read_sections(NEXT.key)["question"]
        expect(page.locator("h1")).to_have_text(heading)
        page.wait_for_timeout(1500)
        expect(page.locator("h1")).to_have_text(heading)
