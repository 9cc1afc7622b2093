"""Diagrams: where things stand in both forms, where arrows end, and what the browser is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pages.ui.live import Diagram, Edge, Form, Frame, Line, Node, payload

WIDE = Form(size=(400, 200), along=(50, 150, 350), across=(40, 120))
NARROW = Form(size=(200, 500), down=True, along=(50, 200, 450), across=(60, 120))
NODES = (
    Node("a", (0, 0), "μ", "ring", "mu"),
    Node("b", (2, 0.5), (Line("cost"), Line("= {cost:.2f}", small=True))),
    Node("below a", ("below", "a"), "{mu:.2f}", "note"),
)
SIZED = {"note": (40.0, 20.0)}


def diagram(*edges: Edge, nodes: tuple[Node, ...] = NODES, **narrow: object) -> Diagram:
    wide, small = (
        Form(**{**vars(form), "sizes": SIZED, **more})
        for form, more in ((WIDE, {}), (NARROW, narrow))
    )
    return Diagram(nodes, edges, wide, small)


def test_the_same_places_run_to_the_right_and_downwards() -> None:
    drawn = diagram()
    wide, narrow = drawn.boxes(drawn.wide), drawn.boxes(drawn.narrow)
    assert wide["a"][:2] == (50, 40)
    assert narrow["a"][:2] == (60, 50)
    assert wide["b"][:2] == (350, 80)
    assert narrow["b"][:2] == (90, 450)


def test_a_place_lies_between_two_tracks_or_beyond_the_last() -> None:
    assert WIDE.point(0.5, 0.25) == (100, 60)
    assert WIDE.point(2.1, 0) == (370, 40)


def test_what_stands_below_stands_to_the_right_where_it_runs_downwards() -> None:
    drawn = diagram()
    wide, narrow = drawn.boxes(drawn.wide), drawn.boxes(drawn.narrow)
    assert wide["below a"][:2] == (50, 40 + 19 + 2 + 10)
    assert narrow["below a"][:2] == (60 + 19 + 6 + 20, 50)
    moved = diagram(places={"below a": ("left", "a")})
    assert moved.boxes(moved.narrow)["below a"][0] == 60 - 19 - 6 - 20


def test_arrows_end_at_the_sides_and_clear_of_what_stands_there() -> None:
    drawn = diagram(Edge("a", "b"), Edge("b", "a", "return", via=((2, 2), (0, 2))))
    boxes = drawn.boxes(drawn.wide)
    there, back = (drawn.route(edge, drawn.wide, boxes) for edge in drawn.edges)
    assert there == [(50 + 19 + 3, 40), (350 - 52 - 3, 80 - 12)]
    assert back[1:3] == [(350, 200), (50, 200)]
    (_, end), bottom = back[-1], boxes["below a"].y + 10
    assert bottom < end < bottom + 8


def test_an_arrow_may_end_at_a_place_and_keeps_a_gap() -> None:
    drawn = diagram(Edge((2, 1), (0, 1), "gradient"))
    way = drawn.route(drawn.edges[0], drawn.wide, drawn.boxes(drawn.wide))
    assert way == [(342, 120), (58, 120)]


def test_it_is_described_in_words() -> None:
    drawn = diagram(Edge("a", "b"), Edge("a", "below a"), Edge((0, 1), (1, 1), "gradient"))
    assert drawn.description() == "Arrows lead from μ to cost and {mu:.2f}."
    assert diagram().description() == ""


def test_what_is_left_out_is_in_one_form_alone() -> None:
    drawn = diagram(left_out=("below a",))
    assert "below a" in drawn.boxes(drawn.wide)
    assert "below a" not in drawn.boxes(drawn.narrow)


def test_wrong_names_are_told() -> None:
    with pytest.raises(ValueError, match=r"called \['a'\]"):
        diagram(nodes=(*NODES, NODES[0]))
    with pytest.raises(ValueError, match=r"ends at \['c'\]"):
        diagram(Edge("a", "c"))
    with pytest.raises(KeyError, match="no colour named 'mue'"):
        payload.diagram_json(diagram(nodes=(Node("a", (0, 0), colour="mue"),)), None)


def test_the_browser_gets_both_forms_and_the_pictures_of_the_frame() -> None:
    nodes = (*NODES, Node("seen", (1, 1), "", "ring", picture="x", shown=range(2, 4), lit=(3,)))
    frame = Frame({"x": {"z": np.array([[0.0, 1.0], [0.5, 2.0]])}}, {})
    sent = json.loads(payload.diagram_json(diagram(Edge("a", "b"), nodes=nodes), frame))["diagram"]
    assert sent["pictures"] == {"x": "AP+A/w=="}
    for form, size in (("wide", [400, 200]), ("narrow", [200, 500])):
        assert sent[form]["size"] == size
        a, b, _, seen = sent[form]["nodes"]
        assert a["colour"] == "var(--ttn-mu)"
        assert [each["colour"] for each in b["lines"]] == ["var(--ttn-ink)", "var(--ttn-muted)"]
        assert b["lines"][1]["size"] < b["lines"][0]["size"]
        assert (seen["shown"], seen["lit"]) == ([2, 3], [3])
        assert len(sent[form]["edges"][0]["points"]) == 2
    assert [sent[form]["nodes"][2]["align"] for form in ("wide", "narrow")] == ["middle", "start"]
