"""The lab: problems with exact values, and what estimators make of them."""

from vae_core.lab.problem import PROBLEMS, Exact, Knob, Problem, problem
from vae_core.lab.problems import find_problem

__all__ = ["PROBLEMS", "Exact", "Knob", "Problem", "find_problem", "problem"]
