"""How fast a VAE trains, as ratios within one run: against a plain loop, and against its products.

The plain loop is of the usual kind: a DataLoader over a dataset that turns each image on its own
from bytes through PIL into floats, torch's standard weights, eager Adam, `.item()` at each step.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from vae_core.families import Normal
from vae_core.training.config import TrainConfig, fast_config
from vae_core.training.train import Progress, train
from vae_core.vae import fast_dense
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.objective import bernoulli_log_prob, kl_to_standard_normal

BATCH, HIDDEN, LATENT = 128, 400, 20
ROUNDS, STEPS = 12, 60
AGAINST_LOOP, AGAINST_PRODUCTS, AGAINST_LOOPS_TIME = 4.0, 0.6, 10.0
GOAL = -106.0
LOOKS = 50


class Pictures(Dataset):
    """An image and its label at a time: a tensor of bytes, a PIL image, a tensor of floats."""

    def __init__(self) -> None:
        self.images = load_mnist().train_images.view(-1, 28, 28)
        self.labels = load_mnist().train_labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = Image.fromarray(self.images[index].numpy())
        levels = torch.from_numpy(np.array(picture, dtype=np.uint8, copy=True)).view(28, 28, 1)
        return levels.permute(2, 0, 1).contiguous().float().div(255), int(self.labels[index])


class PlainVAE(nn.Module):
    """784-400-20-400-784, with the weights that torch draws."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.mu = nn.Linear(784, HIDDEN), nn.Linear(HIDDEN, LATENT)
        self.log_var = nn.Linear(HIDDEN, LATENT)
        self.fc3, self.fc4 = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, 784)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = F.relu(self.fc1(x))
        return self.mu(h), self.log_var(h)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.fc4(F.relu(self.fc3(z)))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        mu, log_var = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
        misses = F.binary_cross_entropy(self.decode(z).sigmoid(), x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
        return (misses + kl) / len(x)

    @torch.no_grad()
    def held_out(self) -> float:
        """The ELBO on all test images, one sample each."""
        gen, total = torch.Generator().manual_seed(1), 0.0
        for chunk in load_mnist().test_images.split(500):
            x = as_unit(chunk)
            mu, log_var = self.encode(x)
            q = Normal(mu, torch.exp(0.5 * log_var))
            z = q.transform(q.base(1, gen))
            bound = bernoulli_log_prob(x, self.decode(z)) - kl_to_standard_normal(q)
            total += bound.sum().item()
        return total / 10_000


@dataclass
class PlainLoop:
    """The loop, a step at a time; `seconds` counts its steps alone."""

    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.vae = PlainVAE()
        self.adam = torch.optim.Adam(self.vae.parameters(), lr=1e-3, foreach=False, fused=False)
        loader = DataLoader(Pictures(), batch_size=BATCH, shuffle=True, drop_last=True)
        self.batches = (batch for _ in iter(int, 1) for batch in loader)

    def run(self, steps: int) -> float:
        """Seconds that so many steps take."""
        started = time.perf_counter()
        for x, _label in islice(self.batches, steps):
            self.adam.zero_grad()
            loss = self.vae.loss(x.view(len(x), -1))
            loss.backward()
            self.losses.append(loss.item())
            self.adam.step()
        taken = time.perf_counter() - started
        self.seconds += taken
        return taken


def our_rounds(monkeypatch: pytest.MonkeyPatch, rounded: bool) -> Iterator[float]:
    """Seconds that a step of ours takes, minibatches and reports and all, round by round.

    Not rounded, its products are float32's, as on a processor that has no other.
    """
    config = TrainConfig(batch=BATCH, epochs=1000)
    reports = train(config, evaluate_every=10**9, noise_share=0.0)
    step = next(reports).step
    while True:
        with monkeypatch.context() as patch:
            patch.setattr(fast_dense, "BFLOAT16", rounded and fast_dense.BFLOAT16)
            started = time.perf_counter()
            report = next(reports)
            taken = time.perf_counter() - started
        yield taken / (report.step - step)
        step = report.step


Product = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def by_default(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x W^T by the library that torch takes for its type: MKL for float32."""
    return torch.mm(x, weight.t())


FOR_FLOAT32: list[Product] = [by_default] + ([fast_dense.product] if fast_dense.ONEDNN else [])


def products(multiply: Product, dtype: torch.dtype = torch.float32) -> Callable[[], float]:
    """Seconds that the bare matrix products of one step take: four layers, there and back.

    The images need no gradient, so the first layer has one product less. Where the large ones are
    of another type, the small ones stay float32, as in the step.
    """
    sizes = ((784, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, 784))
    layers = []
    for index, (wide, out) in enumerate(sizes):
        shapes = ((BATCH, wide), (out, wide), (BATCH, out))
        kind = dtype if fast_dense.is_large(torch.empty(out, wide)) else torch.float32
        layers.append((*(torch.randn(shape).to(kind) for shape in shapes), index > 0))

    def run() -> float:
        started = time.perf_counter()
        for _ in range(STEPS):
            for x, weight, _up, _inner in layers:
                multiply(x, weight)
            for x, weight, up, inner in reversed(layers):
                multiply(up.t(), x.t())
                if inner:
                    multiply(up, weight.t())
        return (time.perf_counter() - started) / STEPS

    return run


@pytest.mark.bench
def test_throughput_against_a_plain_loop_and_against_the_bare_products(capsys, monkeypatch):
    """The least of several interleaved rounds each, since the machine may be shared."""
    loop, ours, float32 = PlainLoop(), our_rounds(monkeypatch, True), our_rounds(monkeypatch, False)
    bare = [products(each) for each in FOR_FLOAT32]
    rounded = products(by_default, torch.bfloat16) if fast_dense.BFLOAT16 else bare[0]

    def around() -> tuple[float, ...]:
        each = (product() for product in bare)
        return loop.run(20) / 20, next(ours), next(float32), rounded(), *each

    around()
    rounds = [around() for _ in range(ROUNDS)]
    plain, step, exact, short, *bares = (min(column) for column in zip(*rounds, strict=True))
    least = min(bares)
    with capsys.disabled():
        print(
            f"\n{BATCH / step:.0f} images a second on {torch.get_num_threads()} threads: "
            f"{plain / step:.1f} times the plain loop's {BATCH / plain:.0f} "
            f"(at least {AGAINST_LOOP:g}), {least / step:.2f} of the bare products' "
            f"{BATCH / least:.0f} (at least {AGAINST_PRODUCTS:g}); like for like: "
            f"{least / exact:.2f} with float32's products, {short / step:.2f} with bfloat16's"
        )
    assert plain / step >= AGAINST_LOOP
    assert least / exact >= AGAINST_PRODUCTS


def our_seconds() -> float:
    """Seconds of training until the held-out ELBO passes the goal, with the fast preset."""
    seconds, images = 0.0, 0
    for report in train(fast_config(), evaluate_every=LOOKS // 2, noise_share=0.0):
        assert isinstance(report, Progress)
        if report.images > images:
            seconds += (report.images - images) / report.images_per_second
            images = report.images
        if report.test and report.test.elbo > GOAL:
            return seconds
    return math.inf


@pytest.mark.bench
def test_time_to_a_good_model_against_a_plain_loop(capsys):
    """Looks at held-out images count for neither; ours is the middle of runs before and after."""
    first, loop, reached = our_seconds(), PlainLoop(), False
    assert math.isfinite(first)
    while not reached and loop.seconds < 2 * AGAINST_LOOPS_TIME * first:
        loop.run(LOOKS)
        reached = loop.vae.held_out() > GOAL
    ours = statistics.median([first, our_seconds(), our_seconds()])
    with capsys.disabled():
        print(
            f"\nheld-out ELBO {GOAL:g} nats after {ours:.1f} s; the plain loop "
            f"{'needed' if reached else 'stood at'} {loop.seconds:.1f} s "
            f"with {loop.vae.held_out():.1f} nats, {len(loop.losses) / 468:.1f} epochs: "
            f"{'' if reached else 'more than '}{loop.seconds / ours:.1f} times as long "
            f"(at least {AGAINST_LOOPS_TIME:g})"
        )
    assert loop.seconds / ours >= AGAINST_LOOPS_TIME
