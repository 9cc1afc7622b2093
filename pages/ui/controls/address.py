"""State in the address: every control's value lives in the query string of the page's address.

The address is the one truth. A control reads its value there and writes it there, so that F5, a
copied link, the browser's way back and a page change all show the same picture. A value that is the
default leaves no trace, so addresses stay short. What does not read as a value of the control falls
back to the default, with a quiet note beneath the control.

`?hide=a,b` hides single controls for a lesson, `?present=1` asks for the projector view. Both stay
when the page changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

T = TypeVar("T")

LESSON_KEYS = ("hide", "present")
LONGEST = 200


def read(
    name: str, default: T, parse: Callable[[str], T], longest: int = LONGEST
) -> tuple[T, bool]:
    """Value of a control in the address, and whether the address was fit to be read.

    Args:
        name: The control's name in the query string.
        default: The value when the address has none, or none that reads.
        parse: Turns the text into a value; raises ValueError for what is no value.
        longest: Letters beyond which a text is no value.
    """
    found = st.query_params.get_all(name)
    if not found:
        _memory().pop(name, None)
        return default, True
    try:
        if len(found) > 1 or len(found[0]) > longest:
            raise ValueError(name)
        value = parse(found[0])
    except (ValueError, OverflowError):
        return default, False
    _memory()[name] = found[0]
    return value, True


def stated(name: str) -> str | None:
    """What the address says of a control, as it stands there; None if nothing."""
    return st.query_params.get(name)


def write(texts: Mapping[str, str | None]) -> None:
    """Put values into the address; None takes a name out, as does for a default value."""
    arrive()
    for name, text in texts.items():
        if text is None:
            _memory().pop(name, None)
            if name in st.query_params:
                del st.query_params[name]
        else:
            _memory()[name] = text
            if st.query_params.get_all(name) != [text]:
                st.query_params[name] = text


def show_state(texts: Mapping[str, str | None]) -> None:
    """Set the whole page to a state: controls that `texts` leaves out go to their defaults."""
    arrive()
    kept = {key: st.query_params[key] for key in LESSON_KEYS if key in st.query_params}
    stated = {name: text for name, text in texts.items() if text is not None}
    _memory().clear()
    _memory().update(stated)
    st.query_params.from_dict({**kept, **stated})


def hidden(name: str) -> bool:
    """Whether the address hides this control (`?hide=a,b`)."""
    return name in all_hidden()


def all_hidden() -> list[str]:
    """Names of all controls that the address hides."""
    return st.query_params.get("hide", "")[:LONGEST].split(",")


def presenting() -> bool:
    """Whether the address asks for the projector view (`?present=1`)."""
    return st.query_params.get("present") == "1"


def number_text(value: float) -> str:
    """A number as it stands in the address: short, exact to ten digits."""
    return f"{value:.10g}"


def arrive() -> None:
    """On coming from another page, bring back what this page, and the lesson, were set to.

    Once in a script run, before anything is read from the address.
    """
    page = _page()
    if st.session_state.get("controls:page") == page:
        _remember_lesson()
        return
    st.session_state["controls:page"] = page
    lesson = st.session_state.get("controls:lesson", {})
    back = {key: text for key, text in lesson.items() if key not in st.query_params}
    if not set(st.query_params) - set(LESSON_KEYS):
        back |= _memory()
    else:
        _memory().clear()
    if back:
        st.query_params.update(back)
    _remember_lesson()


def _remember_lesson() -> None:
    present = {key: st.query_params[key] for key in LESSON_KEYS if key in st.query_params}
    st.session_state["controls:lesson"] = present


def _memory() -> dict[str, str]:
    """What the visitor has set on this page, by control, as it stands in the address."""
    pages: dict[str, dict[str, str]] = st.session_state.setdefault("controls:memory", {})
    return pages.setdefault(_page(), {})


def _page() -> str:
    context = get_script_run_ctx()
    return context.page_script_hash if context else ""
