"""Diagrams: things and arrows between them as one value, which the live figure shows as SVG.

Everything is placed once, on tracks: `along` is the way that things happen, `across` lies at right
angles to it. On a screen a diagram runs from left to right, on a phone from top to bottom, with the
same places on tracks that lie otherwise. Here it is laid out; `assets/live/diagram.js` fills in the
frame's numbers, breaks lines and keeps them in their boxes, and follows stage and theme. Letters
that are symbols get their face and colour there, so words are plain strings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Point = tuple[float, float]
# Tracks along and across, whole or between two; or a side ("above", "below", "left", "right") of a
# thing that is named. Where a diagram runs downwards, what stood below stands to the right.
Place = tuple[float, float] | tuple[str, str]

SIZES = {"box": (104.0, 50.0), "ring": (38.0, 38.0), "cross": (18.0, 18.0)}
LETTERS = {
    "box": 17.0,
    "ring": 20.0,
    "note": 17.0,
    "value": 15.0,
    "picture": 15.0,
    "cross": 15.0,
    "code": 13.0,
}
SMALL = 14 / 17
SIDES = (("left", "right"), ("above", "below"))
TURNED = {"below": "right", "right": "below", "above": "left", "left": "above"}
LEANS = {"left": "end", "right": "start"}  # words beside a thing lean on it
BESIDE = (6.0, 2.0)
MARGIN, GAP, ROUND = 3.0, 8.0, 16.0


@dataclass(frozen=True)
class Line:
    """Words of a thing, with blanks for the frame's numbers: "cost = {cost:.2f}".

    Args:
        words: What follows a tab stands at the right edge.
        colour: Name of their colour.
        shown: Stages at which they are shown (what follows a tab, where there is one); all if
            there are none.
        lit: Stages at which they stand out.
        small: Whether they are set smaller, and quieter.
    """

    words: str
    colour: str = ""
    shown: Sequence[int] = ()
    lit: Sequence[int] = ()
    small: bool = False


@dataclass(frozen=True)
class Node:
    """A thing of the diagram.

    Args:
        name: How edges, places and sizes speak of it.
        at: Where its middle is.
        words: One line, or several.
        shape: "box", "ring" or "picture"; "note" and "value" are words alone; "code", whose lines
            are never broken; "cross".
        colour: Name of its colour.
        dashed: Whether its outline is.
        picture: Trace of the frame whose grey values `z`, a square, it shows.
        shown: Stages at which the picture is shown; all if there are none.
        lit: Stages at which it stands out.
        align: "start", "middle" or "end" for words; "" leaves it to the form.
        about: A sentence on it, for whoever points at it or comes by the Tab key; it takes the
            place of the figure's hint.
    """

    name: str
    at: Place
    words: str | Sequence[Line] = ""
    shape: str = "box"
    colour: str = "muted"
    dashed: bool = False
    picture: str = ""
    shown: Sequence[int] = ()
    lit: Sequence[int] = ()
    align: str = ""
    about: str = ""

    @property
    def lines(self) -> Sequence[Line]:
        """Its words, line by line."""
        if not isinstance(self.words, str):
            return self.words
        return (Line(self.words),) if self.words else ()


@dataclass(frozen=True)
class Edge:
    """An arrow from one thing or place to another.

    Args:
        start, end: Names of things, or places.
        kind: "forward"; "gradient", or "return" where it takes the forward arrow's way; "signal"
            for a mere number on its way back; "lost", without a head.
        via: Places where it turns.
        colour: Name of its colour, if not that of its kind.
        shown, lit: Stages, as of a line.
    """

    start: str | Place
    end: str | Place
    kind: str = "forward"
    via: Sequence[Place] = ()
    colour: str = ""
    shown: Sequence[int] = ()
    lit: Sequence[int] = ()


class Box(NamedTuple):
    """Middle and size of a thing."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Form:
    """How the tracks of a diagram lie, in units: pixels where there is room for `size`.

    Args:
        size: Width and height.
        along, across: Where each track is, from the left or from the top.
        down: Whether it runs from top to bottom.
        sizes: Width and height of things, by name or by shape.
        letters: Size of letters, by name or by shape.
        places: Things that stand elsewhere than the diagram says.
        left_out: Names of things for which there is no room.
    """

    size: Point
    along: Sequence[float]
    across: Sequence[float]
    down: bool = False
    sizes: Mapping[str, Point] = field(default_factory=dict)
    letters: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    left_out: Sequence[str] = ()

    def point(self, along: float, across: float) -> Point:
        """Where two tracks cross: (x, y)."""
        at = _between(self.along, along), _between(self.across, across)
        return at[::-1] if self.down else at

    def size_of(self, node: Node) -> Point:
        """Width and height of a thing."""
        sizes = {**SIZES, **self.sizes}
        return sizes[node.name if node.name in sizes else node.shape]

    def letters_of(self, node: Node) -> float:
        """Size of a thing's letters."""
        sizes = {**LETTERS, **self.letters}
        return sizes[node.name if node.name in sizes else node.shape]

    def align(self, node: Node) -> str:
        """Where a thing's words begin: "start", "middle" or "end"."""
        if node.align or node.shape == "note":
            return node.align or ("start" if self.down else "middle")
        return LEANS.get(str(self.place(node)[0]), "middle")

    def place(self, node: Node) -> Place:
        """Where a thing stands in this form."""
        if node.name in self.places or not self.down:
            return self.places.get(node.name, node.at)
        side, other = node.at
        return (TURNED[side], str(other)) if isinstance(side, str) else node.at


