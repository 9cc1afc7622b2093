"""State in the address, and the controls that show and change it."""

from pages.ui.controls.address import (
    all_hidden,
    arrive,
    hidden,
    number_text,
    presenting,
    read,
    show_state,
    stated,
    write,
)
from pages.ui.controls.widgets import (
    FALLBACK_NOTE,
    choice,
    folded,
    multichoice,
    note,
    number,
    one_of,
    preset,
    presets,
    seed,
)

__all__ = [
    "FALLBACK_NOTE",
    "all_hidden",
    "arrive",
    "choice",
    "folded",
    "hidden",
    "multichoice",
    "note",
    "number",
    "number_text",
    "one_of",
    "presenting",
    "preset",
    "presets",
    "read",
    "seed",
    "show_state",
    "stated",
    "write",
]
