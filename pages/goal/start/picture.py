"""The Start page's picture: a VAE's way forward, and how far the gradient gets on its way back.

Pure functions: numbers to a frame, a frame to a figure; one arrangement for a screen, from left to
right, and one for a phone, from top to bottom.
"""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go
import torch

from pages.ui.diagram import Drawing, Point, Value, Words, between
from pages.ui.live import Frame
from pages.ui.numbers import number
from vae_core.families import Normal

ARRANGED = ("mu", "sigma", "z", "cost", "by_z", "by_mu", "by_sigma", "eps")
RADIUS = 19.0
SIZES = {"encoder": (104.0, 50.0), "decoder": (104.0, 50.0), "cost": (84.0, 50.0)}
LINE = 21.0


@dataclass(frozen=True)
class Passage:
    """One pass through the picture, in one dimension, for the cost z^2.

    Attributes:
        eps: base noise behind the draw.
        z: the draw, mu + sigma eps.
        cost: z^2.
        by_z: derivative of the cost in z.
        by_mu: derivative of the cost in mu, None where no gradient arrives.
        by_sigma: the same in sigma.
    """

    eps: float
    z: float
    cost: float
    by_z: float
    by_mu: float | None
    by_sigma: float | None


def passage(mu: float, sigma: float, eps: float, *, outside: bool) -> Passage:
    """One draw z ~ N(mu, sigma^2) and the gradient of its cost z^2, by automatic differentiation.

    Args:
        mu, sigma: what the encoder predicts.
        eps: base noise behind the draw.
        outside: whether the noise is drawn outside, or z directly.
    """
    loc, scale = (torch.tensor([[v]], dtype=torch.float64, requires_grad=True) for v in (mu, sigma))
    z = Normal(loc, scale).transform(torch.tensor([[[eps]]], dtype=torch.float64))
    if not outside:  # a draw hands over a number, and not how it came about
        z = z.detach().requires_grad_()
    cost = (z**2).sum()
    slopes = torch.autograd.grad(cost, (z, loc, scale), allow_unused=True)
    by_z, by_mu, by_sigma = (None if slope is None else slope.item() for slope in slopes)
    return Passage(eps, z.item(), cost.item(), by_z or 0.0, by_mu, by_sigma)


def draw_noise(seed: int) -> float:
    """The base noise that a seed draws."""
    zero, one = (torch.full((1, 1), v, dtype=torch.float64) for v in (0.0, 1.0))
    return Normal(zero, one).base(1, torch.Generator().manual_seed(seed)).item()


def sampled(mu: float, sigma: float, seed: int) -> Frame:
    """z is drawn directly: the gradient ends there."""
    return _frame(mu, sigma, passage(mu, sigma, draw_noise(seed), outside=False))


def reparameterized(mu: float, sigma: float, eps: float) -> Frame:
    """The noise comes from outside: the gradient passes to mu and sigma."""
    return _frame(mu, sigma, passage(mu, sigma, eps, outside=True))


def _frame(mu: float, sigma: float, found: Passage) -> Frame:
    named = {name: getattr(found, name, None) for name in ARRANGED} | {"mu": mu, "sigma": sigma}
    texts = [number(named[name]) for name in ARRANGED]
    texts[ARRANGED.index("cost")] = f"z² = {number(found.cost)}"
    if found.by_mu is None:
        texts.pop()  # the noise is inside, and stays there
    told = {name: "None" if value is None else value for name, value in named.items()}
    return Frame({"values": {"text": texts}}, told)


@dataclass(frozen=True)
class Arrangement:
    """Where things are: `wide` runs from left to right, else from top to bottom.

    Attributes:
        lane: where the gradient runs back: a height if wide, else a distance from the left.
        back: where it starts, where it ends, and where it ends if it gets stuck.
        notes: middle (wide) or left end of what is written beside the lane.
        sides: on which side of its letter a value stands.
    """

    wide: bool
    size: Point
    widest: float
    at: dict[str, Point]
    node: Point
    lane: float
    back: tuple[float, float, float]
    notes: dict[str, Point]
    sides: dict[str, str]


WIDE = Arrangement(
    wide=True,
    size=(960, 306),
    widest=1300,
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
    back=(942, 70, 516),
    notes={"z": (618, 241), "node": (436, 241), "mu": (276, 241), "phi": (130, 241)},
    sides={"mu": "below", "sigma": "below", "z": "below", "eps": "right"},
)
NARROW = Arrangement(
    wide=False,
    size=(360, 640),
    widest=400,
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
    back=(620, 62, 300),
    notes={"z": (236, 359), "node": (236, 247), "mu": (236, 157), "phi": (236, 79)},
    sides={"mu": "left", "sigma": "right", "z": "right", "eps": "below"},
)


def draw(now: Frame, *, outside: bool, narrow: bool = False) -> go.Figure:
    """The way forward as arrows; below or beside it the way back of the gradient."""
    place = NARROW if narrow else WIDE
    drawing = Drawing(place.size, place.widest)
    _forward(drawing, place)
    _sampling(drawing, place, outside=outside)
    _backward(drawing, place, stuck=not outside)
    _notes(drawing, place, outside=outside)
    texts = now.traces["values"]["text"]
    drawing.values("values", _values(place)[: len(texts)], texts)
    return drawing.figure()


