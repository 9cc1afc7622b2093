"""States that visitors will come to, made while nobody waits: each page's own, and its presets'.

A guest inside the server opens one after the other as a browser would, and asks for what its
sliders would show. It begins after the first visitor's first answer, and goes on only where no
answer is under way or was a moment ago.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.session_manager import SessionClient

from pages.contents import CHAPTERS
from pages.ui.live.ahead.turns import TURNS
from pages.ui.live.ahead.walks import WALKS

LOG = logging.getLogger("through_the_noise")
QUIET = 1.0  # seconds without an answer before the next state is made
LOOK = 0.1
PATIENCE = 60.0  # seconds for one state
FULL = 0.5  # share of the memory for walks that may be filled ahead


class Guest(SessionClient):
    """Hears what Streamlit would tell a browser; keeps what figures say of presets and walks."""

    def __init__(self) -> None:
        self.finished = asyncio.Event()
        self.presets: list[dict[str, str]] = []
        self.walks: list[str] = []

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        """Hear a message; called by Streamlit."""
        if msg.WhichOneof("type") == "script_finished":
            self.finished.set()
        component = msg.delta.new_element.bidi_component
        if '"told"' in component.json:
            told: dict[str, Any] = json.loads(json.loads(component.json)["told"])
            self.presets += [preset["query"] for preset in told["presets"]]
            self.walks += [each["address"].rpartition("=")[2] for each in told["ahead"]]


async def visit(address: str, query: dict[str, str]) -> Guest:
    """Open a page in some state, as a new visitor.

    Raises:
        TimeoutError: It took longer than PATIENCE.
    """
    guest, runtime, message = Guest(), Runtime.instance(), BackMsg()
    message.rerun_script.page_name = address
    message.rerun_script.query_string = urlencode(query)
    session = runtime.connect_session(guest, {})
    try:
        runtime.handle_backmsg(session, message)
        await asyncio.wait_for(guest.finished.wait(), PATIENCE)
    finally:
        runtime.close_session(session)
    return guest


async def make_early(most: float) -> None:
    """Make states ahead for `most` seconds of work; where that fails, all is only slower."""
    try:
        await _make(most)
    except Exception:
        LOG.exception("nothing more is made ahead")


async def _make(most: float) -> int:
    """Make states ahead; how many were made."""
    states = deque(
        (page.address, dict[str, str]()) for pages in CHAPTERS.values() for page in pages
    )
    spent, made = 0.0, 0
    while states and spent < most and WALKS.made.bytes < FULL * WALKS.made.most_bytes:
        while not TURNS.answered or TURNS.quiet < QUIET:
            await asyncio.sleep(LOOK)
        begun = time.process_time()
        address, query = states.popleft()
        guest = await visit(address, query)
        for walk in guest.walks:
            await WALKS.fetch(walk, _here)
        if not query:
            states += [(address, preset) for preset in guest.presets]
        made += 1
        spent += time.process_time() - begun
    return made


async def _here() -> bool:
    """The guest waits for what it asked for."""
    return False
