"""What the pages on estimators say of a cost: how it was read, and who can be trusted on it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages import contents
from pages.estimators.gradient_variance import own_cost
from tests.support import pages_sweep


def lab(**query: str) -> AppTest:
    return pages_sweep.open_page(contents.page_info("gradient_variance"), **query)


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def typeset(app: AppTest) -> str:
    """The cost under its field, its colours taken off."""
    (found,) = [text.value for text in app.markdown if "displaystyle f(z) =" in text.value]
    return found.replace(r"{\textcolor{#00755a}{z}}", "z")


@pytest.mark.parametrize(
    ("text", "written", "said"),
    [
        ("sin(3z) z^2/2", r"\cdot {z}^{2}", "%2B"),
        ("1/2z", r"\frac{1}{2} z", "1/(2*z)"),
        ("z2", r"z \cdot 2", "z^2"),
        ("max(0,z) + √|z|", r"\max\!\left(0, z\right) + \sqrt{\left|z\right|}", ""),
    ],
)
def test_a_typed_cost_is_typeset_as_it_was_read(text: str, written: str, said: str) -> None:
    app = lab(problem="own", f=text)
    assert not app.warning
    assert written in typeset(app)
    assert said in captions(app)


def test_a_cost_that_is_not_understood_gives_way_and_that_is_typeset() -> None:
    app = lab(problem="own", f="sin z")
    assert own_cost.START in app.warning[0].value
    assert r"\sin\!\left(3 z\right) + \frac" in typeset(app)


@pytest.mark.parametrize("text", ["z*step(z)", "sign(z)^2*z^2", "step(z)*z^2"])
def test_no_jump_is_told_of_where_there_is_none(text: str) -> None:
    assert "jumps" not in captions(lab(problem="own", f=text))
    assert "jumps" in captions(lab(problem="own", f="step(z) + z"))


def test_only_the_biased_are_not_to_be_trusted() -> None:
    race = contents.page_info("race")
    told = captions(pages_sweep.open_page(race, problem="cubic", estimators="stl,naive"))
    assert "**Naive.** It is biased, and cannot be trusted" in told
    assert "**Sticking the landing.** Its extra term" in told
    assert told.count("trusted") == 1


def test_the_map_compares_at_equal_k_and_at_equal_cost() -> None:
    app = lab(view="map")
    assert not app.exception
    assert app.selectbox(key="control:problem").value == "sine"
    assert app.selectbox(key="control:compare").value == "samples"
    app.selectbox(key="control:compare").set_value("cost").run()
    assert "cost" in app.query_params["compare"]
    assert any("Equal cost" in text.value for text in app.markdown)


def test_other_views_start_with_the_parabola() -> None:
    assert lab().selectbox(key="control:problem").value == "square"
    assert lab(view="map", problem="square").selectbox(key="control:problem").value == "square"
