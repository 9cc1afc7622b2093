"""What is packed for the browser is what the frames say: every position, nothing in between."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from pages.ui.live import Frame
from pages.ui.live.ahead.walks import Walk
from pages.ui.live.lookahead import pack, pack_constants, plain

GRID = np.linspace(-1.0, 1.0, 7)


def parabola(a: float, b: float) -> Frame:
    """A curve that a bends and b lifts, beside one that stands still."""
    moving = {"x": GRID, "y": a * GRID**2 + b}
    return Frame({"moving": moving, "still": {"x": GRID, "y": GRID}}, {"top": a + b})


def unpack(field: dict[str, Any], data: str, index: int) -> np.ndarray:
    floats = np.frombuffer(base64.b64decode(data), dtype="<f4")
    return floats[field["at"][index] : field["at"][index] + field["size"][index]]


def test_only_what_changes_is_sent_and_it_is_exact() -> None:
    positions = (0.0, 0.5, 2.0)
    packed = Walk(parabola, "a", positions, (("b", 1.0),)).packed()
    assert [(field["trace"], field["attr"]) for field in packed["fields"]] == [("moving", "y")]
    for index, a in enumerate(positions):
        expected = parabola(a, 1.0).traces["moving"]["y"].astype("<f4")
        np.testing.assert_array_equal(unpack(packed["fields"][0], packed["data"], index), expected)
    assert packed["numbers"]["top"] == [1.0, 1.5, 3.0]


def test_all_is_sent_where_nothing_else_holds_it() -> None:
    packed = pack([parabola(2.0, 1.0)], whole=True)
    fields = {(field["trace"], field["attr"]): field for field in packed["fields"]}
    assert set(fields) == {(trace, attr) for trace in ("moving", "still") for attr in ("x", "y")}
    found = unpack(fields["moving", "y"], packed["data"], 0)
    np.testing.assert_array_equal(found, (2.0 * GRID**2 + 1.0).astype("<f4"))


def test_equal_arrays_are_stored_once() -> None:
    frames = [parabola(1.0, 0.0), parabola(2.0, 0.0), parabola(1.0, 0.0)]
    packed = pack(frames)
    field = packed["fields"][0]
    assert field["at"][0] == field["at"][2] != field["at"][1]
    assert len(base64.b64decode(packed["data"])) == 2 * GRID.size * 4


def test_arrays_may_change_their_length_and_hold_gaps() -> None:
    def dots(n: int) -> Frame:
        x = np.arange(n, dtype=float)
        return Frame({"dots": {"x": x, "y": np.full(n, np.nan)}}, {"n": n})

    packed = pack([dots(1), dots(3)])
    assert packed["fields"][0]["size"] == [1, 3]
    assert np.isnan(unpack(packed["fields"][1], packed["data"], 1)).all()


def test_pictures_travel_as_bytes() -> None:
    frames = [Frame({"digit": {"z": np.array([0.0, grey, 1.0])}}, {}) for grey in (0.25, 0.5)]
    packed = pack(frames)
    assert packed["fields"] == [{"trace": "digit", "attr": "z", "at": [0, 3], "size": [3, 3]}]
    assert list(base64.b64decode(packed["greys"])) == [0, 64, 255, 0, 128, 255]
    assert packed["data"] == ""


def test_words_travel_as_words() -> None:
    frames = [Frame({"label": {"x": [0], "y": [0], "text": [w]}}, {"w": w}) for w in ("up", "down")]
    packed = pack(frames)
    assert packed["fields"] == [{"trace": "label", "attr": "text", "words": [["up"], ["down"]]}]
    assert packed["numbers"]["w"] == ["up", "down"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -np.inf])
def test_what_is_not_finite_is_no_number_in_json(value: float) -> None:
    assert plain(value) is None
    json.dumps(pack([Frame({}, {"v": value})]), allow_nan=False)


def test_constants_keep_all_their_digits() -> None:
    third = np.array([1.0 / 3.0, np.pi])
    packed = pack_constants({"third": third, "n": np.int64(3)})
    raw = base64.b64decode(packed["third"]["f8"])
    np.testing.assert_array_equal(np.frombuffer(raw, dtype="<f8"), third)
    assert packed["n"] == 3
