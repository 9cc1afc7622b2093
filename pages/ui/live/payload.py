"""What Python hands to the browser's half of the live figure, as plain JSON."""

from __future__ import annotations

import base64
import inspect
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial
from typing import Any

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

from pages.ui import theme
from pages.ui.live.diagram import SMALL, Box, Diagram, Edge, Form, Line, Node, spoken
from pages.ui.live.frame import Frame
from pages.ui.live.lookahead import grey_bytes, plain
from pages.ui.live.parts import Param, Preset, Transport
from pages.ui.live.picture import Picture, Table

_MOST_SKELETONS = 64
_skeletons: dict[tuple[Any, ...], dict[str, Any]] = {}


def figure_json(figure: go.Figure) -> str:
    """A figure for plotly.js; its template is left to the browser, which knows the theme."""
    return _json(_plain(figure))


def steady_json(
    figure: Callable[[Frame], go.Figure], frame: Frame, extra: Mapping[str, Any]
) -> str:
    """The figure of a frame where nothing but the frame's own arrays ever changes.

    Building a figure takes plotly some 2 ms a trace; so it is built once and its arrays exchanged.
    """
    key = (*_recipe(figure), *sorted(extra.items()))
    if key not in _skeletons:
        if len(_skeletons) >= _MOST_SKELETONS:
            _skeletons.clear()
        _skeletons[key] = _plain(figure(frame))
    skeleton = _skeletons[key]
    traces = [
        {**trace, **frame.traces.get(trace.get("name", ""), {})} for trace in skeleton["data"]
    ]
    return _json({**skeleton, "data": traces})


def diagram_json(diagram: Diagram, now: Frame | None) -> str:
    """A diagram in both its forms, colours as the theme's variables, with a frame's pictures."""
    traces = now.traces if now else {}
    shown = {node.picture for node in diagram.nodes if node.picture}
    greys = {name: grey_bytes(traces[name]["z"]).tobytes() for name in sorted(shown)}
    told = {
        "stage": diagram.stage,
        "description": diagram.description(),
        "wide": _form_data(diagram, diagram.wide),
        "narrow": _form_data(diagram, diagram.narrow),
        "pictures": {name: base64.b64encode(each).decode() for name, each in greys.items()},
    }
    return _json({"diagram": told})


def _form_data(diagram: Diagram, form: Form) -> dict[str, Any]:
    boxes = diagram.boxes(form)
    edges = [
        {**_part(edge), "points": diagram.route(edge, form, boxes), "kind": edge.kind}
        for edge in diagram.edges
    ]
    nodes = [_node_data(node, form, boxes[node.name]) for node in diagram.things(form)]
    return {"size": form.size, "nodes": nodes, "edges": edges}


def _part(part: Node | Edge | Line, colour: str = "") -> dict[str, Any]:
    """What things, arrows and lines have in common: a colour, and what a stage does with them."""
    named = part.colour or colour
    shade = theme.var(named) if named else ""
    return {"colour": shade, "shown": list(part.shown), "lit": list(part.lit)}


def _node_data(node: Node, form: Form, box: Box) -> dict[str, Any]:
    size = form.letters_of(node)
    lines = [
        {
            **_part(line, "muted" if line.small or node.shape == "value" else "ink"),
            "words": line.words,
            "size": size * (SMALL if line.small else 1),
        }
        for line in node.lines
    ]
    told = ("name", "shape", "dashed", "picture", "about")
    return {
        **box._asdict(),
        **_part(node),
        **{name: getattr(node, name) for name in told},
        "spoken": spoken(node),
        "align": form.align(node),
        "top": node.shape == "note" and not form.down,
        "lines": lines,
    }


def _recipe(figure: Callable[..., Any]) -> tuple[Any, ...]:
    """What tells one drawing function from another; a partial is new each time it is made."""
    if isinstance(figure, partial):
        return (*_recipe(figure.func), *figure.args, *sorted(figure.keywords.items()))
    return (figure,)


def _plain(figure: go.Figure) -> dict[str, Any]:
    data: dict[str, Any] = figure.to_plotly_json()
    data["layout"].pop("template", None)
    return data


def _json(figure: Mapping[str, Any]) -> str:
    return str(to_json_plotly(figure))


def controls_data(
    picture: Picture, values: Mapping[str, Any], hidden: Collection[str]
) -> dict[str, Any]:
    """What can be moved, and where it stands; `hidden` names what has no control."""
    return {
        "params": [
            param_data(param, values[param.key], hidden=param.key in hidden)
            for param in picture.axes
        ],
        "transport": transport_data(picture.transport, hidden),
        "handles": [vars(handle) for handle in picture.handles],
    }


def folded_data(picture: Picture) -> dict[str, Any]:
    """What stands below the words: what to try, the numbers, the code."""
    return {
        "table": table_data(picture.table),
        "presets": [preset_data(preset, picture.axes) for preset in picture.presets],
        "code": [code(function) for function in picture.source],
    }


def param_data(param: Param, value: Any, *, hidden: bool) -> dict[str, Any]:
    """A parameter and where it stands."""
    shown = ("key", "label", "colour", "format", "help", "kind", "positions", "maximum", "default")
    data = {name: getattr(param, name) for name in shown}
    if param.names:
        data["names"] = param.names
    return data | {"value": value, "hidden": hidden}


def transport_data(transport: Transport | None, hidden: Collection[str]) -> dict[str, Any] | None:
    """The transport bar, if there is one."""
    if transport is None:
        return None
    return {
        "param": transport.param.key,
        "seconds": transport.seconds,
        "buttons": transport.buttons,
        "fetched": transport.fetched,
        "hidden": transport.param.key in hidden,
    }


def state_texts(preset: Preset, axes: Sequence[Param]) -> dict[str, str | None]:
    """A preset's values as they stand in the address; None for what is a default."""
    own = {param.key: param for param in axes}
    texts: dict[str, str | None] = {}
    for name, value in preset.values.items():
        if name in own:
            texts[name] = own[name].text(own[name].parse(str(value)))
        else:
            texts[name] = str(value)
    return texts


def preset_data(preset: Preset, axes: Sequence[Param]) -> dict[str, Any]:
    """A preset's label, its address, and its values where the figure can show them by itself."""
    texts = {name: text for name, text in state_texts(preset, axes).items() if text is not None}
    own = {param.key: param for param in axes}
    values = {key: param.default for key, param in own.items()}
    values |= {key: own[key].parse(text) for key, text in texts.items() if key in own}
    return {"label": preset.label, "query": texts, "values": values}


def table_data(table: Table | None) -> dict[str, Any]:
    """The table of numbers: a text, a number or a column for each title."""
    return {title: _cells(cells) for title, cells in (table or {}).items()}


def _cells(cells: str | float | Sequence[Any]) -> Any:
    if isinstance(cells, str):
        return cells
    if isinstance(cells, int | float):
        return plain(cells)
    return [cell if isinstance(cell, str) else plain(cell) for cell in cells]


@cache
def code(function: Callable[..., Any]) -> str:
    """The code of a function that ran, without the indentation of its surroundings."""
    return textwrap.dedent(inspect.getsource(function)).strip()
