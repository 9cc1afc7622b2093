"""Frames packed for the browser, which then repaints under the finger without asking the server."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pages.ui.live.frame import Frame

MOVING = ("x", "y", "z", "text")


def pack(frames: Sequence[Frame], *, whole: bool = False) -> dict[str, Any]:
    """Pack what changes from frame to frame: float32 arrays in one base64 text, each one once.

    The grey values of pictures, `z`, are bytes: 255 steps are more than the eye sees.

    Args:
        frames: What to pack, one at least.
        whole: Pack what is the same in all of them too.

    Returns:
        `fields`: for each array that changes its `trace`, its `attr`, and per frame where it begins
        (`at`, in numbers) and how long it is (`size`), or its `words` if it holds text; `data`: all
        numbers; `greys`: all grey values; `numbers`: per name the list of values over the frames.
    """
    store, greys = _Store(), _Store()
    fields: list[dict[str, Any]] = []
    for trace, attr in _moving(frames[0]):
        arrays = [frame.traces[trace][attr] for frame in frames]
        if attr == "text":
            words = [[str(word) for word in array] for array in arrays]
            if whole or any(these != words[0] for these in words):
                fields.append({"trace": trace, "attr": attr, "words": words})
            continue
        packed = [grey_bytes(array) if attr == "z" else _floats(array) for array in arrays]
        if not whole and all(
            np.array_equal(these, packed[0], equal_nan=attr != "z") for these in packed
        ):
            continue
        at = [(greys if attr == "z" else store).add(these) for these in packed]
        size = [these.size for these in packed]
        fields.append({"trace": trace, "attr": attr, "at": at, "size": size})
    numbers = {name: [plain(frame.numbers[name]) for frame in frames] for name in frames[0].numbers}
    return {"fields": fields, "data": store.text(), "greys": greys.text(), "numbers": numbers}


def _floats(array: Any) -> np.ndarray:
    return np.ascontiguousarray(array, dtype="<f4")


def grey_bytes(array: Any) -> np.ndarray:
    """Grey values in [0, 1] as bytes; what lies outside, as a Gaussian's mean may, is cut off."""
    greys: np.ndarray = (np.clip(array, 0.0, 1.0) * 255).round().astype(np.uint8)
    return greys


def pack_constants(constants: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays and numbers for frames that the browser computes; arrays as base64 float64."""
    packed: dict[str, Any] = {}
    for name, value in constants.items():
        if np.ndim(value):
            raw = np.ascontiguousarray(value, dtype="<f8").tobytes()
            packed[name] = {"f8": base64.b64encode(raw).decode()}
        else:
            packed[name] = plain(value)
    return packed


def plain(value: Any) -> float | str | None:
    """A number as JSON can hold it: NaN and infinity become None."""
    if isinstance(value, str):
        return value
    number = float(value)
    return number if np.isfinite(number) else None


def _moving(frame: Frame) -> list[tuple[str, str]]:
    return [
        (name, attr) for name, arrays in frame.traces.items() for attr in MOVING if attr in arrays
    ]


class _Store:
    """Arrays one after the other; an array that was stored before is stored only once."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._chunks: list[bytes] = []
        self._end = 0

    def add(self, array: np.ndarray) -> int:
        raw = array.tobytes()
        if raw not in self._places:
            self._places[raw] = self._end
            self._chunks.append(raw)
            self._end += array.size
        return self._places[raw]

    def text(self) -> str:
        return base64.b64encode(b"".join(self._chunks)).decode()
