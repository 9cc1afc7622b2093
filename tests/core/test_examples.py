"""The examples in the docstrings of the core give what they say."""

import doctest
import importlib
from types import ModuleType

import pytest

from tests.conftest import ROOT

CORE = sorted((ROOT / "vae_core").rglob("*.py"))
NAMES = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in CORE]
# What a newcomer calls first; each shows how.
SHOWN = {
    "vae_core.estimators.registry",
    "vae_core.families.family",
    "vae_core.families.entries.normal",
    "vae_core.lab.experiment",
    "vae_core.lab.formula.parser",
    "vae_core.lab.problems.entries",
    "vae_core.training.config.plan",
    "vae_core.training.pretrained",
    "vae_core.training.train",
}
EXAMPLES = [
    name for name, path in zip(NAMES, CORE, strict=True) if ">>>" in path.read_text("utf-8")
]


def module(name: str) -> ModuleType:
    return importlib.import_module(name.removesuffix(".__init__"))


def test_the_calls_that_come_first_are_shown():
    assert set(EXAMPLES) >= SHOWN


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_give_what_they_say(name):
    found = doctest.testmod(module(name))
    assert found.attempted > 0
    assert found.failed == 0
