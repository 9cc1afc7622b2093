"""Whether one estimate has a mean and a variance at all, where the density falls slowly.

E[f] and its gradient may exist while an estimate of it has no mean: sin(z) has one under a Cauchy,
but its slope does not fall, and z moves with the scale as far as it lies out, so that the slope
along the path has none.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch

from vae_core.families import Distribution
from vae_core.lab.exact.integrals import reach
from vae_core.lab.exact.integrals.case import Case, Pairs, make_case

FAR = (1e40, 1e60)  # where the power of |z| that a score follows is read off
VALUE = "value"


@lru_cache(maxsize=512)
def endless(
    moment: int,
    problem: str,
    family: str,
    parameters: Pairs,
    knobs: Pairs,
    parameter: str,
    path: bool,
    together: bool,
) -> bool:
    """Whether E|estimate| (moment 1) or E[estimate^2] (moment 2) is known to be infinite.

    A score estimate is f times the score. One along the path is the slope of f times
    dz/dparameter, which grows like z times the score.

    Args:
        problem, family, parameters, knobs: as for `any_family.expectation`.
        parameter: "value" for the cost itself, else the parameter that the gradient is taken in.
        path: whether the estimate follows the path.
        together: whether costs of other samples or dimensions multiply a score.
    """
    case = make_case(problem, family, parameters, 1, knobs)
    more = _score_powers(case).get(parameter, 0.0)
    if parameter == VALUE:
        asked = [(case.grows(), 0.0)]
    elif path:
        asked = [(case.slope_grows(), more + 1.0)]
    else:
        asked = [(case.grows(), more), *([(case.grows(), 0.0)] if together else [])]
    return any(_objects(case, sides, moment, moment * each) for sides, each in asked)


def _objects(case: Case, sides: reach.Sides, moment: int, more: float) -> bool:
    sure = all(each is None or each.sure for each in sides)
    raised = [each and each.times(moment, more) for each in sides]
    return sure and reach.objection(case.tails, *raised) is not None


def _score_powers(case: Case) -> dict[str, float]:
    """The power of |z| that the score in each parameter follows far out."""
    low, high = case.support()
    if case.q.family.discrete or not math.isinf(high - low):
        return {}
    z = torch.tensor(FAR, dtype=torch.float64) * (1.0 if math.isinf(high) else -1.0)
    return reach.growth_of_scores(Distribution.scores(case.q, z[:, None, None]), z.abs())
