r"""Each family's formula, as a page shows it in LaTeX, read and computed: it gives the transform.

A quantile without a formula, F_a^{-1}(u), is scipy's for a Gamma of shape a, and for a von Mises.
"""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats

from tests.support import family_checks as checks
from vae_core.families import FAMILIES, Family

FUNCTIONS = {"log": np.log, "tan": np.tan, "sqrt": np.sqrt}
# Words, or several lines of symbols; their transforms are held by distributions alone.
IN_WORDS = {"bernoulli", "poisson", "categorical"}
PIECES = re.compile(r"\d+(?:\.\d+)?|[A-Za-z]\w*|\*\*|[-+*/(),]")


def python_of(tex: str) -> str:
    """The formula with Python's signs, each multiplication written out."""
    for wanted, instead in (
        (r"\\bigl|\\bigr|\\,", " "),
        (r"\\tfrac12", "(1 / 2)"),
        (r"F_(?:\{([^}]*)\}|(\\?\w+))\^\{-1\}\((\w+)\)", r"quantile(\1\2, \3)"),
        (r"\\sqrt\{\\frac\{([^}]*)\}\{([^}]*)\}\}", r"sqrt((\1) / (\2))"),
        (r"\\frac\{([^}]*)\}\{([^}]*)\}", r"((\1) / (\2))"),
        (r"\\sqrt\{([^}]*)\}", r"sqrt(\1)"),
        (r"\^\{([^}]*)\}", r"**(\1)"),
        (r"\^(\w)", r"**\1"),
        (r"\\ln (\w)", r"log(\1)"),
        (r"\\ln", "log"),
        (r"lambda", "lam"),
        (r"\\", " "),
    ):
        tex = re.sub(wanted, instead, tex)
    pieces = PIECES.findall(tex)
    joined = pieces[:1]
    for before, after in pairwise(pieces):
        ends = before == ")" or (before[0].isalnum() and before not in {*FUNCTIONS, "quantile"})
        if ends and (after == "(" or after[0].isalnum()):
            joined.append("*")
        joined.append(after)
    return "".join(joined)


def value(tex: str, names: dict[str, object]) -> np.ndarray:
    """The formula's value; what it calls G comes after a comma."""
    formula, *rest = tex.split(r",\quad ")
    for definition in rest:
        letter, _, meaning = definition.partition(" = ")
        names[letter] = value(meaning, names)
    found: np.ndarray = eval(python_of(formula), {**FUNCTIONS, "pi": math.pi, "e": math.e}, names)  # noqa: S307
    return found


def letters(entry: Family, point: dict[str, float]) -> dict[str, object]:
    """The parameters by their letters, without the backslash."""
    return {
        p.symbol.strip("\\").replace("lambda", "lam"): point[name]
        for name, p in entry.parameters.items()
    }


def quantile(entry: Family) -> object:
    if entry.name == "vonmises":
        return lambda kappa, u: stats.vonmises_line(kappa).ppf(u)
    return lambda shape, u: stats.gamma(shape).ppf(u)


PLAIN = [entry for entry in FAMILIES.values() if not entry.vector and entry.name not in IN_WORDS]


@pytest.mark.parametrize("entry", PLAIN, ids=lambda entry: entry.name)
def test_the_formula_gives_the_transform(entry):
    for point in checks.points(entry)[:3]:
        q = checks.at(entry, point)
        eps = q.base(20, torch.Generator().manual_seed(7))
        names = letters(entry, point) | {"quantile": quantile(entry)}
        first, last = eps.reshape(20, -1).T.numpy()[[0, -1]]
        names |= {"varepsilon": first, "u": last, "u_1": first, "u_2": last, "u_0": last}
        np.testing.assert_allclose(
            value(entry.formula, names), q.transform(eps).flatten(), 1e-7, 1e-9
        )


def test_all_but_few_are_read():
    read = {entry.name for entry in PLAIN}
    assert len(read) >= 21


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\mu + \sigma\varepsilon", "mu+sigma*varepsilon"),
        (r"\mu - \sigma \ln(-\ln u)", "mu-sigma*log(-log(u))"),
        (r"\sigma\,\bigl(-\ln(1 - u)\bigr)^{1/k}", "sigma*(-log(1-u))**(1/k)"),
        (r"2\,F_{\nu/2}^{-1}(u)", "2*quantile(nu/2,u)"),
    ],
)
def test_reading(tex, expected):
    assert python_of(tex) == expected
