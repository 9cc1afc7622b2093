"""Colours: readable in both themes, one for each symbol and each estimator, the same everywhere."""

from __future__ import annotations

import re
import tomllib

import pytest

from pages.ui import theme
from tests.conftest import ROOT
from vae_core.estimators import ESTIMATORS

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
SCHEMES = ("light", "dark")
TEXT_COLOURS = {
    **theme.SYMBOLS,
    **{name: theme.ROLES[name] for name in ("accent", "ink", "muted", "good", "bad")},
    **{f"estimator {name}": pair for name, pair in theme.ESTIMATORS.items()},
    **{f"spare {i}": pair for i, pair in enumerate(theme.SPARE)},
}


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, from 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def backgrounds(scheme: str) -> list[str]:
    """Every background that text may stand on in a theme."""
    section = CONFIG[scheme]
    side = section["sidebar"]
    keys = ("backgroundColor", "secondaryBackgroundColor")
    return [part[key] for part in (section, side) for key in keys]


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", TEXT_COLOURS)
def test_colours_are_readable_as_text(name: str, scheme: str) -> None:
    colour = getattr(TEXT_COLOURS[name], scheme)
    worst = min(contrast(colour, background) for background in backgrounds(scheme)[:2])
    assert worst >= 4.5, f"{colour} has {worst:.2f} : 1"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("key", ["textColor", "linkColor", "primaryColor"])
def test_the_theme_itself_is_readable(scheme: str, key: str) -> None:
    colour = CONFIG[scheme][key]
    assert all(contrast(colour, background) >= 4.5 for background in backgrounds(scheme))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_paper_panel_ink_and_accent_are_those_of_the_theme(scheme: str) -> None:
    section = CONFIG[scheme]
    keys = {
        "paper": "backgroundColor",
        "panel": "secondaryBackgroundColor",
        "ink": "textColor",
        "accent": "primaryColor",
    }
    for role, key in keys.items():
        assert getattr(theme.ROLES[role], scheme) == section[key]


def test_no_two_symbols_share_a_colour() -> None:
    for scheme in SCHEMES:
        colours = [getattr(pair, scheme) for pair in theme.SYMBOLS.values()]
        assert len(set(colours)) == len(colours)
        lab = [getattr(pair, scheme) for pair in theme.ESTIMATORS.values()]
        assert len(set(lab)) == len(lab)


def test_every_registered_estimator_has_its_colour() -> None:
    pairs = theme.estimator_pairs()
    assert list(pairs) == list(ESTIMATORS)
    assert len(set(pairs.values())) == len(pairs)
    for name in ESTIMATORS:
        assert f"{theme.estimator_property(name)}:light-dark(" in theme.css()


def test_a_new_estimator_gets_the_next_spare_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ESTIMATORS, "brand_new", next(iter(ESTIMATORS.values())))
    assert theme.estimator_pairs()["brand_new"] == theme.SPARE[0]
    assert "--ttn-est-brand-new:light-dark(" in theme.css()


def test_variables_are_those_that_the_style_sheet_defines() -> None:
    sheet = theme.css()
    for name in [*theme.SYMBOLS, *theme.ROLES]:
        assert theme.var(name) == f"var(--ttn-{name})"
        assert f"--ttn-{name}:light-dark(" in sheet
    assert theme.var("z", 0.25) == "var(--ttn-z/0.25)"
    assert theme.estimator_var("score_loo") == "var(--ttn-est-score-loo)"
    with pytest.raises(KeyError, match="nonsense"):
        theme.var("nonsense")


def test_style_sheets_use_only_variables_that_exist() -> None:
    defined = set(re.findall(r"(--ttn-[a-z-]+):light-dark", theme.css()))
    for sheet in (ROOT / "assets").rglob("*.css"):
        used = set(re.findall(r"var\((--ttn-[a-z-]+)\)", sheet.read_text(encoding="utf-8")))
        own = set(re.findall(r"(--ttn-[a-z-]+) *:", sheet.read_text(encoding="utf-8")))
        assert used <= defined | own, sheet.name


MU, SIGMA, Z, EPS = (theme.SYMBOLS[name].light for name in ("mu", "sigma", "z", "eps"))


def coloured(symbol: str, colour: str) -> str:
    """A symbol as `colour_tex` writes it."""
    return rf"{{\textcolor{{{colour}}}{{{symbol}}}}}"


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\mu", coloured(r"\mu", MU)),
        (r"\varepsilon", coloured(r"\varepsilon", EPS)),
        (r"\frac{dz}{d\mu}", rf"\frac{{d{coloured('z', Z)}}}{{d{coloured(chr(92) + 'mu', MU)}}}"),
        (r"z_i^2", coloured("z", Z) + "_i^2"),
        (r"\max zoo", r"\max zoo"),
        (r"\text{the size of x}", r"\text{the size of x}"),
        (r"\operatorname{relax}(y)", r"\operatorname{relax}(y)"),
        (r"\sigma\epsilon", coloured(r"\sigma", SIGMA) + coloured(r"\epsilon", EPS)),
        (r"\exp(-1)", r"\exp(-1)"),
        (r"\mubar", r"\mubar"),
    ],
)
def test_formulas_are_coloured_by_symbol(tex: str, expected: str) -> None:
    assert theme.colour_tex(tex) == expected


def test_formula_colours_follow_the_theme() -> None:
    rules = theme.tex_css()
    for name, pair in theme.SYMBOLS.items():
        red, green, blue = (int(pair.light[i : i + 2], 16) for i in (1, 3, 5))
        assert f"rgb({red}, {green}, {blue})" in rules
        assert f"color:var(--ttn-{name})!important" in rules
