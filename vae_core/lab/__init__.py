"""The lab: problems with exact values, and what estimators make of them."""

from vae_core.lab.problems import PROBLEMS, Exact, Knob, Problem, find_problem, problem

__all__ = ["PROBLEMS", "Exact", "Knob", "Problem", "find_problem", "problem"]
