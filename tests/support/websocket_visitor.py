"""A visitor without a browser: speaks Streamlit's protocol, so that many of them cost little."""

from __future__ import annotations

import time
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

    Attributes:
        address: of the server.
        page: its name in the address, such as "train_vae".
        query: the page's query string, as the address bar would show it.
        waits: seconds that each script run took, from the request to its end.
        faults: what the server complained of.
        fragment: the part of the page that asks to be run again by itself.
        interval: seconds between two such runs; 0 for none.
    """

    address: str
    page: str
    query: str = ""
    waits: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    fragment: str = ""
    interval: float = 0.0
    _buttons: dict[str, str] = field(default_factory=dict)
    _hash: str = ""
    _socket: ClientConnection | None = None
    _tab: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> WebsocketVisitor:
        """Connect, and run the page for the first time."""
        stream = self.address.replace("http", "ws") + "/_stcore/stream"
        connecting = connect(
            stream, subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE
        )
        self._socket = self._tab.enter_context(connecting)
        self.run()
        self.waits.clear()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tab."""
        self._tab.close()

    @property
    def token(self) -> str:
        """The run's token in the address."""
        return parse_qs(self.query)["run"][0]

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
        start = time.monotonic()
        self._socket.send(message.SerializeToString())
        while not self._hear(ForwardMsg.FromString(self._socket.recv(PATIENCE))):
            pass
        self.waits.append(time.monotonic() - start)
        return self.waits[-1]

    def _hear(self, message: ForwardMsg) -> bool:
        """Take in what the server says; whether that was the end of a script run."""
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.interval = 0.0
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
        elif kind == "alert" and OURS in element.alert.body:
            self.faults.append(element.alert.body)
        elif kind == "button":
            self._buttons[element.button.id.rpartition("-")[2]] = element.button.id
