"""Problems: cost functions whose expectation under a bell is known; and the learner's own cost."""

from vae_core.lab.problems.entries import (
    OWN,
    UNSETTLED,
    find_problem,
    gaussian_log_evidence,
    within_support,
)
from vae_core.lab.problems.registry import PROBLEMS, Exact, Knob, Problem, problem

__all__ = [
    "OWN",
    "PROBLEMS",
    "UNSETTLED",
    "Exact",
    "Knob",
    "Problem",
    "find_problem",
    "gaussian_log_evidence",
    "problem",
    "within_support",
]
