"""Recorded trainings that pages tell of: what each was told, and its bound on held-out images.

They lie in `assets/reference_runs`; its README tells by which commands they were made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from statistics import fmean, stdev
from typing import Any

from pages.ui.runs.reports import REFERENCES


@cache
def runs(name: str) -> list[dict[str, Any]]:
    """The runs of a file: each its settings and its elbo, reconstruction and kl, nats per image."""
    found: list[dict[str, Any]] = json.loads(
        (REFERENCES / f"{name}.json").read_text(encoding="utf-8")
    )
    return found


def of_each_seed(name: str, term: str, **told: object) -> list[float]:
    """One number of the runs with these settings, seed by seed."""
    chosen = [run for run in runs(name) if told.items() <= run.items()]
    return [run[term] for run in sorted(chosen, key=lambda run: run["seed"])]


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean over seeds, and its standard error."""
    return fmean(values), stdev(values) / math.sqrt(len(values))
