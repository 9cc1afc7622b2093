"""The questions as the lesson file has them: its sections `ask_...`, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pages.contents import CHAPTERS
from pages.ui.lesson import Lesson, Link


class Chapter(NamedTuple):
    """A chapter: its name in the address, and its title."""

    key: str
    title: str


@dataclass(frozen=True)
class Asked:
    """One question.

    Attributes:
        name: its name in the address.
        question: what is asked.
        text: the answer.
        links: pages in the states that show it; the first one decides the chapter.
        chapter: where it is shown.
    """

    name: str
    question: str
    text: str
    links: tuple[Link, ...]
    chapter: Chapter

    @property
    def itself(self) -> Link:
        """The link to this question alone."""
        return Link("Link to this question", "questions", {"ask": self.name})


def all_asked(lesson: Lesson) -> dict[str, Asked]:
    """All questions by name.

    Raises:
        ValueError: If one of them has no heading, no answer, or no link.
        KeyError: If one of them leads to a page that does not exist.
    """
    chapters = {
        page.key: Chapter(page.folder, title) for title, group in CHAPTERS.items() for page in group
    }
    found = {}
    for name, entry in lesson.entries("ask").items():
        if not entry.links:
            raise ValueError(f"the question {name!r} has no link")
        chapter = chapters[entry.links[0].page]
        found[name] = Asked(name, entry.title, entry.text, entry.links, chapter)
    return found
