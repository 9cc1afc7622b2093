"""Parts of a live figure: its parameters, its transport bar, its handles and its presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pages.ui import controls, theme


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
        names: For each position the name of its picture, where pictures are fetched.
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
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.positions and self.kind != "seed":
            count = round((self.maximum - self.minimum) / self.step)
            walk = tuple(round(self.minimum + i * self.step, 10) for i in range(count + 1))
            object.__setattr__(self, "positions", walk)
        if self.colour not in {None, *theme.SYMBOLS}:
            raise ValueError(f"{self.key}: no symbol has the colour {self.colour!r}")
        if self.kind != "seed" and not self.positions[0] <= self.default <= self.positions[-1]:
            ends = f"{self.positions[0]:g} to {self.positions[-1]:g}"
            raise ValueError(f"{self.key}: its default {self.default:g} is not within {ends}")
        if self.whole:
            object.__setattr__(self, "default", int(self.default))

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

    def missed(self, text: str | None, value: float) -> str:
        """A note that what the address says is no position and became `value`; "" if it is one."""
        if text is None or abs(float(text) - value) <= 1e-9 * max(1.0, abs(value)):
            return ""
        stands = controls.number_text(value)
        return f"There is no {text} for {self.label}, so it stands at the nearest, {stands}."

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
        fetched: Address from which the browser fetches pictures by their names, when a hand comes
            near; nothing is sent ahead then. For positions that become more while one watches. The
            figure has no other parameter.
    """

    param: Param
    seconds: float = 3.0
    buttons: tuple[tuple[str, float], ...] = ()
    fetched: str = ""


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
        other: Key of a second parameter that the same grip moves along y, if it moves in a plane.
    """

    trace: str
    param: str
    gain: float | str | tuple[float | str, ...] = 1.0
    body: bool = False
    axis: str = "x"
    other: str = ""


@dataclass(frozen=True)
class Preset:
    """A link that sets the whole page to a telling state; what it leaves out takes its default."""

    label: str
    values: Mapping[str, object] = field(default_factory=dict)
