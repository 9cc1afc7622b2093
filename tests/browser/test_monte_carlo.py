"""What is drawn is what the buttons say, and the browser picks the draws that Python picks."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import expect

from pages.obstacle.monte_carlo import average
from pages.ui.live.lookahead import pack_constants
from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

FRAMES = """async ([counts, packed]) => {
  const { frame } = await import('/assets/frames/monte_carlo.js');
  const { unpackConstants } = await import('/assets/shared/decode.js');
  const plain = (array) => Array.from(array, (x) => (Number.isNaN(x) ? null : x));
  return counts.map((n) => {
    const { traces, numbers } = frame({ n }, unpackConstants(packed));
    const arrays = Object.entries(traces).map(([name, { x, y }]) => [name, plain(x), plain(y)]);
    return JSON.stringify({ arrays, numbers });
  });
}"""


def test_draw_one_and_draw_a_hundred_and_the_mean_follows(open_page: Opener) -> None:
    page = open_page("/monte_carlo?n=7&seed=3").page
    live = LivePage(page, "monte_carlo_average").ready()
    said = live.root.locator(".ttn-takeaway")
    for button, n in (("draw 1", 8), ("draw 100", 108), ("draw 100", 208)):
        live.root.get_by_role("button", name=button, exact=True).click()
        numbers = average.frame(n, 3, "square").numbers
        mean, spread = (f"{float(numbers[name]):.3f}" for name in ("mean", "error"))
        expect(said).to_contain_text(f"At K = {n} the mean is {mean} ± {spread}")
    live.wait_for(n=208)
    assert "n=208" in page.url

    counts, packed = [1, 2, 99, 100, 101, 555, 1000], pack_constants(average.constants(3, "square"))
    for n, answer in zip(counts, page.evaluate(FRAMES, [counts, packed]), strict=True):
        found, wanted = json.loads(answer), average.frame(n, 3, "square")
        assert {name for name, *_ in found["arrays"]} == set(wanted.traces)
        for name, *arrays in found["arrays"]:
            for array, attr in zip(arrays, "xy", strict=True):
                expected = np.asarray(wanted.traces[name][attr], dtype=float)
                np.testing.assert_allclose(np.array(array, dtype=float), expected, atol=1e-9)
        assert found["numbers"] == pytest.approx(dict(wanted.numbers), abs=1e-9)
