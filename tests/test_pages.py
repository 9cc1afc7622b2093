"""Every page runs, as it starts and with each of its widgets at its ends."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import frame
from tests import pages_sweep

KEYS = [page.key for page in frame.ALL_PAGES]
each_page = pytest.mark.parametrize("page", frame.ALL_PAGES, ids=KEYS)


def assert_fine(app: AppTest) -> None:
    """No exception, and no number that is none on the screen."""
    assert not app.exception, [error.value for error in app.exception]
    words = [element.value for element in (*app.markdown, *app.caption, *app.title)]
    assert not any(bad in str(text) for text in words for bad in ("nan", "NaN", "Traceback"))


@each_page
def test_page_opens(page: frame.PageInfo) -> None:
    app = pages_sweep.open_page(page)
    assert_fine(app)
    assert len(app.title) == 1
    assert app.title[0].value.endswith("?")


@pytest.mark.slow
@each_page
def test_every_widget_at_its_ends(page: frame.PageInfo) -> None:
    for setting in pages_sweep.settings(pages_sweep.open_page(page)):
        try:
            assert_fine(setting.apply(pages_sweep.open_page(page)))
        except AssertionError as error:
            error.add_note(f"at {setting}")
            raise


def test_the_site_knows_every_page_file() -> None:
    chapters = [folder for folder in frame.PAGES.iterdir() if folder.is_dir()]
    files = {
        path.relative_to(frame.PAGES).as_posix()
        for folder in chapters
        if folder.name not in {"ui", "__pycache__"}
        for path in folder.glob("*.py")
    }
    assert files == {page.file for page in frame.ALL_PAGES}


def test_the_way_leads_through_all_pages() -> None:
    before, after = frame.neighbours("start")
    assert before is None
    walked = ["start"]
    while after is not None:
        walked.append(after.key)
        before, after = frame.neighbours(after.key)
        assert before is not None
        assert before.key == walked[-2]
    assert walked == KEYS


@each_page
def test_pages_are_short(page: frame.PageInfo) -> None:
    assert len((frame.PAGES / page.file).read_text(encoding="utf-8").splitlines()) < 100
