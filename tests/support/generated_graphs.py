"""Random graphs with a fixed seed: what somebody might build, within bounds that keep it finite."""

from __future__ import annotations

import random

SHAPES = (
    "sin({a})",
    "tanh({a})",
    "{a} tanh({b})",
    "sigmoid({a}) - {b}/2",
    "({a} + {b})/2",
    "exp(-{a}^2/2)",
    "{a}^2/(1 + {a}^2)",
    "0.7 {a}",
    "softplus({a})/2",
    "cos({a}) sin({b})",
)
LAWS = (
    "normal({a}, 0.5 + sigmoid({b})) by {way}",
    "normal(tanh({a}), 1) by {way}",
    "laplace({a}, 1) by {way}",
    "gumbel(sin({a}), 0.7) by {way}",
    "exponential(1 + sigmoid({a})) by {way}",
    "gamma(2 + tanh({a}), 3) by {way}",
    "lognormal(tanh({a})/2, 0.3) by {way}",
    "weibull(1 + sigmoid({a}), 2) by {way}",
    "beta(2 + tanh({a}), 2 + sigmoid({b})) by {way}",
    "bernoulli(sigmoid({a}))",
    "bernoulli(0.2 + sigmoid({a})/2)",
    "categorical(tanh({a}), sin({b}), 0)",
    "poisson(1 + sigmoid({a}))",
)
COSTS = ("({a} - 1)^2/4", "sin({a} + {b})", "tanh({a}) {b}/4", "{a} sigmoid({b})/2")


def generated_graph(seed: int, nodes: int | None = None) -> str:
    """The text of a graph with one to three parameters and up to a dozen other nodes."""
    gen = random.Random(seed)
    names = [f"p{i}" for i in range(gen.randint(1, 3))]
    lines = [f"param {name} = {gen.uniform(-1.0, 1.0):.3f}" for name in names]
    drawn = 0
    for i in range(nodes or gen.randint(3, 9)):
        many = drawn < 4 and gen.random() < 0.5
        drawn += many
        shape, sign = (gen.choice(LAWS), "~") if many else (gen.choice(SHAPES), "=")
        lines.append(f"n{i} {sign} {_filled(gen, shape, names)}")
        names.append(f"n{i}")
    for i in range(gen.randint(1, 3)):
        lines.append(f"cost c{i} = {_filled(gen, gen.choice(COSTS), names)}")
    return "\n".join(lines)


def _filled(gen: random.Random, shape: str, names: list[str]) -> str:
    """A shape with nodes above it, the nearest the likeliest."""
    near = names[-4:]
    return shape.format(a=gen.choice(near), b=gen.choice(names), way=gen.choice(("path", "score")))
