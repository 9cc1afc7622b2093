"""A new family is one entry: the estimators then take it, and give its gradient by name."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, distributions
from torch.distributions import constraints

from tests.support.family_checks import check_family
from vae_core.__main__ import main
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES, Distribution, Parameter, Tails, family
from vae_core.families.entries.noise import UNIFORM
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure

RATE = 1.7
ANY_FAMILY = [name for name, entry in ESTIMATORS.items() if not entry.families]


POSITIVE = Parameter(constraints.positive, "a positive number")


def register() -> None:
    """What someone adds to vae_core/families: an entry with a path, and one without."""

    @family(
        title="Waiting time",
        source="Kingma & Welling 2014, section 2.4",
        path="inverse CDF",
        noise=UNIFORM,
        law=distributions.Exponential,
        torch="Exponential(rate).rsample()",
        formula=r"-\ln(1 - u) / \lambda",
        tails=lambda rate: Tails(right=rate, square=0.0),
        rate=POSITIVE,
    )
    @dataclass(frozen=True)
    class Waiting(Distribution):
        """Density rate exp(-rate z); z = -log(1 - u) / rate, the inverse of its CDF at u."""

        rate: Tensor

        def transform(self, eps: Tensor) -> Tensor:
            return -(1.0 - eps).log() / self.rate

    @family(
        title="Coin",
        source="-",
        path="none",
        noise=UNIFORM,
        law=distributions.Bernoulli,
        discrete=True,
        logits=Parameter(constraints.real, "a number", 0.0, -2.0, 2.0),
    )
    @dataclass(frozen=True)
    class Coin(Distribution):
        """1 with probability sigmoid(logits), else 0: the draw jumps, and has no path."""

        logits: Tensor

        def transform(self, eps: Tensor) -> Tensor:
            return (eps < self.logits.sigmoid()).to(eps.dtype)

        def cdf(self, z: Tensor) -> Tensor:
            tails = (-self.logits).sigmoid()
            return (z >= 0.0) * tails + (z >= 1.0) * (1.0 - tails)

        @property
        def support(self) -> tuple[Tensor, Tensor]:
            return self.expand(0.0), self.expand(1.0)

    @family(
        title="Multivariate normal",
        source="-",
        path="location-scale",
        noise=FAMILIES["normal"].noise,
        law=distributions.MultivariateNormal,
        loc=Parameter(constraints.real_vector, "numbers"),
        scale_tril=Parameter(constraints.lower_cholesky, "lower triangular"),
    )
    @dataclass(frozen=True)
    class Whole(Distribution):
        """z = loc + C eps with a full lower triangle C, (B, D, D): a parameter of its own shape."""

        loc: Tensor
        scale_tril: Tensor

        @property
        def shape(self) -> torch.Size:
            return self.loc.shape

        def transform(self, eps: Tensor) -> Tensor:
            return self.loc + (self.scale_tril @ eps.unsqueeze(-1)).squeeze(-1)


NEW = ("kumaraswamy", "waiting", "coin", "whole")
ROOT = Path(__file__).parents[3]
SWEEPS = (
    "families/test_every_family",
    "families/test_vector_families",
    "families/test_contract",
    "estimators/test_every_family",
    "cli/test_families",
    "lab/test_any_family_estimates",
)
README = ROOT / "README.md"
# What stands at the top of a file of entries.
TOP = """
from dataclasses import dataclass, replace
from torch import Tensor, distributions
from vae_core.families.entries.noise import SCALE, UNIFORM
from vae_core.families.family import Distribution, family
"""


@pytest.fixture(autouse=True)
def newcomers() -> Iterator[None]:
    register()
    exec(TOP + readme_entry(), {"__name__": __name__})  # noqa: S102
    yield
    for name in NEW:
        del FAMILIES[name]


def readme_entry() -> str:
    """The entry that the README shows, word for word."""
    _, _, section = README.read_text(encoding="utf-8").partition("### Adding a family")
    return section.partition("```python\n")[2].partition("```")[0]


@pytest.mark.parametrize("name", NEW[:3])
def test_the_checks_of_every_family_run_over_it(name):
    check_family(FAMILIES[name])


def test_it_takes_at_most_25_lines():
    assert 10 < len(readme_entry().splitlines()) <= 25


@pytest.mark.exhaustive
def test_in_its_file_nothing_else_is_to_be_edited(tmp_path):
    """The README's lines at the end of a file of a copy: all tests of families pass, and run it."""
    for folder in ("vae_core", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pyc*"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "vae_core/families/entries/inverse_cdf.py").open("a") as file:
        file.write("\n\n" + readme_entry())
    files = [f"tests/core/{each}.py" for each in SWEEPS]
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *files],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-3000:]
    assert "test_it_holds[kumaraswamy-0-check_gradients]" in told.stdout
    assert "test_it_is_unbiased_or_refused[kumaraswamy]" in told.stdout
    assert "test_estimates_are_right_on_average[kumaraswamy]" in told.stdout


