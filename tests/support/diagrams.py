"""Reads a diagram without a browser: its words at a stage, and whether everything has its room."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

from pages.ui.live import Diagram, Form, Line
from pages.ui.live.diagram import Box

BLANK = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
FORMS = ("wide", "narrow")


def filled(words: str, numbers: Mapping[str, float | str]) -> str:
    """Words with the numbers in their blanks, as the browser writes them."""

    def number(match: re.Match[str]) -> str:
        value, spec = numbers[match[1]], match[2] or ""
        return value if isinstance(value, str) else format(value, spec).replace("-", "−")

    return BLANK.sub(number, words)


def lines(diagram: Diagram) -> Iterator[Line]:
    """All lines of words."""
    for node in diagram.nodes:
        yield from node.lines


def state(line: Line, stage: int) -> str:
    """Whether a line is "lit", "on" or "off" at a stage."""
    if stage in line.lit:
        return "lit"
    return "on" if not line.shown or stage in line.shown else "off"


def line_with(diagram: Diagram, name: str) -> Line:
    """The line that has a blank for this number."""
    (line,) = (each for each in lines(diagram) if name in dict(BLANK.findall(each.words)))
    return line


def asked(diagram: Diagram) -> set[str]:
    """Names of all numbers that it has blanks for."""
    return {name for line in lines(diagram) for name, _ in BLANK.findall(line.words)}


def apart(a: Box, b: Box) -> bool:
    """Whether two boxes do not overlap."""
    across = abs(a.x - b.x) >= (a.width + b.width) / 2
    return across or abs(a.y - b.y) >= (a.height + b.height) / 2


def crossed(a: tuple[float, float], b: tuple[float, float], box: Box) -> bool:
    """Whether a straight line goes through a box, seen at many points along it."""
    at = ((a[0] + t / 60 * (b[0] - a[0]), a[1] + t / 60 * (b[1] - a[1])) for t in range(61))
    half = box.width / 2 - 1, box.height / 2 - 1
    return any(abs(x - box.x) < half[0] and abs(y - box.y) < half[1] for x, y in at)


def faults(diagram: Diagram, form: Form) -> list[str]:
    """What lies off the canvas, on top of something else, or in an arrow's way."""
    boxes = diagram.boxes(form)
    width, height = form.size
    found = []
    for name, (x, y, w, h) in boxes.items():
        if not (x - w / 2 >= 0 <= y - h / 2 and x + w / 2 <= width and y + h / 2 <= height):
            found.append(f"{name} is not inside")
    pairs = itertools.combinations(boxes.items(), 2)
    found += [f"{one} is on {two}" for (one, a), (two, b) in pairs if not apart(a, b)]
    for edge in diagram.edges:
        way = diagram.route(edge, form, boxes)
        if not all(0 <= x <= width and 0 <= y <= height for x, y in way):
            found.append(f"{edge} is not inside")
        found += [
            f"{edge.start} to {edge.end} runs through {name}"
            for a, b in itertools.pairwise(way)
            for name, box in boxes.items()
            if crossed(a, b, box)
        ]
    return found
