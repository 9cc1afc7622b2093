"""The picture of one training step: the way forward, the way back, and the part that is moving.

Pure functions: a frame to a figure. What stands still is drawn once; what a stage lights, and the
numbers that it brings, are traces of their own, so that the browser steps through them by itself.
One arrangement for a screen, from left to right, and one for a phone, from top to bottom; a frame
holds the moving lines of both, under names that begin with the arrangement's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from pages.practice.one_step.places import (
    ARRANGEMENTS,
    BACK_TO_PHI,
    BACK_TO_Q,
    BACK_TO_Z,
    DECODE,
    FORWARD,
    HALOS,
    LINE,
    NARROW,
    RADIUS,
    TERMS,
    TOLD,
    UPDATE,
    WIDE,
    Arrangement,
)
from pages.ui import theme
from pages.ui.diagram import Drawing, Point, Value, Words, between
from pages.ui.live import Frame
from vae_core.vae.data import SIDE

HEAD = 9.0
TERM = 32.0
BLANK = "\N{NO-BREAK SPACE}"

Lines = dict[str, list[float]]
Path = Sequence[Point]


def texts(words: Mapping[str, str], stage: int) -> dict[str, dict[str, list[str]]]:
    """The numbers known at a stage, in two traces: those that rest, and those that are lit."""
    known = [words[told.name] if told.since <= stage else BLANK for told in TOLD]
    lit = [stage in told.lit for told in TOLD]
    return {
        "resting": {"text": [BLANK if on else text for text, on in zip(known, lit, strict=True)]},
        "lit": {"text": [text if on else BLANK for text, on in zip(known, lit, strict=True)]},
    }


def lines(stage: int, *, path: bool) -> dict[str, Lines]:
    """What a stage lights, and how far the gradient has come, in both arrangements.

    Args:
        stage: 1 to `STAGES`.
        path: whether the gradient goes through z; else a signal goes past it.
    """
    found: dict[str, Lines] = {}
    for place in ARRANGEMENTS:
        forward = [_arrow(*_ends(place, *each)) for each in FORWARD.get(stage, ())]
        forward += [[*place.by_kl[:-1], *_head(*place.by_kl[-2:])]] if stage == TERMS else []
        ways = {at: _way_back(place, at, path=path) for at in range(BACK_TO_Z, BACK_TO_PHI + 1)}
        passed = [each for at, way in ways.items() if at < stage for each in way]
        signal = [] if path or stage != BACK_TO_Q else [_signal(place)]
        cover = [_outline(place, "xhat", -1.0)] if stage < DECODE else []
        reached = (name for name in HALOS[stage] if path or (stage, name) != (BACK_TO_Z, "z"))
        halos = [_outline(place, name, 4.0) for name in reached]
        moving = {"halo": halos, "forward": forward, "passed": passed, "cover": cover}
        moving |= {"backward": ways.get(stage, []), "signal": signal}
        found |= {f"{place.name} {name}": _joined(paths) for name, paths in moving.items()}
    return found


def draw(now: Frame, *, path: bool, narrow: bool = False) -> go.Figure:
    """The way forward as arrows; below or beside it the way back of the gradient."""
    place = NARROW if narrow else WIDE
    drawing = Drawing(place.size, place.widest)
    _things(drawing, place)
    _titles(drawing, place)
    _sampling(drawing, place, path=path)
    _lane(drawing, place, path=path)
    values = _values(place)
    drawing.values("resting", values, now.traces["resting"]["text"])
    colours = [told.colour if path or told.name != "by_z" else "accent" for told in TOLD]
    lit = [Value(v.at, v.side, v.size, c) for v, c in zip(values, colours, strict=True)]
    drawing.values("lit", lit, now.traces["lit"]["text"])
    drawing.traces[-1].textfont.weight = 700
    figure = drawing.figure()
    for name, source in (("x", "x"), ("xhat", "mean of x")):
        figure.add_trace(_picture(place, name, now.traces[source]["z"]))
    figure.add_traces(_moving(place, now))
    return figure


def _picture(place: Arrangement, name: str, z: Any) -> go.Heatmap:
    """An image of 28 x 28 grey values in [0, 1], the more ink the larger."""
    (x, y), pixel = place.at[name], (place.sizes[name][0] - 6) / SIDE
    corner = (SIDE - 1) / 2 * pixel
    source = "x" if name == "x" else "mean of x"
    scale = [[0, theme.var("paper")], [1, theme.var("ink")]]
    grid = {"x0": x - corner, "dx": pixel, "y0": y - corner, "dy": pixel}
    bounds: dict[str, Any] = {"zmin": 0, "zmax": 1, "colorscale": scale, "showscale": False}
    return go.Heatmap(name=source, z=z, hoverinfo="skip", **grid, **bounds)


def _moving(place: Arrangement, now: Frame) -> list[go.Scatter]:
    """The traces that a stage lights."""
    styles: dict[str, tuple[str, float, str]] = {
        "cover": (theme.var("panel"), 0, "solid"),
        "halo": (theme.var("accent"), 2, "solid"),
        "forward": (theme.var("ink"), 3.2, "solid"),
        "passed": (theme.var("accent", 0.45), 2.2, "solid"),
        "backward": (theme.var("accent"), 4.4, "solid"),
        "signal": (theme.var("accent"), 3, "5px,4px"),
    }
    fills = {"cover": theme.var("panel"), "halo": theme.var("accent", 0.16)}
    traces = []
    for name, (colour, width, dash) in styles.items():
        line = {"color": colour, "width": width, "dash": dash, "simplify": False}
        fill = {"fill": "toself", "fillcolor": fills[name]} if name in fills else {}
        full = f"{place.name} {name}"
        common = {"mode": "lines", "hoverinfo": "skip", **fill}
        traces.append(go.Scatter(name=full, **now.traces[full], line=line, **common))
    return traces


def _things(drawing: Drawing, place: Arrangement) -> None:
    """Everything on the way forward but the sampling, with the arrows between."""
    for pairs in FORWARD.values():
        for start, end in pairs:
            drawing.arrow(*_ends(place, start, end), "muted", 1.4)
    *way, last = place.by_kl
    for at, to in pairwise(way):
        drawing.line(at, to, "muted", 1.4)
    drawing.arrow(way[-1], last, "muted", 1.4)
    for name, letter in (("mu", "μ"), ("sigma", "σ"), ("eps", "ϵ"), ("z", "z")):
        drawing.ring(place.at[name], RADIUS, name)
        drawing.write(place.at[name], [(letter, name)], size=20)
    for name, letter, colour in (("encoder", "ϕ", "phi"), ("decoder", "θ", "theta")):
        drawing.box(place.at[name], place.sizes[name], colour)
        drawing.write(place.at[name], [(f"{name} ", ""), (letter, colour)])
    for name, colour in (("x", "x"), ("xhat", "x"), ("terms", "muted")):
        drawing.box(place.at[name], place.sizes[name], colour)


def _titles(drawing: Drawing, place: Arrangement) -> None:
    """Words that stay: of the images, the KL's line, the gradient's lane and the terms."""
    alone: Words = [("the KL looks at ", "muted"), ("μ", "mu"), (" and ", "muted")]
    words: dict[str, tuple[Words, float]] = {
        "x": ([("x", "x")], 18),
        "xhat": ([("mean of ", "muted"), ("x", "x")], 14),
        "kl": ([*alone, ("σ", "sigma"), (" alone", "muted")], 14),
        "lane": ([("gradient of the ELBO", "accent")], 14),
    }
    for name, (at, anchor) in place.titles.items():
        title, size = words[name]
        drawing.write(at, title, anchor, size)
    labels: tuple[Words, ...] = (
        [("log p(", ""), ("x", "x"), ("|", ""), ("z", "z"), (")", "")],
        [("− KL", "")],
        [("= ELBO", "")],
    )
    (x, y), (width, _) = place.at["terms"], place.sizes["terms"]
    for row, label in enumerate(labels):
        drawing.write((x - width / 2 + 9, y + TERM * (row - 1)), label, "left", 15)


def _sampling(drawing: Drawing, place: Arrangement, *, path: bool) -> None:
    at = place.at["node"]
    drawing.box(at, place.sizes["node"], "good" if path else "bad", "solid" if path else "5px,4px")
    label = [("z", "z"), (" = ", ""), ("μ", "mu"), (" + ", ""), ("σ", "sigma"), (" ϵ", "eps")]
    drawing.write((at[0], at[1] - 9), label, size=17 if place.wide else 16)
    kind = "plain arithmetic" if path else "then cut off"
    drawing.write(
        (at[0], at[1] + 13), [(kind, "muted" if path else "bad")], size=14 if place.wide else 13
    )


def _lane(drawing: Drawing, place: Arrangement, *, path: bool) -> None:
    """The quiet lane of the gradient, and what is written beside it for good."""
    for way in (w for at in range(BACK_TO_Z, UPDATE) for w in _way_back(place, at, path=path)[:1]):
        drawing.line(way[0], way[1], "grid", 3)
    top = "z" if path else "log q"
    for row, (letter, colour, factor) in enumerate((("μ", "mu", "1"), ("σ", "sigma", "ϵ"))):
        slope = [("× ∂", ""), (top, "z" if path else ""), ("/∂", ""), (letter, colour)]
        ending = [(" = ", ""), (factor, "eps" if factor == "ϵ" else "")] if path else []
        x, y = place.notes["node"]
        _note(drawing, place, (x, y + LINE * row), [*slope, *ending])
    if not path:
        start, end, *_ = _signal(place)
        drawing.line(start, end, "grid", 2, dash="5px,4px")


def _note(drawing: Drawing, place: Arrangement, at: Point, words: Words) -> None:
    drawing.write(at, words, "center" if place.wide else "left", place.small)


def _values(place: Arrangement) -> list[Value]:
    """Places of the numbers, as `TOLD`."""
    side = "center" if place.wide else "right"

    def note(name: str, row: int) -> Value:
        x, y = place.notes[name]
        return Value((x, y + LINE * row), side, place.small)

    (x, y), (width, _) = place.at["terms"], place.sizes["terms"]
    rows = {"log_p": -1, "kl": 0, "elbo": 1}
    terms = {name: Value((x + width / 2 - 8, y + TERM * row), "left") for name, row in rows.items()}
    beside = {"by_z": note("z", 0), "by_theta": note("theta", 0), "theta_move": note("theta", 1)}
    beside |= {"by_mu": note("q", 0), "by_sigma": note("q", 1), "by_phi": note("phi", 0)}
    beside |= {"phi_move": note("phi", 1), "batch": note("terms", 0), "gain": note("terms", 1)}
    found = {**place.values, **terms, **beside}
    return [found[told.name] for told in TOLD]


def _ends(place: Arrangement, start: str, end: str) -> tuple[Point, Point]:
    x, y = place.at[start]
    foot = x, y + place.feet.get(start, 0.0)
    return between(foot, _half(place, start), place.at[end], _half(place, end))


def _half(place: Arrangement, name: str, margin: float = 3.0) -> Point:
    width, height = place.sizes.get(name, (2 * RADIUS, 2 * RADIUS))
    return width / 2 + margin, height / 2 + margin


def _on_lane(place: Arrangement, along: float, lane: float) -> Point:
    return (along, lane) if place.wide else (lane, along)


def _way_back(place: Arrangement, stage: int, *, path: bool) -> list[list[Point]]:
    """The lines that the gradient takes at a stage, the one on the lane first."""
    way = 0 if place.wide else 1
    stop = {name: place.at[name][way] for name in ("z", "mu", "encoder", "decoder", "node")}
    ends = {
        BACK_TO_Z: (place.begin, stop["z" if path else "decoder"]),
        BACK_TO_Q: (stop["z" if path else "node"], stop["mu"]),
        BACK_TO_PHI: (stop["mu"], stop["encoder"]),
    }
    start, end = ends[stage]
    gap = 8.0
    on_lane = _arrow(
        _on_lane(place, start - gap, place.lane), _on_lane(place, end + gap, place.lane)
    )
    if stage != BACK_TO_Q:
        return [on_lane]
    back = place.by_kl[::-1]
    return [on_lane, [*back[:-1], *_head(*back[-2:])]]


def _signal(place: Arrangement) -> list[Point]:
    """The number log p(x|z) on its way past z, to weigh the score."""
    end = place.at["node"][0 if place.wide else 1]
    return _arrow(
        _on_lane(place, place.begin - 8, place.signal), _on_lane(place, end + 8, place.signal)
    )


def _arrow(start: Point, end: Point) -> list[Point]:
    return [start, *_head(start, end)]


def _head(start: Point, end: Point) -> list[Point]:
    """The end of an arrow as one stroke: to the tip, to one side, back to the tip, to the other."""
    length = max(math.dist(start, end), 1e-9)
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    left, right = (
        (end[0] - HEAD * ux - side * HEAD * 0.6 * uy, end[1] - HEAD * uy + side * HEAD * 0.6 * ux)
        for side in (1, -1)
    )
    return [end, left, end, right]


def _outline(place: Arrangement, name: str, margin: float) -> list[Point]:
    """A closed line around a thing, its corners rounded."""
    (x, y), (w, h) = place.at[name], _half(place, name, margin)
    r = min(w, h) if name not in place.sizes else min(12.0, w, h)
    points = []
    for quarter, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for part in range(7):
            angle = math.pi / 2 * (quarter + part / 6)
            points.append(
                (x + sx * (w - r) + r * math.cos(angle), y + sy * (h - r) + r * math.sin(angle))
            )
    return [*points, points[0]]


def _joined(paths: Sequence[Path]) -> Lines:
    """Several lines in one trace, with a gap after each."""
    gap = (math.nan, math.nan)
    points = [point for path in paths for point in (*path, gap)] or [gap]
    return {"x": [x for x, _ in points], "y": [y for _, y in points]}
