"""The trained models that come with the program: whole, as good as they say, and made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from vae_core.__main__ import main
from vae_core.training import pretrained
from vae_core.training.checkpoint import CheckpointError
from vae_core.training.config import TrainConfig
from vae_core.training.evaluate import evaluate
from vae_core.training.pretrained import FOLDER, PLANS, file_of, load_pretrained, pretrain
from vae_core.vae.data import load_mnist

each = pytest.mark.parametrize("name", PLANS)


@each
def test_its_recorded_bound_is_its_bound(name: str) -> None:
    found = load_pretrained(name)
    assert found.config == PLANS[name]
    bound = evaluate(found.model, load_mnist().test_images).bound
    assert bound.elbo == pytest.approx(found.bound.elbo, abs=0.005)
    assert bound.kl == pytest.approx(found.bound.kl, abs=0.005)
    assert not any(weight.requires_grad for weight in found.model.parameters())


@each
def test_the_notes_say_what_the_file_holds(name: str) -> None:
    found = load_pretrained(name)
    notes = (FOLDER / "README.md").read_text(encoding="utf-8")
    row = next(line for line in notes.splitlines() if line.startswith(f"| `{name}"))
    assert f"{found.bound.elbo:.2f} (reconstruction {found.bound.reconstruction:.2f}" in row
    assert f"KL {found.bound.kl:.2f})" in row
    assert f"784-{found.config.hidden}-{found.config.latent}" in row
    assert f"| {found.config.epochs:g} | {found.config.seed} |" in row


def test_they_are_small_and_hold_weights_only() -> None:
    assert sum(file_of(name).stat().st_size for name in PLANS) < 7e6
    for name in PLANS:
        with safe_open(file_of(name), framework="pt") as file:
            held = set(file.keys())
            assert held == set(load_pretrained(name).model.state_dict())
            assert {file.get_tensor(key).dtype for key in held} == {torch.float16}


def test_the_command_makes_such_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["pretrain", "--folder", str(tmp_path), "--epochs", "0.01", "--hidden", "8"]
    assert main(words) == 0
    told = capsys.readouterr().out
    for name, plan in PLANS.items():
        found = load_pretrained(name, tmp_path)
        assert (found.config.hidden, found.config.latent) == (8, plan.latent)
        assert f"{name}.safetensors: held-out ELBO {found.bound.elbo:.2f}" in told
        with safe_open(file_of(name, tmp_path), framework="pt") as file:
            layers = json.loads(file.metadata()["decoder"])
        weights = [found.model.state_dict()[f"{layer}.weight"] for layer in layers]
        assert [w.shape for w in weights] == [(8, plan.latent), (784, 8)]
    assert main(["pretrain", "--only", "nothing"]) == 2


def test_a_seed_makes_the_same_file_again(tmp_path: Path) -> None:
    data = load_mnist().first(200, 50)
    config = TrainConfig(latent=2, hidden=8, batch=50, epochs=1, seed=5)
    files = [tmp_path / f"{i}.safetensors" for i in (1, 2)]
    bounds = [pretrain(config, file, data) for file in files]
    assert bounds[0] == bounds[1]
    loaded = [load_pretrained(file.stem, tmp_path).model.state_dict() for file in files]
    assert all(torch.equal(loaded[0][key], loaded[1][key]) for key in loaded[0])


def test_a_training_that_blows_up_writes_nothing(tmp_path: Path) -> None:
    data = load_mnist().first(200, 50)
    config = TrainConfig(latent=2, hidden=8, batch=50, epochs=4, learning_rate=1e4)
    with pytest.raises(CheckpointError, match="learning rate"):
        pretrain(config, tmp_path / "never.safetensors", data)
    assert not list(tmp_path.iterdir())


def test_a_missing_and_a_damaged_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is missing.*vae_core pretrain"):
        load_pretrained("latent2", tmp_path)
    whole = file_of("latent2").read_bytes()
    for number, content in enumerate((whole[:1000], whole[:-7], b"", b"x" * 200)):
        file_of(f"broken{number}", tmp_path).write_bytes(content)
        with pytest.raises(CheckpointError, match=r"is damaged.*vae_core pretrain"):
            load_pretrained(f"broken{number}", tmp_path)


def test_it_is_read_once() -> None:
    assert load_pretrained("latent2") is load_pretrained("latent2")
    assert pretrained.FOLDER == FOLDER


def test_a_place_that_cannot_be_written_is_refused_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "latent20.safetensors").mkdir()
    for folder in (tmp_path / "file", tmp_path):
        assert main(["pretrain", "--folder", str(folder)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert str(folder) in err
