"""The quiz's form: fair options, the same quiz from the same seed, links to states that exist."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from scipy import stats

from pages import contents
from pages.review.quiz import items as reading
from pages.review.quiz.choose import choose, pose
from pages.review.quiz.computed import QUESTIONS, draw
from pages.review.quiz.computed.registry import SHARE, UNITS, apart, pick, tied
from pages.review.quiz.items import Item, Option
from pages.ui.live import Param
from tests.support import page_controls, pages_sweep

QUIZ = contents.page_info("quiz")
ITEMS = reading.read_all()
NAMES = [item.name for item in ITEMS]
SEEDS = range(160)
# One false alarm in ten thousand, were the dice fair.
RARELY = 1e-4
OF_THE_OTHERS = r"\b(the|as) above\b|\b(all|none|both|any) of (these|them|the (others?|above))\b"
each_item = pytest.mark.parametrize("item", ITEMS, ids=NAMES)
each_computed = pytest.mark.parametrize("name", QUESTIONS)


@cache
def posed(name: str) -> list[Item]:
    """A question as each seed makes it."""
    item = ITEMS[NAMES.index(name)]
    return [pose(item, seed) for seed in SEEDS]


def right(item: Item) -> Option:
    """The option that is right."""
    return next(option for option in item.options if option.right)


def test_there_are_many_and_every_chapter_has_some() -> None:
    assert len(ITEMS) >= 30
    assert len(QUESTIONS) >= 10
    assert {item.name for item in ITEMS if item.computed} == set(QUESTIONS)
    assert min(Counter(item.chapter for item in ITEMS).values()) >= 5
    told = {pages[0].folder for pages in contents.CHAPTERS.values()} - {"review"}
    assert told >= set(reading.chapters())
    assert list(reading.chapters()) == list(dict.fromkeys(item.chapter for item in ITEMS))


@each_item
def test_a_wrong_answer_names_its_misconception(item: Item) -> None:
    for option in item.options:
        if option.right:
            assert not option.why.startswith("**")
        else:
            named = re.match(r"\*\*(.+?)[.?]\*\* (.+)", option.why)
            assert named
            assert len(named[1]) >= 10
        assert len(option.why.split()) >= 3 or option.name == "moved"
    wrong = [option.why.partition("**")[2].partition("**")[0] for option in item.options]
    assert len(set(filter(None, wrong))) == len(item.options) - 1


@each_item
def test_no_option_speaks_of_the_others(item: Item) -> None:
    for option in item.options:
        assert not re.search(OF_THE_OTHERS, option.text, re.I)
        assert not re.search(r"\b[ABCD]\b and\b", option.text)


def share_of(lengths: list[int], own: int, longest: bool) -> float:
    """1 where the own length is the extreme, shared where others are as long."""
    extreme = max(lengths) if longest else min(lengths)
    return 1.0 / lengths.count(extreme) if own == extreme else 0.0


@pytest.mark.parametrize("longest", [True, False])
@pytest.mark.parametrize("computed", [True, False])
def test_the_length_of_an_option_tells_nothing(computed: bool, longest: bool) -> None:
    """Who always takes the longest, or the shortest, does no better than who guesses."""
    wins, chance, spread = 0.0, 0.0, 0.0
    for item in ITEMS:
        if item.computed != computed:
            continue
        seen = posed(item.name) if computed else [item]
        shares = [
            share_of([len(o.text) for o in each.options], len(right(each).text), longest)
            for each in seen
        ]
        wins += float(np.mean(shares))
        guess = 1.0 / len(item.options)
        chance += guess
        spread += guess * (1.0 - guess)
    assert wins <= chance + 1.5 * spread**0.5


@each_item
def test_options_are_about_as_long(item: Item) -> None:
    """Before numbers are drawn: no option sticks out by its size."""
    sizes = [len(option.text) for option in item.options]
    assert max(sizes) <= 1.5 * min(sizes) + 2


@each_item
def test_the_place_of_the_answer_is_even(item: Item) -> None:
    places = [each.options.index(right(each)) for each in posed(item.name)]
    counts = np.bincount(places, minlength=len(item.options))
    assert stats.chisquare(counts).pvalue > RARELY / len(ITEMS)


def test_the_place_of_the_answer_is_even_over_all() -> None:
    fours = [name for name in NAMES if len(ITEMS[NAMES.index(name)].options) == 4]
    places = [each.options.index(right(each)) for name in fours for each in posed(name)]
    assert stats.chisquare(np.bincount(places, minlength=4)).pvalue > RARELY


def test_the_rank_of_a_number_tells_little() -> None:
    """Who always takes the least, the greatest or another rank is right in few of the questions."""
    won = np.zeros(4)
    for name in QUESTIONS:
        for each in posed(name):
            values = sorted(number(option.text) for option in each.options)
            won[values.index(number(right(each).text))] += 1.0
    assert won.max() <= 0.36 * won.sum()


def number(text: str) -> float:
    """What an option of a computed question says."""
    return float(text.replace("\N{MINUS SIGN}", "-"))


@each_computed
def test_drawn_options_are_told_apart_at_a_glance(name: str) -> None:
    for each in posed(name):
        texts = [option.text for option in each.options]
        assert len(set(texts)) == len(texts)
        values = [number(text) for text in texts]
        digits = len(texts[0].partition(".")[2])
        least, near = UNITS * 10.0**-digits, 0.7  # of what exact numbers keep, after rounding
        for i, a in enumerate(values):
            for b in values[:i]:
                assert abs(a - b) >= near * max(least, SHARE * max(abs(a), abs(b)))
        written = " ".join((each.question, *texts, *(o.why + o.label for o in each.options)))
        assert not re.search(r"\{\{|\}\}|\bnan\b|\binf\b", written)
    questions = {each.question for each in posed(name)}
    assert len(questions) >= 5  # drawn anew


@each_computed
def test_options_are_those_that_are_computed(name: str) -> None:
    item = ITEMS[NAMES.index(name)]
    drawn = draw(name, Random(1))
    assert {option.name for option in item.options} == set(drawn.options)
    assert right(item).name == next(iter(drawn.options))
    assert {option.text for option in item.options} == {"{{value}}"}


def test_numbers_are_told_apart_or_not() -> None:
    assert apart([0.0, 0.05, -0.05])
    assert not apart([0.0, 0.04])
    assert not apart([10.0, 10.5])
    assert apart([10.0, 10.7])
    assert tied(10.125, 2)
    assert not tied(10.126, 2)
    chance = Random(3)
    seen = {pick(chance, 0.1, 0.3, 0.1) for _ in range(50)}
    assert seen == {0.1, 0.2, 0.3}


def test_the_same_seed_is_the_same_quiz() -> None:
    assert choose(ITEMS, 7) == choose(reading.read_all(), 7)
    assert choose(ITEMS, 7) != choose(ITEMS, 8)
    whole = {item.name: item for item in choose(ITEMS, 7)}
    assert set(whole) == set(NAMES)
    part = choose(reading.read("trick"), 7)
    assert [whole[item.name] for item in part] == part
    some = choose(ITEMS, 7, 10)
    assert len(some) == 10
    assert [whole[item.name] for item in some] == some
    order = list(reading.chapters())
    at = [order.index(item.chapter) for item in some]
    assert at == sorted(at)
    assert choose(ITEMS, 9, 10) != some


def test_the_lessons_five_questions_are_one_of_each_chapter_before_beyond() -> None:
    """Another question anywhere shuffles them anew; then another seed is to be looked for."""
    text = (reading.FOLDER.parent / "lessons" / "start.md").read_text(encoding="utf-8")
    found = re.search(r"quiz\?count=5&seed=(\d+)", text)
    assert found
    told = [item.chapter for item in choose(ITEMS, int(found[1]), 5)]
    assert told == [name for name in reading.chapters() if name != "beyond"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("## a\n\nWhat?\n\n+ x: X\n  Y. [s](elbo)\n- y: Y\n  **No.** Y. [s](elbo)\n", "3 to 4"),
        ("## a\n\nWhat?\n\n- x: X\n  Y. [s](elbo)\n" + "- y: Y\n  **N o.** Y. [s](elbo)\n" * 2,
         "misconception"),
        ("## a\n\nWhat?\n\n+ x: X\n  Y.\n" + "- y: Y\n  **N o.** Y. [s](elbo)\n" * 2, "link"),
        ("## a\n\nWhat?\n\n" + "".join(f"- {n}: Y\n  **No.** Y. [s](elbo)\n" for n in "xyz"),
         "one right"),
        ("## a\n\nWhat?\n\n+ y: X\n  Y. [s](elbo)\n" + "- y: Y\n  **N o.** Y. [s](elbo)\n" * 2,
         "same name"),
    ],
)  # fmt: skip
def test_a_question_that_is_written_wrong_is_refused_with_its_name(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "goal.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(reading, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=rf"goal\.md, a: .*{message}"):
        reading.read_all()


# ---- links ------------------------------------------------------------------------------------


def addresses() -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """Every state that is linked to, by its page's key: those of a few seeds."""
    found: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for item in ITEMS:
        for each in posed(item.name)[: 3 if item.computed else 1]:
            for option in each.options:
                page, _, query = option.address.partition("?")
                found.setdefault(page, set()).add(
                    tuple(parse_qsl(query, strict_parsing=bool(query)))
                )
    return found


