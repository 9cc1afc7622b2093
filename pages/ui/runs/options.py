"""The controls of what a training can be told, made from the options' own words and limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pages.ui import controls
from vae_core.training.config import OPTIONS, TrainConfig
from vae_core.training.options import Control, Names

USUAL = TrainConfig()


def shown(name: str) -> Control:
    """How a page shows an option. Raises KeyError for one that has no control."""
    told = OPTIONS[name].control
    if told is None:
        raise KeyError(name)
    return told


def address(name: str) -> str:
    """An option's name in the address of a page."""
    return shown(name).address or name


def control(name: str, offered: Sequence[Any] = (), *, advise: bool = True) -> Any:
    """The control of an option; what is chosen, as `TrainConfig` takes it.

    Args:
        name: a field of `TrainConfig` whose option has a control.
        offered: numbers, or names, to choose from, in place of the option's own.
        advise: whether its advice stands behind a question mark.
    """
    values, told, usual = OPTIONS[name].values, shown(name), getattr(USUAL, name)
    if isinstance(values, Names):
        entries = {key: values.known[key] for key in offered or values.known}
        options = {key: entry.title for key, entry in entries.items()}
        advice = " ".join(f"{entry.title}: {entry.watch}" for entry in entries.values())
        start = usual if usual in entries else next(iter(entries))
    else:
        numbers = [controls.number_text(number) for number in offered or told.offered]
        options, advice, start = dict(zip(numbers, numbers, strict=True)), "", f"{usual:g}"
    help_text = told.advice or advice if advise else None
    return values.kind(controls.choice(address(name), told.label, options, start, help=help_text))
