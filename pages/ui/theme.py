"""One colour for each symbol and each estimator, in light and in dark.

The hues are those of Okabe and Ito's colour-blind-safe set, darkened for the light background and
lightened for the dark one until each has a contrast of 4.5 : 1 as text (WCAG AA).

A colour is spoken of by its CSS variable, `--ttn-<name>`. The stylesheet of `css()` defines each
as `light-dark(light, dark)`, so a colour follows Streamlit's active theme wherever it is used,
also when the visitor switches the theme in the menu.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from vae_core import estimators


class Pair(NamedTuple):
    """One colour as hex, on the light and on the dark background."""

    light: str
    dark: str


LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SYMBOLS: dict[str, Pair] = {
    "eps": Pair("#955e00", "#f2b134"),
    "z": Pair("#00755a", "#3bc79f"),
    "x": Pair("#4d5663", "#c3cad4"),
    "mu": Pair("#0068a8", "#5cb5f0"),
    "sigma": Pair("#a03c78", "#e596c6"),
    "phi": Pair("#b34300", "#f58a52"),
    "theta": Pair("#6b6700", "#ddd24a"),
}

ROLES: dict[str, Pair] = {
    "accent": Pair("#2d5f94", "#7fb2e5"),
    "ink": Pair("#1d2530", "#e4e8ee"),
    "muted": Pair("#5a6472", "#a3adba"),
    "grid": Pair("#e1e5ea", "#2e3641"),
    "paper": Pair("#ffffff", "#12161c"),
    "panel": Pair("#f4f5f7", "#1c222b"),
    "good": Pair("#007558", "#3bc7a0"),
    "bad": Pair("#b3261e", "#ff8a80"),
}

ESTIMATORS: dict[str, Pair] = {
    "pathwise": Pair("#0072b2", "#56b4e9"),
    "score": Pair("#b84700", "#f0803c"),
    "score_loo": Pair("#8f6200", "#e69f00"),
    "measure_valued": Pair("#a84a80", "#cc79a7"),
    "naive": Pair("#5f6670", "#a4adb8"),
    "score_baseline": Pair("#6f6c00", "#f0e442"),
    "vargrad": Pair("#a0453f", "#f0958f"),
    "pathwise_antithetic": Pair("#4a5fc1", "#94a5f5"),
    "stl": Pair("#007a5e", "#2fbf94"),
    "measure_valued_uncoupled": Pair("#7a4fb5", "#b79ae8"),
    "finite_difference": Pair("#1d7480", "#63c3d1"),
    "straight_through": Pair("#b3244f", "#ff8fa8"),
    "gumbel_softmax": Pair("#00708a", "#4cc9e6"),
    "straight_through_gumbel": Pair("#7b3fa0", "#d3a0f0"),
    "rebar": Pair("#1f7a3a", "#6fd08a"),
    "arm": Pair("#1f55b5", "#8ab0ff"),
    "disarm": Pair("#5b5f00", "#c9cf4f"),
    "second_order": Pair("#4d7a1f", "#a5cf6f"),
}

# An estimator without a colour of its own gets the next of these, in the registry's order.
SPARE: tuple[Pair, ...] = (
    Pair("#8a5a3c", "#d8a888"),
    Pair("#94356b", "#e88fc0"),
    Pair("#3f6f8f", "#8fc0de"),
    Pair("#7d5f9e", "#c9b3e6"),
    Pair("#53724f", "#a9caa3"),
)

# A letter that is no part of a word or a command; the d of dz may stand before it.
_LONE = r"(?:(?<![\\a-zA-Z])|(?<=(?<![\\a-zA-Z])d))"
_TEX = {
    "eps": r"\\(?:var)?epsilon",
    "mu": r"\\mu",
    "sigma": r"\\sigma",
    "phi": r"\\(?:var)?phi",
    "theta": r"\\theta",
    "z": _LONE + "z",
    "x": _LONE + "x",
}
# Words inside \text{...} and arguments that are not formulas keep their letters uncoloured.
_WORDS = "text|textrm|textbf|operatorname|mathrm|mathbf|textcolor|color|begin|end|tag"
_VERBATIM = rf"\\(?:{_WORDS})\{{[^{{}}]*\}}"
_COLOURABLE = re.compile(
    f"(?P<verbatim>{_VERBATIM})|"
    + "|".join(f"(?P<{name}>{pattern})(?![a-zA-Z])" for name, pattern in _TEX.items())
)


def var(name: str, alpha: float | None = None) -> str:
    """Colour of a symbol or role as a CSS variable, for a figure or a style sheet.

    Args:
        name: A key of `SYMBOLS` or `ROLES`.
        alpha: Opacity from 0 to 1, for a figure only: the live figure resolves `var(--ttn-z/0.25)`.

    Raises:
        KeyError: If there is no such colour.
    """
    if name not in SYMBOLS and name not in ROLES:
        raise KeyError(f"no colour named {name!r}; there are {sorted([*SYMBOLS, *ROLES])}")
    return _token(f"--ttn-{name}", alpha)


def estimator_var(name: str, alpha: float | None = None) -> str:
    """Colour of an estimator as a CSS variable (see `var`); any registered name has one."""
    return _token(estimator_property(name), alpha)


def estimator_property(name: str) -> str:
    """Name of the CSS variable that holds an estimator's colour."""
    return f"--ttn-est-{name.replace('_', '-')}"