def test_the_shell_lists_it(capsys):
    assert main(["families", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["waiting"]["title"] == "Waiting time"
    assert told["kumaraswamy"]["parameters"]["concentration0"]["symbol"] == "b"
    assert told["whole"]["parameters"]["scale_tril"]["words"] == "lower triangular"
    assert main(["families"]) == 0
    assert "Waiting time; path: inverse CDF; noise: uniform" in capsys.readouterr().out


@pytest.mark.parametrize("estimator", ["pathwise", "score_loo"])
def test_the_lab_and_its_shell_measure_it(capsys, estimator):
    """E[z^2] = b B(1 + 2 / a, b), which nobody told them."""
    a, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (1.5, 2.5))
    log_value = b.log() + torch.lgamma(1 + 2 / a) + torch.lgamma(b) - torch.lgamma(1 + 2 / a + b)
    exact = torch.autograd.grad(log_value.exp(), [a, b])
    words = ["--family", "kumaraswamy", "--with", "concentration1=1.5,concentration0=2.5"]
    words += ["--estimator", estimator, "--replicates", "20000", "--json"]
    assert main(["gradients", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["value"]["exact"] == pytest.approx(log_value.exp().item())
    for name, slope in zip(("concentration1", "concentration0"), exact, strict=True):
        assert told["gradient"][name]["exact"] == pytest.approx(slope.item())
        assert abs(told["gradient"][name]["z_score"]) < 4.5
    assert main(["gradients", "--list"]) == 0
    assert "--with concentration1=2,concentration0=2" in capsys.readouterr().out


class OnPaper(Experiment):
    """An experiment on E[z^2] under a family with one parameter, its exact gradient on paper."""

    def exact(self) -> SimpleNamespace:
        """E[z^2] = 2 / rate^2 of a waiting time, and sigmoid(logits) of a coin."""
        at = torch.full((self.dim,), RATE, dtype=torch.float64)
        if self.family == "waiting":
            return SimpleNamespace(value=2.0 / at**2, gradient={"rate": -4.0 / at**3})
        mean = at.sigmoid()
        return SimpleNamespace(value=mean, gradient={"logits": mean * (1.0 - mean)})


def measured(estimator: str, family: str, dim: int = 1) -> Experiment:
    k = max(2, ESTIMATORS[estimator].min_samples)
    words = {"family": family, "parameters": dict.fromkeys(FAMILIES[family].parameters, RATE)}
    return OnPaper("square", estimator, 0, 1, dim, k, 60_000, seed=7, **words)


@pytest.mark.parametrize("dim", [1, 3])
@pytest.mark.parametrize("name", [name for name in ANY_FAMILY if ESTIMATORS[name].unbiased])
def test_every_estimator_for_any_family_gives_its_gradient_by_name(name, dim):
    m = measure(measured(name, "waiting", dim))
    assert list(m.gradient) == ["rate"]
    assert abs(m.value.z_score) < 4.5
    assert abs(m.gradient["rate"].z_score) < 4.5
    assert m.gradient["rate"].standard_error < 0.1


@pytest.mark.parametrize("name", ["score", "score_loo", "score_baseline"])
def test_a_family_without_a_path_is_left_to_the_score(name):
    m = measure(measured(name, "coin"))
    assert abs(m.gradient["logits"].z_score) < 4.5
    assert m.gradient["logits"].standard_error < 0.01


def test_the_mirrored_half_is_the_noise_of_the_other_side():
    """Not -u, which is no quantile: the mean of z is still the family's."""
    assert abs(measure(measured("pathwise_antithetic", "waiting")).value.z_score) < 4.5


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_is_not_valid_says_why(name):
    entry = ESTIMATORS[name]
    q = FAMILIES["coin"](logits=torch.zeros(1, 1, dtype=torch.float64))
    why = "needs a z that moves" if entry.needs_path else "this one is Coin"
    if not entry.needs_path and not entry.families:
        assert entry.refusal(q.family) is None
        return
    with pytest.raises(ValueError, match=why):
        entry(lambda z: z.sum(-1), q, 2, torch.Generator())
    assert any(entry.refusal(family) is None for family in FAMILIES.values())


@pytest.mark.parametrize("name", ["score", "pathwise"])
def test_a_parameter_may_have_a_shape_of_its_own(name):
    """E[|z|^2] = |loc|^2 + |C|^2 under a full covariance: its gradient in C is 2 C, triangular."""
    tril = torch.tensor([[0.9, 0.0], [0.4, 0.6]], dtype=torch.float64)
    loc = torch.tensor([0.3, -0.2], dtype=torch.float64)
    b = 4000
    leaves = {"loc": loc.expand(b, 2).clone(), "scale_tril": tril.expand(b, 2, 2).clone()}
    q = FAMILIES["whole"](**{n: p.requires_grad_() for n, p in leaves.items()})
    values = ESTIMATORS[name](
        lambda z: z.square().sum(-1), q, 20, torch.Generator().manual_seed(1)
    ).mean(0)
    found = torch.autograd.grad(values.sum(), list(leaves.values()))
    lower = torch.ones(2, 2).tril().bool()
    for got, exact in zip(found, (2 * loc, 2 * tril), strict=True):
        error = got.std(0) / b**0.5
        z = (got.mean(0) - exact) / error
        assert (z.abs() < 4.5)[lower if z.dim() == 2 else ...].all()


def test_scores_are_those_on_paper_and_the_density_is_that_of_torch():
    q = FAMILIES["waiting"](rate=torch.tensor([[0.5, 3.0]], dtype=torch.float64))
    z = q.transform(q.base(5, torch.Generator().manual_seed(2)))
    torch.testing.assert_close(q.scores(z)["rate"], 1.0 / q.rate - z)
    torch.testing.assert_close(q.log_prob(z), (q.rate.log() - q.rate * z).sum(-1))
    with torch.no_grad():  # as when an estimator's value alone is wanted
        assert q.scores(z)["rate"].shape == z.shape
    assert not q.detach().rate.requires_grad


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rate": torch.tensor([[-1.0]])}, "rate of the family waiting must be a positive"),
        ({"scale": torch.tensor([[1.0]])}, "takes rate, and got scale"),
        ({}, "takes rate, and got none"),
    ],
)
def test_impossible_parameters_are_refused_in_plain_words(parameters, message):
    with pytest.raises(ValueError, match=message):
        FAMILIES["waiting"](**parameters)


def test_what_torch_has_not_must_be_written():
    def unwritten() -> None:
        @family(title="Nothing", source="-", path="none", noise=UNIFORM)
        class Nothing(Distribution):
            pass

    with pytest.raises(TypeError, match="nothing: torch has no law of it, so it needs log_prob"):
        unwritten()
    assert "nothing" not in FAMILIES
