"""Which questions, and which numbers: what the address says, and the controls for it."""

from __future__ import annotations

from random import SystemRandom
from typing import NamedTuple

import streamlit as st

from pages.review.quiz import items
from pages.review.quiz.choose import DRAWN_UP_TO, choose
from pages.ui import controls
from pages.ui.lesson import Lesson

ALL = "all"
NAMES = ("chapter", "count", "seed")


class Chosen(NamedTuple):
    """The questions in their order, and the seed that made them."""

    items: list[items.Item]
    seed: int


def chosen_by_controls(lesson: Lesson) -> Chosen:
    """Chapter, number and seed, each a control, and the questions that they choose."""
    everything, way_back = items.read_all(), lesson.text("way_back")
    _name_to_folder()
    _have_a_seed()
    stated = {name: controls.stated(name) for name in NAMES}
    columns = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    with columns[0]:
        chapter = controls.choice("chapter", "Chapter", {ALL: "All chapters", **items.chapters()})
    with columns[1]:
        most = len(everything)
        count = int(controls.number("count", "Questions, at most", 1, most, most))
    with columns[2]:
        seed = controls.seed(default=_any_seed())
    with columns[3]:
        if not controls.hidden("seed"):
            st.button("Draw another quiz", on_click=controls.write, args=({"seed": None},))
    found = {"chapter": chapter, "count": str(count), "seed": str(seed)}
    if any(text not in (None, found[name]) for name, text in stated.items()):
        controls.write({"seed": str(seed)})  # a broken one would be drawn anew at each click
        controls.preset(way_back, {})
    some = [item for item in everything if chapter in (ALL, item.chapter)]
    return Chosen(choose(some, seed, count), seed)


def _any_seed() -> int:
    return SystemRandom().randint(1, DRAWN_UP_TO)


def _have_a_seed() -> None:
    """Without a seed one is drawn; it stands in the address, which a class can then copy."""
    if controls.stated("seed") is None:
        controls.write({"seed": str(_any_seed())})


def _name_to_folder() -> None:
    """A chapter may also be called by its title, as people know it: "The trick"."""
    stated = (controls.stated("chapter") or "").strip().casefold()
    for folder, title in items.chapters().items():
        if stated and stated == title.casefold():
            controls.write({"chapter": folder})
