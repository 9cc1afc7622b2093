"""The live figure: every chart of the app, with or without sliders.

A page hands over pure functions: `frame(**values)` computes what the picture shows at some setting
of its parameters, `figure(frame)` draws it. The browser has what it needs before a slider moves
(see `lookahead`, or a formula of its own) and repaints under the finger; Python hears of the new
value when the slider is let go. Zoom, pan and hidden traces survive all of it.

Colours in a figure are `theme.var(...)` tokens; the browser turns them into the active theme's.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.ui import assets, controls
from pages.ui.lookahead import Frame, FrameFunction, axis_ahead, pack_constants, plain

__all__ = ["Frame", "Handle", "Live", "Param", "Preset", "Transport", "live_figure"]

_BOOTSTRAP = """
export default async function (component) {
  const live = await import(new URL(component.data.script, document.baseURI));
  return live.show(component);
}
"""
_figure_component = st.components.v2.component(
    "ttn_live_figure", js=_BOOTSTRAP, isolate_styles=False
)
_ahead_component = st.components.v2.component("ttn_lookahead", js=_BOOTSTRAP, isolate_styles=False)


@dataclass(frozen=True)
class Param:
    """A parameter that can be slid.

    Args:
        key: Its name in `frame(**values)` and in the address.
        label: What it is called on the page, such as "mean μ".
        minimum, maximum, step: Its positions; or all of them as `positions`.
        default: Where it starts.
        colour: The symbol whose colour it has, a name of `theme.SYMBOLS`.
        format: How its value reads, as in Python's `format`.
        help: A sentence for the curious.
        kind: "slider"; "seed" is a number with a "draw again" button; "handle" has no control of
            its own beside a narrow slider that keyboards reach.
    """

    key: str
    label: str
    minimum: float = 0.0
    maximum: float = 1.0
    step: float = 0.1
    default: float = 0.0
    positions: tuple[float, ...] = ()
    colour: str | None = None
    format: str = ".2f"
    help: str = ""
    kind: str = "slider"

    def __post_init__(self) -> None:
        if not self.positions and self.kind != "seed":
            count = round((self.maximum - self.minimum) / self.step)
            walk = tuple(round(self.minimum + i * self.step, 10) for i in range(count + 1))
            object.__setattr__(self, "positions", walk)

    @property
    def whole(self) -> bool:
        """Whether all its values are whole numbers, handed over as int."""
        return all(float(value).is_integer() for value in (*self.positions, self.default))

    def parse(self, text: str) -> float:
        """The position nearest to the number in `text`.

        Raises:
            ValueError: If it is no number or beyond the ends.
        """
        value = float(text)
        if self.kind == "seed":
            if not (value.is_integer() and 0 <= value <= self.maximum):
                raise ValueError(text)
            return int(value)
        if not self.positions[0] <= value <= self.positions[-1]:
            raise ValueError(text)
        nearest = min(self.positions, key=lambda position: abs(position - value))
        return int(nearest) if self.whole else nearest

    def text(self, value: float) -> str | None:
        """How a value stands in the address: None for the default."""
        return None if value == self.default else controls.number_text(value)


@dataclass(frozen=True)
class Transport:
    """A parameter that plays like a film, with its bar: play, pause, step, back, speed, reset.

    Args:
        param: The parameter that moves in time.
        seconds: How long the whole way takes at speed 1.
        buttons: Jumps ahead in the parameter's units, such as `(("draw 1", 1), ("draw 100", 100))`.
    """

    param: Param
    seconds: float = 3.0
    buttons: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Handle:
    """A part of the picture that can be dragged, for those with a pointer; sliders do the same.

    Args:
        trace: The trace whose points are grips (or whose body is one, see `body`).
        param: Key of the parameter that it moves.
        gain: Change of the parameter for a change of one unit along x: a number, one for each
            point, or the name of a number of the frame.
        body: The trace is a hump, to be gripped anywhere in its upper half.
        axis: "x" or "y".
    """

    trace: str
    param: str
    gain: float | str | tuple[float | str, ...] = 1.0
    body: bool = False
    axis: str = "x"


@dataclass(frozen=True)
class Preset:
    """A link that sets the whole page to a telling state; what it leaves out takes its default."""

    label: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Live:
    """What a live figure stands at: its parameters' values and its frame (None without params)."""

    values: dict[str, Any]
    frame: Frame | None


