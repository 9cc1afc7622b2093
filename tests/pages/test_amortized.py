"""Learns, or predicts: the hand's score, the search's way, and the count of a thousand images."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pages import contents
from pages.goal.amortized import count, image, picture, thousand
from pages.goal.amortized.views import DIGITS, SIGMAS, VIEWS, _params
from pages.ui.lesson import Lesson
from pages.ui.live.ahead.walks import Walk
from tests.support import pages_sweep
from vae_core.vae.data import held_out_digit
from vae_core.vae.objective import bernoulli_log_prob, kl_to_standard_normal
from vae_core.vae.posterior.amortize import Comparison

HAND = {"mu1": 0.65, "mu2": -0.2, "sigma1": 0.05, "sigma2": 0.04}


def test_the_hands_score_is_that_of_many_draws() -> None:
    now = picture.by_hand(**HAND, digit=3)
    q = picture.Normal(torch.tensor([0.65, -0.2]), torch.tensor([0.05, 0.04]))
    z = q.loc + q.scale * torch.randn((20_000, 2), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        draws = bernoulli_log_prob(held_out_digit(3, image.SPECIMEN), image.model().decoder(z))
    mean = float(draws.double().mean()) - float(kl_to_standard_normal(q))
    error = float(draws.double().std()) / math.sqrt(len(draws))
    assert abs(float(now.numbers["bound"]) - mean) < 4 * error + 0.02


@pytest.mark.parametrize("digit", [int(digit) for digit in DIGITS])
def test_the_best_bell_beats_the_encoders_and_lies_below_the_evidence(digit: int) -> None:
    found = image.solved(digit)
    assert 0 < found.best_gap < found.encoder_gap
    assert found.best_bound >= found.way_bound
    ends = [param.positions[-1] for param in _params()]
    assert all(abs(float(each)) <= ends[0] for each in (*found.encoder.loc, *found.best.loc))
    assert SIGMAS[0] < float(found.encoder.scale.min()) <= SIGMAS[-1]


def test_where_the_encoder_predicts_the_hand_scores_as_it_does() -> None:
    params = _params()
    near = image.near_encoder(3)
    at = {param.key: param.parse(str(near[param.key])) for param in params}
    gap = picture.by_hand(**at, digit=3).numbers["gap_text"]
    assert float(str(gap)) == pytest.approx(image.solved(3).encoder_gap, abs=1.5)


def test_the_search_from_the_prior_can_end_on_the_wrong_hill() -> None:
    """As the lesson says of the 8; of the 3 it finds the best bell."""
    eight, three = image.solved(8), image.solved(3)
    assert eight.bound > eight.way_bound + 5
    assert three.way_bound == pytest.approx(three.best_bound, abs=0.02)


def test_digits_are_told_as_far_as_they_are_known() -> None:
    narrow = picture.by_hand(**HAND, digit=3).numbers
    wide = picture.by_hand(0, 0, 1, 1, digit=3).numbers
    assert "." in str(narrow["bound_text"])
    assert "." not in str(wide["bound_text"])


def test_an_axis_is_ahead_in_time_and_size() -> None:
    for param in _params():
        stay = {name: value for name, value in HAND.items() if name != param.key}
        others = (*stay.items(), ("digit", 3))
        sent = Walk(picture.by_hand, param.key, param.positions, others).packed()
        assert len(sent["data"]) < 200_000


def test_a_thousand_images_are_counted_and_told() -> None:
    found = Comparison((0.5, 1.5, 40.0), 0.001, 0.3)
    told = Lesson("amortized").text("takeaway_thousand").format(**count.words(found))
    assert "3 images so far" in told
    assert "1 ms" in told
    assert "300 times as long" in told
    assert "gained 14.0" in told
    bars = count.draw(found).data
    assert sum(bars[1].y) == 3
    assert bars[0].x == pytest.approx([100.0, 1 / 3])
    assert not np.any(count.draw(Comparison()).data[1].y)


def test_the_count_starts_stops_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thousand, "CHUNK", 2)
    monkeypatch.setattr(thousand, "IMAGES", 4)
    app = pages_sweep.open_page(contents.page_info("amortized"), view="thousand")

    def press(label: str) -> None:
        next(each for each in app.button if each.label == label).click().run()
        assert not app.exception

    press("Start")
    while app.session_state["amortized_running"]:
        app.run()
    assert len(app.session_state["amortized_found"].gaps) == 4
    press("Begin again")
    assert app.session_state["amortized_found"] == Comparison()
    assert {each.label for each in app.button} >= {"Start"}


def test_the_views_are_three() -> None:
    assert list(VIEWS) == ["hand", "steps", "thousand"]
