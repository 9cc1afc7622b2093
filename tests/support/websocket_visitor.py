"""A visitor without a browser: speaks Streamlit's protocol, so that many of them cost little."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

PATIENCE = 60.0
OURS = "The fault is ours"
ENDS = {
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
}


@dataclass
class WebsocketVisitor:
    """One session on a page of the app.

    Like a browser, it fetches what the sliders would show after each answer, and gives up what the
    next one no longer needs; and it keeps the cookie that it is given.

    Attributes:
        address: of the server.
        page: its name in the address, such as "train_vae".
        query: the page's query string, as the address bar would show it.
        waits: seconds that each script run took, from the request to its end.
        ended: when each of them ended, on the monotonic clock.
        faults: what the server complained of.
        fragment: the part of the page that asks to be run again by itself.
        interval: seconds between two such runs; 0 for none.
        fetched: bytes of what was fetched, by its address.
        cookie: what a proxy in front of several servers knows it by, such as "ttn_replica=0".
        told: what the page tells in boxes.
    """

    address: str
    page: str
    query: str = ""
    waits: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    fragment: str = ""
    interval: float = 0.0
    fetched: dict[str, int] = field(default_factory=dict)
    cookie: str = ""
    told: list[str] = field(default_factory=list)
    _ahead: list[str] = field(default_factory=list)
    _fetching: list[Future[None]] = field(default_factory=list)
    _buttons: dict[str, str] = field(default_factory=dict)
    _hash: str = ""
    _socket: ClientConnection | None = None
    _tab: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> WebsocketVisitor:
        """Open the page, connect, and have it run for the first time."""
        with urllib.request.urlopen(self._request(self.page), timeout=PATIENCE) as answer:
            self._keep_cookie(answer.headers)
        self._connect()
        self._threads = self._tab.enter_context(ThreadPoolExecutor(2))
        self.run()
        self.waits.clear()
        self.ended.clear()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tab."""
        self._give_up()
        self._tab.close()

    @property
    def token(self) -> str:
        """The run's token in the address."""
        return parse_qs(self.query)["run"][0]

    @property
    def buttons(self) -> set[str]:
        """Keys of the buttons that the page shows."""
        return set(self._buttons)

    def fetch(self, path: str) -> bytes:
        """What the server answers to a path below its address."""
        with urllib.request.urlopen(self._request(path), timeout=PATIENCE) as answer:
            return bytes(answer.read())

    def fetch_all(self) -> None:
        """Wait for all that the sliders would show."""
        for each in self._fetching:
            each.result()

    def run(self, query: str | None = None, press: str = "", *, itself: bool = False) -> float:
        """Have the page run, and wait for its end; seconds that it took.

        Args:
            query: another address.
            press: key of a button to press.
            itself: only the fragment that asked for it.
        """
        assert self._socket is not None
        self.query = self.query if query is None else query
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self.query, self._hash
        state.context_info.url = f"{self.address}/{self.page}"
        if not self._hash:
            state.page_name = self.page
        if itself:
            state.fragment_id, state.is_auto_rerun = self.fragment, True
        if press:
            pressed = state.widget_states.widgets.add()
            pressed.id, pressed.trigger_value = self._buttons[press], True
        self._give_up()
        start = time.monotonic()
        self._socket.send(message.SerializeToString())
        while not self._hear(ForwardMsg.FromString(self._socket.recv(PATIENCE))):
            pass
        self.ended.append(time.monotonic())
        self.waits.append(self.ended[-1] - start)
        lacking = [address for address in self._ahead if address not in self.fetched]
        self._fetching = [self._threads.submit(self._fetch, address) for address in lacking]
        return self.waits[-1]

    def come_back(self) -> None:
        """Connect anew after the connection was lost, as a browser does by itself, and go on."""
        self._connect()
        self._hash = ""
        self.run()

    def _connect(self) -> None:
        stream = self.address.replace("http", "ws") + "/_stcore/stream"
        self._socket = self._tab.enter_context(
            connect(
                stream,
                subprotocols=["streamlit"],
                max_size=None,
                open_timeout=PATIENCE,
                additional_headers={"Cookie": self.cookie},
            )
        )
        assert self._socket.response is not None
        self._keep_cookie(self._socket.response.headers)

    def _keep_cookie(self, headers: Mapping[str, str]) -> None:
        if told := headers.get("Set-Cookie"):
            self.cookie = told.partition(";")[0]

    def _request(self, path: str, **headers: str) -> urllib.request.Request:
        url = f"{self.address}/{path.removeprefix('./')}"
        return urllib.request.Request(url, headers={"Cookie": self.cookie, **headers})

    def _fetch(self, address: str) -> None:
        request = self._request(address, **{"Accept-Encoding": "gzip"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                self.fetched[address] = len(answer.read())
        except OSError as fault:
            self.faults.append(f"{address}: {fault}")

    def _give_up(self) -> None:
        """Fetch nothing more that has not begun."""
        for each in self._fetching:
            each.cancel()
        self._ahead.clear()

    def _hear(self, message: ForwardMsg) -> bool:
        """Take in what the server says; whether that was the end of a script run."""
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.interval = 0.0
            self.told.clear()
            self._buttons.clear()
        elif kind == "navigation":
            self._hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self.fragment = message.auto_rerun.fragment_id
            self.interval = message.auto_rerun.interval
        elif kind == "delta":
            self._see(message)
        elif kind == "script_finished":
            return message.script_finished in ENDS
        return False

    def _see(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.faults.append(element.exception.message)
        elif kind == "alert":
            self.told.append(element.alert.body)
            if OURS in element.alert.body:
                self.faults.append(element.alert.body)
        elif kind == "button":
            self._buttons[element.button.id.rpartition("-")[2]] = element.button.id
        elif kind == "bidi_component" and '"told"' in element.bidi_component.json:
            told = json.loads(json.loads(element.bidi_component.json)["told"])
            self._ahead += [each["address"] for each in told["ahead"]]
