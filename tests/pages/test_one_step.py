"""The slowed-down step on its page: the numbers of the step itself, lit stage by stage."""

from __future__ import annotations

import itertools
import re
import string
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from pages import contents
from pages.practice.one_step import frames, picture
from pages.practice.one_step.places import (
    ARRANGEMENTS,
    BACK_TO_PHI,
    BACK_TO_Q,
    BACK_TO_Z,
    DECODE,
    HALOS,
    SAMPLE,
    STAGES,
    TERMS,
    TOLD,
    UPDATE,
    Arrangement,
)
from pages.ui.lesson import Lesson, read_sections
from pages.ui.live import Frame
from pages.ui.live.lookahead import axis_ahead
from tests.support import pages_sweep
from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import TRAINABLE, TrainConfig
from vae_core.training.one_step import OneStep
from vae_core.vae.data import DataError

EVERY_STAGE = range(1, STAGES + 1)
each_estimator = pytest.mark.parametrize("name", TRAINABLE)
each_stage = pytest.mark.parametrize("stage", EVERY_STAGE)
each_place = pytest.mark.parametrize("place", ARRANGEMENTS, ids=lambda place: place.name)


def through(name: str) -> bool:
    return ESTIMATORS[name].needs_smooth_cost


def sentences(name: str) -> tuple[str, ...]:
    sections = frames.sections("path" if through(name) else "score")
    return tuple(Lesson("one_step").text(section) for section in sections)


def shown(name: str, stage: int, image: int = 2) -> Frame:
    return frames.frame(stage, 0, name, 0, image, sentences(name))


def step(name: str) -> OneStep:
    return frames.made(name, 0, 0)


def written(frame: Frame) -> dict[str, str]:
    """Each number of the picture, resting or lit, and which of the two it is."""
    pairs = zip(frame.traces["resting"]["text"], frame.traces["lit"]["text"], strict=True)
    found = {}
    for told, (resting, lit) in zip(TOLD, pairs, strict=True):
        assert picture.BLANK in (resting, lit)
        found[told.name] = (resting + lit).strip(picture.BLANK)
    return found


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+\.?\d*", text.replace("\N{MINUS SIGN}", "-"))]


@each_estimator
def test_the_registry_says_through_what_the_gradient_goes(name: str) -> None:
    assert (step(name).backward.by_z is not None) == through(name)
    assert (step(name).backward.signal is None) == through(name)


@each_estimator
@each_stage
def test_a_number_shows_from_its_stage_on_and_is_lit_in_its_turn(name: str, stage: int) -> None:
    frame = shown(name, stage)
    for told, lit in zip(TOLD, frame.traces["lit"]["text"], strict=True):
        assert bool(written(frame)[told.name]) == (told.since <= stage), told.name
        assert (lit != picture.BLANK) == (told.since <= stage in told.lit), told.name


def test_every_stage_lights_something_and_every_number_is_lit_when_it_comes() -> None:
    assert all(told.since in told.lit for told in TOLD)
    assert set(HALOS) == set(EVERY_STAGE)


@each_estimator
def test_the_picture_writes_the_steps_own_numbers(name: str) -> None:
    made, told = step(name), written(shown(name, STAGES))
    there, back = made.before, made.backward
    for key, tensor in {
        "mu": there.mu[1],
        "sigma": there.sigma[1],
        "eps": there.eps[0, 1],
        "z": there.z[0, 1],
        "log_p": there.reconstruction[1:2],
        "kl": there.kl[1:2],
        "elbo": there.elbo[1:2],
        "by_mu": back.at_mu[1],
        "by_sigma": back.at_sigma[1],
    }.items():
        assert numbers(told[key]) == pytest.approx(tensor.tolist(), rel=5e-3, abs=5.1e-3), key
    assert numbers(told["by_phi"]) == pytest.approx([back.encoder], rel=5e-3)
    assert numbers(told["by_theta"]) == pytest.approx([back.decoder], rel=5e-3)
    before, after = (float(each.elbo.mean()) for each in (there, made.after))
    assert numbers(told["gain"]) == pytest.approx([before, after], abs=5.1e-3)
    slot = back.signal[:1, 1] if back.by_z is None else back.by_z[0, 1]
    assert numbers(told["by_z"]) == pytest.approx(slot.tolist(), rel=5e-3, abs=5.1e-3)


