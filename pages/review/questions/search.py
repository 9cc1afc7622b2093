r"""Looking for questions by their words, whatever their case, accents and way to write a letter.

A word that is looked for is found where a word begins with it. A Greek letter is the same as its
name, so that "sigma" finds σ and $\sigma$; the whole name of a letter finds that letter alone, or
"mu" would find "must".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import streamlit as st

from pages.review.questions.asked import Asked
from pages.ui import controls

LONGEST = 60
ALL = "all"
_GREEK = re.compile(r"GREEK (?:SMALL LETTER|CAPITAL LETTER) (\w+)")
NAMES = {unicodedata.name(chr(code)).split()[-1].casefold() for code in range(0x3B1, 0x3CA)}
# What TeX says of a letter beside its name: its colour, and that it is another form of it.
_DRESS = re.compile(r"\\textcolor\{#\w+\}|\\var(?=epsilon|phi|theta)")


def field() -> str:
    """The search field; what is typed stands in the address."""
    text, fit = controls.read("q", "", _short)
    if not controls.hidden("q"):
        # Only what the field does not know yet is put into it: whoever types is a word ahead.
        if st.session_state.get("control:q") != text:
            st.session_state["control:q"] = text
        st.text_input(
            "Search",
            key="control:q",
            type="search",
            max_chars=LONGEST,
            live=True,
            placeholder="such as: prior",
            on_change=_store,
        )
    if not fit:
        controls.note("search")
    return text


def found(asked: Mapping[str, Asked], query: str, chapter: str) -> dict[str, Asked]:
    """The questions of a chapter, or of all, that hold every word of the query, in their order."""
    here = {name: one for name, one in asked.items() if chapter in (ALL, one.chapter.key)}
    return {name: one for name, one in here.items() if holds(f"{one.question} {one.text}", query)}


def holds(text: str, query: str) -> bool:
    """Whether every word of the query is found in a text."""
    there = words(text)
    return all(
        word in there if word in NAMES else any(each.startswith(word) for each in there)
        for word in words(query)
    )


def words(text: str) -> list[str]:
    """The words of a text: lower case, no accents, each Greek letter by its name."""
    plain = unicodedata.normalize("NFKD", _DRESS.sub(" ", text))
    letters = (_letter(letter) for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"\w+", "".join(letters).casefold())


def _letter(letter: str) -> str:
    match = _GREEK.fullmatch(unicodedata.name(letter, ""))
    return f" {match[1]} " if match else letter


def _short(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(text)
    return text


def _store() -> None:
    controls.write({"q": str(st.session_state["control:q"]) or None})
