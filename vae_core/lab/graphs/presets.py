"""Graphs to begin with: those of the paper's first figure, and some that a course meets.

Schulman et al. 2015, figure 1, has five simple graphs; here each node has a formula.
"""

from __future__ import annotations

from typing import NamedTuple


class Preset(NamedTuple):
    """A graph with a name.

    Attributes:
        title: what a page calls it.
        text: the graph.
        teaches: what is seen in it, a sentence.
    """

    title: str
    text: str
    teaches: str


PRESETS = {
    "late": Preset(
        "Chance late",
        """\
param theta = 0.5
x = tanh(theta)
y ~ normal(x, 1) by score
cost f = (y - 1)^2""",
        "theta moves x by the chain rule, and x moves the law of y: the score of y is needed.",
    ),
    "early": Preset(
        "Chance early",
        """\
param theta = 0.5
x ~ normal(theta, 1) by score
y = tanh(x)
cost f = (y - 1)^2""",
        "What lies below the draw needs no derivative: the cost is a mere number to the score.",
    ),
    "twice": Preset(
        "Chance twice",
        """\
param theta = 0.5
x ~ normal(theta, 1) by score
y ~ bernoulli(sigmoid(2x))
cost f = (y - x)^2""",
        "theta moves the law of x alone, so that only the score of x is needed, not that of y.",
    ),
    "both": Preset(
        "Both ways at once",
        """\
param theta = 0.5
x ~ bernoulli(sigmoid(theta))
y = theta^2
cost f = (x - y)^2""",
        "One parameter reaches the cost by a draw and by a formula: two terms, added.",
    ),
    "chain": Preset(
        "A cost at each step",
        """\
param theta = 0.5
x1 ~ normal(theta, 1) by score
cost f1 = x1^2
x2 ~ normal(theta x1, 1) by score
cost f2 = (x2 - 1)^2""",
        "x2 comes after f1 and cannot change it: its score is multiplied by f2 alone.",
    ),
    "pair": Preset(
        "A reparameterized pair",
        """\
param mu = 1
param sigma = 1
z ~ normal(mu, sigma) by path
x ~ normal(z, 0.5) by path
cost f = x^2""",
        "Both draws move with their parents: the surrogate loss is the cost itself.",
    ),
    "vae": Preset(
        "A VAE of one number",
        """\
param phi = 0.6
param theta = 1.2
x = 1.5
mu = phi x
z ~ normal(mu, 0.5) by path
reconstruction = theta z
cost error = 2(x - reconstruction)^2
cost kl = (mu^2 + 0.25 - 1)/2 - log(0.5)""",
        "The encoder's phi comes along the path of z, the decoder's theta needs no draw at all.",
    ),
    "bandit": Preset(
        "A bandit with three arms",
        """\
param a = 0.2
param b = 0.5
arm ~ categorical(0, a, b)
cost loss = (arm - 1)^2 - arm/2""",
        "The policy gradient of reinforcement learning is this: the log-probability of what was "
        "done, times what came of it.",
    ),
    "recurrent": Preset(
        "A recurrent chain",
        """\
param w = 0.8
param b = 0.3
h1 = tanh(b)
s1 ~ bernoulli(sigmoid(2 h1))
cost c1 = (s1 - 1)^2
h2 = tanh(w h1 + b s1)
s2 ~ bernoulli(sigmoid(2 h2))
cost c2 = (s2 - s1)^2
h3 = tanh(w h2 + b s2)
s3 ~ bernoulli(sigmoid(2 h3))
cost c3 = (s3 - h3)^2""",
        "Each draw feeds the next state: early scores take all later costs, late ones few.",
    ),
}
