"""A new estimator is one function: the shell, the pages, the sweep and the tests then know it."""

import inspect
from collections.abc import Iterator

import pytest
import torch

from pages.estimators.gradient_variance import draws
from pages.estimators.gradient_variance.views import VIEWS, Chosen
from pages.ui import theme
from tests.core.estimators import test_estimators
from tests.support import pages_sweep
from vae_core.__main__ import main
from vae_core.estimators import ESTIMATORS, Cost, estimator, with_score
from vae_core.families import Normal
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import Experiment


def register() -> None:
    """What someone adds to vae_core/estimators.py: ten lines."""

    @estimator(title="Halves", summary="Baseline: the other half.", source="-", min_samples=2)
    def halves(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> torch.Tensor:
        """Score function with the mean cost of the other half of the samples as its baseline."""
        z = q.transform(q.base(k, gen)).detach()
        f = cost(z)
        first, second = f[: k // 2].mean(0), f[k // 2 :].mean(0)
        baseline = torch.where((torch.arange(k) < k // 2).unsqueeze(1), second, first)
        return with_score(f, q, z, weight=f - baseline)


@pytest.fixture
def newcomer() -> Iterator[str]:
    register()
    yield "halves"
    del ESTIMATORS["halves"]


def test_it_takes_at_most_fifteen_lines(newcomer):
    assert len(inspect.getsource(ESTIMATORS[newcomer].function).splitlines()) <= 15


def test_the_shell_lists_and_sweeps_it(newcomer, capsys):
    assert main(["gradients", "--list"]) == 0
    assert newcomer in capsys.readouterr().out
    words = ["--estimator", newcomer, "--replicates", "100", "--sweep", "sigma=0.5:1:2"]
    assert main(["gradients", *words]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_pages_offer_it_in_a_colour_of_its_own(newcomer):
    page = next(page for page in pages_sweep.contents.ALL_PAGES if page.key == "gradient_variance")
    app = pages_sweep.open_page(page)
    assert not app.exception
    titles = [str(option) for picker in app.get("button_group") for option in picker.options]
    assert any(ESTIMATORS[newcomer].title in title for title in titles)
    pairs = list(theme.estimator_pairs().values())
    assert pairs.count(theme.estimator_pairs()[newcomer]) == 1


@pytest.mark.parametrize("view", ["histogram", "mean", "against", "map", "parts"])
def test_every_view_shows_it(newcomer, view):
    built = VIEWS[view].build(Chosen("square", (newcomer,), "loc", "sigma"))
    now = built.at({param.key: param.default for param in built.axes})
    assert newcomer in {trace.name for trace in built.figure(now).data} or view == "map"


def test_the_table_measures_it(newcomer):
    at = draws.Setting("square", (), "loc", 2.0, 1.0)
    assert draws.variance_table(at, (newcomer,))["closed form"] == ["none known"]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_tests_of_every_estimator_hold_for_it(newcomer, problem):
    test_estimators.assert_unbiased(
        Experiment(problem, newcomer, 0.3, 0.8, 2, 4, 15_000, seed=5), 4.5
    )
    test_estimators.test_value_is_the_cost_at_the_draws(newcomer)
    test_estimators.test_weights_inside_the_cost_get_their_ordinary_gradient(newcomer)
