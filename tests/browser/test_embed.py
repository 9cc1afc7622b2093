"""The app in a page of another site, as a learning platform has it: let in by name, or not at all.

The other site is `localhost` where the app is `127.0.0.1`: to the browser two sites, so that the
app's cookies are those of a third party there.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from pages.contents import neighbours
from pages.ui.lesson import read_sections
from tests.conftest import free_port, running_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATE = "/location_scale?mu=1&hide=sigma,seed&present=1"


@contextmanager
def course_page(address: str) -> Iterator[str]:
    """Address of a page of another site that shows the app in a frame."""
    html = f'<!doctype html><h1>Course</h1><iframe src="{address}" width=1000 height=700></iframe>'

    class Course(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Course) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def framed(page: Page, course: str) -> Frame:
    """The frame in the page of the course."""
    page.goto(course)
    expect(page.get_by_role("heading", name="Course")).to_be_visible()
    return page.frames[1]


def complaints(page: Page) -> list[str]:
    """What the console says from now on."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.mark.exhaustive
def test_a_site_that_is_named_may_embed_and_everything_answers_there(browser: Browser) -> None:
    port = free_port()
    with course_page(f"http://127.0.0.1:{port}{STATE}") as course:
        named = f"https://moodle.example.edu {course}/"
        with running_server(port, TTN_EMBED=named), browser.new_context() as context:
            page = context.new_page()
            heard = complaints(page)
            frame = framed(page, course)
            live = frame.locator(".ttn-live[data-settled]")
            expect(live.locator(".main-svg .trace").first).to_be_visible(timeout=30_000)
            expect(frame.locator(".stAppHeader")).to_be_hidden()
            expect(frame.locator("#transform-sigma")).to_be_hidden()
            before = live.get_attribute("data-settled")
            assert before is not None
            assert '"mu":1,' in before
            frame.locator("#transform-mu").press("ArrowRight")
            expect(live).not_to_have_attribute("data-settled", before)
            assert "hide=sigma" in frame.url
            _, following = neighbours("location_scale")
            assert following
            frame.locator(".st-key-way_on a").last.click()
            expect(frame.locator("h1")).to_have_text(read_sections(following.key)["question"])
            assert [text for text in heard if "Failed to load resource" not in text] == []


@pytest.mark.parametrize(
    "named",
    ["", pytest.param("https://moodle.example.edu http://localhost", marks=pytest.mark.exhaustive)],
)
def test_a_site_that_is_not_named_may_not(browser: Browser, named: str) -> None:
    port = free_port()
    with (
        course_page(f"http://127.0.0.1:{port}{STATE}") as course,
        running_server(port, TTN_EMBED=named),
        browser.new_context() as context,
    ):
        page = context.new_page()
        heard = complaints(page)
        frame = framed(page, course)
        page.wait_for_timeout(500)
        assert frame.url.startswith("chrome-error:")
        assert any("frame-ancestors" in text for text in heard)
