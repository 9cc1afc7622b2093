"""The controls themselves: each reads its value in the address, and writes it there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.controls.address import hidden, number_text, read, show_state, write

T = TypeVar("T")

_unfolded: ContextVar[DeltaGenerator | None] = ContextVar("_unfolded", default=None)
FALLBACK_NOTE = "The address holds no usable value for {label}, so it starts at its default."


def note(label: str) -> None:
    """Say quietly that the address held no usable value for a control, where it can be seen."""
    (_unfolded.get() or st).caption(FALLBACK_NOTE.format(label=f"*{label}*"))


def choice(
    name: str,
    label: str,
    options: Sequence[str] | Mapping[str, str],
    default: str | None = None,
    *,
    horizontal: bool | None = None,
    help: str | None = None,  # noqa: A002 - the name that Streamlit's own widgets use
) -> str:
    """One of several options; a select box, or radio buttons where `horizontal` is given.

    Args:
        name: The control's name in the address.
        label: What it is called on the page.
        options: The options, or a mapping of options to their titles.
        default: The option to start from; the first one if left out.
        horizontal: Radio buttons side by side (True) or in a column (False).
        help: A sentence behind the question mark.
    """
    start = default if default is not None else next(iter(options))
    value, fit = read(name, start, one_of(options))
    if not hidden(name):
        key = _widget(name, value)
        titles = options if isinstance(options, Mapping) else {option: option for option in options}
        common: dict[str, Any] = {
            "key": key,
            "help": help,
            "format_func": lambda option: titles.get(option, option),
            "on_change": _store,
            "args": (name, key, start, str),
        }
        if horizontal is None:
            st.selectbox(label, list(options), **common)
        else:
            st.radio(label, list(options), horizontal=horizontal, **common)
    return _told(value, label, fit)


def multichoice(
    name: str,
    label: str,
    options: Sequence[str] | Mapping[str, str],
    default: Sequence[str],
) -> list[str]:
    """Several of some options, in the options' order; in the address they stand with commas."""
    value, fit = read(name, list(default), _some_of(options))
    if not hidden(name):
        key = _widget(name, value)
        titles = options if isinstance(options, Mapping) else {option: option for option in options}
        st.pills(
            label,
            list(options),
            selection_mode="multi",
            wrap=True,
            key=key,
            format_func=lambda option: titles.get(option, option),
            on_change=_store,
            args=(name, key, list(default), _join(options)),
        )
    return _told(value, label, fit)


def number(
    name: str,
    label: str,
    minimum: float,
    maximum: float,
    default: float,
    *,
    help: str | None = None,  # noqa: A002
) -> float:
    """A number within its bounds; an int where minimum, maximum and default are ints."""
    whole = all(isinstance(bound, int) for bound in (minimum, maximum, default))
    value, fit = read(name, default, _within(minimum, maximum, whole=whole))
    if not hidden(name):
        key = _widget(name, value)
        st.number_input(
            label,
            minimum,
            maximum,
            step=1 if whole else None,
            key=key,
            help=help,
            on_change=_store,
            args=(name, key, default, number_text),
        )
    return _told(value, label, fit)


def seed(name: str = "seed", label: str = "Seed", default: int = 0) -> int:
    """Seed of the random numbers: the same seed gives the same numbers everywhere."""
    return int(number(name, label, 0, 999_999, default, help="The same seed, the same numbers."))


@contextmanager
def folded(label: str, *names: str, notes: DeltaGenerator | None = None) -> Iterator[None]:
    """A button that opens upon some controls; a plain place where the address hides them all.

    Args:
        label: What the button says.
        names: The controls.
        notes: Where notes about them stand, since nobody opens the button to look for some; below
            the button if left out.
    """
    fold = st.container() if all(map(hidden, names)) else st.popover(label, width="stretch")
    before = _unfolded.set(notes or st.container())
    try:
        with fold:
            yield
    finally:
        _unfolded.reset(before)


def preset(label: str, values: Mapping[str, object]) -> None:
    """A button, drawn as a link, that sets the whole page to a telling state."""
    texts = {name: number_text(v) if isinstance(v, float) else str(v) for name, v in values.items()}
    st.button(label, type="tertiary", key=f"preset:{label}", on_click=show_state, args=(texts,))


def presets(states: Mapping[str, Mapping[str, object]]) -> None:
    """What to try: the same list as below a live figure, of states by their labels."""
    with st.container(key="presets", gap=None):
        st.subheader("What to try", anchor=False)
        for label, values in states.items():
            preset(label, values)


def _widget(name: str, value: object) -> str:
    """Key of a control's widget, its state set to what the address says."""
    key = f"control:{name}"
    st.session_state[key] = value
    return key


def _store(name: str, key: str, default: object, text_of: Callable[..., str]) -> None:
    """Write a widget's new value into the address."""
    value = st.session_state[key]
    write({name: None if value == default else text_of(value)})


def _told(value: T, label: str, fit: bool) -> T:
    if not fit:
        note(label)
    return value


def one_of(options: Sequence[str] | Mapping[str, object]) -> Callable[[str], str]:
    """Reads an option in the address; ValueError for what is none."""

    def parse(text: str) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    return parse


def _some_of(options: Sequence[str] | Mapping[str, str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = text.split(",") if text else []
        if len(set(chosen)) < len(chosen) or not set(chosen) <= set(options):
            raise ValueError(text)
        return [option for option in options if option in chosen]

    return parse


def _join(options: Sequence[str] | Mapping[str, str]) -> Callable[[Sequence[str]], str]:
    return lambda chosen: ",".join(option for option in options if option in chosen)


def _within(minimum: float, maximum: float, *, whole: bool) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = int(text) if whole else float(text)
        if not (math.isfinite(value) and minimum <= value <= maximum):
            raise ValueError(text)
        return value

    return parse
