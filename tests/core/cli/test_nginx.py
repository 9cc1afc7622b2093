"""Nginx before several servers, as `assets/serve/nginx.conf` tells it: whom it asks, for whom."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.patience import PATIENCE, patiently
from tests.support.proxy import running_nginx
from vae_core.cli.serve import free_ports

BASE = "/uni/ttn"
SOCKET = {"Upgrade": "websocket", "Connection": "upgrade"}
HEARD = ("Host", "X-Forwarded-For", "X-Forwarded-Proto")


class Echo(BaseHTTPRequestHandler):
    """A replica that says where it listens and what it heard."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        heard = (self.server.server_port, self.path, *map(self.headers.get, HEARD))
        said = "" if self.headers["Upgrade"] else " ".join(map(str, heard))
        self.send_response(101 if self.headers["Upgrade"] else 200)
        if self.headers["Upgrade"]:
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "upgrade")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def echo(port: int) -> Iterator[None]:
    """A replica at a port."""
    with ThreadingHTTPServer(("127.0.0.1", port), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


@dataclass
class Front:
    """Nginx before some ports, at a path."""

    port: int
    base: str
    ports: list[int]

    def get(self, path: str, replica: str = "", **headers: str) -> tuple[int, str, str]:
        """Status, what was said, and the cookie that was set; asked with a replica's cookie."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Cookie": f"a=b; ttn_replica={replica}"} if replica else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", self.base + path, headers=sent)
        answer = connection.getresponse()
        said = "" if answer.status == 101 else answer.read().decode()
        connection.close()
        return answer.status, said, answer.headers.get("Set-Cookie", "")

    def asked(self, path: str, replica: str = "", **headers: str) -> int:
        """Number of the replica that answered."""
        status, said, _ = self.get(path, replica, **headers)
        assert status == 200
        return self.ports.index(int(said.split()[0]))


@pytest.fixture
def ports() -> list[int]:
    """Of two replicas."""
    return free_ports(2)


@pytest.fixture(params=["", BASE])
def front(request: pytest.FixtureRequest, ports: list[int]) -> Iterator[Front]:
    """Nginx before two replicas that are not there yet, at the root and below a path."""
    with running_nginx(request.param, ports) as port:
        yield Front(port, request.param, ports)


def test_newcomers_are_shared_out_and_come_back_to_where_they_were(
    front: Front, ports: list[int]
) -> None:
    with echo(ports[0]), echo(ports[1]):
        cookies = [front.get("/")[2] for _ in range(4)]
        first, second = sorted({cookie.partition(";")[0] for cookie in cookies})
        assert (first, second) == ("ttn_replica=0", "ttn_replica=1")
        for replica in (0, 1, 0, 1, 1):
            assert front.asked("/ahead?walk=x", str(replica)) == replica
            assert front.get("/", str(replica))[2] == ""


def test_a_cookie_that_names_no_replica_is_replaced_with_the_next_websocket(
    front: Front, ports: list[int]
) -> None:
    with echo(ports[0]), echo(ports[1]):
        assert front.get("/", "7")[0] == 200
        status, _, cookie = front.get("/_stcore/stream", "7; DROP", **SOCKET)
        assert status == 101
        assert re.match(r"ttn_replica=[01];", cookie)


def test_who_keeps_no_cookie_stays_at_one_replica_after_its_first_page(
    front: Front, ports: list[int]
) -> None:
    with echo(ports[0]), echo(ports[1]):
        agents = [f"browser {number}" for number in range(20)]
        paths = ("/ahead?walk=x", "/looks?run=x", "/take/curves.csv?run=x", "/_stcore/stream")
        homes = [{front.asked(path, User_Agent=agent) for path in paths} for agent in agents]
        assert [len(home) for home in homes] == [1] * len(agents)
        assert set.union(*homes) == {0, 1}


def test_where_a_replica_is_down_another_answers_and_its_websocket_keeps_the_visitor(
    front: Front, ports: list[int]
) -> None:
    with echo(ports[1]):
        with echo(ports[0]):
            assert front.asked("/", "0") == 0
        assert front.asked("/", "0") == 1
        assert front.get("/", "0")[2] == ""  # its websocket may still be there
        assert front.get("/_stcore/stream", "0", **SOCKET)[2].startswith("ttn_replica=1;")
        with echo(ports[0]):
            patiently(lambda: front.asked("/", "0") == 0)
            assert front.asked("/", "1") == 1


def test_where_none_is_there_a_sentence_asks_for_patience(front: Front, ports: list[int]) -> None:
    status, said, cookie = front.get("/")
    assert (status, cookie) == (503, "")
    assert "comes back by itself" in said
    with echo(ports[1]):
        patiently(lambda: front.get("/")[0] == 200)


def test_a_replica_hears_whom_it_answers_and_how_they_came(front: Front, ports: list[int]) -> None:
    with echo(ports[0]), echo(ports[1]):
        _, said, cookie = front.get("/x?y=1")
        assert said.split()[1:] == [
            f"{front.base}/x?y=1",
            f"127.0.0.1:{front.port}",
            "127.0.0.1",
            "http",
        ]
        assert cookie.partition("; ")[2] == f"Path={front.base}/; HttpOnly; SameSite=Lax"
        _, said, cookie = front.get("/", X_Forwarded_Proto="https", X_Forwarded_For="203.0.113.7")
        assert said.split()[3:] == ["203.0.113.7,", "127.0.0.1", "https"]
        assert cookie.endswith("SameSite=None; Secure; Partitioned")


def test_nothing_answers_beside_the_path(ports: list[int]) -> None:
    with running_nginx(BASE, ports) as port, echo(ports[0]):
        assert Front(port, BASE, ports).get("/")[0] == 200
        root = Front(port, "", ports)
        assert [root.get(path)[0] for path in ("/", "/other", "/uni/")] == [404] * 3
        assert root.get(BASE)[0] == 301
