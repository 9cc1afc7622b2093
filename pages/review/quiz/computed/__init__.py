"""The questions that are computed, a chapter's in a file each; importing them registers them."""

from pages.review.quiz.computed import beyond, estimators, goal, obstacle, practice, trick
from pages.review.quiz.computed.registry import QUESTIONS, Drawn, draw

__all__ = [
    "QUESTIONS",
    "Drawn",
    "beyond",
    "draw",
    "estimators",
    "goal",
    "obstacle",
    "practice",
    "trick",
]
