"""The Start page's picture: a VAE's way forward, and how far the gradient gets on its way back.

Pure functions from numbers to an SVG string; colours are the theme's CSS variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from pages.ui import theme

Point = tuple[float, float]


@dataclass(frozen=True)
class Passage:
    """One pass through the picture, in one dimension, for the cost z^2.

    Attributes:
        mu: mean that the encoder predicts.
        sigma: standard deviation that the encoder predicts.
        eps: base noise behind the draw.
        z: the draw, mu + sigma eps.
        cost: z^2.
        by_z: derivative of the cost in z.
        by_mu: derivative of the cost in mu, None where no gradient arrives.
        by_sigma: the same in sigma.
    """

    mu: float
    sigma: float
    eps: float
    z: float
    cost: float
    by_z: float
    by_mu: float | None
    by_sigma: float | None

    @property
    def stuck(self) -> bool:
        """Whether the gradient ends at the sample."""
        return self.by_mu is None


@dataclass(frozen=True)
class Layout:
    """Where things are: `wide` runs from left to right, `narrow` (a phone) from top to bottom."""

    name: str
    size: Point
    at: dict[str, Point]
    node: Point
    lane: float
    notes: dict[str, Point]
    anchor: str
    values: dict[str, str]

    @property
    def wide(self) -> bool:
        """Whether the way forward runs from left to right."""
        return self.name == "wide"


WIDE = Layout(
    name="wide",
    size=(960, 306),
    at={
        "x": (30, 118),
        "encoder": (142, 118),
        "mu": (276, 84),
        "sigma": (276, 152),
        "node": (436, 118),
        "z": (588, 118),
        "decoder": (704, 118),
        "xhat": (818, 118),
        "cost": (910, 118),
        "eps": (436, 24),
    },
    node=(150, 66),
    lane=222,
    notes={"z": (618, 246), "node": (436, 246), "mu": (276, 246), "phi": (130, 246)},
    anchor="middle",
    values={"mu": "below", "sigma": "below", "z": "below", "eps": "right"},
)
NARROW = Layout(
    name="narrow",
    size=(360, 640),
    at={
        "x": (122, 26),
        "encoder": (122, 84),
        "mu": (92, 168),
        "sigma": (152, 168),
        "node": (122, 262),
        "z": (122, 364),
        "decoder": (122, 450),
        "xhat": (122, 530),
        "cost": (122, 606),
        "eps": (20, 262),
    },
    node=(136, 66),
    lane=222,
    notes={"z": (236, 364), "node": (236, 252), "mu": (236, 162), "phi": (236, 84)},
    anchor="start",
    values={"mu": "left", "sigma": "right", "z": "right", "eps": "below"},
)


def number(value: float | None) -> str:
    """A number as the picture writes it: two decimals, a true minus, None where there is none."""
    return "None" if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def takeaway(passage: Passage) -> str:
    """What the picture says, in words and its present numbers."""
    if passage.stuck:
        return (
            "The gradient comes back from the cost as far as z "
            f"(∂cost/∂z = {number(passage.by_z)}) and gets stuck at the draw: "
            "for μ, σ and the encoder's weights φ there is none."
        )
    return (
        "With the noise drawn outside, z = μ + σε is plain arithmetic, and the gradient passes: "
        f"∂cost/∂μ = {number(passage.by_mu)} and ∂cost/∂σ = {number(passage.by_sigma)}."
    )


def gradient_path(passage: Passage) -> str:
    """The picture as HTML: the wide drawing and, for a phone, the narrow one."""
    return "".join(_drawing(passage, layout) for layout in (WIDE, NARROW))


def _drawing(passage: Passage, layout: Layout) -> str:
    width, height = layout.size
    body = "".join(
        (_forward(passage, layout), _sampling(passage, layout), _backward(passage, layout))
    )
    words = escape(takeaway(passage))
    return (
        f'<svg class="ttn-path ttn-{layout.name}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{words}"><desc>{words}</desc>{body}</svg>'
    )


def _forward(passage: Passage, layout: Layout) -> str:
    at = layout.at
    node = "node"
    steps = [("x", "encoder"), ("encoder", "mu"), ("encoder", "sigma"), ("mu", node)]
    steps += [("sigma", node), (node, "z"), ("z", "decoder"), ("decoder", "xhat"), ("xhat", "cost")]
    arrows = "".join(_arrow(*_ends(layout, a, b), "ink", 1.6) for a, b in steps)
    symbols = (
        _symbol(at["x"], "x", "x")
        + _symbol(at["xhat"], "x′", "x")
        + _symbol(at["z"], "z", "z", number(passage.z), layout.values["z"])
        + _symbol(at["mu"], "μ", "mu", number(passage.mu), layout.values["mu"])
        + _symbol(at["sigma"], "σ", "sigma", number(passage.sigma), layout.values["sigma"])
    )
    boxes = (
        _box(at["encoder"], (104, 50), "phi", [("encoder ", ""), ("ϕ", "phi")])
        + _box(at["decoder"], (104, 50), "theta", [("decoder ", ""), ("θ", "theta")])
        + _box(at["cost"], (84, 50), "muted", [("cost", "")], f"z² = {number(passage.cost)}")
    )
    return arrows + symbols + boxes


def _sampling(passage: Passage, layout: Layout) -> str:
    at, size = layout.at, layout.node
    if passage.stuck:
        label = [("z", "z"), (" ~ N(", ""), ("μ", "mu"), (", ", ""), ("σ", "sigma"), ("²)", "")]
        return _box(at["node"], size, "bad", label, "a random draw", dashed=True)
    label = [("z", "z"), (" = ", ""), ("μ", "mu"), (" + ", ""), ("σ", "sigma"), (" ϵ", "eps")]
    return (
        _arrow(*_ends(layout, "eps", "node"), "eps", 1.8)
        + _symbol(at["eps"], "ϵ", "eps", number(passage.eps), layout.values["eps"])
        + _box(at["node"], size, "good", label, "plain arithmetic")
    )


def _backward(passage: Passage, layout: Layout) -> str:
    start, stop, wall = (942, 70, 516) if layout.wide else (620, 62, 300)
    reach = wall if passage.stuck else stop
    parts = [_arrow(_on_lane(layout, start), _on_lane(layout, reach), "accent", 4)]
    if passage.stuck:
        parts.append(
            _line(_on_lane(layout, wall - 34), _on_lane(layout, stop), "muted", 1.6, "4 7")
        )
        parts.append(_cross(_on_lane(layout, wall - 20)))
    label = ((930, 208), "end") if layout.wide else ((layout.lane + 12, 610), "start")
    parts.append(_text(label[0], [("gradient", "accent")], label[1], size=15))
    return "".join(parts) + _notes(passage, layout)


def _notes(passage: Passage, layout: Layout) -> str:
    def note(place: str, *lines: list[tuple[str, str]]) -> str:
        x, y = layout.notes[place]
        rows = (_text((x, y + 21 * i), line, layout.anchor) for i, line in enumerate(lines))
        return "".join(rows)

    by_z = note("z", [("∂cost/∂", ""), ("z", "z"), (f" = {number(passage.by_z)}", "")])
    to_mu = [("∂cost/∂", ""), ("μ", "mu"), (f" = {number(passage.by_mu)}", "")]
    to_sigma = [("∂cost/∂", ""), ("σ", "sigma"), (f" = {number(passage.by_sigma)}", "")]
    if passage.stuck:
        node = note("node", [("stuck here", "bad")], [("a draw has no", "")], [("derivative", "")])
        phi = note("phi", [("ϕ", "phi"), (" learns", "")], [("nothing", "")])
    else:
        passes = [("× ∂", ""), ("z", "z"), ("/∂", ""), ("μ", "mu"), (" = 1", "")]
        scaled = [("× ∂", ""), ("z", "z"), ("/∂", ""), ("σ", "sigma"), (" = ", ""), ("ϵ", "eps")]
        node = note("node", passes, scaled)
        phi = note("phi", [("ϕ", "phi"), (" learns", "")])
    return by_z + node + note("mu", to_mu, to_sigma) + phi


def _on_lane(layout: Layout, along: float) -> Point:
    return (along, layout.lane) if layout.wide else (layout.lane, along)


def _half(layout: Layout, name: str) -> Point:
    sizes = {"encoder": (104, 50), "decoder": (104, 50), "cost": (84, 50), "node": layout.node}
    width, height = sizes.get(name, (38, 38))
    return width / 2 + 3, height / 2 + 3


def _ends(layout: Layout, start: str, end: str) -> tuple[Point, Point]:
    """Where an arrow leaves one thing and meets the next: at their edges along the way."""
    (x0, y0), (x1, y1) = layout.at[start], layout.at[end]
    (w0, h0), (w1, h1) = _half(layout, start), _half(layout, end)
    across = abs(x1 - x0) > abs(y1 - y0)
    sign = 1 if (x1 > x0 if across else y1 > y0) else -1
    if across:
        return (x0 + sign * w0, y0), (x1 - sign * w1, y1 + _clamp(y0 - y1, h1 - 16))
    return (x0, y0 + sign * h0), (x1 + _clamp(x0 - x1, w1 - 16), y1 - sign * h1)


def _clamp(value: float, most: float) -> float:
    return max(-most, min(most, value)) if most > 8 else 0.0


def _line(start: Point, end: Point, colour: str, width: float, dash: str = "") -> str:
    (x0, y0), (x1, y1) = start, end
    style = f"stroke:{theme.var(colour)};stroke-width:{width:g};fill:none"
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{x0:g} {y0:g}L{x1:g} {y1:g}" style="{style}"{dashes}/>'


def _arrow(start: Point, end: Point, colour: str, width: float) -> str:
    (x0, y0), (x1, y1) = start, end
    length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    head = 5 + 2 * width
    neck = (x1 - ux * head, y1 - uy * head)
    side = (-uy * head * 0.5, ux * head * 0.5)
    left, right = (neck[0] + side[0], neck[1] + side[1]), (neck[0] - side[0], neck[1] - side[1])
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in ((x1, y1), left, right))
    tip = f'<polygon points="{points}" style="fill:{theme.var(colour)}"/>'
    return _line(start, neck, colour, width) + tip


def _cross(at: Point) -> str:
    x, y = at
    strokes = f"M{x - 9:g} {y - 9:g}l18 18m0 -18l-18 18"
    return f'<path d="{strokes}" style="stroke:{theme.var("bad")};stroke-width:4;fill:none"/>'


def _symbol(at: Point, label: str, colour: str, value: str = "", side: str = "below") -> str:
    x, y = at
    ring = f"fill:{theme.var('paper')};stroke:{theme.var(colour)};stroke-width:1.8"
    circle = f'<circle cx="{x:g}" cy="{y:g}" r="19" style="{ring}"/>'
    letter = _text((x, y + 6), [(label, colour)], size=20)
    if not value:
        return circle + letter
    dx, dy, anchor = {
        "below": (0, 38, "middle"),
        "right": (25, 5, "start"),
        "left": (-25, 5, "end"),
    }[side]
    return circle + letter + _text((x + dx, y + dy), [(value, "muted")], anchor, size=15)


def _box(
    at: Point,
    size: Point,
    colour: str,
    label: list[tuple[str, str]],
    below: str = "",
    *,
    dashed: bool = False,
) -> str:
    (x, y), (width, height) = at, size
    edge = f"fill:{theme.var('panel')};stroke:{theme.var(colour)};stroke-width:1.8"
    corner = f'x="{x - width / 2:g}" y="{y - height / 2:g}"'
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    shape = f'<rect {corner} width="{width:g}" height="{height:g}" rx="9" style="{edge}"{dashes}/>'
    if not below:
        return shape + _text((x, y + 6), label)
    return shape + _text((x, y - 3), label) + _text((x, y + 18), [(below, "muted")], size=14)


def _text(at: Point, parts: list[tuple[str, str]], anchor: str = "middle", size: int = 17) -> str:
    x, y = at
    spans = "".join(
        f'<tspan style="fill:{theme.var(colour or "ink")}"{_letter(colour)}>{escape(words)}</tspan>'
        for words, colour in parts
    )
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} xml:space="preserve">{spans}</text>'


def _letter(colour: str) -> str:
    """A symbol stands in the face that it has in formulas."""
    return ' class="ttn-letter"' if colour in theme.SYMBOLS else ""
