"""A training in a real browser, on all of MNIST: it rises, survives F5 and a new server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Opener, running_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TAKEAWAY = re.compile(r"held-out ELBO −(\d+\.\d) nats after epoch (\d+\.\d)")


def reached(page: Page) -> tuple[float, float]:
    """ELBO and epoch in the takeaway, as soon as there is one."""
    line = page.get_by_text(TAKEAWAY).first
    expect(line).to_be_visible(timeout=30_000)
    found = TAKEAWAY.search(line.inner_text())
    assert found
    return -float(found[1]), float(found[2])


def await_epoch(page: Page, at_least: float) -> tuple[float, float]:
    """ELBO and epoch once the run has come that far."""
    for _ in range(120):
        elbo, epoch = reached(page)
        if epoch >= at_least:
            return elbo, epoch
        page.wait_for_timeout(500)
    pytest.fail(f"the training never came to epoch {at_least}")


def test_it_rises_survives_f5_and_goes_on_after_a_restart(
    open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTN_RUNS", str(tmp_path))
    with running_server() as first:
        watched = open_page("/train_vae?epochs=50&latent=2", server=first)
        page = watched.page
        page.get_by_role("button", name="Start", exact=True).click()
        begun, _ = reached(page)
        elbo, epoch = await_epoch(page, 0.5)
        assert elbo > begun + 20
        strips = page.get_by_role("img", name=re.compile("decoder's picture of each"))
        expect(strips).to_be_visible()
        page.reload()
        later, _ = await_epoch(page, epoch + 0.2)
        assert later > begun + 20
        expect(page.get_by_role("button", name="Pause")).to_be_enabled()
        address = page.url
        page.context.close()
        watched.assert_quiet()
    with running_server() as second:
        path = address.removeprefix(first)
        assert "run=" in path
        again = open_page(path, server=second)
        expect(again.page.get_by_text("The server was stopped")).to_be_visible(timeout=30_000)
        _, epoch = reached(again.page)
        again.page.get_by_role("button", name="Go on").click()
        await_epoch(again.page, epoch + 0.3)
        again.page.get_by_role("button", name="Reset", exact=True).click()
        expect(again.page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
        assert "run=" not in again.page.url
        again.page.context.close()
        again.assert_quiet()
