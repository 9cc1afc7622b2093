"""A new page is one line in the contents and four files; all that lists pages then knows it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

KEY = "toy"
LINE = f'        ("{KEY}", "A toy"),\n'
FILES = {
    f"pages/trick/{KEY}/{KEY}.py": '''"""How far does a parabola reach? The page of a test."""

from pages.trick.toy import picture
from pages.ui.layout import page_layout
from pages.ui.live import Param, Picture, live_figure

REACH = Param("reach", "reach", 0, 2, 0.1, default=1, colour="mu")

with page_layout("toy") as lesson:
    live_figure(
        "parabola",
        Picture(
            frame=picture.frame,
            figure=picture.draw,
            params=(REACH,),
            takeaway=lesson.text("takeaway"),
        ),
    )
''',
    f"pages/trick/{KEY}/picture.py": '''"""The picture of a parabola."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from pages.ui.live.frame import Frame


def frame(reach: float) -> Frame:
    """A parabola from -reach to reach."""
    x = np.linspace(-reach, reach, 21)
    return Frame({"parabola": {"x": x, "y": x**2}}, {"height": reach**2})


def draw(now: Frame) -> go.Figure:
    """The line, in a window that stands still."""
    figure = go.Figure()
    figure.add_scatter(name="parabola", mode="lines", **now.traces["parabola"])
    figure.update_xaxes(title="x", range=[-2, 2])
    figure.update_yaxes(title="x²", range=[0, 4])
    return figure
''',
    f"assets/lessons/{KEY}.md": """## question

How far does a parabola reach?

## sentence

It reaches as high as the square of how far it goes.

## teaser

See a parabola grow.

## takeaway

It ends at a height of {height:.2f}.
""",
    f"tests/pages/test_{KEY}.py": '''"""The toy's numbers."""

import pytest

from pages.trick.toy import picture


def test_its_height() -> None:
    assert picture.frame(2.0).numbers["height"] == pytest.approx(4.0)
''',
}
# In a fresh interpreter, in the copy: the menu, Start, and what the sweeps run over.
LOOK = """
import sys
from pages import contents
from tests.support import pages_sweep

page = contents.page_info("toy")
assert page in contents.ALL_PAGES
start = pages_sweep.open_page(contents.page_info("start"))
assert "A toy" in [link.label for link in start.get("page_link")]
assert "See a parabola grow." in [element.value for element in start.markdown]
before, after = contents.neighbours("toy")
opened = pages_sweep.open_page(page)
assert pages_sweep.faults(opened) == []
assert opened.title[0].value == "How far does a parabola reach?"
labels = {link.label for link in opened.get("page_link")}
assert before.title in labels and f"Next: {after.title}" in labels
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project with the toy in it."""
    here = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, here / name)
    contents = here / "pages" / "contents.py"
    before = contents.read_text(encoding="utf-8")
    at = before.index('        ("location_scale"')
    contents.write_text(before[:at] + LINE + before[at:], encoding="utf-8")
    for name, text in FILES.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text, encoding="utf-8")
    yield here
    shutil.rmtree(here)


def run(copy: Path, *command: str) -> str:
    """What Python prints in the copy; it must end well."""
    done = subprocess.run(
        [sys.executable, *command], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_it_takes_four_files_and_a_line() -> None:
    assert len(FILES) <= 4
    assert LINE.count("\n") == 1


def test_menu_and_start_know_it(copy: Path) -> None:
    run(copy, "-c", LOOK)


@pytest.mark.slow
def test_all_sweeps_over_the_pages_run_over_it(copy: Path) -> None:
    tests = ("tests/ui", "tests/pages/test_toy.py", "tests/house/test_layers.py", "tests/browser")
    listed = run(copy, "-m", "pytest", "--collect-only", "-q", "-m", "not bench", *tests)
    for sweep in (
        "tests/browser/test_access.py::test_everyone_can_work_the_page_and_its_link_tells_all[toy]",
        "tests/browser/test_pages.py::test_page_opens_cold_by_its_own_address[toy]",
        "tests/ui/test_links.py::",
        "tests/ui/test_pages.py::test_every_widget_at_its_ends[toy]",
    ):
        assert any(sweep in line and KEY in line for line in listed.splitlines()), sweep
    run(copy, "-m", "pytest", "-q", "-k", KEY, *tests[:-1])
