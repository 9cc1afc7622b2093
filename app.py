"""The server: the pages, their assets, and the security headers on every answer.

Start it with `streamlit run app.py` or `python app.py`.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import gzip
import hashlib
import importlib
import logging
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import net_util

from pages.contents import PAGES
from pages.ui import assets
from vae_core.runs.allowance import Allowance
from vae_core.runs.disk import place
from vae_core.runs.work.cluster import address

LOG = logging.getLogger("through_the_noise")

# A site as a policy may name it: nothing in it can end the policy, or let everybody in.
SITE = re.compile(
    r"https?://(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?/?",
    re.ASCII | re.IGNORECASE,
)
SETTINGS = {"TTN_RUNS", "TTN_DATABASE", "TTN_RAY", "TTN_EMBED", "TTN_AHEAD", *Allowance.variables()}

# Streamlit would ask a web service for this machine's address, to print it and to judge origins.
net_util.get_external_ip = lambda: None


def content_security_policy() -> str:
    """What a page may load: this server's own files only.

    Streamlit needs the rest: its index page has one inline script (allowed by its hash), its
    style sheets are made in the browser, and a component's script is loaded from a blob.
    """
    index = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in inline)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' blob: {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            " ".join(("frame-ancestors 'self'", *embedders())),
        )
    )


def embedders() -> list[str]:
    """The sites that may show the app in a page of theirs, from TTN_EMBED; none as a rule.

    Raises:
        ValueError: one of them is no site; the message names the variable, in one line.
    """
    sites = os.environ.get("TTN_EMBED", "").replace(",", " ").split()
    for site in sites:
        if not SITE.fullmatch(site):
            raise ValueError(
                f"TTN_EMBED names sites such as https://moodle.example.edu, without a path, and a "
                f"space between two: {site!r}"
            )
    return [site.rstrip("/") for site in sites]


class BelowBasePath:
    """ASGI middleware that answers this app's own routes below `server.baseUrlPath`.

    Streamlit puts its own there. The option is read when the server is made, not when this file is:
    only then is it known.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.base = str(st.get_option("server.baseUrlPath")).strip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; one of ours without the base path."""
        if self.base and scope["type"] == "http":
            below = scope["path"].removeprefix(f"/{self.base}")
            inside = {**scope, "path": below}
            if below != scope["path"] and any(r.matches(inside)[0] is Match.FULL for r in ROUTES):
                scope = inside
        await self.app(scope, receive, send)


class SecurityHeaders:
    """ASGI middleware that adds the security headers to every answer, Streamlit's included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy(),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)


