"""The quiz in the browser: all that it needs goes there at once, and no answer comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.review.quiz.items import Item, Option
from pages.ui import assets, controls
from pages.ui.lesson import colour_markdown

_component = st.components.v2.component("ttn_quiz", js=assets.START, isolate_styles=False)
URLS = ("question/question.css", "question/quiz.css", "katex.js")


def show(quiz: Sequence[Item], seed: int, titles: Mapping[str, str]) -> None:
    """Show the questions, one after another.

    Args:
        quiz: the questions, with their numbers, in their order.
        seed: by which their answers are kept in the browser.
        titles: the chapters' titles, by their folders.
    """
    present = controls.presenting()
    _component(
        key="quiz",
        data={
            "script": assets.url("question/quiz.js"),
            "urls": {name: assets.url(name) for name in URLS},
            "question": quiz[0].question,  # to be read where the script does not arrive
            "seed": str(seed),
            "items": [
                {
                    "name": item.name,
                    "chapter": titles[item.chapter],
                    "question": colour_markdown(item.question),
                    "options": [_option(option, present) for option in item.options],
                }
                for item in quiz
            ],
            "present": present,
        },
    )


def _option(option: Option, present: bool) -> dict[str, Any]:
    return {
        "name": option.name,
        "text": colour_markdown(option.text),
        "why": colour_markdown(option.why),
        "label": option.label,
        "href": _address(option.address, present),
        "right": option.right,
    }


def _address(address: str, present: bool) -> str:
    """Relative to the folder that all pages lie in; before a class its page is large, too."""
    page, _, query = address.partition("?")
    page = "" if page == "start" else page
    parts = [*([query] if query else []), *(["present=1"] if present else [])]
    return f"./{page}" + (f"?{'&'.join(parts)}" if parts else "")
