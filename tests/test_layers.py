"""Imports run one way: a page -> pages.ui -> vae_core, and no page imports a page."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "vae_core").rglob("*.py"))
UI = sorted((ROOT / "pages" / "ui").rglob("*.py"))
PAGES = sorted(path for path in (ROOT / "pages").rglob("*.py") if path not in UI)
ALLOWED_IN_CORE = {"numpy", "torch", "safetensors", "vae_core"}


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def named(path: Path) -> str:
    """A test's name for a file."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CORE, ids=named)
def test_core_knows_only_numpy_and_torch(path: Path) -> None:
    import sys

    tops = {name.split(".")[0] for name in imports(path)}
    assert tops - set(sys.stdlib_module_names) <= ALLOWED_IN_CORE


@pytest.mark.parametrize("path", UI, ids=named)
def test_shared_parts_import_no_page(path: Path) -> None:
    for name in imports(path):
        assert not name.startswith("pages.") or name.startswith("pages.ui"), name
        assert name != "app"


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_pages_import_no_page(path: Path) -> None:
    for name in imports(path):
        assert not name.startswith("pages.") or name.startswith("pages.ui"), name
        assert name != "app"


FIGURES = [path for path in UI if path.stem.endswith("_figures")]


@pytest.mark.parametrize("path", FIGURES, ids=named)
def test_figures_know_no_streamlit(path: Path) -> None:
    assert not any(name.split(".")[0] == "streamlit" for name in imports(path))


def test_there_are_files_to_check() -> None:
    assert CORE
    assert UI
    assert PAGES
    assert FIGURES


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    words = ast.get_docstring(function, clean=False)
    return lines - (len(words.splitlines()) if words else 0)


@pytest.mark.parametrize("path", [*CORE, *UI, *PAGES, ROOT / "app.py"], ids=named)
def test_files_and_functions_stay_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert length(node) <= 40, node.name
