"""State in the address: what is read, what is written, and what hostile addresses do (nothing)."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.live import Param
from tests.ui.test_links import HOSTILE

MU = Param("mu", "mean", -3, 3, 0.1, default=1.5)


def controls_page() -> None:
    """One control of each kind, as a page has them."""
    import streamlit as st

    from pages.ui import controls

    found = {
        "kind": controls.choice("kind", "Kind", {"a": "First", "b": "Second"}, horizontal=True),
        "some": controls.multichoice("some", "Some", ["p", "q", "r"], ["p"]),
        "batch": controls.number("batch", "Batch", 1, 512, 64),
        "rate": controls.number("rate", "Rate", 0.0, 1.0, 0.5),
        "seed": controls.seed(),
    }
    controls.preset("Far", {"kind": "b", "batch": 128})
    st.session_state["found"] = found


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(controls_page, default_timeout=30)


def found(app: AppTest) -> dict[str, object]:
    assert not app.exception
    return dict(app.session_state["found"])


def address(app: AppTest) -> dict[str, str]:
    return {k: v if isinstance(v, str) else v[-1] for k, v in app.query_params.items()}


DEFAULTS = {"kind": "a", "some": ["p"], "batch": 64, "rate": 0.5, "seed": 0}


def test_defaults_leave_the_address_empty(app: AppTest) -> None:
    assert found(app.run()) == DEFAULTS
    assert not app.query_params


def test_a_link_sets_every_control(app: AppTest) -> None:
    link = {"kind": "b", "some": "q,r", "batch": "7", "rate": "0.25", "seed": "3"}
    for name, text in link.items():
        app.query_params[name] = text
    expected = {"kind": "b", "some": ["q", "r"], "batch": 7, "rate": 0.25, "seed": 3}
    assert found(app.run()) == expected


def test_a_widget_writes_the_address_and_its_default_clears_it(app: AppTest) -> None:
    app.run()
    app.radio[0].set_value("b").run()
    app.number_input[0].set_value(9).run()
    assert found(app)["kind"] == "b"
    assert address(app) == {"kind": "b", "batch": "9"}
    app.radio[0].set_value("a").run()
    assert address(app) == {"batch": "9"}


def test_a_preset_sets_the_whole_page(app: AppTest) -> None:
    app.query_params["seed"] = "3"
    app.query_params["hide"] = "rate"
    app.run()
    app.button[0].click().run()
    assert found(app) == {**DEFAULTS, "kind": "b", "batch": 128}
    assert address(app) == {"hide": "rate", "kind": "b", "batch": "128"}


def test_a_bad_value_falls_back_with_a_quiet_note(app: AppTest) -> None:
    app.query_params["batch"] = "many"
    assert found(app.run()) == DEFAULTS
    assert [note.value for note in app.caption] == [
        "The address holds no usable value for *Batch*, so it starts at its default."
    ]


def test_a_name_given_twice_is_no_value(app: AppTest) -> None:
    app.query_params["batch"] = ["7", "8"]
    assert found(app.run()) == DEFAULTS
    assert len(app.caption) == 1


def test_hidden_controls_keep_their_values(app: AppTest) -> None:
    app.query_params["hide"] = "kind,rate"
    app.query_params["kind"] = "b"
    assert found(app.run())["kind"] == "b"
    assert not app.radio
    assert len(app.number_input) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_a_parameter(text: str) -> None:
    try:
        value = MU.parse(text)
    except (ValueError, OverflowError):
        return
    assert value in MU.positions


def test_a_parameter_takes_the_nearest_position() -> None:
    assert MU.parse("1.23") == 1.2
    assert MU.text(1.2) == "1.2"
    assert MU.text(1.5) is None
    counts = Param("n", "samples", positions=(1, 2, 5), default=1)
    assert isinstance(counts.parse("5"), int)


@pytest.mark.parametrize("wrong", [{"default": 0}, {"default": 2, "colour": "violet"}])
def test_a_slider_that_cannot_be_is_named(wrong):
    with pytest.raises(ValueError, match="window"):
        Param("window", "window", 1, 5, 1, **wrong)


def test_a_whole_slider_hands_over_whole_numbers():
    assert isinstance(Param("window", "window", 1, 5, 1, default=2.0).default, int)