def _forward(drawing: Drawing, place: Arrangement) -> None:
    at, node = place.at, "node"
    steps = [("x", "encoder"), ("encoder", "mu"), ("encoder", "sigma"), ("mu", node)]
    steps += [("sigma", node), (node, "z"), ("z", "decoder"), ("decoder", "xhat"), ("xhat", "cost")]
    for start, end in steps:
        drawing.arrow(*_ends(place, start, end), "ink", 1.6)
    letters = (("x", "x", "x"), ("xhat", "x′", "x"), ("z", "z", "z"), ("mu", "μ", "mu"))
    for name, letter, colour in (*letters, ("sigma", "σ", "sigma")):
        _symbol(drawing, at[name], letter, colour)
    for name, letter, colour in (("encoder", "ϕ", "phi"), ("decoder", "θ", "theta")):
        drawing.box(at[name], SIZES[name], colour)
        drawing.write(at[name], [(f"{name} ", ""), (letter, colour)])
    drawing.box(at["cost"], SIZES["cost"], "muted")
    drawing.write(_below(at["cost"], -9), [("cost", "")])


def _sampling(drawing: Drawing, place: Arrangement, *, outside: bool) -> None:
    at = place.at["node"]
    if outside:
        drawing.arrow(*_ends(place, "eps", "node"), "eps", 1.8)
        _symbol(drawing, place.at["eps"], "ϵ", "eps")
        drawing.box(at, place.node, "good")
        label = [("z", "z"), (" = ", ""), ("μ", "mu"), (" + ", ""), ("σ", "sigma"), (" ϵ", "eps")]
    else:
        drawing.box(at, place.node, "bad", dash="5px,4px")
        label = [("z", "z"), (" ~ N(", ""), ("μ", "mu"), (", ", ""), ("σ", "sigma"), ("²)", "")]
    drawing.write(_below(at, -9), label)
    kind = "plain arithmetic" if outside else "a random draw"
    drawing.write(_below(at, 13), [(kind, "muted")], size=14)


def _backward(drawing: Drawing, place: Arrangement, *, stuck: bool) -> None:
    start, stop, wall = place.back
    drawing.arrow(_on_lane(place, start), _on_lane(place, wall if stuck else stop), "accent", 4)
    if stuck:
        ends = (_on_lane(place, wall - 34), _on_lane(place, stop))
        drawing.line(*ends, "muted", 1.6, dash="4px,7px")
        drawing.cross(_on_lane(place, wall - 20))
    at, anchor = ((930, 203), "right") if place.wide else ((place.lane + 12, 605), "left")
    drawing.write(at, [("gradient", "accent")], anchor, size=15)


def _notes(drawing: Drawing, place: Arrangement, *, outside: bool) -> None:
    def note(name: str, *lines: Words) -> None:
        anchor = "center" if place.wide else "left"
        for i, line in enumerate(lines):
            drawing.write(_below(place.notes[name], LINE * i), line, anchor)

    if outside:
        passes = [("× ∂", ""), ("z", "z"), ("/∂", ""), ("μ", "mu"), (" = 1", "")]
        scaled = [("× ∂", ""), ("z", "z"), ("/∂", ""), ("σ", "sigma"), (" = ", ""), ("ϵ", "eps")]
        note("node", passes, scaled)
        note("phi", [("ϕ", "phi"), (" learns", "")])
    else:
        note("node", [("stuck here", "bad")], [("a draw has no", "")], [("derivative", "")])
        note("phi", [("ϕ", "phi"), (" learns", "")], [("nothing", "")])
    for letter, colour in (("z", "z"), ("μ", "mu"), ("σ", "sigma")):
        slope = [("∂cost/∂", ""), (letter, colour), (" =", "")]
        drawing.write(_slope_end(place, f"by_{colour}"), slope, "right")


def _slope_end(place: Arrangement, name: str) -> Point:
    """Where "∂cost/∂z =" ends and its number begins."""
    x, y = place.notes["z" if name == "by_z" else "mu"]
    return x + (20 if place.wide else 74), y + (LINE if name == "by_sigma" else 0)


def _values(place: Arrangement) -> list[Value]:
    """Places of the numbers, as `ARRANGED`."""
    shift = {"below": (0, 33, "center"), "right": (25, 0, "right"), "left": (-25, 0, "left")}
    found = {}
    for name, side in place.sides.items():
        (x, y), (dx, dy, where) = place.at[name], shift[side]
        found[name] = Value((x + dx, y + dy), where)
    found["cost"] = Value(_below(place.at["cost"], 13), size=14)
    for name in ("by_z", "by_mu", "by_sigma"):
        x, y = _slope_end(place, name)
        found[name] = Value((x + 4, y + 1), "right", 17, "ink")
    return [found[name] for name in ARRANGED]


def _symbol(drawing: Drawing, at: Point, letter: str, colour: str) -> None:
    drawing.ring(at, RADIUS, colour)
    drawing.write(at, [(letter, colour)], size=20)


def _below(at: Point, by: float) -> Point:
    return at[0], at[1] + by


def _on_lane(place: Arrangement, along: float) -> Point:
    return (along, place.lane) if place.wide else (place.lane, along)


def _half(place: Arrangement, name: str) -> Point:
    width, height = {**SIZES, "node": place.node}.get(name, (2 * RADIUS, 2 * RADIUS))
    return width / 2 + 3, height / 2 + 3


def _ends(place: Arrangement, start: str, end: str) -> tuple[Point, Point]:
    return between(place.at[start], _half(place, start), place.at[end], _half(place, end))