@each_estimator
def test_formula_and_table_add_up(name: str) -> None:
    told = {key: value for key, value in shown(name, 3).numbers.items() if key != "told"}
    n = {key: float(value) for key, value in told.items()}
    assert n["z"] == pytest.approx(n["mu"] + n["sigma"] * n["eps"], abs=1e-5)
    assert n["elbo"] == pytest.approx(n["log_p"] - n["kl"], abs=1e-3)
    assert n["kl_by_mu"] == pytest.approx(n["mu"], abs=1e-5)
    assert n["kl_by_sigma"] == pytest.approx(n["sigma"] - 1 / n["sigma"], abs=1e-4)
    for letter in ("mu", "sigma"):
        left = n[f"share_{letter}"] - n[f"kl_by_{letter}"]
        assert n[f"at_{letter}"] == pytest.approx(left, abs=1e-3)
    if through(name):
        assert n["share_mu"] == pytest.approx(n["by_z"], rel=1e-4)
        assert n["share_sigma"] == pytest.approx(n["by_z"] * n["eps"], rel=1e-4)
    else:
        assert n["score_mu"] == pytest.approx(n["eps"] / n["sigma"], rel=1e-3)
        assert n["score_sigma"] == pytest.approx((n["eps"] ** 2 - 1) / n["sigma"], rel=1e-3)
        assert n["first_mu"] == pytest.approx(n["signal"] * n["score_mu"], rel=1e-3)
    blanks = set(string.Formatter().parse("".join(frames.table(path=through(name)).values())))
    assert {field for _, field, _, _ in blanks if field} <= set(n)
    formula = read_sections("one_step")[f"formula_{'path' if through(name) else 'score'}"]
    assert set(re.findall(r"\\val\{(\w+)", formula)) <= set(n)


@each_estimator
def test_each_stage_says_its_own_sentence_with_its_numbers(name: str) -> None:
    said = [str(shown(name, stage).numbers["told"]) for stage in EVERY_STAGE]
    assert len(set(said)) == STAGES
    told = written(shown(name, STAGES))
    assert not any("{" in each for each in said)
    assert told["mu"] in said[1]
    assert told["eps"] in said[2]
    assert told["z"] in said[SAMPLE - 1]
    assert told["elbo"] in said[TERMS - 1]
    assert numbers(told["by_z"])[0] in numbers(
        said[BACK_TO_Z - 1 if through(name) else BACK_TO_Q - 1]
    )
    assert all(number in numbers(said[UPDATE - 1]) for number in numbers(told["gain"]))
    samples = len(step(name).before.z)
    assert (f"first of {samples} samples" in said[2]) == (samples > 1)


@each_estimator
def test_the_pictures_are_those_of_the_image_that_is_followed(name: str) -> None:
    for image in (1, 8):
        traces = shown(name, STAGES, image).traces
        for trace, images in {"x": step(name).x, "mean of x": step(name).before.mean_of_x}.items():
            drawn = np.asarray(traces[trace]["z"])
            np.testing.assert_allclose(drawn.ravel(), images[image - 1], atol=5.1e-4)


def tips(place: Arrangement, name: str, stage: int, line: str) -> list[float]:
    """Where the lines of a trace end along the way."""
    at = picture.lines(stage, path=through(name))[f"{place.name} {line}"]["xy"[not place.wide]]
    starts = [0, *(i + 1 for i, v in enumerate(at[:-1]) if np.isnan(v))]
    return [at[start + 1] for start in starts if not np.isnan(at[start])]


@each_place
def test_the_gradient_reaches_z_only_on_the_path(place: Arrangement) -> None:
    way = 0 if place.wide else 1
    stops = {"pathwise": "z", "score": "decoder", "score_loo": "decoder"}
    for name, stop in stops.items():
        (tip,) = tips(place, name, BACK_TO_Z, "backward")
        assert tip == pytest.approx(place.at[stop][way] + 8)
        assert bool(tips(place, name, BACK_TO_Q, "signal")) == (name != "pathwise")
        assert tips(place, name, BACK_TO_PHI, "signal") == []
        assert len(tips(place, name, BACK_TO_PHI, "passed")) == 3
        assert tips(place, name, TERMS, "backward") == []


@each_place
def test_the_decoders_picture_is_covered_until_it_is_made(place: Arrangement) -> None:
    for stage in EVERY_STAGE:
        cover = picture.lines(stage, path=True)[f"{place.name} cover"]
        assert np.isfinite(cover["x"]).any() == (stage < DECODE)