async def serve_asset(request: Request) -> Response:
    """Answer with a file of `assets`, or 404."""
    path = assets.find(request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such file here.", status_code=404)
    asset = await run_in_threadpool(assets.load, path)
    current = request.query_params.get("v") == asset.version
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache",
        "ETag": f'"{asset.version}"',
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    body = asset.content
    if asset.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = asset.gzipped, "gzip"
    return Response(body, media_type=asset.media_type, headers=headers)


async def serve_file(request: Request) -> Response:
    """Answer with a file of the run whose token the query holds, or 404."""
    # Torch comes along with it, so it is not loaded at once; as below.
    from pages.practice.train_vae import take_away

    name, token = request.path_params["name"], request.query_params.get("run", "")
    found = await run_in_threadpool(take_away.file, name, token)
    if found is None:
        return PlainTextResponse("There is no such file, or its run is gone.", status_code=404)
    content, media_type = found
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


async def serve_looks(request: Request) -> Response:
    """Answer with pictures of the run whose token the query holds, by their names, or 404."""
    from pages.practice.train_vae import look_back

    names = request.query_params.get("names", "").split(",")
    token = request.query_params.get("run", "")
    found = await run_in_threadpool(look_back.packed, token, names)
    if found is None:
        return PlainTextResponse("This run is gone.", status_code=404)
    return Response(found, media_type="application/json", headers={"Cache-Control": "no-store"})


async def serve_ahead(request: Request) -> Response:
    """Answer with what one slider of a figure would show, by the name that its page was told."""
    from pages.ui.live.ahead.walks import WALKS

    found = await WALKS.fetch(request.query_params.get("walk", ""), request.is_disconnected)
    if found is None:
        return PlainTextResponse("There is nothing ahead of this name.", status_code=404)
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        found = await run_in_threadpool(gzip.decompress, found)
    return Response(found, media_type="application/json", headers=headers)


def explain_failure(error: Exception) -> bool:
    """Tell the visitor in a sentence that a page failed; the details go to the server's log."""
    LOG.error("a page failed", exc_info=error)
    st.error("This page stopped in the middle of its work. The fault is ours, not yours.")
    st.markdown("Reload the page to try again, or go [back to the start](./).")
    return True


def warm_up() -> None:
    """Load what takes seconds, torch above all, so that the first visitor need not wait for it.

    A garbage collection looks through all that is loaded: 0.1 to 0.2 s in which no thread can send
    an answer. What is loaded here stays, so it is frozen and never looked through again.
    """
    assets.load(assets.PLOTLY)
    for path in PAGES.glob("*/**/*.py"):
        if path.stem not in {path.parent.name, "__init__"}:  # a page's script bears its key
            importlib.import_module(
                ".".join(("pages", *path.relative_to(PAGES).with_suffix("").parts))
            )
    if seconds_ahead():
        from pages.ui.runs import visitor

        visitor.get_ready()
    # The arrays of a page are small, and visitors are many: a script run computes on one thread.
    importlib.import_module("torch").set_num_threads(1)
    # An answer is dozens of short steps; after each, what computes keeps it waiting this long.
    sys.setswitchinterval(0.0005)
    gc.collect()
    gc.freeze()


def seconds_ahead() -> float:
    """Seconds of work for what is made while nobody waits: TTN_AHEAD, or 60; raises ValueError."""
    named = os.environ.get("TTN_AHEAD") or "60"
    if not named.isdecimal():
        raise ValueError(f"TTN_AHEAD is a number of seconds, and 0 for nothing ahead: {named!r}")
    return float(named)


async def go_ahead(warming: asyncio.Task[None]) -> None:
    """Make what visitors will come to, while nobody waits."""
    await asyncio.shield(warming)
    from pages.ui.live.ahead.early import make_early

    await make_early(seconds_ahead())


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up while the server already answers; end the trainings when it stops."""
    warming = asyncio.create_task(run_in_threadpool(warm_up))
    ahead = asyncio.create_task(go_ahead(warming))
    yield
    ahead.cancel()
    await warming
    from pages.ui.live.ahead.walks import WALKS
    from pages.ui.runs import visitor

    await run_in_threadpool(WALKS.close)
    await run_in_threadpool(visitor.close)


def check_environment() -> None:
    """End at the start, with status 2 and in one line, where the environment makes no sense."""
    try:
        Allowance.from_environment()
        embedders()
        seconds_ahead()
        place.check(os.environ)
        address.check()
    except ValueError as problem:
        refuse(str(problem))
    for unknown in sorted(name for name in os.environ.keys() - SETTINGS if name.startswith("TTN_")):
        LOG.warning("%s is no setting of this server; there are %s", unknown, sorted(SETTINGS))


def refuse(problem: str) -> NoReturn:
    """Say why this does not start, and end."""
    sys.stderr.write(f"Through the Noise does not start: {problem}\n")
    sys.exit(2)


check_environment()

ROUTES = (
    Route("/assets/{name:path}", serve_asset),
    Route("/take/{name}", serve_file),
    Route("/looks", serve_looks),
    Route("/ahead", serve_ahead),
)
app = st.App(
    PAGES / "site.py",
    routes=ROUTES,
    middleware=[Middleware(SecurityHeaders), Middleware(BelowBasePath)],
    lifespan=lifespan,
    on_script_error=explain_failure,
)

if __name__ == "__main__":
    app.run()
