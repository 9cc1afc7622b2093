"""Drives a live figure in the browser as a hand does: sliders, grips, links."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

DRAWN = ".trace .js-line, .trace .js-fill, .point"
READ_SHOWN = f"""(plot) => Array.from(plot.querySelectorAll('{DRAWN}'))
  .map((node) => (node.getAttribute('d') ?? '') + (node.getAttribute('transform') ?? ''))
  .filter((path) => path !== 'M0,0').join('|')"""


@dataclass
class LivePage:
    """One live figure of a page."""

    page: Page
    key: str

    def __post_init__(self) -> None:
        self.root = self.page.locator(f".st-key-{self.key} .ttn-live")

    @property
    def settled(self) -> str:
        """The values that the server has answered for, as JSON; waits for the first answer."""
        return str(self.root.get_attribute("data-settled"))

    @property
    def values(self) -> dict[str, Any]:
        """The values that the server has answered for."""
        found: dict[str, Any] = json.loads(self.settled)
        return found

    def slider(self, name: str) -> Any:
        """The slider of a parameter; "playback" is that of the bar."""
        if name == "playback":
            return self.root.locator(".ttn-scrub input")
        return self.page.locator(f"#{self.key}-{name}")

    def ready(self) -> LivePage:
        """Wait until the figure stands."""
        self.root.and_(self.page.locator("[data-settled]")).wait_for()
        return self

    def ready_to_move(self) -> LivePage:
        """Wait until each slider's pictures are there, too."""
        self.ready().root.and_(self.page.locator("[data-ahead='0']")).wait_for()
        return self

    def wait_for(self, **values: Any) -> None:
        """Wait until the server has answered for these values."""
        self.page.wait_for_function(
            """([key, wanted]) => {
              const root = document.querySelector(`.st-key-${key} .ttn-live`);
              const values = JSON.parse(root?.dataset.settled ?? '{}');
              return Object.entries(wanted).every(([name, value]) => values[name] === value);
            }""",
            arg=[self.key, values],
        )

    def wait_for_change(self, name: str, before: Any) -> None:
        """Wait until the server has answered for another value of a parameter."""
        self.page.wait_for_function(
            """([key, name, before]) => {
              const root = document.querySelector(`.st-key-${key} .ttn-live`);
              return JSON.parse(root?.dataset.settled ?? '{}')[name] !== before;
            }""",
            arg=[self.key, name, before],
        )

    def shown(self) -> str:
        """Everything drawn, as the paths and places in the figure's nodes."""
        return str(self.root.locator(".ttn-plot").evaluate(READ_SHOWN))

    def until_shown_differs_from(self, before: str) -> None:
        """Wait until something else is drawn."""
        deadline = time.monotonic() + 10
        while self.shown() == before:
            assert time.monotonic() < deadline, "nothing was painted"
            self.page.wait_for_timeout(20)

    def plotly(self, expression: str) -> Any:
        """A value read from plotly's own graph element, `gd`."""
        return self.root.locator(".ttn-plot").evaluate(f"(gd) => {expression}")

    def zoom(self, left: float, right: float) -> None:
        """Zoom to a part of the width, by a drag along the upper edge of the plot."""
        area = self.root.locator(".nsewdrag").first.bounding_box()
        self.page.mouse.move(area["x"] + left * area["width"], area["y"] + 5)
        self.page.mouse.down()
        self.page.mouse.move(area["x"] + right * area["width"], area["y"] + 8, steps=5)
        self.page.mouse.up()
        self.page.wait_for_timeout(600)

    def grab(self, name: str) -> tuple[float, float, float]:
        """Put the pointer on a slider's thumb and press; left end, width and height on screen."""
        slider = self.slider(name)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        thumb = float(slider.evaluate("(s) => s.value / s.max"))
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + 10 + thumb * (box["width"] - 20), middle)
        self.page.mouse.down()
        return box["x"], box["width"], middle
