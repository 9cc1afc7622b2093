"""The live figure: every chart of the app, with or without sliders.

A page hands over a `Picture`, whose heart is two pure functions: `frame(**values)` computes what it
shows at some setting of its parameters, `figure(frame)` draws it. The browser has what it needs
before a slider moves (see `ahead`, or frames of its own) and repaints under the finger; Python
hears of the new value when the slider is let go. Zoom, pan and hidden traces survive all of it.
What depends on the state alone is made once for all visitors.

Colours in a figure are `theme.var(...)` tokens; the browser turns them into the active theme's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.ui import assets, controls
from pages.ui.live import payload
from pages.ui.live.ahead.walks import WALKS, Walk
from pages.ui.live.diagram import Diagram
from pages.ui.live.frame import Frame, FrameFunction
from pages.ui.live.lookahead import pack_constants, plain
from pages.ui.live.once import NamelessError, Once, name_of
from pages.ui.live.parts import Param, Preset
from pages.ui.live.picture import FigureOrDraw, Picture

_figure_component = st.components.v2.component(
    "ttn_live_figure", js=assets.START, isolate_styles=False
)
_LOADED = ("katex.js", "live/figure.css")
AHEAD = "./ahead?walk="


@dataclass(frozen=True)
class Live:
    """What a live figure stands at: its parameters' values."""

    values: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What the address asks of a figure, beside the picture itself.

    Attributes:
        values: of its parameters, by key.
        notes: on what the address says otherwise.
        present: whether it is shown to a class.
        hidden: keys of parameters without a control.
    """

    values: tuple[tuple[str, Any], ...]
    notes: tuple[str, ...]
    present: bool
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """What the browser is told of a figure in one state, the same for all who ask for it.

    Attributes:
        sent: the figure, the one for a narrow screen, and `told`: all else as JSON. Streamlit looks
            into each part of what a component is given, and texts it hands on as they are.
        walks: what each slider would show, with the names under which that is offered.
    """

    sent: Mapping[str, str | None]
    walks: tuple[tuple[str, Walk], ...]

    @property
    def weight(self) -> int:
        """Its bytes, with a share for its name."""
        return sum(len(text or "") for text in self.sent.values()) + NAME_BYTES


NAME_BYTES, MOST_BYTES = 20_000, 128_000_000
STATES: Once[Made] = Once(MOST_BYTES, lambda made: made.weight)


def live_figure(key: str, picture: Picture) -> Live:
    """Show a picture that answers under the finger, with its words, numbers and code.

    Args:
        key: Name of the figure, unique on its page.
        picture: What is shown.

    Returns:
        Where it stands now.
    """
    axes = picture.axes
    values, notes = _read(axes)
    all_hidden = controls.all_hidden()
    hidden = tuple(param.key for param in axes if param.key in all_hidden)
    asked = Asked(tuple(values.items()), tuple(notes), controls.presenting(), hidden)
    made = _made(key, picture, asked)
    for name, walk in made.walks:
        WALKS.offer(walk, name)
    _figure_component(
        key=key, data=made.sent, on_changed_change=lambda: _hear(key, axes, picture.presets)
    )
    return Live(values)


def _made(key: str, picture: Picture, asked: Asked) -> Made:
    """What the browser is told, made by the first who comes to this state."""
    urls = _urls(picture)

    def make() -> Made:
        return _make(key, picture, asked, urls)

    try:
        name = key, name_of(picture), name_of(asked), name_of(urls)
    except NamelessError:
        return make()
    return STATES.get(name, make, _give_way)


def _make(key: str, picture: Picture, asked: Asked, urls: Mapping[str, Any]) -> Made:
    values = dict(asked.values)
    now = picture.at(values)
    walks = _walks(picture, values)
    told = {
        "key": key,
        **urls,
        "constants": _constants(picture, values),
        "height": picture.height,
        **_standing(picture, now, asked),
        **payload.controls_data(picture, values, asked.hidden),
        "formula": picture.tex,
        "takeaway": picture.takeaway,
        "hint": picture.hint,
        **payload.folded_data(picture),
        "ahead": [{"axis": walk.axis, "address": AHEAD + name} for name, walk in walks],
    }
    return Made({"told": json.dumps(told), **_figures(picture, now)}, walks)


def _give_way() -> None:
    """Let a newer run take over: at each look at the session state, Streamlit sees to that."""
    "ahead" in st.session_state  # noqa: B015


def _urls(picture: Picture) -> dict[str, Any]:
    """What the browser loads."""
    loaded = _LOADED if isinstance(picture.figure, Diagram) else (*_LOADED, "plotly.min.js")
    module = f"frames/{picture.frames_js}.js"
    return {
        "script": assets.url("live/figure.js"),
        "urls": {name: assets.url(name) for name in loaded},
        "formulaJs": assets.url(module) if picture.frames_js else "",
    }


def _constants(picture: Picture, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the module needs that computes frames in the browser."""
    given = picture.constants(**values, **picture.extra) if picture.constants else {}
    return pack_constants(given)


