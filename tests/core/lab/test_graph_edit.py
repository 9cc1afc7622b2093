"""A graph's text, changed a node and an arrow at a time."""

from __future__ import annotations

import pytest

from vae_core.lab.graphs import parse_graph
from vae_core.lab.graphs.edit import KINDS, connected, line, lines, parts, placed, without

TEXT = "param theta = 0.5\nx ~ normal(theta, 1) by score\ncost c = (x - 1)^2"


def test_a_new_node_stands_last_and_an_old_one_keeps_its_place() -> None:
    more = placed(TEXT, "y", "formula", "tanh(x)")
    assert more == f"{TEXT}\ny = tanh(x)"
    again = placed(TEXT, "X", "exponential", "theta")
    assert again.splitlines()[1] == "x ~ exponential(theta)"
    assert [node.name for node in parse_graph(again).nodes] == ["theta", "x", "c"]


def test_a_node_goes() -> None:
    assert without(TEXT, "x") == "param theta = 0.5\ncost c = (x - 1)^2"


def test_an_arrow_adds_the_parent_and_keeps_the_way() -> None:
    both = connected(placed(TEXT, "y", "formula", "2"), "y", "x")
    assert both.splitlines()[1] == "x ~ normal(theta + y, 1) by score"
    graph = parse_graph(connected(TEXT, "theta", "c"))
    assert ("theta", "c") in graph.edges
    with pytest.raises(ValueError, match="theta is a parameter"):
        connected(TEXT, "x", "theta")


def test_a_circle_is_text_and_the_parser_says_what_is_wrong() -> None:
    round_ = connected(placed(TEXT, "y", "formula", "x"), "y", "x")
    with pytest.raises(ValueError, match="x hangs on y, which hangs on x"):
        parse_graph(round_)


def test_a_name_must_be_one() -> None:
    with pytest.raises(ValueError, match="is no name"):
        placed(TEXT, "x + 1", "formula", "2")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_written_and_read(kind: str) -> None:
    assert parts(line("y", kind, "1, 2")) == (kind, "1, 2")


def test_comments_and_what_is_no_node_are_left_out() -> None:
    assert list(lines("# mine\nhello\nparam a = 1 # first; cost c = a")) == ["a", "c"]