def _token(prop: str, alpha: float | None) -> str:
    return f"var({prop})" if alpha is None else f"var({prop}/{alpha:g})"


def estimator_pairs() -> dict[str, Pair]:
    """Colours of all registered estimators; one without an entry gets the next spare colour."""
    unnamed = [name for name in estimators.ESTIMATORS if name not in ESTIMATORS]
    spare = {name: SPARE[i % len(SPARE)] for i, name in enumerate(unnamed)}
    return {name: ESTIMATORS.get(name) or spare[name] for name in estimators.ESTIMATORS}


def colour_tex(tex: str) -> str:
    r"""A formula with each symbol in its colour.

    KaTeX takes hex only, so the light colour is written; `css()` turns it into the symbol's
    variable, which follows the theme.

    Args:
        tex: TeX without dollar signs, such as `z = \mu + \sigma\epsilon`.
    """

    def colour(match: re.Match[str]) -> str:
        name = match.lastgroup
        if name is None or name == "verbatim":
            return match.group()
        return rf"{{\textcolor{{{SYMBOLS[name].light}}}{{{match.group()}}}}}"

    return _COLOURABLE.sub(colour, tex)


def tex_css() -> str:
    """Rules that let the symbols in KaTeX formulas follow the theme."""
    rules = []
    for name, pair in SYMBOLS.items():
        red, green, blue = (int(pair.light[i : i + 2], 16) for i in (1, 3, 5))
        spellings = (f"color: rgb({red}, {green}, {blue})", f"color:{pair.light}")
        chosen = ",".join(f'.katex [style*="{spelling}"]' for spelling in spellings)
        rules.append(f"{chosen}{{color:var(--ttn-{name})!important}}")
    return "\n".join(rules)


def css() -> str:
    """Style sheet that defines every colour variable, for both themes."""
    pairs = {f"--ttn-{name}": pair for name, pair in {**SYMBOLS, **ROLES}.items()}
    pairs |= {estimator_property(name): pair for name, pair in estimator_pairs().items()}
    defined = "".join(f"{prop}:light-dark({p.light},{p.dark});" for prop, p in pairs.items())
    return f":root{{{defined}}}\n{tex_css()}"


def plain(symbol: str) -> str:
    r"""A letter in LaTeX as plain text: \nu_1 as ν₁."""
    letter, _, below = symbol.partition("_")
    if letter.startswith("\\"):
        name = letter[1:].upper().replace("LAMBDA", "LAMDA")
        try:
            letter = unicodedata.lookup(f"GREEK SMALL LETTER {name}")
        except KeyError:
            letter = letter[1:]
    return letter + below.strip("{}").translate(LOWERED)
