"""A new prior, posterior, likelihood or option is one entry: shell, pages and tests know it."""

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from pages import contents
from tests.conftest import ROOT
from tests.core.runs import test_bounds
from tests.core.training import test_train_choices
from tests.core.vae import test_likelihoods, test_priors, test_tilted_vae
from tests.support import pages_sweep
from vae_core.__main__ import main
from vae_core.families import Gaussian, Normal
from vae_core.training.config import ConfigError, TrainConfig
from vae_core.vae.data import load_mnist
from vae_core.vae.likelihoods import LIKELIHOODS, likelihood, mean_of_pixels
from vae_core.vae.posteriors import POSTERIORS, posterior
from vae_core.vae.priors import PRIORS, LearnedGaussian, Prior, prior

PAGE = contents.page_info("train_vae")
QUICK = ["train", "--epochs", "0.02", "--hidden", "8", "--latent", "2", "--json"]


def register_prior() -> None:
    """What someone adds to vae_core/vae/priors.py."""

    @prior(title="Wide Gaussian", watch="Starts twice as wide.")
    def wide(latent: int, **_start: object) -> Prior:
        """A learned Gaussian that starts at N(0, 4)."""
        made = LearnedGaussian(latent)
        torch.nn.init.constant_(made.log_scale, math.log(2.0))
        return made


def register_posterior() -> None:
    """What someone adds to vae_core/vae/posteriors.py."""

    @posterior(title="Round", watch="A circle.", further=lambda latent: 0)
    def circle(mu: Tensor, sigma: Tensor, _tilt: Tensor) -> Gaussian:
        """One sigma for all dimensions."""
        return Normal(mu, sigma.mean(-1, keepdim=True).expand_as(sigma))


def register_likelihood() -> None:
    """What someone adds to vae_core/vae/likelihoods.py."""

    @likelihood(
        "logistic",
        title="Logistic, fixed sigma of x",
        watch="An outlier costs less.",
        deviation=torch.full_like,
    )
    def logistic_log_prob(x: Tensor, outputs: Tensor, noise: float) -> Tensor:
        """log p(x|z) of independent logistic pixels with one fixed sigma: (..., 784) -> (...)."""
        scale = noise * 3**0.5 / math.pi
        error = (x - mean_of_pixels(outputs, x.shape[-1])) / scale
        return (-error - 2.0 * softplus(-error) - math.log(scale)).sum(-1)


@pytest.fixture
def new_prior() -> Iterator[str]:
    register_prior()
    yield "wide"
    del PRIORS["wide"]


@pytest.fixture
def new_posterior() -> Iterator[str]:
    register_posterior()
    yield "circle"
    del POSTERIORS["circle"]


@pytest.fixture
def new_likelihood() -> Iterator[str]:
    register_likelihood()
    yield "logistic"
    del LIKELIHOODS["logistic"]


def offered(key: str) -> dict[str, str]:
    """What a choice of the training page offers, by its title, and its advice."""
    app = pages_sweep.open_page(PAGE)
    assert not app.exception
    box = app.selectbox(key=f"control:{key}")
    return {"titles": " ".join(box.options), "advice": box.help}


def chosen_on_the_page(**query: str) -> None:
    app = pages_sweep.open_page(PAGE, **query)
    assert pages_sweep.faults(app) == []
    for name, value in query.items():
        assert app.selectbox(key=f"control:{name}").value == value


