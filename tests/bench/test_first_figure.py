"""How soon the first figure of a page stands: in seconds, and against a bare page with one chart.

In a browser with a profile, as people have one. It keeps what it has compiled from the third visit
on; what a new one takes is told.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from pages import contents
from tests.conftest import FLAGS, START_SECONDS, free_port, is_answering
from tests.support.each_page import PAGES, has_figure
from tests.support.find_browser import find

pytestmark = [pytest.mark.bench, pytest.mark.browser]

VISITS, FIRST_FIGURE = 7, 1.5
LONGER = {"train_vae": 0.5}  # it draws four figures
OURS = ".ttn-live[data-settled]"
CHART = ".js-plotly-plot .trace path"
BARE = """
import numpy as np
import plotly.graph_objects as go
import streamlit as st

x = np.linspace(-4.0, 4.0, 400)
st.plotly_chart(go.Figure(go.Scatter(x=x, y=np.exp(-x * x / 2.0))))
"""
ROUNDS, SHARE = 6, 0.9


@contextmanager
def profile(browser: Browser, folder: Path) -> Iterator[BrowserContext]:
    """A browser that keeps what it has seen."""
    options: dict[str, Any] = {"executable_path": find(), "args": FLAGS}
    context = browser.browser_type.launch_persistent_context(str(folder), **options)
    yield context
    context.close()


def first_shown(page: Page, address: str, shown: str) -> float:
    """Seconds from the address to what the selector names."""
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(shown, state="attached")
    took = time.perf_counter() - started
    page.wait_for_timeout(1500)
    page.close()
    return took


@PAGES
def test_the_first_figure_of_a_page(
    browser: Browser, server: str, page: contents.PageInfo, tmp_path: Path
) -> None:
    """On a warm server. A page of words alone is there with its last line."""
    address = f"{server}/{page.address}"
    shown = OURS if has_figure(page) else ".st-key-way_on"
    with profile(browser, tmp_path) as context:
        waits = [first_shown(context.new_page(), address, shown) for _visit in range(VISITS)]
    fresh, second, again = waits[0], waits[1], statistics.median(waits[2:])
    print(f"\n/{page.address}: first figure after {again:.2f} s;", end=" ")
    print(f"{fresh:.2f} s at a first visit, {second:.2f} s at a second")
    assert again <= FIRST_FIGURE + LONGER.get(page.key, 0.0)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a page that shows one chart and nothing else."""
    script, port = tmp_path_factory.mktemp("bare") / "bare.py", free_port()
    script.write_text(BARE, encoding="utf-8")
    options = [f"--server.port={port}", "--server.headless=true", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
    with subprocess.Popen(command, cwd=script.parent, stdout=subprocess.DEVNULL) as process:
        while not is_answering(f"{address}/_stcore/health"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield address
        process.terminate()


@pytest.mark.parametrize("path", ["", "location_scale", "gradient_variance"])
def test_the_first_figure_against_a_bare_page(
    browser: Browser, server: str, bare: str, path: str, tmp_path: Path
) -> None:
    """In turn: new browsers, each at its first visit, and one that has been at both before."""
    ours, theirs = (f"{server}/{path}", OURS), (bare, CHART)
    new: list[list[float]] = []
    for turn in range(ROUNDS + 1):
        waits = []
        for number, (address, shown) in enumerate((ours, theirs)):
            with profile(browser, tmp_path / f"{turn}-{number}") as context:
                waits.append(first_shown(context.new_page(), address, shown))
        new.append(waits)
    with profile(browser, tmp_path / "kept") as context:
        kept = [
            [first_shown(context.new_page(), address, shown) for address, shown in (ours, theirs)]
            for _turn in range(ROUNDS + 2)
        ]
    told = [
        [statistics.median(column) for column in zip(*rounds, strict=True)]
        for rounds in (new[1:], kept[2:])
    ]
    (first, chart), (again, chart_again) = told
    print(f"\n/{path}: first figure {again:.2f} s, the bare page's {chart_again:.2f} s:", end=" ")
    print(
        f"{again / chart_again:.2f} of it; in a new browser {first:.2f} and {chart:.2f} s:", end=" "
    )
    print(f"{first / chart:.2f}")
    assert again <= SHARE * chart_again
