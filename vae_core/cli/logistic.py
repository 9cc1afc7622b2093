"""The `logistic` command: a bell over the weights of a logistic regression, climbed and judged."""

from __future__ import annotations

import argparse
import json
from typing import Any

from vae_core.lab.doubly_stochastic.bell import Bell, FixedPrior, bound, held_out
from vae_core.lab.doubly_stochastic.beside import laplace
from vae_core.lab.doubly_stochastic.cases import FEATURES, TWO, Cases, load
from vae_core.lab.doubly_stochastic.climb import SHAPES, Plan, Progress, climb
from vae_core.lab.doubly_stochastic.gradient import PLACES

FEATURE_SETS = {"all": FEATURES, "two": TWO}
ENOUGH = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--q", choices=SHAPES, default="full", help="shape of q's covariance")
    parser.add_argument("--features", choices=FEATURE_SETS, default="all", help="all 30, or two")
    parser.add_argument(
        "--noise", choices=PLACES, default="weights", help="one draw of w, or one for each case"
    )
    parser.add_argument("--prior-scale", type=float, default=1.0, help="deviation of each weight")
    parser.add_argument(
        "--ard", action="store_true", help="relevance determination in place of a fixed prior"
    )
    parser.add_argument("--batch", type=int, default=32, help="B cases a step")
    parser.add_argument("--samples", type=int, default=1, help="K draws a step")
    parser.add_argument("--rate", type=float, default=0.05, help="Adam's, falling to 0")
    parser.add_argument("--steps", type=int, help="how many; default: 2000, or what --seconds take")
    parser.add_argument("--seconds", type=float, help="how long; the outcome hangs on the machine")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> None:
    """Climb and print. Raises ValueError, one line long, for what cannot be done."""
    plan = Plan(
        shape=args.q,
        noise=args.noise,
        prior_scale=None if args.ard else args.prior_scale,
        batch=args.batch,
        samples=args.samples,
        steps=args.steps if args.steps is not None else ENOUGH if args.seconds else Plan.steps,
        seconds=args.seconds,
        rate=args.rate,
        seed=args.seed,
    )
    cases = load(FEATURE_SETS[args.features])
    *_, end = climb(plan, cases)
    if end.stopped:
        raise ValueError(f"{end.stopped} A smaller --rate may hold it.")
    found = judged(plan, cases, end)
    print(json.dumps(found) if args.json else as_text(found))


def judged(plan: Plan, cases: Cases, end: Progress) -> dict[str, Any]:
    """Bound in nats, held-out log-likelihood in nats per case, moments; Laplace's beside them."""
    prior = plan.prior
    found: dict[str, Any] = {
        "q": plan.shape,
        "noise": plan.noise,
        "prior": "ard" if plan.prior_scale is None else plan.prior_scale,
        "steps": end.step,
        "seconds": round(end.seconds, 3),
        "cases": len(cases.x),
        "held_out_cases": len(cases.held_x),
        "bound": float(bound(end.q, prior, cases.x, cases.sign)),
        "held_out_log_likelihood": held_out(end.q, cases.held_x, cases.held_sign),
        "names": cases.names,
        "mean": end.q.loc.tolist(),
        "covariance": end.q.covariance.tolist(),
        "prior_scales": prior.variance(end.q).sqrt().tolist(),
    }
    if isinstance(prior, FixedPrior):
        bell = laplace(prior, cases.x, cases.sign)
        point = Bell(bell.loc, 0.0 * bell.chol)
        found["laplace"] = {
            "bound": float(bound(bell, prior, cases.x, cases.sign)),
            "held_out_log_likelihood": held_out(bell, cases.held_x, cases.held_sign),
        }
        found["map"] = {"held_out_log_likelihood": held_out(point, cases.held_x, cases.held_sign)}
    return found


def as_text(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        f"q {found['q']}, {found['steps']} steps, {found['seconds']:.1f} s",
        f"bound: {found['bound']:.3f} nats over {found['cases']} cases",
        f"held out, {found['held_out_cases']} cases, log p per case in nats:",
        f"  q: {found['held_out_log_likelihood']:.4f}",
    ]
    for name in ("laplace", "map"):
        if name in found:
            lines.append(f"  {name}: {found[name]['held_out_log_likelihood']:.4f}")
    deviations = [row[place] ** 0.5 for place, row in enumerate(found["covariance"])]
    for name, mean, deviation in zip(found["names"], found["mean"], deviations, strict=True):
        lines.append(f"{name:<26}{mean:8.3f} +- {deviation:.3f}")
    return "\n".join(lines)
