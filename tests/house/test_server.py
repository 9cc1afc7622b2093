"""The server's answers: headers on all, assets and nothing else, no way out of their folder."""

from __future__ import annotations

import gzip
import http.client
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit import config as streamlit_config
from streamlit.web.server import server_util

from pages.ui import assets
from tests.conftest import ROOT, free_port


@dataclass(frozen=True)
class Answer:
    """What the server sent, byte by byte."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()


Client = Callable[..., Answer]


@pytest.fixture
def get(server: str) -> Client:
    """Asks the running server for a path, exactly as it is written; `./` is its root."""

    def ask(path: str, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path.removeprefix("."), headers=sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Answer(answer.status, answer.headers, content)

    return ask


PATHS = [
    "/",
    "/location_scale",
    "/_stcore/health",
    "/_stcore/host-config",
    "/assets/plotly.min.js",
    "/assets/nothing.js",
    assets.url("katex.js"),
    assets.url("katex.css"),
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(get: Client, path: str) -> None:
    headers = get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    assert not any("//" in sources or "*" in sources for sources in policy.values())


OUTSIDE = [
    "../app.py",
    "..%2fapp.py",
    "%2e%2e/app.py",
    "..%5capp.py",
    "%252e%252e%252fapp.py",
    "x/../../app.py",
    "lessons/../../app.py",
    "/etc/passwd",
    "%00.js",
    "../pages/ui/theme.py",
    "plotly.min.js/",
]


@pytest.mark.parametrize("path", [*OUTSIDE, "mnist.npz", "lessons/start.md", "README.md", ""])
def test_nothing_else_is_served(get: Client, path: str) -> None:
    answer = get(f"/assets/{path}")
    assert answer.status in {400, 404}


@pytest.mark.parametrize("query", ["", "?run=", "?run=guess", "?run=../../etc/passwd&run=x"])
@pytest.mark.parametrize("name", ["vae.safetensors", "curves.csv", "run.json", "..%2fapp.py"])
def test_no_file_of_a_run_without_its_token(get: Client, name: str, query: str) -> None:
    assert get(f"/take/{name}{query}").status in {400, 404}


@pytest.mark.parametrize("query", ["", "?run=&names=", "?run=guess&names=0-00000000"])
def test_no_pictures_of_a_run_without_its_token(get: Client, query: str) -> None:
    answer = get(f"/looks{query}")
    assert answer.status == 404
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["../app.py", "/etc/passwd", "lessons", "", "lessons/start.md"])
def test_find_stays_inside(name: str) -> None:
    assert assets.find(name) is None


@pytest.mark.parametrize("name", ["plotly.min.js", "icon.svg"])
def test_assets_are_compressed_and_kept(get: Client, name: str) -> None:
    path = assets.find(name)
    assert path is not None
    answer = get(assets.url(name), Accept_Encoding="gzip")
    assert gzip.decompress(answer.content) == path.read_bytes()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert get(assets.url(name), Accept_Encoding="identity").content == path.read_bytes()


def test_an_old_or_missing_version_is_not_kept(get: Client) -> None:
    for query in ("", "?v=0123456789abcdef"):
        answer = get(f"/assets/icon.svg{query}")
        assert answer.headers["Cache-Control"] == "no-cache"
        again = get("/assets/icon.svg", If_None_Match=answer.headers["ETag"])
        assert again.status == 304


def test_plotly_is_compressed_once() -> None:
    first = assets.load(assets.PLOTLY)
    assert assets.load(assets.PLOTLY) is first
    assert first.gzipped is not None
    assert gzip.decompress(first.gzipped) == first.content


def test_a_changed_file_gets_a_new_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    file = tmp_path / "a.js"
    file.write_text("1")
    before = assets.url("a.js")
    file.write_text("22")
    assert assets.url("a.js") != before


def test_an_unknown_asset_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.js"):
        assets.url("nothing.js")


def test_katex_is_where_streamlit_ships_it(get: Client) -> None:
    module = get(assets.url("katex.js"))
    assert module.headers["Content-Type"].split(";")[0].endswith("/javascript")
    assert "KaTeX parse error" in module.text
    assert "as default" in module.text
    style = get(assets.url("katex.css")).text
    assert ".katex" in style
    assert "KaTeX_Math" in style


def test_configuration_protects_the_visitor() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["browser"]["gatherUsageStats"] is False
    assert config["browser"]["serverAddress"] == "127.0.0.1"
    assert config["client"]["showErrorDetails"] == "none"
    assert config["client"]["toolbarMode"] == "minimal"
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["fileWatcherType"] == "none"


def test_no_visitor_waits_for_a_look_through_the_memory() -> None:
    """The option is a hidden one of Streamlit's; a version without it would raise here."""
    assert streamlit_config.get_option("runner.postScriptGC") is False


