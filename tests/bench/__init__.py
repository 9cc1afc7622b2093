"""Measurements of speed; `make bench` runs them and prints their figures."""
