"""Runs: trainings in the background, found again by their tokens."""