def _figures(picture: Picture, now: Frame | None) -> dict[str, str | None]:
    """The figure, and the one for a narrow screen where there is one."""
    narrow = _drawn(picture.narrow, picture, now) if picture.narrow else None
    return {"figure": _drawn(picture.figure, picture, now), "narrow": narrow}


def _drawn(figure: FigureOrDraw, picture: Picture, now: Frame | None) -> str:
    if isinstance(figure, Diagram):
        return payload.diagram_json(figure, now)
    if isinstance(figure, go.Figure):
        return payload.figure_json(figure)
    if now is None:
        raise TypeError("a live figure that is drawn by a function needs `frame`")
    if picture.steady:
        return payload.steady_json(figure, now, picture.extra)
    return payload.figure_json(figure(now))


def _standing(picture: Picture, now: Frame | None, asked: Asked) -> dict[str, Any]:
    """Where the figure stands: its numbers, and what there is to say of the address."""
    numbers = {**(now.numbers if now else {}), **dict(asked.values)}
    return {
        "context": _context(picture.frame, picture.extra),
        "names": {name: plain(value) for name, value in numbers.items()},
        "notes": asked.notes,
        "present": asked.present,
    }


def _read(axes: Sequence[Param]) -> tuple[dict[str, Any], list[str]]:
    """Values of the parameters in the address, and notes on what it says otherwise."""
    values, notes = {}, []
    for param in axes:
        values[param.key], fit = controls.read(param.key, param.default, param.parse)
        if not fit:
            notes.append(controls.FALLBACK_NOTE.format(label=param.label))
        elif asked := param.missed(controls.stated(param.key), values[param.key]):
            notes.append(asked)
    return values, notes


def _hear(key: str, axes: Sequence[Param], presets: Sequence[Preset]) -> None:
    """Take what the browser says after a release: new values, or the number of a preset."""
    # A visitor who goes on to another page in that moment leaves nothing to hear.
    told = st.session_state.get(key, {}).get("changed")
    if not isinstance(told, dict):
        return
    chosen = told.get("preset")
    if isinstance(chosen, int) and 0 <= chosen < len(presets):
        controls.show_state(payload.state_texts(presets[chosen], axes))
        return
    texts: dict[str, str | None] = {}
    sent, at_default = told.get("values"), told.get("atDefault")
    for param in axes:
        if isinstance(at_default, list) and param.key in at_default:
            texts[param.key] = None  # a default may have moved on since
            continue
        try:
            value = param.parse(str(sent[param.key]))  # type: ignore[index]
        except (ValueError, TypeError, KeyError, OverflowError):
            continue
        texts[param.key] = param.text(value)
    controls.write(texts)


def _walks(picture: Picture, values: Mapping[str, Any]) -> tuple[tuple[str, Walk], ...]:
    """What each slider would show, where the browser neither computes nor asks for it otherwise.

    A walk is the same while the other parameters stand where they stood: that of the slider which
    was just dragged is there already.
    """
    fetched = picture.transport is not None and picture.transport.fetched
    if picture.frame is None or picture.frames_js or fetched:
        return ()
    walks = []
    for param in picture.axes:
        if param.kind == "seed":
            continue
        stay = {name: value for name, value in values.items() if name != param.key}
        others = (*stay.items(), *picture.extra.items())
        positions = tuple(int(at) if param.whole else at for at in param.positions)
        walks.append(Walk(picture.frame, param.key, positions, others))
    return tuple((WALKS.offer(walk), walk) for walk in walks)


def _context(frame: FrameFunction | None, extra: Mapping[str, Any]) -> str:
    """A name for what a picture depends on beside its parameters."""
    told = (getattr(frame, "__qualname__", ""), sorted(extra.items()))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
