"""Who may import whom, how many things a folder holds, and how long a file may be."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CORE = sorted((ROOT / "vae_core").rglob("*.py"))
UI = sorted((ROOT / "pages" / "ui").rglob("*.py"))
PAGES = sorted(set((ROOT / "pages").rglob("*.py")) - set(UI))
ALLOWED_IN_CORE = {"numpy", "torch", "safetensors", "sqlalchemy", "vae_core"}
# Only a cluster needs ray, so the process alone imports it that goes there.
RAYS_DRIVER = ROOT / "vae_core" / "runs" / "work" / "cluster" / "driver.py"

# A room of the core may import what stands left of it; the lab and the VAE do not know each other.
FLOORS = (
    {"families"},
    {"estimators"},
    {"lab", "vae"},
    {"training"},
    {"runs", "cli"},
)
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# The shell commands stand beside the runs and use all below; __main__ puts them together.
FACES = {"__init__", "__main__", "config", "train"}

# Rooms of `pages.ui` that know nothing of what is shown, and what they may take from `ui`.
LIVE_MAY_USE = {"assets", "controls", "numbers", "theme", "live"}
UI_MAY_USE_OF_CORE = {"vae_core.families", "vae_core.estimators", "vae_core.vae.data"}
MOST_ENTRIES, MOST_LINES, MOST_IN_FUNCTION = 10, 300, 40
LONGER_FILES: dict[str, str] = {}


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


def part(name: str, at: int) -> str:
    """One part of a dotted name, "" where it is shorter."""
    return (*name.split("."), "", "", "")[at]


def room_of(path: Path) -> str:
    """The room of a module of the core; a face's own name."""
    return (*path.relative_to(ROOT / "vae_core").with_suffix("").parts,)[0]


@pytest.mark.parametrize("path", CORE, ids=named)
def test_core_knows_only_numpy_and_torch(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    allowed = ALLOWED_IN_CORE | ({"ray"} if path == RAYS_DRIVER else set())
    assert tops - set(sys.stdlib_module_names) <= allowed


@pytest.mark.parametrize("path", CORE, ids=named)
def test_a_room_of_the_core_knows_only_those_before_it(path: Path) -> None:
    here = room_of(path)
    if here in FACES:
        return
    for name in imports(path):
        there = part(name, 1)
        if name.startswith("vae_core.") and there != here:
            assert ROOMS[there] < ROOMS[here], f"{here} imports {name}"


@pytest.mark.parametrize("path", UI, ids=named)
def test_shared_parts_import_no_page(path: Path) -> None:
    for name in imports(path):
        assert name != "app"
        if name.startswith("pages."):
            assert name.startswith(("pages.ui", "pages.contents")), name


@pytest.mark.parametrize("path", UI, ids=named)
def test_rooms_of_the_ui_keep_to_themselves(path: Path) -> None:
    room = (*path.relative_to(ROOT / "pages").parent.parts, "ui")[1]
    for name in imports(path):
        if room == "live":
            assert part(name, 0) not in {"vae_core", "torch"}, name
            if name.startswith("pages.ui."):
                assert part(name, 2) in LIVE_MAY_USE, name
        elif room == "runs" and name.startswith("vae_core."):
            assert part(name, 1) in {"training", "runs", "vae", "estimators"}, name
        elif room in {"ui", "controls"}:
            assert not name.startswith(("pages.ui.live", "pages.ui.runs")), name
            if name.startswith("vae_core."):
                assert any(name.startswith(allowed) for allowed in UI_MAY_USE_OF_CORE), name


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_pages_import_no_page(path: Path) -> None:
    own = ".".join(path.parent.relative_to(ROOT).parts)
    for name in imports(path):
        assert name != "app"
        if name.startswith("pages."):
            allowed = name == own or name.startswith((f"{own}.", "pages.ui", "pages.contents"))
            assert allowed, name


def test_the_contents_import_nothing_of_the_app() -> None:
    tops = {name.split(".")[0] for name in imports(ROOT / "pages" / "contents.py")}
    assert tops <= set(sys.stdlib_module_names)


# A module that draws says so by what it imports; it draws whatever way it is shown.
DRAWS = {"plotly.graph_objects", "pages.ui.live.Diagram"}
DRAWING = [path for path in (*UI, *PAGES) if DRAWS & imports(path)]
SHOWING = {"figure.py"}  # the live figure itself


@pytest.mark.parametrize("path", DRAWING, ids=named)
def test_figures_know_no_streamlit(path: Path) -> None:
    if path.name in SHOWING:
        return
    assert not any(name.split(".")[0] == "streamlit" for name in imports(path))


def test_no_modules_import_in_a_circle() -> None:
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in CORE + UI}
    known = {
        name: {each for each in imports(path) if each in modules} for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name not in done:
            for other in known[name]:
                visit(other, (*way, name))
            done.add(name)

    for name in modules:
        visit(name, ())


FAST = [path for path in CORE if path.stem.startswith("fast_")]


@pytest.mark.parametrize("path", FAST, ids=named)
def test_a_fast_path_has_one_caller(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    callers = {named(each) for each in (*CORE, *UI, *PAGES) if name in imports(each)}
    callers -= {named(each) for each in FAST}
    assert len(callers) == 1, callers


def folders() -> list[Path]:
    """All folders of the product."""
    below = [ROOT / "vae_core", ROOT / "pages"]
    inner = [path for top in below for path in top.rglob("*") if path.is_dir()]
    return below + [path for path in inner if path.name[0] != "_"]


@pytest.mark.parametrize("folder", folders(), ids=named)
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    if (folder / f"{folder.name}.py").exists():
        return  # a page's own
    entries = [
        path.name for path in folder.iterdir() if path.name not in {"__init__.py", "__pycache__"}
    ]
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_there_are_files_to_check() -> None:
    assert CORE
    assert UI
    assert PAGES
    assert DRAWING
    assert FAST
    assert {room_of(path) for path in CORE} - FACES == set(ROOMS)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    words = ast.get_docstring(function, clean=False)
    return lines - (len(words.splitlines()) if words else 0)


@pytest.mark.parametrize("path", [*CORE, *UI, *PAGES, ROOT / "app.py"], ids=named)
def test_files_and_functions_stay_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES or named(path) in LONGER_FILES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert length(node) <= MOST_IN_FUNCTION, node.name
