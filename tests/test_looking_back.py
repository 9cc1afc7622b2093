"""A run seen again, look by look."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pages.ui import looking_back
from tests.stage import views
from vae_core.looks import Look

LOOKS = tuple(Look(step, step / 100, views(step), np.zeros(2)) for step in (0, 50, 100))


def run(state: str = "finished", looks: tuple[Look, ...] = LOOKS) -> SimpleNamespace:
    return SimpleNamespace(state=state, looks=looks, token="a")  # noqa: S106


@pytest.mark.parametrize("view", [None, run("running"), run("queued"), run(looks=LOOKS[:1])])
def test_there_is_nothing_to_look_back_on_while_it_runs_or_has_just_begun(view):
    assert looking_back.album(view) is None


def test_each_look_shows_its_own_pictures():
    shown = looking_back.album(run("paused"))
    assert looking_back.transport(shown).param.positions == (0, 1, 2)
    for place, look in enumerate(LOOKS):
        frame = looking_back.frame(place, shown)
        assert frame.numbers == {"step": look.step, "epoch": look.epoch}
        np.testing.assert_allclose(frame.traces["samples"]["z"], look.step / 255.0, rtol=1e-6)


def test_digits_stand_side_by_side_and_upright():
    digits = np.zeros((10, 28, 28), dtype=np.float32)
    digits[3, 0, 5] = 1.0  # the fourth digit, its first row, its sixth column
    columns = looking_back._columns(digits.reshape(10, 784))
    assert np.flatnonzero(columns).tolist() == [3 * 28 + 5]
    figure = looking_back.draw(
        looking_back.frame(0, looking_back.album(run())), looking_back.album(run())
    )
    strip = figure.data[1]
    assert strip.x[3 * 28 + 5] == pytest.approx(3 + 5.5 / 28)
    assert strip.y[3 * 28 + 5] == max(strip.y)


def test_the_same_run_at_the_same_step_is_the_same_album():
    assert looking_back.album(run()) == looking_back.album(run())
    assert looking_back.album(run()) != looking_back.album(run(looks=LOOKS[:2]))
    assert len(repr(looking_back.album(run()))) < 100
