"""The questions as they stand in `assets/quiz`: one Markdown file a chapter, read at each visit.

A section is a question; its options are a list. `+ name: text` is the right one, `- name: text` a
wrong one. Indented below: why, the misconception of a wrong one in bold at its beginning, and at
its end the link `[what is seen](page?state)`. `{{blank}}` takes a drawn number, in the address too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pages import contents
from pages.review.quiz.computed import QUESTIONS

FOLDER = contents.PAGES.parent / "assets" / "quiz"
FEWEST, MOST = 3, 4

_HEADING = re.compile(r"^## +(\w+) *$", re.MULTILINE)
_OPTION = re.compile(r"^([+-]) (\w+): (.+)\n((?:  .+(?:\n|$))+)", re.MULTILINE)
_LINK = re.compile(r"\s*\[([^\]]+)\]\(([\w]+(?:\?[^)\s]*)?)\)\s*$")
_MISCONCEPTION = re.compile(r"\*\*[^*]+[.?]\*\* ")


@dataclass(frozen=True)
class Option:
    """An answer that can be chosen, and what is said to whoever chose it.

    Attributes:
        name: by which it is kept.
        text: what is read before answering.
        why: what it gets right or wrong; a wrong one's begins with its misconception in bold.
        label, address: the link to the state that shows it.
        right: whether it is the answer.
    """

    name: str
    text: str
    why: str
    label: str
    address: str
    right: bool


@dataclass(frozen=True)
class Item:
    """One question: its chapter's folder, its name, what is asked, and its options."""

    chapter: str
    name: str
    question: str
    options: tuple[Option, ...]

    @property
    def computed(self) -> bool:
        """Whether its numbers are drawn anew for each seed."""
        return self.name in QUESTIONS


def chapters() -> dict[str, str]:
    """The chapters that have questions, in the story's order: folder to title."""
    return {
        pages[0].folder: title
        for title, pages in contents.CHAPTERS.items()
        if (FOLDER / f"{pages[0].folder}.md").exists()
    }


def read(chapter: str) -> list[Item]:
    """The questions of a chapter, by its folder.

    Raises:
        ValueError: If one of them is not written as it should be; the message says what is missing.
    """
    path = FOLDER / f"{chapter}.md"
    _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
    names, bodies = parts[::2], parts[1::2]
    return [_item(path, chapter, *pair) for pair in zip(names, bodies, strict=True)]


def read_all() -> list[Item]:
    """All questions, in the story's order.

    Raises:
        ValueError: If one is not written as it should be, or two have the same name.
    """
    found = [item for chapter in chapters() for item in read(chapter)]
    names = [item.name for item in found]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"two questions have the same name: {twice}")
    return found


def _item(path: Path, chapter: str, name: str, body: str) -> Item:
    question = re.split(r"^[+-] ", body, maxsplit=1, flags=re.MULTILINE)[0].strip()
    where = f"{path.name}, {name}"
    options = tuple(_option(where, *found.groups()) for found in _OPTION.finditer(body + "\n"))
    written = len(re.findall(r"^[+-] ", body, re.MULTILINE))
    if not question or not FEWEST <= len(options) == written <= MOST:
        raise ValueError(f"{where}: needs a question and {FEWEST} to {MOST} options with reasons")
    if sum(option.right for option in options) != 1:
        raise ValueError(f"{where}: needs one right option, with a plus")
    if len({option.name for option in options}) < len(options):
        raise ValueError(f"{where}: two options have the same name")
    return Item(chapter, name, " ".join(question.split()), options)


def _option(where: str, sign: str, name: str, text: str, why: str) -> Option:
    told = " ".join(why.split())
    link = _LINK.search(told)
    if not link:
        raise ValueError(f"{where}: what is said of {name} needs a link at its end")
    if sign == "-" and not _MISCONCEPTION.match(told):
        raise ValueError(f"{where}: what is said of {name} needs its misconception first, in bold")
    return Option(name, text.strip(), told[: link.start()], link[1], link[2], sign == "+")
