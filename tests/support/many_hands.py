"""Visitors who do anything at any time, and a trainer that waits for nobody."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence

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


def many_hands(
    servers: Sequence[Jobs], visitors: int, turns: int
) -> tuple[list[tuple[str, str]], list[BaseException]]:
    """So many visitors at once do anything at any server, so many times each.

    Returns:
        Each visitor with each token left to them, and what was raised.
    """
    faults: list[BaseException] = []
    held: dict[str, list[str]] = {f"visitor {i}": [] for i in range(visitors)}

    def busy(visitor: str) -> None:
        chance = random.Random(visitor)
        for _ in range(turns):
            try:
                any_act(chance.choice(servers), visitor, held[visitor], chance)
            except BaseException as fault:
                faults.append(fault)

    hands = [threading.Thread(target=busy, args=(visitor,)) for visitor in held]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(120)
    return [(visitor, token) for visitor, tokens in held.items() for token in tokens], faults
