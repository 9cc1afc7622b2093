"""Trainings on a Ray cluster: the same interface as the pool, and no ray in the server."""