def test_every_link_leads_to_a_page() -> None:
    assert set(addresses()) <= {page.key for page in contents.ALL_PAGES}
    assert len(addresses()) >= 10


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=[] if key == "stuck" else pytest.mark.exhaustive)
        for key in sorted(addresses())
    ],
)
def test_links_lead_to_states_without_a_note(key: str) -> None:
    """Every name is a control of that page in that view, and every value one of its positions."""
    page = contents.page_info(key)
    views: dict[Any, tuple[Any, dict[str, page_controls.Found]]] = {}
    for state in sorted(addresses()[key]):
        query = dict(state)
        # Positions depend on what is looked at, and not on where the other sliders stand.
        kind = tuple(sorted((n, v) for n, v in state if not re.fullmatch(r"-?[\d.]+", v)))
        numeric = frozenset(n for n, _ in state) | set(kind)
        if (kind, numeric) not in views:
            views[kind, numeric] = page_controls.read_page(page, **query)
        app, found = views[kind, numeric]
        assert pages_sweep.faults(app) == []
        for name, text in query.items():
            assert name in found, f"{key} has no control {name} at {query}"
            value = found[name].parse(text)
            param = getattr(found[name].parse, "__self__", None)
            if isinstance(param, Param):
                assert not param.missed(text, value), query


