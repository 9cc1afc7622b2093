"""A learner's own cost: typed, read into a tree, typeset as it was read, searched for jumps."""

from vae_core.lab.formula.parser import LONGEST, check_finite, parse_formula
from vae_core.lab.formula.tokens import FormulaError
from vae_core.lab.formula.tree import FUNCTIONS, plain, tex

__all__ = [
    "FUNCTIONS",
    "LONGEST",
    "FormulaError",
    "check_finite",
    "parse_formula",
    "plain",
    "tex",
]
