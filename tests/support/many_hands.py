"""Visitors who do anything at any time, and a trainer that waits for nobody."""

from __future__ import annotations

import random

from tests.support.stage import CONFIG, Stage, seed
from vae_core.runs.jobs import Jobs
from vae_core.training.config import Settings

OTHER = Settings(learning_rate=1e-4)


def hurried(config, control, resume):
    """A trainer that waits for nobody."""
    for step in range(resume.step if resume else 0, 30):
        if control() is None:
            yield Stage.report(config, step, "stopped")
            return
        yield Stage.report(config, step, "running")
    yield Stage.report(config, 30, "finished")


ACTS = ["start", "pause", "resume", "stop", "look", "look", "change", "discard"]


def any_act(jobs: Jobs, visitor: str, tokens: list[str], chance: random.Random) -> None:
    """One visitor does one thing to one of their runs; what is refused is refused."""
    act = chance.choice(ACTS) if tokens else "start"
    token = chance.choice(tokens) if tokens else ""
    if act == "start":
        tokens += jobs.start_many([seed(chance.randrange(3))], visitor)
    elif act == "change":
        jobs.change(token, chance.choice([OTHER, CONFIG.settings]))
    else:
        getattr(jobs, act)(token)
    if act == "discard":
        tokens.remove(token)