def live_figure(
    key: str,
    *,
    figure: go.Figure | Callable[[Frame], go.Figure],
    takeaway: str,
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
    height: int = 400,
) -> Live:
    r"""Show a figure that answers under the finger, with its words, numbers and code.

    Args:
        key: Name of the figure, unique on its page.
        figure: The figure, or the function that draws a frame. Traces that move carry the names
            that the frame gives them.
        takeaway: One line with the present numbers: "The mean is {mean:.2f}". It is also the
            figure's text alternative.
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
        formula_js: Name of a module in `assets/formulas` that computes frames in the browser, where
            several parameters change at once; no look-ahead is sent then.
        constants: Function of `seed`-like values and `extra` to what that module needs.
        extra: Further arguments of `frame`, hashable, such as the choice of other controls.
        height: Height of the plot in pixels.

    Returns:
        Where it stands now.
    """
    axes = (*params, *((transport.param,) if transport else ()))
    given = dict(extra or {})
    values, unfit = _read(axes)
    now = frame(**values, **given) if frame else None
    drawn = figure if isinstance(figure, go.Figure) else figure(_needed(now))
    names: dict[str, Any] = {**(now.numbers if now else {}), **values}
    data = {
        "script": assets.url("live_figure.js"),
        "urls": {
            name: assets.url(name) for name in ("plotly.min.js", "katex.js", "live_figure.css")
        },
        "key": key,
        "figure": _figure_json(drawn),
        "height": height,
        "names": {name: plain(value) for name, value in names.items()},
        "params": [_param_data(param, values[param.key]) for param in axes],
        "transport": _transport_data(transport),
        "handles": [vars(handle) for handle in handles],
        "formula": formula,
        "takeaway": takeaway,
        "table": {title: _cells(cells) for title, cells in (table or {}).items()},
        "presets": [_preset_data(preset, axes) for preset in presets],
        "code": [_code(function) for function in source],
        "notes": [controls.FALLBACK_NOTE.format(label=label) for label in unfit],
        "present": controls.presenting(),
        "formulaJs": assets.url(f"formulas/{formula_js}.js") if formula_js else "",
        "constants": pack_constants(constants(**values, **given)) if constants else {},
        "lookahead": bool(axes) and not formula_js,
    }
    _figure_component(key=key, data=data, on_changed_change=lambda: _hear(key, axes, presets))
    if frame and axes and not formula_js:
        _send_ahead(key, frame, axes, values, given)
    return Live(values, now)


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
        controls.show_state(_state_texts(presets[chosen], axes))
        return
    texts: dict[str, str | None] = {}
    sent = told.get("values")
    for param in axes:
        try:
            value = param.parse(str(sent[param.key]))  # type: ignore[index]
        except (ValueError, TypeError, KeyError, OverflowError):
            continue
        texts[param.key] = param.text(value)
    controls.write(texts)


def _state_texts(preset: Preset, axes: Sequence[Param]) -> dict[str, str | None]:
    own = {param.key: param for param in axes}
    texts: dict[str, str | None] = {}
    for name, value in preset.values.items():
        if name in own:
            texts[name] = own[name].text(own[name].parse(str(value)))
        else:
            texts[name] = str(value)
    return texts


def _send_ahead(
    key: str,
    frame: FrameFunction,
    axes: Sequence[Param],
    values: Mapping[str, Any],
    extra: Mapping[str, Any],
) -> None:
    """Send what each slider would show; after the figure, so that its numbers never wait for it."""
    everything = {**values, **extra}
    ahead = {}
    for param in axes:
        if param.kind == "seed":
            continue
        others = tuple((name, value) for name, value in everything.items() if name != param.key)
        walk = tuple(int(at) if param.whole else at for at in param.positions)
        ahead[param.key] = axis_ahead(frame, param.key, walk, others)
    data = {
        "script": assets.url("live_figure.js"),
        "lookaheadFor": key,
        "from": {param.key: values[param.key] for param in axes},
        "axes": ahead,
    }
    _ahead_component(key=f"lookahead_{key}", data=data)


def _needed(frame: Frame | None) -> Frame:
    if frame is None:
        raise TypeError("a live figure that is drawn by a function needs `frame`")
    return frame


def _figure_json(figure: go.Figure) -> str:
    plain_figure = go.Figure(figure)
    plain_figure.layout.template = None
    return str(plain_figure.to_json(validate=False))


def _param_data(param: Param, value: Any) -> dict[str, Any]:
    data = {
        name: getattr(param, name) for name in ("key", "label", "colour", "format", "help", "kind")
    }
    data |= {"positions": param.positions, "maximum": param.maximum, "default": param.default}
    return data | {"value": value, "hidden": controls.hidden(param.key)}


def _transport_data(transport: Transport | None) -> dict[str, Any] | None:
    if transport is None:
        return None
    return {
        "param": transport.param.key,
        "seconds": transport.seconds,
        "buttons": transport.buttons,
        "hidden": controls.hidden(transport.param.key),
    }


def _preset_data(preset: Preset, axes: Sequence[Param]) -> dict[str, Any]:
    """A preset's label, its address, and its values where the figure can show them by itself."""
    texts = {name: text for name, text in _state_texts(preset, axes).items() if text is not None}
    own = {param.key: param for param in axes}
    values = {key: param.default for key, param in own.items()}
    values |= {key: own[key].parse(text) for key, text in texts.items() if key in own}
    return {"label": preset.label, "query": texts, "values": values}


def _cells(cells: str | float | Sequence[Any]) -> Any:
    if isinstance(cells, str):
        return cells
    if isinstance(cells, int | float):
        return plain(cells)
    return [cell if isinstance(cell, str) else plain(cell) for cell in cells]


@cache
def _code(function: Callable[..., Any]) -> str:
    """The code of a function that ran, without the indentation of its surroundings."""
    return textwrap.dedent(inspect.getsource(function)).strip()
