"""An address with a value that is none: on every page, for every control, a note that is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pages import contents
from pages.estimators.gradient_variance.views import SAMPLES
from pages.ui import controls
from pages.ui.live import figure
from tests.support import page_controls

FOLDS = {"popover", "expandable", "expander"}
NOTE = controls.FALLBACK_NOTE.partition("{")[0]
# Their values mean something only beside a run, or are looked up among the runs.
OF_A_RUN = {"look", "run", "runs"}
each_page = pytest.mark.parametrize(
    "page", contents.ALL_PAGES, ids=[p.key for p in contents.ALL_PAGES]
)


def seen(node: Any) -> Iterator[str]:
    """Captions that stand open on the page."""
    for child in node.children.values():
        if child.type == "caption" or getattr(child, "is_caption", False):
            yield str(child.value)
        if hasattr(child, "children") and child.type not in FOLDS:
            yield from seen(child)


def notes(
    page: contents.PageInfo, monkeypatch: pytest.MonkeyPatch, **query: str
) -> tuple[set[str], set[str]]:
    """Controls that the address tells nothing of use, and notes in sight, figures' included."""
    told: list[str] = []
    original = figure._made

    def noted(*words: Any) -> figure.Made:
        made = original(*words)
        told.extend(json.loads(made.sent["told"])["notes"])
        return made

    monkeypatch.setattr(figure, "_made", noted)
    app, found = page_controls.read_page(page, **query)
    monkeypatch.setattr(figure, "_made", original)
    unfit = {name for name, each in found.items() if not each.fit}
    return unfit, {text for text in (*told, *seen(app.main)) if text.startswith(NOTE)}


@each_page
def test_each_unusable_value_is_noted_in_sight(
    page: contents.PageInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, found = page_controls.read_page(page)
    right = {name: text for name, each in found.items() if (text := each.other())}
    wrong = dict.fromkeys(right, "no such value" * 20)  # too long even for a formula
    choices = [name for name, each in found.items() if not hasattr(each.parse, "__self__")]
    # Some controls are there only where a choice is another than at the start.
    kept = [{name: right[name]} for name in choices if name in right]
    for query in ({}, {"hide": ",".join(wrong)}, *kept):
        unfit, told = notes(page, monkeypatch, **{**wrong, **query})
        assert len(unfit - OF_A_RUN) == len(told), query
        assert told or query


@pytest.mark.parametrize("samples", range(1, 21))
def test_every_whole_number_of_samples_is_a_position(
    samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = contents.page_info("gradient_variance")
    assert SAMPLES.parse(str(samples)) == samples
    if samples == 4:
        told = standing(page, monkeypatch, samples="4")
        assert told["names"]["samples"] == 4
        assert told["notes"] == []


@pytest.mark.parametrize(
    ("key", "query", "told"),
    [
        (
            "race",
            {"k": "4"},
            ["There is no 4 for samples K a step, so it stands at the nearest, 5."],
        ),
        (
            "location_scale",
            {"mu": "0.1300"},
            ["There is no 0.1300 for mean μ, so it stands at the nearest, 0.1."],
        ),
        ("location_scale", {"mu": "0.10", "seed": "7"}, []),
    ],
)
def test_a_value_between_positions_snaps_with_a_note(
    key: str, query: dict[str, str], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert standing(contents.page_info(key), monkeypatch, **query)["notes"] == told


def standing(
    page: contents.PageInfo, monkeypatch: pytest.MonkeyPatch, **query: str
) -> dict[str, Any]:
    """Where the page's first figure stands, as it is told to the browser."""
    found: list[figure.Made] = []
    original = figure._made
    monkeypatch.setattr(figure, "_made", lambda *words: found.append(original(*words)) or found[-1])
    page_controls.read_page(page, **query)
    return dict(json.loads(found[0].sent["told"]))