def test_a_failing_page_says_so_in_plain_words() -> None:
    from streamlit.testing.v1 import AppTest

    def page() -> None:
        import app

        assert app.explain_failure(ValueError("secret detail"))

    shown = AppTest.from_function(page).run()
    assert not shown.exception
    assert "secret detail" not in shown.error[0].value
    assert "ours, not yours" in shown.error[0].value
    assert "[back to the start](./)" in shown.markdown[0].value


def test_the_server_itself_asks_nobody_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    import app  # noqa: F401 - importing it is what is tested

    def refuse(*_args: object, **_named: object) -> None:
        pytest.fail("the server sent a request")

    monkeypatch.setattr("requests.get", refuse)
    assert not server_util.is_url_from_allowed_origins("http://elsewhere.example")
    assert server_util.is_url_from_allowed_origins("http://127.0.0.1:8501")


STREAMLIT, DIRECTLY = ["-m", "streamlit", "run", "app.py"], ["app.py"]


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        (STREAMLIT, "TTN_SECONDS", "nan"),
        (DIRECTLY, "TTN_SECONDS", "nan"),
        (DIRECTLY, "TTN_EMBED", "https://moodle.example.edu/course"),
        (DIRECTLY, "TTN_AHEAD", "a while"),
        (DIRECTLY, "TTN_RUNS", "app.py"),
        (DIRECTLY, "TTN_RUNS", "app.py/runs"),
        (DIRECTLY, "TTN_DATABASE", "postgresql//ann:secret@host/name"),
        (DIRECTLY, "TTN_RAY", "a cluster"),
    ],
)
def test_a_setting_without_sense_stops_the_server_at_its_start_in_one_line(
    command: list[str], name: str, value: str
) -> None:
    found = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=ROOT,
        env={**os.environ, name: value, "STREAMLIT_SERVER_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert name in found.stderr
    assert "secret" not in found.stderr


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("", []),
        ("https://moodle.example.edu", ["https://moodle.example.edu"]),
        (
            " https://a.example/ http://localhost:8080,https://*.example.org ",
            ["https://a.example", "http://localhost:8080", "https://*.example.org"],
        ),
    ],
)
def test_sites_that_may_embed_stand_in_the_policy(
    monkeypatch: pytest.MonkeyPatch, text: str, sites: list[str]
) -> None:
    import app

    monkeypatch.setenv("TTN_EMBED", text)
    policy = app.content_security_policy()
    assert policy.endswith("; " + " ".join(["frame-ancestors 'self'", *sites]))


NO_SITES = [
    "*", "https://*", "moodle.example.edu", "javascript:alert(1)", "https://a.example/course?id=3",
    "https://a.example;script-src *", "https://", "'none'", "https://-a.example", "ftp://a.example",
    "https://a.example:port", "https://a..example", "https://mödle.example", "https://u@a.example",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_SITES)
def test_what_is_no_site_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    import app

    monkeypatch.setenv("TTN_EMBED", f"https://moodle.example.edu {text}")
    with pytest.raises(ValueError, match="TTN_EMBED names sites"):
        app.content_security_policy()


def test_a_setting_that_is_none_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import app

    monkeypatch.setenv("TTN_DISC", "2GB")
    app.check_environment()
    assert "TTN_DISC is no setting" in caplog.text
    assert "TTN_DISK" in caplog.text
