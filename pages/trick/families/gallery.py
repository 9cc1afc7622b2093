"""One family in words, and the gallery of all: small densities, each a link."""

from __future__ import annotations

import math
from functools import cache
from html import escape

import numpy as np
import streamlit as st

from pages.trick.families import average
from pages.trick.families import member as m
from pages.trick.families.sliders import params, slots
from pages.trick.families.window import defaults, home
from pages.ui import controls
from pages.ui.lesson import Lesson
from pages.ui.numbers import number
from vae_core.families import FAMILIES, Family

WIDE, HIGH, BARS = 88, 30, 44
LAST = "families:last"
SAME = 1e-4
PATHS = {
    "inverse CDF": "Inverse CDF",
    "location-scale": "Location and scale",
    "composition": "Composition",
    "implicit": "Implicit",
    "none": "No path",
}


SLUGS = {path: path.lower().replace("-", "_").replace(" ", "_") for path in PATHS}


def grouped() -> dict[str, list[Family]]:
    """The registry's families by path, in the paths' order; a path without one is left out."""
    found = {path: [f for f in FAMILIES.values() if f.path == path] for path in PATHS}
    return {path: families for path, families in found.items() if families}


def titles() -> dict[str, str]:
    """What the picker calls each family."""
    return {
        each.name: f"{each.title} · {PATHS[path].lower().replace('cdf', 'CDF')}"
        for path, families in grouped().items()
        for each in families
    }


@cache
def preview(family: str) -> str:
    """The shape of the density at the defaults, or a vector's first two numbers, as an SVG path."""
    (low, high, top), at = home(family), defaults(family)
    if FAMILIES[family].vector:
        some = WIDE * (m.transform(family, at, m.noise(family, 0)[:60]) - low) / (high - low)
        seen = ((some > 1.0) & (some < WIDE - 2.0)).all(1)
        places = [(x, HIGH * (1.0 - y / WIDE)) for x, y in some[seen, :2]]
        return "".join(f"M{x:.0f},{y:.0f}h2v2h-2z" for x, y in places)
    if FAMILIES[family].discrete:
        z = np.arange(max(np.ceil(low), 0.0), np.floor(high) + 1.0)
        left = WIDE * (z - 0.35 - low) / (high - low)
        wide = 0.7 * WIDE / (high - low)
    else:
        z = np.linspace(low, high, BARS + 1)[:-1] + (high - low) / BARS / 2.0
        left, wide = WIDE * np.arange(BARS) / BARS, WIDE / BARS
    up = HIGH * np.minimum(m.density(family, at, z) / top, 1.0)
    bars = zip(left, up, strict=True)
    return "".join(f"M{x:.1f},{HIGH}v{-y:.1f}h{wide:.1f}V{HIGH}z" for x, y in bars)


def html(chosen: str) -> str:
    """The gallery; the chosen family's link says that it is the present one."""
    groups, present = [], ' aria-current="true"'
    for path, families in grouped().items():
        cards = "".join(
            f'<li><a href="?family={escape(each.name)}" target="_self"'
            f"{present if each.name == chosen else ''}>"
            f"<i style=\"clip-path:path('{preview(each.name)}')\"></i>"
            f"<span>{escape(each.title)}</span></a></li>"
            for each in families
        )
        groups.append(f"<h4>{PATHS[path]}</h4><ul>{cards}</ul>")
    return f'<div class="ttn-gallery">{"".join(groups)}</div>'


def fit_to_family(family: str) -> None:
    """On a change of family, forget what the address says that the new one cannot take."""
    before, st.session_state[LAST] = st.session_state.get(LAST), family
    if before not in FAMILIES or before == family:
        return
    texts: dict[str, str | None] = {
        param.key: None
        for param in params(family)
        if not controls.read(param.key, param.default, param.parse)[1]
    }
    kept = {slot.key for slot in slots(family)}
    texts |= {slot.key: None for slot in slots(before) if slot.key not in kept}
    if controls.stated("by") not in {slot.key for slot in slots(family) if slot.differentiable}:
        texts["by"] = None
    texts |= {"eps": None, "eps_2": None, "h": None}
    if FAMILIES[family].vector and controls.stated("view") == "cdf":
        texts["view"] = None
    controls.write(texts)


def about(lesson: Lesson, family: str) -> None:
    """How it is reparameterized, from which noise, torch's line, and where it comes from."""
    entry = FAMILIES[family]
    ways = {path: lesson.text(f"path_{slug}") for path, slug in SLUGS.items()}
    told, silent = lesson.text("torch", line=entry.torch), lesson.text("torch_none")
    parts = [entry.also, entry.reason, entry.remark]
    lesson(
        "family",
        title=entry.title,
        path=ways[entry.path],
        noise=entry.noise.title,
        torch=told if entry.torch else silent,
        more=" ".join(part for part in parts if part),
        source=entry.source,
    )


def average_exists(lesson: Lesson, family: str, at: m.Values) -> None:
    """Up to which power |z| has a mean, and so which costs have a gradient."""
    order = average.order(family, at)
    words = {"order": f"{order:.3g}", "half": f"{order / 2:.3g}"}
    texts = {
        least: lesson.text(section, **words)
        for least, section in (
            (math.inf, "every_power"), (2.0, "some_powers"), (1.0, "no_square"), (0.0, "no_mean")
        )
    }  # fmt: skip
    st.markdown(next(text for least, text in texts.items() if order > least or order == math.inf))


def ends_move(
    lesson: Lesson, family: str, at: m.Values, blind: str = "ends", calm: str = "ends_calm"
) -> None:
    """That the path sees the ends of z move, and the score does not, in numbers.

    Args:
        lesson: the page's text.
        family, at: its name, and the sliders' numbers.
        blind, calm: sections for where the score is wrong, and for where it is right.
    """
    key = average.first(family)
    if key is None:
        return
    letters = [slot.letter for slot in slots(family) if slot.key in average.moving(family)]
    found = average.sides(family, at, key)
    lesson(
        calm if abs(found.truth - found.score) < SAME else blind,
        letters=" and ".join(letters),
        letter=letters[0],
        truth=number(found.truth, 4),
        score=number(found.score, 4),
    )


def vector(lesson: Lesson, family: str) -> None:
    """What a picture of two numbers leaves out, and what the first number is alone."""
    if m.behind(family) > 2:
        held = f"{m.middle(family).reshape(-1)[2]:g}"
        lesson("unseen", count=str(m.behind(family)), held=held)
    alone = m.member(family, defaults(family)).first.family
    lesson("vector", alone=alone.title, name=alone.name)
