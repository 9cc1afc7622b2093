"""Where everything stands in the picture of one training step, and at which stage it is lit."""

from __future__ import annotations

from dataclasses import dataclass, field

from pages.ui.diagram import Point, Value

STAGES = 10
TAKE, ENCODE, NOISE, SAMPLE, DECODE, TERMS, BACK_TO_Z, BACK_TO_Q, BACK_TO_PHI, UPDATE = range(
    1, STAGES + 1
)
RADIUS = 19.0
LINE = 21.0


@dataclass(frozen=True)
class Told:
    """A number in the picture: from which stage on it is known, and at which ones it is lit."""

    name: str
    since: int
    lit: tuple[int, ...]
    colour: str = "ink"


TOLD = (
    Told("mu", ENCODE, (ENCODE, SAMPLE), "mu"),
    Told("sigma", ENCODE, (ENCODE, SAMPLE), "sigma"),
    Told("eps", NOISE, (NOISE, SAMPLE, BACK_TO_Q), "eps"),
    Told("z", SAMPLE, (SAMPLE, DECODE), "z"),
    Told("log_p", TERMS, (TERMS,)),
    Told("kl", TERMS, (TERMS,)),
    Told("elbo", TERMS, (TERMS,)),
    Told("by_z", BACK_TO_Z, (BACK_TO_Z, BACK_TO_Q), "z"),
    Told("by_theta", BACK_TO_Z, (BACK_TO_Z,), "theta"),
    Told("by_mu", BACK_TO_Q, (BACK_TO_Q, BACK_TO_PHI), "mu"),
    Told("by_sigma", BACK_TO_Q, (BACK_TO_Q, BACK_TO_PHI), "sigma"),
    Told("by_phi", BACK_TO_PHI, (BACK_TO_PHI,), "phi"),
    Told("theta_move", UPDATE, (UPDATE,), "theta"),
    Told("phi_move", UPDATE, (UPDATE,), "phi"),
    Told("batch", UPDATE, (UPDATE,), "muted"),
    Told("gain", UPDATE, (UPDATE,)),
)
HALOS: dict[int, tuple[str, ...]] = {
    TAKE: ("x",),
    ENCODE: ("encoder", "mu", "sigma"),
    NOISE: ("eps",),
    SAMPLE: ("node", "z"),
    DECODE: ("decoder", "xhat"),
    TERMS: ("terms",),
    BACK_TO_Z: ("decoder", "z"),
    BACK_TO_Q: ("mu", "sigma"),
    BACK_TO_PHI: ("encoder",),
    UPDATE: ("encoder", "decoder"),
}
FORWARD: dict[int, tuple[tuple[str, str], ...]] = {
    ENCODE: (("x", "encoder"), ("encoder", "mu"), ("encoder", "sigma")),
    SAMPLE: (("mu", "node"), ("sigma", "node"), ("eps", "node"), ("node", "z")),
    DECODE: (("z", "decoder"), ("decoder", "xhat")),
    TERMS: (("xhat", "terms"),),
}


@dataclass(frozen=True)
class Arrangement:
    """Where things are: `wide` runs from left to right, else from top to bottom.

    Attributes:
        sizes: width and height of what is no circle.
        lane, signal: where the gradient, and the score's signal, run back: heights if wide, else
            distances from the left.
        begin: where on the lane the way back begins.
        by_kl: the line by which mu and sigma reach the KL.
        notes: where what is written beside the lane begins, middle (wide) or left end.
        values: where the numbers on the way forward stand.
        small: size of the numbers.
        feet: room that the number below a ring takes before an arrow leaves it.
    """

    name: str
    wide: bool
    size: Point
    widest: float
    at: dict[str, Point]
    sizes: dict[str, Point]
    lane: float
    signal: float
    begin: float
    by_kl: tuple[Point, ...]
    notes: dict[str, Point]
    values: dict[str, Value]
    titles: dict[str, tuple[Point, str]]
    small: float
    feet: dict[str, float] = field(default_factory=dict)


WIDE = Arrangement(
    name="wide",
    wide=True,
    size=(980, 330),
    widest=1300,
    at={
        "x": (50, 120),
        "encoder": (160, 120),
        "mu": (286, 72),
        "sigma": (286, 162),
        "node": (436, 120),
        "eps": (436, 28),
        "z": (574, 120),
        "decoder": (672, 120),
        "xhat": (780, 120),
        "terms": (903, 120),
    },
    sizes={
        "x": (78, 78),
        "encoder": (104, 50),
        "node": (150, 62),
        "decoder": (104, 50),
        "xhat": (78, 78),
        "terms": (138, 104),
    },
    lane=260,
    signal=274,
    begin=972,
    by_kl=((286, 210), (286, 226), (903, 226), (903, 176)),
    notes={
        "terms": (903, 290),
        "theta": (700, 290),
        "z": (574, 290),
        "node": (436, 290),
        "q": (286, 290),
        "phi": (140, 290),
    },
    values={
        "mu": Value((286, 107)),
        "sigma": Value((286, 197)),
        "eps": Value((461, 28), "right"),
        "z": Value((574, 152)),
    },
    titles={
        "x": ((50, 68), "center"),
        "xhat": ((780, 68), "center"),
        "kl": ((600, 215), "center"),
        "lane": ((972, 245), "right"),
    },
    small=15,
)
NARROW = Arrangement(
    name="narrow",
    wide=False,
    size=(360, 700),
    widest=400,
    at={
        "x": (104, 42),
        "encoder": (104, 116),
        "mu": (56, 186),
        "sigma": (148, 186),
        "node": (112, 292),
        "eps": (25, 292),
        "z": (112, 370),
        "decoder": (112, 440),
        "xhat": (112, 522),
        "terms": (112, 626),
    },
    sizes={
        "x": (62, 62),
        "encoder": (104, 46),
        "node": (100, 60),
        "decoder": (104, 46),
        "xhat": (62, 62),
        "terms": (136, 104),
    },
    lane=204,
    signal=211,
    begin=676,
    by_kl=((170, 186), (192, 186), (192, 626), (183, 626)),
    notes={
        "terms": (220, 606),
        "theta": (220, 430),
        "z": (220, 370),
        "node": (220, 282),
        "q": (220, 176),
        "phi": (220, 106),
    },
    values={
        "mu": Value((56, 217), size=13),
        "sigma": Value((144, 217), size=13),
        "eps": Value((2, 334), "right", 13),
        "z": Value((88, 370), "left", 13),
    },
    titles={
        "x": ((62, 42), "right"),
        "xhat": ((72, 522), "right"),
        "lane": ((220, 662), "left"),
    },
    small=13,
    feet={"mu": 24, "sigma": 24},
)
ARRANGEMENTS = (WIDE, NARROW)