def in_the_help_of_the_shell(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_the_shell_offers_and_trains_a_new_prior(new_prior, capsys, tmp_path):
    assert "standard, gaussian, mixture, vamp, bernoulli, wide" in in_the_help_of_the_shell(capsys)
    path = str(tmp_path / "wide.safetensors")
    assert main([*QUICK, "--prior", new_prior, "--save", path]) == 0
    start = json.loads(capsys.readouterr().out.splitlines()[0])
    # KL(N(0, 1) || N(0, 4)) of two dimensions: the encoder predicts nearly N(0, 1) at first.
    assert start["test"]["kl"] == pytest.approx(2 * (math.log(2.0) - 3 / 8), abs=0.1)
    assert main(["evaluate", path, "--samples", "5", "--images", "5"]) == 0


def test_the_page_offers_a_new_prior(new_prior):
    found = offered("prior")
    assert "Wide Gaussian" in found["titles"]
    assert found["advice"].endswith("Wide Gaussian: Starts twice as wide.")
    chosen_on_the_page(prior=new_prior)


def test_the_tests_of_every_prior_hold_for_a_new_one(new_prior):
    test_priors.test_log_density_is_that_of_torch_distributions(new_prior, 3)
    test_priors.test_the_first_dimensions_share_is_its_marginal_density(new_prior)
    test_priors.test_samples_come_from_the_density(new_prior)
    test_bounds.test_weights_are_counted(2, "bernoulli", new_prior)


def test_a_new_posterior_is_offered_trained_judged_and_held_by_the_tests(
    new_posterior, capsys, tmp_path
):
    assert "diagonal, rank_one, full, bernoulli, circle" in in_the_help_of_the_shell(capsys)
    path = str(tmp_path / "circle.safetensors")
    assert main([*QUICK, "--posterior", new_posterior, "--save", path]) == 0
    assert main(["evaluate", path, "--samples", "5", "--images", "5"]) == 0
    assert "Round" in offered("posterior")["titles"]
    chosen_on_the_page(posterior=new_posterior)
    test_tilted_vae.test_values_and_gradients_are_those_of_the_exact_bound(
        new_posterior, "mixture", "score_loo"
    )
    test_bounds.test_so_is_what_an_encoder_gives_for_a_tilted_q(new_posterior, 4)


def test_the_shell_offers_and_trains_with_a_new_likelihood(new_likelihood, capsys):
    assert "gaussian_learned, logistic" in in_the_help_of_the_shell(capsys)
    assert main([*QUICK, "--likelihood", new_likelihood]) == 0
    with pytest.raises(ConfigError, match="A Logistic is a density of grey values"):
        TrainConfig(likelihood=new_likelihood, targets="binary")


def test_the_page_offers_a_new_likelihood(new_likelihood):
    assert "Logistic, fixed sigma of x" in offered("likelihood")["titles"]
    chosen_on_the_page(likelihood=new_likelihood)


def test_the_tests_of_every_likelihood_hold_for_a_new_one(new_likelihood, tmp_path):
    test_likelihoods.test_the_mean_and_deviation_of_x_are_those_of_its_density(new_likelihood)
    test_bounds.test_weights_are_counted(1, new_likelihood, "standard")
    data = load_mnist().first(500, 100)
    test_train_choices.test_it_learns_and_goes_on_from_a_file_as_if_never_interrupted(
        data, {"likelihood": new_likelihood, "noise": 0.3}, tmp_path
    )


# One field more in a copy: a class cannot be given one while it is in use.
BEFORE = "    prior: str = option(None"
FIELD = """    dropout: float = option(
        0.0,
        Limit("Dropout", 0, 0.9, whole=False),
        "share of hidden units left out",
        control=Control("Dropout rate", "Leaves units out.", (0, 0.25, 0.5)),
    )
"""
LOOK = """
import contextlib, io, json, os
from pages import contents
from tests.support import pages_sweep
from vae_core.__main__ import main
from pages.practice.train_vae.exports import script
from vae_core.training.config import TrainConfig

out, err = io.StringIO(), io.StringIO()
with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    wrong = main(["train", "--dropout", "1"])
    with contextlib.suppress(SystemExit):
        main(["train", "--help"])
app = pages_sweep.open_page(contents.page_info("train_vae"), dropout="0.25")
box = app.selectbox(key="control:dropout")
config = TrainConfig(**json.loads(json.dumps(TrainConfig(dropout=0.5).as_dict())))
told = {
    "help": out.getvalue(),
    "error": [wrong, err.getvalue()],
    "control": [box.label, box.value, list(box.options), box.help],
    "script": script(config),
}
print(json.dumps(told), flush=True)
os._exit(0)  # not waiting for the threads that a page leaves behind
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, Any]:
    """What shell and page say in a copy of the program with one option more."""
    folder = tmp_path_factory.mktemp("copy")
    bare = shutil.ignore_patterns("__pycache__")
    for name in ("pages", "vae_core", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=bare)
    for name in ("app.py", "assets", ".streamlit", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    path = folder / "vae_core" / "training" / "config" / "plan.py"
    source = path.read_text(encoding="utf-8")
    assert source.count(BEFORE) == 1
    path.write_text(source.replace(BEFORE, FIELD + BEFORE), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_shell_has_a_flag_for_a_new_option(told):
    words = " ".join(told["help"].split())
    assert "--dropout DROPOUT share of hidden units left out" in words
    status, error = told["error"]
    assert status == 2
    assert "Dropout must be a number from 0 to 0.9, and is 1" in error


def test_the_page_has_a_control_for_a_new_option(told):
    expected = ["Dropout rate", "0.25", ["0", "0.25", "0.5"], "Leaves units out."]
    assert told["control"] == expected


def test_configurations_and_scripts_hold_a_new_option(told):
    assert "dropout=0.5," in told["script"]
