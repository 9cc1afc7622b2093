"""Photographs the running pages for the README: `make pictures`."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from tests.conftest import FLAGS, ROOT, running_server
from tests.support.find_browser import find

FOLDER = ROOT / "assets" / "pictures"
PICTURES = {
    "transform.png": "/location_scale?mu=1.5&sigma=0.6&n=30",
    "variance.png": "/gradient_variance?names=pathwise,score,score_loo&samples=2&hide=of",
}


def take() -> None:
    """Open each page on a server of its own and keep what its first screen shows."""
    FOLDER.mkdir(exist_ok=True)
    with running_server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for name, path in PICTURES.items():
            page.goto(address + path)
            page.locator(".ttn-live[data-settled]").first.wait_for(timeout=60_000)
            page.wait_for_timeout(2_000)  # the menu's letters and the formula come last
            page.screenshot(path=FOLDER / name)
            print(FOLDER / name)
        browser.close()


if __name__ == "__main__":
    take()