def figure(name: str, stage: int, narrow: bool) -> dict[str, Any]:
    now = shown(name, stage)
    return picture.draw(now, path=through(name), narrow=narrow).to_plotly_json()


@each_estimator
@pytest.mark.parametrize("narrow", [False, True])
def test_everything_is_inside_the_drawing(name: str, narrow: bool) -> None:
    """Words, with 0.5 of their size a letter, and every line of every stage."""
    drawn = figure(name, STAGES, narrow)
    width, height = (drawn["layout"]["meta"]["drawing"][side] for side in ("width", "height"))
    sides = {"left": "right", "right": "left", "center": "center"}
    words = []
    for trace in (t for t in drawn["data"] if t.get("mode") == "text"):
        columns = (trace["x"], trace["y"], trace["text"], trace["textposition"])
        sizes = trace["textfont"]["size"]
        for x, y, text, where, size in zip(*columns, sizes, strict=True):
            words.append((x, y, text, sides[where.split()[1]], size))
    for each in drawn["layout"]["annotations"]:
        text = re.sub("<.*?>", "", each["text"])
        words.append((each["x"], each["y"], text, each["xanchor"], each["font"]["size"]))
    for x, y, text, anchor, size in words:
        length = 0.5 * size * len(text)
        before = {"left": 0.0, "center": 0.5, "right": 1.0}[anchor]
        assert x - before * length > -4, text
        assert x + (1 - before) * length < width + 4, text
        assert size / 2 < y < height - size / 2, text
    place = ARRANGEMENTS[narrow]
    for stage in EVERY_STAGE:
        for line, at in picture.lines(stage, path=through(name)).items():
            x, y = (np.array(at[axis])[~np.isnan(at[axis])] for axis in "xy")
            inside = ((x >= 0) & (x <= width) & (y >= 0) & (y <= height)).all()
            assert inside or not line.startswith(place.name), line


def test_the_browser_gets_every_stage_ahead() -> None:
    """Nothing but lines and words moves, so that no stage asks the server."""
    others = tuple({"seed": 0, "estimator": "pathwise", "updates": 0, "image": 2}.items())
    others += (("sentences", sentences("pathwise")),)
    packed = axis_ahead(frames.frame, "stage", tuple(EVERY_STAGE), others)
    assert packed["numbers"]["told"][SAMPLE - 1] == shown("pathwise", SAMPLE).numbers["told"]
    moving = {(field["trace"], field["attr"]) for field in packed["fields"]}
    lines = picture.lines(1, path=True)
    expected = set(itertools.product(lines, "xy")) | {("lit", "text"), ("resting", "text")}
    assert moving <= expected
    assert expected - moving == {(f"{p.name} signal", axis) for p in ARRANGEMENTS for axis in "xy"}


def test_numbers_are_short_and_their_minus_is_true() -> None:
    texts = [frames.short(v) for v in (-0.126, 9.999, -31.44, 999.9, -5223.7, -0.001)]
    assert texts == ["−0.13", "10.0", "−31.4", "1000", "−5224", "0.00"]


def test_the_three_ways_back_are_compared_on_the_same_step() -> None:
    table = frames.comparison(0, 0)
    assert table["Gradient by"] == [ESTIMATORS[name].title for name in TRAINABLE]
    found = dict(zip(TRAINABLE, (float(text) for text in table["‖∂/∂ϕ‖"]), strict=True))
    assert found["score"] > 5 * found["pathwise"]
    befores = [text.split(" → ")[0] for text in table["ELBO before → after"]]
    assert befores[0] == befores[1]


def test_a_class_that_asks_for_the_same_run_trains_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def slow(config: TrainConfig, updates: int, *_others: object) -> Checkpoint:
        asked.append(updates)
        time.sleep(0.05)
        return Checkpoint(updates, 0.0, {})

    monkeypatch.setattr(frames, "run_up", slow)
    frames._trained.cache_clear()
    with ThreadPoolExecutor(8) as visitors:
        found = list(visitors.map(lambda _: frames._start(300, 5).step, range(8)))
    frames._trained.cache_clear()
    assert found == [300] * 8
    assert asked == [0, 100, 300]


def test_missing_images_are_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_all: object) -> None:
        raise DataError("The MNIST data are missing: put them back.")

    monkeypatch.setattr(frames, "made", missing)
    app = pages_sweep.open_page(contents.page_info("one_step"))
    assert pages_sweep.faults(app) == []
    assert [each.value for each in app.warning] == ["The MNIST data are missing: put them back."]
