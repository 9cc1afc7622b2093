"""The live figure: every chart of the app, with or without sliders.

A page hands over pure functions: `frame(**values)` computes what the picture shows at some setting
of its parameters, `figure(frame)` draws it. The browser has what it needs before a slider moves
(see `lookahead`, or a formula of its own) and repaints under the finger; Python hears of the new
value when the slider is let go. Zoom, pan and hidden traces survive all of it.

Colours in a figure are `theme.var(...)` tokens; the browser turns them into the active theme's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import plotly.graph_objects as go
import streamlit as st

from pages.ui import assets, controls, live_payload
from pages.ui.live_parts import Handle, Param, Preset, Transport
from pages.ui.lookahead import Frame, FrameFunction, axis_ahead, pack_constants, plain

__all__ = ["Frame", "Handle", "Live", "Param", "Preset", "Transport", "live_figure"]

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
_LOADED = ("plotly.min.js", "katex.js", "live/figure.css")

Drawing: TypeAlias = go.Figure | Callable[[Frame], go.Figure]


@dataclass(frozen=True)
class Live:
    """What a live figure stands at: its parameters' values and its frame (None without params)."""

    values: dict[str, Any]
    frame: Frame | None


def live_figure(
    key: str,
    *,
    figure: Drawing,
    takeaway: str,
    narrow: Drawing | None = None,
    frame: FrameFunction | None = None,
    params: Sequence[Param] = (),
    transport: Transport | None = None,
    handles: Sequence[Handle] = (),
    formula: str = "",
    table: Mapping[str, str | float | Sequence[Any]] | None = None,
    presets: Sequence[Preset] = (),
    source: Sequence[Callable[..., Any]] = (),
    formula_js: str = "",
    constants: Callable[..., Mapping[str, Any]] | None = None,
    extra: Mapping[str, Any] | None = None,
    hint: str = "",
    height: int = 400,
    steady: bool = False,
) -> Live:
    r"""Show a figure that answers under the finger, with its words, numbers and code.

    Args:
        key: Name of the figure, unique on its page.
        figure: The figure, or the function that draws a frame. Traces that move carry the names
            that the frame gives them.
        takeaway: One line with the present numbers: "The mean is {mean:.2f}". It is also the
            figure's text alternative.
        narrow: The same for a narrow screen, where things must stand otherwise.
        frame: Pure function of the parameters' values (and of `extra`) to a `Frame`.
        params: The sliders.
        transport: The parameter that moves in time, with its bar.
        handles: What can be dragged in the picture itself.
        formula: TeX; `\val{mu}` or `\val{mu:.1f}` is replaced by a present number in its colour,
            `\sym{mu}{\mu}` colours a symbol.
        table: The numbers behind the picture: row titles with texts such as "{mean:.3f}", or
            column titles with the columns.
        presets: What to try.
        source: Functions whose code is shown, as it ran.
        formula_js: Name of a module in `assets/frames` that computes frames in the browser, where
            several parameters change at once; no look-ahead is sent then.
        constants: Function of `seed`-like values and `extra` to what that module needs.
        extra: Further arguments of `frame`, hashable, such as the choice of other controls.
        hint: What the hand can do in the picture, in a few words.
        height: Height of the plot in pixels.
        steady: Nothing but the frame's own arrays changes in the figure; it is then built once.

    Returns:
        Where it stands now.
    """
    axes = (*params, *((transport.param,) if transport else ()))
    values, unfit = _read(axes)
    arguments = {**values, **(extra or {})}
    now = frame(**arguments) if frame else None
    data = {
        "key": key,
        **_loaded(formula_js, constants, arguments),
        **_pictures((figure, narrow), now, extra or {}, steady=steady, height=height),
        **_standing(frame, extra, now, values, unfit),
        **live_payload.controls_data(axes, values, transport, handles),
        "formula": formula,
        "takeaway": takeaway,
        "hint": hint,
        **live_payload.folded_data(table, presets, axes, source),
    }
    _figure_component(key=key, data=data, on_changed_change=lambda: _hear(key, axes, presets))
    if frame and axes and not formula_js and not (transport and transport.fetched):
        _send_ahead(key, frame, axes, values, extra or {})
    return Live(values, now)


def _loaded(
    formula_js: str,
    constants: Callable[..., Mapping[str, Any]] | None,
    arguments: Mapping[str, Any],
) -> dict[str, Any]:
    """What the browser loads, and the constants of its formula."""
    return {
        "script": assets.url("live/figure.js"),
        "urls": {name: assets.url(name) for name in _LOADED},
        "formulaJs": assets.url(f"frames/{formula_js}.js") if formula_js else "",
        "constants": pack_constants(constants(**arguments)) if constants else {},
    }


def _pictures(
    drawings: tuple[Drawing, Drawing | None],
    now: Frame | None,
    extra: Mapping[str, Any],
    *,
    steady: bool,
    height: int,
) -> dict[str, Any]:
    """The figure, and the one for a narrow screen where there is one."""
    wide, narrow = (each and _drawn(each, now, extra, steady=steady) for each in drawings)
    return {"figure": wide, "narrow": narrow, "height": height}


def _standing(
    frame: FrameFunction | None,
    extra: Mapping[str, Any] | None,
    now: Frame | None,
    values: Mapping[str, Any],
    unfit: Sequence[str],
) -> dict[str, Any]:
    """Where the figure stands: its numbers, and what there is to say of the address."""
    numbers = now.numbers if now else {}
    return {
        "context": _context(frame, extra),
        "names": {name: plain(value) for name, value in {**numbers, **values}.items()},
        "notes": [controls.FALLBACK_NOTE.format(label=label) for label in unfit],
        "present": controls.presenting(),
    }


def _drawn(figure: Drawing, now: Frame | None, extra: Mapping[str, Any], *, steady: bool) -> str:
    if isinstance(figure, go.Figure):
        return live_payload.figure_json(figure)
    if now is None:
        raise TypeError("a live figure that is drawn by a function needs `frame`")
    if steady:
        return live_payload.steady_json(figure, now, extra)
    return live_payload.figure_json(figure(now))


def _read(axes: Sequence[Param]) -> tuple[dict[str, Any], list[str]]:
    """Values of the parameters in the address, and the labels of those it spells wrongly."""
    values, unfit = {}, []
    for param in axes:
        values[param.key], fit = controls.read(param.key, param.default, param.parse)
        if not fit:
            unfit.append(param.label)
    return values, unfit


def _hear(key: str, axes: Sequence[Param], presets: Sequence[Preset]) -> None:
    """Take what the browser says after a release: new values, or the number of a preset."""
    told = st.session_state[key].get("changed")
    if not isinstance(told, dict):
        return
    chosen = told.get("preset")
    if isinstance(chosen, int) and 0 <= chosen < len(presets):
        controls.show_state(live_payload.state_texts(presets[chosen], axes))
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


def _context(frame: FrameFunction | None, extra: Mapping[str, Any] | None) -> str:
    """A name for what a picture depends on beside its parameters."""
    told = (getattr(frame, "__qualname__", ""), sorted((extra or {}).items()))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
