"""Predict, then reveal: a question that the learner answers before the page does.

The browser does all of it: no script runs when the answer is revealed. What was answered first
stays in the browser's own storage, and nowhere else; it is in no address and never sent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import assets, controls

_component = st.components.v2.component("ttn_predict", js=assets.START, isolate_styles=False)

FEWEST, MOST = 2, 4
FACTOR_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)


def predict(
    key: str,
    *,
    question: str,
    options: Mapping[str, str],
    answer: str,
    explanations: Mapping[str, str],
    factor: float | None = None,
    factor_question: str = "By what factor?",
    factor_most: float = 1000.0,
    covers: str = "",
) -> None:
    r"""Ask; when the learner has committed, show the answer and explain the choice.

    Texts may hold `**bold**` and formulas in `$...$`.

    Args:
        key: Name of the question, one for all pages and all time: what was answered is kept by it.
        question: What is asked.
        options: Two to four possible answers, as name to text.
        answer: Name of the right one.
        explanations: For each option what it gets right or wrong; the right one's is always shown.
        factor: The true factor, at least 1, if the learner shall guess it on a logarithmic slider.
        factor_question: What that slider asks.
        factor_most: Where that slider ends.
        covers: Name of the `covered` part of the page that gives the answer away.

    Raises:
        ValueError: If the options are too few or too many, or answer, explanations and options do
            not belong together, or the factor is beyond its slider.
    """
    _check(options, answer, explanations, factor, factor_most)
    _component(
        key=f"predict_{key}",
        data={
            "script": assets.url("question/question.js"),
            "urls": {name: assets.url(name) for name in ("question/question.css", "katex.js")},
            "key": key,
            "question": question,
            "options": [
                {"name": name, "text": text, "why": explanations[name]}
                for name, text in options.items()
            ],
            "answer": answer,
            "factor": factor,
            "factorQuestion": factor_question,
            "factors": factor_positions(factor_most) if factor is not None else [],
            "covers": covers and _key(covers),
            "present": controls.presenting(),
        },
    )


def covered(name: str) -> DeltaGenerator:
    """A part of the page that nobody sees or hears before the question is answered, or skipped.

    The question in the browser covers it, so where a question cannot be shown nothing is covered.
    """
    return st.container(key=_key(name))


def _key(name: str) -> str:
    return f"covered_{name}"


def factor_positions(most: float) -> list[float]:
    """Factors on a logarithmic slider: 1, 1.5, 2, 3, 5, 7, 10, 15, ... up to `most`."""
    decades = range(math.ceil(math.log10(most)) + 1)
    return [
        10.0**power * step
        for power in decades
        for step in FACTOR_STEPS
        if 10.0**power * step <= most * (1 + 1e-9)
    ]


def _check(
    options: Mapping[str, str],
    answer: str,
    explanations: Mapping[str, str],
    factor: float | None,
    factor_most: float,
) -> None:
    if not FEWEST <= len(options) <= MOST:
        raise ValueError(f"a question has {FEWEST} to {MOST} options, not {len(options)}")
    if answer not in options:
        raise ValueError(f"the answer {answer!r} is none of {list(options)}")
    if set(explanations) != set(options):
        raise ValueError(f"explanations {list(explanations)} do not match {list(options)}")
    if factor is not None and not 1.0 <= factor <= factor_most:
        raise ValueError(f"the factor must lie between 1 and {factor_most:g}, and is {factor:g}")
