"""The live figure: every chart of the app, with or without sliders.

A page hands over a `Picture`, whose heart is two pure functions: `frame(**values)` computes what it
shows at some setting of its parameters, `figure(frame)` draws it. The browser has what it needs
before a slider moves (see `lookahead`, or frames of its own) and repaints under the finger; Python
hears of the new value when the slider is let go. Zoom, pan and hidden traces survive all of it.

Colours in a figure are `theme.var(...)` tokens; the browser turns them into the active theme's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.ui import assets, controls
from pages.ui.live import payload
from pages.ui.live.diagram import Diagram
from pages.ui.live.frame import Frame, FrameFunction
from pages.ui.live.lookahead import axis_ahead, pack_constants, plain
from pages.ui.live.parts import Param, Preset
from pages.ui.live.picture import FigureOrDraw, Picture

# Where the program does not come, the figure itself says so; what is sent ahead stays quiet.
_AHEAD = """
export default async function (component) {
  const url = new URL(component.data.script, document.baseURI);
  const live = await import(url.href).catch(() => null);
  return live?.show(component);
}
"""
_figure_component = st.components.v2.component(
    "ttn_live_figure", js=assets.START, isolate_styles=False
)
_ahead_component = st.components.v2.component("ttn_lookahead", js=_AHEAD, isolate_styles=False)
_LOADED = ("katex.js", "live/figure.css")


@dataclass(frozen=True)
class Live:
    """What a live figure stands at: its parameters' values and its frame (None without params)."""

    values: dict[str, Any]
    frame: Frame | None


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
    now = picture.at(values)
    data = {
        "key": key,
        **_loaded(picture, values),
        **_figures(picture, now),
        **_standing(picture, now, values, notes),
        **payload.controls_data(picture, values),
        "formula": picture.tex,
        "takeaway": picture.takeaway,
        "hint": picture.hint,
        **payload.folded_data(picture),
    }
    _figure_component(
        key=key, data=data, on_changed_change=lambda: _hear(key, axes, picture.presets)
    )
    fetched = picture.transport is not None and picture.transport.fetched
    if picture.frame and axes and not picture.frames_js and not fetched:
        _send_ahead(key, picture.frame, axes, values, picture.extra)
    return Live(values, now)


def _loaded(picture: Picture, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the browser loads, and the constants of the module that computes its frames."""
    loaded = _LOADED if isinstance(picture.figure, Diagram) else (*_LOADED, "plotly.min.js")
    module = f"frames/{picture.frames_js}.js"
    given = picture.constants(**values, **picture.extra) if picture.constants else {}
    return {
        "script": assets.url("live/figure.js"),
        "urls": {name: assets.url(name) for name in loaded},
        "formulaJs": assets.url(module) if picture.frames_js else "",
        "constants": pack_constants(given),
    }


def _figures(picture: Picture, now: Frame | None) -> dict[str, Any]:
    """The figure, and the one for a narrow screen where there is one."""
    narrow = picture.narrow and _drawn(picture.narrow, picture, now)
    return {
        "figure": _drawn(picture.figure, picture, now),
        "narrow": narrow,
        "height": picture.height,
    }


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


def _standing(
    picture: Picture, now: Frame | None, values: Mapping[str, Any], notes: Sequence[str]
) -> dict[str, Any]:
    """Where the figure stands: its numbers, and what there is to say of the address."""
    numbers = now.numbers if now else {}
    return {
        "context": _context(picture.frame, picture.extra),
        "names": {name: plain(value) for name, value in {**numbers, **values}.items()},
        "notes": notes,
        "present": controls.presenting(),
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


def _send_ahead(
    key: str,
    frame: FrameFunction,
    axes: Sequence[Param],
    values: Mapping[str, Any],
    extra: Mapping[str, Any],
) -> None:
    """Send what each slider would show; after the figure, so that its numbers never wait for it.

    One message for each axis, the same as before while the other parameters stand where they
    stood: the axis that was just dragged is neither computed nor sent again.
    """
    for param in axes:
        if param.kind == "seed":
            continue
        stay = {name: value for name, value in values.items() if name != param.key}
        walk = tuple(int(at) if param.whole else at for at in param.positions)
        others = (*stay.items(), *extra.items())
        data = {
            "script": assets.url("live/figure.js"),
            "lookaheadFor": key,
            "context": _context(frame, extra),
            "from": stay,
            "axis": param.key,
            "ahead": axis_ahead(frame, param.key, walk, others, _give_way),
        }
        _ahead_component(key=f"lookahead_{key}_{param.key}", data=data)


def _give_way() -> None:
    """Let a newer run take over: at each look at the session state, Streamlit sees to that."""
    "lookahead" in st.session_state  # noqa: B015


def _context(frame: FrameFunction | None, extra: Mapping[str, Any]) -> str:
    """A name for what a picture depends on beside its parameters."""
    told = (getattr(frame, "__qualname__", ""), sorted(extra.items()))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