@each_computed
def test_drawn_numbers_are_positions_of_the_page_that_shows_them(name: str) -> None:
    """At every seed: two decimals at most, as the sliders have them (twentieths)."""
    for each in posed(name):
        for option in each.options:
            for key, text in parse_qsl(option.address.partition("?")[2]):
                if re.fullmatch(r"-?[\d.]+", text):
                    assert float(text) * 20 == pytest.approx(round(float(text) * 20)), (key, text)


# ---- the page ---------------------------------------------------------------------------------


def opened(monkeypatch: pytest.MonkeyPatch, **query: str) -> tuple[Any, dict[str, Any]]:
    """The page, and what it hands to the browser."""
    from pages.review.quiz import board

    told: list[dict[str, Any]] = []
    monkeypatch.setattr(board, "_component", lambda key, data: told.append(data))
    app = pages_sweep.open_page(QUIZ, **query)
    assert pages_sweep.faults(app) == []
    return app, told[-1]


def test_without_a_seed_one_is_drawn_into_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    app, told = opened(monkeypatch)
    assert app.query_params["seed"] == told["seed"]
    assert len(told["items"]) == len(ITEMS)
    again, same = opened(monkeypatch, seed=told["seed"])
    assert same == told
    assert not again.caption
    others = {opened(monkeypatch)[1]["seed"] for _ in range(3)}
    assert len({*others, told["seed"]}) > 1


@pytest.mark.parametrize("chapter", ["trick", "The trick", "the TRICK"])
def test_a_teacher_links_a_part(chapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app, told = opened(monkeypatch, chapter=chapter, seed="7", count="5")
    assert {item["chapter"] for item in told["items"]} == {"The trick"}
    assert len(told["items"]) == 5
    assert app.query_params["chapter"] == "trick"
    assert [button.label for button in app.button] == ["Draw another quiz"]


@pytest.mark.parametrize(
    "query", [{"seed": "-1"}, {"seed": "x"}, {"chapter": "nowhere"}, {"count": "0"}]
)
def test_a_broken_value_gets_a_note_and_a_way_back(
    query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, told = opened(monkeypatch, **query)
    assert len(told["items"]) == len(ITEMS)
    assert len(app.caption) == 1
    back = app.button[-1]
    assert back.label.startswith("Back to the whole quiz")
    back.click()
    app.run()
    assert not app.caption
    assert set(app.query_params) == {"seed"}


def test_another_quiz_keeps_the_chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    app, told = opened(monkeypatch, chapter="goal", seed="1234567890")
    assert told["seed"] != "1234567890"
    app.button[0].click()
    app.run()
    assert app.query_params["chapter"] == "goal"


def test_links_of_the_projector_stay_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _, told = opened(monkeypatch, seed="7", present="1")
    links = [option["href"] for item in told["items"] for option in item["options"]]
    assert all(link.startswith("./") and "present=1" in link for link in links)
    _, plain = opened(monkeypatch, seed="7")
    assert not any(
        "present" in option["href"] for item in plain["items"] for option in item["options"]
    )
