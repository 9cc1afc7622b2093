"""The picture of one training step: the way forward, the way back, and what each stage lights.

A diagram whose parts say at which stages they are shown and lit, so that the browser steps through
them by itself; the frame's numbers fill its blanks.
"""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.live import Diagram, Edge, Form, Line, Node

STAGES = 10
TAKE, ENCODE, NOISE, SAMPLE, DECODE, TERMS, BACK_TO_Z, BACK_TO_Q, BACK_TO_PHI, UPDATE = range(
    1, STAGES + 1
)

# Tracks of the diagram: along, what happens; across, from the noise to what is written.
X, ENCODER, Q, NODE, Z, DECODER, XHAT, ELBO = range(8)
ABOVE, MU, MIDDLE, SIGMA, BY_KL, LANE, SIGNAL, NOTES = range(8)
END = ELBO + 0.55  # where the way back begins
WIDE = Form(
    size=(980, 332),
    along=(50, 160, 286, 436, 574, 672, 780, 903),
    across=(28, 72, 120, 162, 226, 260, 272, 303),
    sizes={
        "node": (150, 62),
        "picture": (78, 78),
        "elbo": (138, 104),
        "value": (110, 18),
        "x_title": (30, 22),
        "note": (150, 42),
        "at_encoder": (116, 42),
        "at_node": (110, 42),
        "at_z": (138, 42),
        "at_decoder": (112, 42),
        "by_kl": (230, 18),
        "lane": (160, 18),
    },
    letters={"note": 15, "elbo": 15, "x_title": 18, "by_kl": 14, "lane": 14},
)
NARROW = Form(
    size=(360, 700),
    down=True,
    along=(42, 116, 186, 292, 370, 440, 522, 626),
    across=(25, 56, 108, 148, 192, 206, 213, 288),
    sizes={
        "node": (106, 60),
        "picture": (62, 62),
        "box": (104, 46),
        "elbo": (136, 104),
        "value": (82, 16),
        "x_title": (30, 20),
        "note": (138, 40),
    },
    letters={"note": 13, "value": 13, "node": 16, "elbo": 15, "x_title": 16, "lane": 14},
    left_out=("by_kl",),
    places={
        "mu_value": ("below", "mu"),
        "sigma_value": ("below", "sigma"),
        "eps_value": (NODE + 0.56, ABOVE + 0.6),
        "z_value": ("left", "z"),
        "lane": (ELBO + 0.35, NOTES),
    },
)


def since(stage: int) -> range:
    """A stage and all after it."""
    return range(stage, STAGES + 1)


def diagram(*, path: bool) -> Diagram:
    """The way forward as arrows; below or beside it the way back of the gradient.

    Args:
        path: whether the gradient goes through z; else a signal goes past it.
    """
    nodes = (*_things(path=path), *_values(), *_notes(path=path))
    edges = (*_forward(), *_backward(path=path))
    return Diagram(nodes, edges, WIDE, NARROW, stage="stage")


def _things(*, path: bool) -> list[Node]:
    """What the way forward leads through, lit where it is reached."""
    kind = Line("plain arithmetic", small=True) if path else Line("then cut off", "bad", small=True)
    node = (Line("z = μ + σ ϵ"), kind)
    good, back = ("good", (BACK_TO_Z,)) if path else ("bad", ())
    phi, theta = (ENCODE, BACK_TO_PHI, UPDATE), (DECODE, BACK_TO_Z, UPDATE)
    terms = (("log p(x|z)", "log_p"), ("− KL", "kl"), ("= ELBO", "elbo"))
    sums = [Line(f"{words}\t{{{name}_text}}", "", since(TERMS), (TERMS,)) for words, name in terms]
    done = since(DECODE)
    return [
        Node("x", (X, MIDDLE), shape="picture", colour="x", picture="x", lit=(TAKE,)),
        Node("encoder", (ENCODER, MIDDLE), "encoder ϕ", colour="phi", lit=phi),
        Node("mu", (Q, MU), "μ", "ring", "mu", lit=(ENCODE, BACK_TO_Q)),
        Node("sigma", (Q, SIGMA), "σ", "ring", "sigma", lit=(ENCODE, BACK_TO_Q)),
        Node("eps", (NODE, ABOVE), "ϵ", "ring", "eps", lit=(NOISE,)),
        Node("node", (NODE, MIDDLE), node, colour=good, dashed=not path, lit=(SAMPLE,)),
        Node("z", (Z, MIDDLE), "z", "ring", "z", lit=(SAMPLE, *back)),
        Node("decoder", (DECODER, MIDDLE), "decoder θ", colour="theta", lit=theta),
        Node("xhat", (XHAT, MIDDLE), "", "picture", "x", False, "mean of x", done, (DECODE,)),
        Node("elbo", (ELBO, MIDDLE), sums, lit=(TERMS,)),
    ]


