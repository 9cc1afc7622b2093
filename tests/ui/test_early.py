"""What is made while nobody waits: the states of the pages and their presets, and no longer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from pages import contents
from pages.ui.live.ahead import early
from pages.ui.live.ahead.turns import Turns
from pages.ui.live.ahead.walks import Walks
from tests.conftest import ROOT
from tests.support.loops import finished

ADDRESSES = [page.address for pages in contents.CHAPTERS.values() for page in pages]

# A server without a network: the components of the pages register with it as they are imported.
INSIDE = """
import asyncio, json, logging
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

async def main():
    storage, uploads = MemoryMediaFileStorage("/media"), MemoryUploadedFileManager("/upload")
    runtime = Runtime(RuntimeConfig("pages/site.py", storage, uploads))
    await runtime.start()
    from pages.ui.live.ahead import early, walks
    from pages.ui.live.figure import STATES
    guest = await early.visit("stuck", {})
    state = await early.visit("stuck", guest.presets[0])
    told = {"states": len(STATES), "presets": guest.presets, "walks": len(guest.walks)}
    for name in state.walks:
        await walks.WALKS.fetch(name, early._here)
    told["made"], told["asked"] = len(walks.WALKS.made), len(set(state.walks))
    await early.visit("stuck", guest.presets[0])
    told["again"] = len(STATES)
    told["sessions"] = len(runtime._session_mgr.list_sessions())
    print(json.dumps(told))
    runtime.stop()
    await runtime.stopped
    walks.WALKS.close()

asyncio.run(main())
"""


def test_a_guest_leaves_states_and_walks_behind_and_no_session() -> None:
    found = subprocess.run(
        [sys.executable, "-c", INSIDE], check=False, cwd=ROOT, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout.splitlines()[-1])
    assert len(told["presets"]) > 1
    assert all(told["presets"])
    assert told["walks"] > 0
    assert told["made"] == told["asked"] > 0
    assert told["states"] == told["again"] > 1
    assert told["sessions"] == 0


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """States in the order in which they are visited, of a server that is quiet from the start."""
    visited: list[tuple[str, dict[str, str]]] = []

    async def visit(address: str, query: dict[str, str]) -> early.Guest:
        visited.append((address, query))
        guest = early.Guest()
        guest.presets = [{"view": address}] if address == ADDRESSES[1] else []
        return guest

    monkeypatch.setattr(early, "visit", visit)
    monkeypatch.setattr(early, "TURNS", Turns())
    monkeypatch.setattr(early, "WALKS", Walks())
    monkeypatch.setattr(early, "QUIET", 0.0)
    monkeypatch.setattr(early, "LOOK", 0.001)
    return visited


def answer() -> None:
    """A visitor is answered."""
    with early.TURNS.answering():
        pass


def test_all_pages_come_first_then_their_presets(guests: list[Any]) -> None:
    answer()
    assert finished(early._make(60.0)) == len(ADDRESSES) + 1
    assert guests[:-1] == [(address, {}) for address in ADDRESSES]
    assert guests[-1] == (ADDRESSES[1], {"view": ADDRESSES[1]})


def test_nothing_is_made_before_the_first_answer_nor_while_one_is_under_way(
    guests: list[Any],
) -> None:
    async def scenario() -> list[int]:
        making = asyncio.create_task(early._make(60.0))
        counts = []
        await asyncio.sleep(0.02)
        counts.append(len(guests))
        with early.TURNS.answering():
            await asyncio.sleep(0.02)
            counts.append(len(guests))
        await making
        return [*counts, len(guests)]

    assert finished(scenario()) == [0, 0, len(ADDRESSES) + 1]


def test_time_and_memory_end_it(guests: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answer()
    assert finished(early._make(0.0)) == 0
    monkeypatch.setattr(early, "WALKS", Walks(most_bytes=0))
    assert finished(early._make(60.0)) == 0
    assert guests == []


def test_what_fails_ends_it_and_is_logged(
    guests: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_address: str, _query: dict[str, str]) -> early.Guest:
        raise TimeoutError

    monkeypatch.setattr(early, "visit", fail)
    answer()
    finished(early.make_early(60.0))
    assert "nothing more is made ahead" in caplog.text
    assert guests == []
