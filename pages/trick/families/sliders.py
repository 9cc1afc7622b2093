"""The sliders of a family: one for each number of its parameters, from the registry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from pages.ui import theme
from pages.ui.live import Param
from vae_core.families import FAMILIES, Family, Parameter

MOST_POSITIONS = 40
STEPS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0)
COLOURS = {r"\mu": "mu", r"\sigma": "sigma"}


class Slot(NamedTuple):
    """One number among a family's parameters.

    Attributes:
        key: its name in the address.
        name: the parameter's name in the registry.
        place: where it stands in the parameter, () where that is one number.
        parameter: the registry's words on it.
        default: the number to start with.
        symbol: its letter in LaTeX, with its place.
    """

    key: str
    name: str
    place: tuple[int, ...]
    parameter: Parameter
    default: float
    symbol: str

    @property
    def letter(self) -> str:
        """Its letter as plain text."""
        return theme.plain(self.symbol)

    @property
    def ends(self) -> tuple[float, float]:
        """Of its slider. What stands off a matrix's diagonal may be negative, too."""
        high = self.parameter.high
        off = len(self.place) == 2 and self.place[0] != self.place[1]
        return (-high if off else self.parameter.low), high

    @property
    def differentiable(self) -> bool:
        """Whether there is a derivative in it."""
        return not self.parameter.discrete


@cache
def slots(family: str) -> tuple[Slot, ...]:
    """The numbers of a family's parameters, those above a matrix's diagonal left out."""
    return tuple(_slots(FAMILIES[family]))


def _slots(family: Family) -> Iterator[Slot]:
    for name, parameter in family.parameters.items():
        values = np.array(parameter.default, dtype=np.float64)
        for place, value in np.ndenumerate(values):
            if len(place) == 2 and place[1] > place[0]:
                continue
            below = "".join(str(i + 1) for i in place)
            key = f"{name}_{below}" if below else name
            symbol = parameter.symbol + (f"_{{{below}}}" if below else "")
            yield Slot(key, name, place, parameter, float(value), symbol)


def positions(slot: Slot) -> tuple[float, ...]:
    """Round numbers between a slider's ends, with its default and its ends."""
    low, high = slot.ends
    whole = [step for step in STEPS if step >= 1.0]
    steps = whole if slot.parameter.discrete else STEPS
    step = next((s for s in steps if (high - low) / s <= MOST_POSITIONS), (high - low) / 32)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    walk = {round(i * step, 10) for i in range(first, last + 1)}
    return tuple(sorted(walk | {low, high, slot.default}))


@cache
def params(family: str) -> tuple[Param, ...]:
    """Its sliders."""
    other = iter(("phi", "theta", "x", "phi", "theta", "x"))
    named = [
        (slot, COLOURS.get(slot.parameter.symbol) or next(other, "phi")) for slot in slots(family)
    ]
    return tuple(
        Param(
            slot.key,
            f"{slot.name.replace('_', ' ')} {slot.letter}",
            positions=positions(slot),
            default=slot.default,
            colour=colour,
            format="d" if slot.parameter.discrete else ".2f",
            help=f"In torch's words {slot.name}: {slot.parameter.words}.",
        )
        for slot, colour in named
    )


def movable(family: str) -> dict[str, str]:
    """The sliders that there is a derivative in, by key, with their names."""
    labels = {param.key: param.label for param in params(family)}
    return {slot.key: labels[slot.key] for slot in slots(family) if slot.differentiable}


def colour(family: str, key: str) -> str:
    """The colour of a slider, a name of `theme.SYMBOLS`."""
    return next(str(param.colour) for param in params(family) if param.key == key)