def _values() -> list[Node]:
    """What is written beside the things."""
    found = [
        ("mu", "below", ENCODE, (ENCODE, SAMPLE)),
        ("sigma", "below", ENCODE, (ENCODE, SAMPLE)),
        ("eps", "right", NOISE, (NOISE, SAMPLE, BACK_TO_Q)),
        ("z", "below", SAMPLE, (SAMPLE, DECODE)),
    ]
    values = [
        Node(f"{name}_value", (side, name), (_line(f"{{{name}_text}}", name, stage, lit),), "value")
        for name, side, stage, lit in found
    ]
    return [
        *values,
        Node("x_title", ("above", "x"), "x", "value"),
        Node("xhat_title", ("above", "xhat"), "mean of x", "value"),
    ]


def _notes(*, path: bool) -> list[Node]:
    """What is written along the way back."""
    top = "z" if path else "log q"
    slopes = f"× ∂{top}/∂μ{' = 1' * path}\n× ∂{top}/∂σ{' = ϵ' * path}"
    at_q = (BACK_TO_Q, BACK_TO_PHI)
    arrived = [
        _line(f"∂/∂{letter} = {{by_{name}_text}}", name, BACK_TO_Q, at_q)
        for letter, name in (("μ", "mu"), ("σ", "sigma"))
    ]
    through = _line("∂/∂z = {by_z_text}", "z", BACK_TO_Z, (BACK_TO_Z, BACK_TO_Q))
    past = _line("{past_z_text}", "accent", BACK_TO_Z, (BACK_TO_Z, BACK_TO_Q))
    gained = [_line("mean of all {batch_size}:", "muted", UPDATE), _line("{gain_text}", "", UPDATE)]
    notes: dict[str, tuple[float, Sequence[Line]]] = {
        "at_encoder": (ENCODER - 0.2, _learns("ϕ", "phi", BACK_TO_PHI)),
        "at_q": (Q, arrived),
        "at_node": (NODE, [Line(slopes)]),
        "at_z": (Z, [through if path else past]),
        "at_decoder": (DECODER + 0.3, _learns("θ", "theta", BACK_TO_Z)),
        "at_elbo": (ELBO, gained),
    }
    alone = [Line("the KL looks at μ and σ alone", "muted")]
    return [
        *(Node(name, (along, NOTES), words, "note") for name, (along, words) in notes.items()),
        Node("by_kl", (Z + 0.3, BY_KL - 0.2), alone, "note"),
        Node("lane", (ELBO, LANE - 0.45), [Line("gradient of the ELBO", "accent")], "note"),
    ]


def _learns(letter: str, colour: str, stage: int) -> list[Line]:
    """The gradient of a network's weights, and how far they move."""
    return [
        _line(f"‖∂/∂{letter}‖ = {{by_{colour}_text}}", colour, stage),
        _line(f"{letter} moves {{{colour}_move_text}}", colour, UPDATE),
    ]


def _line(words: str, colour: str, stage: int, lit: Sequence[int] = ()) -> Line:
    """Words known from a stage on, lit at that stage or at those given."""
    return Line(words, colour, since(stage), lit or (stage,))


def _forward() -> list[Edge]:
    """The way forward, lit as it is gone."""
    stages = {
        ENCODE: (("x", "encoder"), ("encoder", "mu"), ("encoder", "sigma")),
        SAMPLE: (("mu", "node"), ("sigma", "node"), ("eps", "node"), ("node", "z")),
        DECODE: (("z", "decoder"), ("decoder", "xhat")),
        TERMS: (("xhat", "elbo"),),
    }
    edges = [Edge(*ends, lit=(stage,)) for stage, pairs in stages.items() for ends in pairs]
    turns = ((Q, BY_KL), (ELBO, BY_KL))
    return [*edges, Edge("sigma", "elbo", via=turns, lit=(TERMS,))]


def _backward(*, path: bool) -> list[Edge]:
    """The way back of the gradient, and of the mere number where there is one."""
    ways = {
        BACK_TO_Z: (END, Z if path else DECODER),
        BACK_TO_Q: (Z if path else NODE, Q),
        BACK_TO_PHI: (Q, ENCODER),
    }
    edges = [
        Edge((start, LANE), (end, LANE), "gradient", shown=since(stage), lit=(stage,))
        for stage, (start, end) in ways.items()
    ]
    turns, now = ((ELBO, BY_KL), (Q, BY_KL)), (BACK_TO_Q,)
    edges.append(Edge("elbo", "sigma", "return", turns, shown=since(BACK_TO_Q), lit=now))
    if not path:
        edges.append(Edge((END, SIGNAL), (NODE, SIGNAL), "signal", shown=now, lit=now))
    return edges