@dataclass(frozen=True)
class Diagram:
    """Things and arrows, placed once and shown in two forms.

    Args:
        nodes, edges: In the order in which they are drawn; a thing beside another comes after it.
        wide, narrow: How the tracks lie on a screen and on a phone.
        stage: Name of the number that says at which stage it is; "" if it has none.
    """

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    wide: Form
    narrow: Form
    stage: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError where two things have one name, or an arrow ends at none."""
        names = [node.name for node in self.nodes]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two things of the diagram are called {sorted(twice)}")
        ends = {end for edge in self.edges for end in (edge.start, edge.end)}
        lost = {end for end in ends if isinstance(end, str)} - set(names)
        if lost:
            raise ValueError(f"an arrow of the diagram ends at {sorted(lost)}, which it lacks")

    def things(self, form: Form) -> list[Node]:
        """Its things in a form."""
        return [node for node in self.nodes if node.name not in form.left_out]

    def boxes(self, form: Form) -> dict[str, Box]:
        """Where each thing is in a form."""
        found: dict[str, Box] = {}
        for node in self.things(form):
            place, (width, height) = form.place(node), form.size_of(node)
            along, across = place
            if isinstance(along, str) or isinstance(across, str):
                found[node.name] = _beside(found[str(across)], str(along), (width, height))
            else:
                found[node.name] = Box(*form.point(along, across), width, height)
        return found

    def route(self, edge: Edge, form: Form, boxes: Mapping[str, Box]) -> list[Point]:
        """The points of an arrow: from side to side of what it joins, clear of what is beside."""
        ends = [self._end(each, form, boxes) for each in (edge.start, edge.end)]
        turns = [form.point(*map(float, place)) for place in edge.via]
        middles = [ends[0][:2], *turns, ends[1][:2]]
        start = self._meet(edge.start, form, ends[0], middles[1], boxes)
        end = self._meet(edge.end, form, ends[1], middles[-2], boxes, lean=True)
        return [start, *turns, end]

    def description(self) -> str:
        """Which arrows lead where, in words."""
        names = {node.name: spoken(node) for node in self.nodes}
        leads: dict[str, list[str]] = {}
        for edge in self.edges:
            if edge.kind == "forward" and isinstance(edge.start, str) and isinstance(edge.end, str):
                leads.setdefault(names[edge.start], []).append(names[edge.end])
        ways = (f"{start} to {' and '.join(ends)}" for start, ends in leads.items())
        return f"Arrows lead from {'; from '.join(ways)}." if leads else ""

    def _end(self, end: str | Place, form: Form, boxes: Mapping[str, Box]) -> Box:
        return boxes[end] if isinstance(end, str) else Box(*form.point(*map(float, end)), 0, 0)

    def _meet(
        self,
        end: str | Place,
        form: Form,
        box: Box,
        other: Point,
        boxes: Mapping[str, Box],
        lean: bool = False,
    ) -> Point:
        """Where an arrow meets one of its ends: in the middle of a side, or nearer to the other."""
        away = other[0] - box.x, other[1] - box.y
        axis = 0 if abs(away[0]) > abs(away[1]) else 1
        sign = 1 if away[axis] > 0 else -1
        side = SIDES[axis][sign > 0]
        near = (boxes[node.name] for node in self.things(form) if form.place(node) == (side, end))
        reach = box[2 + axis] / 2 + (MARGIN if isinstance(end, str) else GAP)
        reach += sum(each[2 + axis] + MARGIN for each in near)
        most = box[3 - axis] / 2 + MARGIN - ROUND
        shift = max(-most, min(most, away[1 - axis])) if lean and most > GAP else 0.0
        steps = (sign * reach, shift) if axis == 0 else (shift, sign * reach)
        return box.x + steps[0], box.y + steps[1]


def spoken(node: Node) -> str:
    """What a thing is called in words."""
    return node.lines[0].words.split("\t")[0] if node.lines else node.picture or node.name


def _between(tracks: Sequence[float], at: float) -> float:
    """Where a track is; between two, or beyond the last, in proportion."""
    left = max(0, min(int(at), len(tracks) - 2))
    return tracks[left] + (at - left) * (tracks[left + 1] - tracks[left])


def _beside(box: Box, side: str, size: Point) -> Box:
    """A box of a size on a side of another."""
    axis = 0 if side in SIDES[0] else 1
    sign = 1 if side in {"right", "below"} else -1
    away = sign * (box[2 + axis] / 2 + BESIDE[axis] + size[axis] / 2)
    x, y = (box.x + away, box.y) if axis == 0 else (box.x, box.y + away)
    return Box(x, y, *size)
