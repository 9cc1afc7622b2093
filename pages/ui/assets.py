"""Files that the browser loads: where they are, their addresses and their ready-made bytes.

An address carries a hash of the content (`?v=...`), so the browser may keep the file for good and
still never shows an old one. Each file is read and compressed once, then served from memory.

Addresses are relative to the page's own, since the server may stand at the root of its host or
below a path that only a proxy in front of it knows. All pages lie in one folder, so that of Start.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import plotly
import streamlit

FOLDER = Path(__file__).parents[2] / "assets"

MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".safetensors": "application/octet-stream",
}
_COMPRESSIBLE = {".js", ".css", ".svg"}
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_STREAMLIT = Path(streamlit.__file__).parent / "static"
# KaTeX comes with Streamlit; the names of its files carry a hash that changes with the version.
_KATEX = {"katex.js": "static/js/katex.*.js", "katex.css": "static/css/index.*.css"}


@dataclass(frozen=True)
class Asset:
    """A file ready to be sent: its bytes, plain and gzipped (None where that saves nothing)."""

    content: bytes
    gzipped: bytes | None
    media_type: str
    version: str


def find(name: str) -> Path | None:
    """File behind an asset's name, or None: no such file, a kind not served, or outside assets."""
    if name == "plotly.min.js":
        return PLOTLY
    path = (FOLDER / name).resolve()
    served = path.suffix in MEDIA_TYPES and path.is_relative_to(FOLDER.resolve())
    return path if served and path.is_file() else None


def load(path: Path) -> Asset:
    """The asset in a file; kept in memory until the file changes."""
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, _changed_ns: int) -> Asset:
    content = path.read_bytes()
    small = gzip.compress(content, 6, mtime=0) if path.suffix in _COMPRESSIBLE else None
    version = hashlib.sha256(content).hexdigest()[:16]
    return Asset(content, small, MEDIA_TYPES[path.suffix], version)


def url(name: str) -> str:
    """Relative address of an asset, of `plotly.min.js`, or of Streamlit's `katex.js` or `.css`.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if name in _KATEX:
        return "./" + katex_path(name).relative_to(_STREAMLIT).as_posix()
    return f"./assets/{name}?v={load(_known(FOLDER, name)).version}"


@cache
def _known(_folder: Path, name: str) -> Path:
    """Where an asset of this folder lies; pages ask for dozens of addresses in each script run."""
    path = find(name)
    if path is None:
        raise FileNotFoundError(f"no asset named {name!r}")
    return path


@cache
def katex_path(name: str) -> Path:
    """File of Streamlit's own KaTeX: `katex.js` (an ES module) or `katex.css`.

    Raises:
        FileNotFoundError: If this Streamlit ships it elsewhere.
    """
    found = sorted(_STREAMLIT.glob(_KATEX[name]))
    if len(found) != 1:
        raise FileNotFoundError(f"Streamlit's {name} is not at {_KATEX[name]}: {found}")
    return found[0]
