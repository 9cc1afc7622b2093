"""The picker of the cost: one of the registry's problems, or the learner's own formula."""

from __future__ import annotations

import streamlit as st

from pages.estimators.gradient_variance import drawn_from
from pages.ui import controls, theme
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import NORMAL, Experiment
from vae_core.lab.formula import LONGEST, FormulaError, check_finite, parse_formula
from vae_core.lab.formula.tree import tex
from vae_core.lab.measurement import measure
from vae_core.lab.problems import OWN

OWN_CHOICE = "own"
START = "sin(3z) + z^2/2"
POINTER = "▸"
EXTREMES, WIDEST, TRIAL = (-3.0, 0.0, 3.0), 3.0, 500


def cost_picker(default: str) -> str:
    """Name of the chosen cost for `find_problem`; an own one that fails gives way to `START`."""
    costs = {name: problem.title for name, problem in PROBLEMS.items()} | {OWN_CHOICE: "Your own"}
    chosen = controls.choice("problem", "Cost f(z)", costs, default)
    if chosen != OWN_CHOICE:
        return chosen
    text, fit = controls.read("f", START, str)
    if not fit:
        controls.note("f(z)")
    if not controls.hidden("f"):
        st.session_state["control:f"] = text
        st.text_input("f(z) =", key="control:f", max_chars=LONGEST, on_change=_store)
    trouble = objection(text)
    if trouble:
        st.warning(f"{trouble} Until it is mended, the page shows `{START}`.")
        text = START
    _show_reading(text)
    return OWN + text


def that_exists(problem: str, family: str) -> str:
    """The cost; or, where under this family E[f] is nowhere a number, one that has an E[f]."""
    trouble = None if family == NORMAL else drawn_from.impossible(problem, family)
    if not trouble:
        return problem
    instead = PROBLEMS[drawn_from.INSTEAD].title.lower()
    st.warning(f"{trouble} The page shows the {instead}: choose it, or draw z from another family.")
    return drawn_from.INSTEAD


def _show_reading(text: str) -> None:
    """The cost as it was read, typeset, and a word where it could have been read otherwise."""
    formula = parse_formula(text)
    with st.container(key="reading"):
        st.markdown(rf"$\displaystyle f(z) = {theme.colour_tex(tex(formula.tree))}$")
        for note in formula.notes:
            st.caption(note)


def objection(text: str) -> str | None:
    """Why a typed formula cannot be used, with a mark at the spot; None if it can."""
    try:
        formula = parse_formula(text)
    except FormulaError as error:
        marked = error.marked(text, POINTER).replace("`", " ")
        return f"{error}  \n`{marked}`  \n"
    try:
        check_finite(formula.f)
        for mu in EXTREMES:
            measure(Experiment(OWN + text, "pathwise", mu, WIDEST, replicates=TRIAL))
    except ValueError as error:
        return str(error)
    return None


def _store() -> None:
    text = str(st.session_state["control:f"])
    controls.write({"f": None if text == START else text})
