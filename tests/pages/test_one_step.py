"""The slowed-down step on its page: the numbers of the step itself, lit stage by stage."""

from __future__ import annotations

import re
import string
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pages import contents
from pages.practice.one_step import frames, picture
from pages.practice.one_step.picture import (
    BACK_TO_PHI,
    BACK_TO_Q,
    BACK_TO_Z,
    DECODE,
    ENCODE,
    NOISE,
    SAMPLE,
    STAGES,
    TAKE,
    TERMS,
    UPDATE,
)
from pages.ui.lesson import Lesson, read_sections
from pages.ui.live import Edge, Frame, Line
from pages.ui.live.ahead.walks import Walk
from pages.ui.numbers import three_digits
from tests.support import diagrams, pages_sweep
from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import TrainConfig, trainable
from vae_core.training.one_step import OneStep
from vae_core.vae.data import DataError

EVERY_STAGE = range(1, STAGES + 1)
each_estimator = pytest.mark.parametrize("name", trainable())
each_stage = pytest.mark.parametrize("stage", EVERY_STAGE)
each_form = pytest.mark.parametrize("form", diagrams.FORMS)

# Each number of the picture: from which stage on it is known, and at which ones it is lit.
TOLD = {
    "mu": (ENCODE, {ENCODE, SAMPLE}),
    "sigma": (ENCODE, {ENCODE, SAMPLE}),
    "eps": (NOISE, {NOISE, SAMPLE, BACK_TO_Q}),
    "z": (SAMPLE, {SAMPLE, DECODE}),
    "log_p": (TERMS, {TERMS}),
    "kl": (TERMS, {TERMS}),
    "elbo": (TERMS, {TERMS}),
    "by_z": (BACK_TO_Z, {BACK_TO_Z, BACK_TO_Q}),
    "by_theta": (BACK_TO_Z, {BACK_TO_Z}),
    "by_mu": (BACK_TO_Q, {BACK_TO_Q, BACK_TO_PHI}),
    "by_sigma": (BACK_TO_Q, {BACK_TO_Q, BACK_TO_PHI}),
    "by_phi": (BACK_TO_PHI, {BACK_TO_PHI}),
    "theta_move": (UPDATE, {UPDATE}),
    "phi_move": (UPDATE, {UPDATE}),
    "batch_size": (UPDATE, {UPDATE}),
    "gain": (UPDATE, {UPDATE}),
}
# What is lit at each stage, where the gradient goes through z.
HALOS = {
    TAKE: {"x"},
    ENCODE: {"encoder", "mu", "sigma"},
    NOISE: {"eps"},
    SAMPLE: {"node", "z"},
    DECODE: {"decoder", "xhat"},
    TERMS: {"elbo"},
    BACK_TO_Z: {"decoder", "z"},
    BACK_TO_Q: {"mu", "sigma"},
    BACK_TO_PHI: {"encoder"},
    UPDATE: {"encoder", "decoder"},
}


def through(name: str) -> bool:
    return ESTIMATORS[name].needs_smooth_cost


def sentences(name: str) -> tuple[str, ...]:
    sections = frames.sections("path" if through(name) else "score")
    return tuple(Lesson("one_step").text(section) for section in sections)


def shown(name: str, stage: int, image: int = 2) -> Frame:
    return frames.frame(stage, 0, name, 0, image, sentences(name))


def step(name: str) -> OneStep:
    return frames.made(name, 0, 0)


def line(name: str, told: str) -> Line:
    """The line of the picture that writes a number."""
    blank = "past_z" if told == "by_z" and not through(name) else told
    suffix = "" if told == "batch_size" else "_text"
    return diagrams.line_with(picture.diagram(path=through(name)), f"{blank}{suffix}")


def written(name: str, stage: int) -> dict[str, str]:
    """Each number of the picture at a stage, with its words; "" where it is not known yet."""
    frame, found = shown(name, stage), {}
    for told in TOLD:
        words = line(name, told).words.split("\t")[-1]
        known = diagrams.state(line(name, told), stage) != "off"
        found[told] = diagrams.filled(words, frame.numbers) if known else ""
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
    known = written(name, stage)
    for told, (since, lit) in TOLD.items():
        assert bool(known[told]) == (since <= stage), told
        assert (diagrams.state(line(name, told), stage) == "lit") == (stage in lit), told


def test_every_stage_lights_something_and_every_number_is_lit_when_it_comes() -> None:
    assert all(since in lit for since, lit in TOLD.values())
    for path in (True, False):
        nodes = picture.diagram(path=path).nodes
        for stage in EVERY_STAGE:
            reached = HALOS[stage] - (set() if path or stage != BACK_TO_Z else {"z"})
            assert {node.name for node in nodes if stage in node.lit} == reached


@each_estimator
def test_the_picture_writes_the_steps_own_numbers(name: str) -> None:
    made, told = step(name), written(name, STAGES)
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
    told = shown(name, 3).numbers
    n = {key: float(value) for key, value in told.items() if not isinstance(value, str)}
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
    told = written(name, STAGES)
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


def edges(name: str, kind: str) -> list[Edge]:
    """The picture's arrows of a kind."""
    return [each for each in picture.diagram(path=through(name)).edges if each.kind == kind]


@each_form
def test_the_gradient_reaches_z_only_on_the_path(form: str) -> None:
    stops = {"pathwise": "z", "score": "decoder", "score_loo": "decoder"}
    for name, stop in stops.items():
        drawn = picture.diagram(path=through(name))
        laid = getattr(drawn, form)
        boxes = drawn.boxes(laid)
        gradient = edges(name, "gradient")
        (way,) = (each for each in gradient if BACK_TO_Z in each.lit)
        along = 1 if laid.down else 0
        assert drawn.route(way, laid, boxes)[-1][along] == pytest.approx(boxes[stop][along] + 8)
        signals = edges(name, "signal")
        assert [list(each.shown) for each in signals] == [[BACK_TO_Q]] * (name != "pathwise")
        back = [*gradient, *edges(name, "return")]
        passed = [e for e in back if BACK_TO_PHI in e.shown and BACK_TO_PHI not in e.lit]
        assert len(passed) == 3
        assert not any(TERMS in each.shown for each in back)


def test_the_decoders_picture_is_covered_until_it_is_made() -> None:
    (node,) = (each for each in picture.diagram(path=True).nodes if each.name == "xhat")
    assert node.picture == "mean of x"
    for stage in EVERY_STAGE:
        assert (stage in node.shown) == (stage >= DECODE)


@each_estimator
@each_form
def test_everything_is_inside_the_drawing(name: str, form: str) -> None:
    drawn = picture.diagram(path=through(name))
    assert diagrams.faults(drawn, getattr(drawn, form)) == []


@each_estimator
def test_every_blank_of_the_picture_has_its_number(name: str) -> None:
    drawn = picture.diagram(path=through(name))
    assert diagrams.asked(drawn) <= set(shown(name, 1).numbers)


def test_the_browser_gets_every_stage_ahead() -> None:
    """Nothing but words changes, so that no stage asks the server."""
    others = tuple({"seed": 0, "estimator": "pathwise", "updates": 0, "image": 2}.items())
    others += (("sentences", sentences("pathwise")),)
    packed = Walk(frames.frame, "stage", tuple(EVERY_STAGE), others).packed()
    assert packed["numbers"]["told"][SAMPLE - 1] == shown("pathwise", SAMPLE).numbers["told"]
    assert packed["fields"] == []
    moving = {name for name, values in packed["numbers"].items() if len(set(values)) > 1}
    assert moving == {"told", "past_z_text"}


def test_numbers_are_short_and_their_minus_is_true() -> None:
    texts = [three_digits(v) for v in (-0.126, 9.999, -31.44, 999.9, -5223.7, -0.001)]
    assert texts == ["−0.13", "10.0", "−31.4", "1000", "−5224", "0.00"]


def test_the_three_ways_back_are_compared_on_the_same_step() -> None:
    table = frames.comparison(0, 0)
    assert table["Gradient by"] == [ESTIMATORS[name].title for name in trainable()]
    found = dict(zip(trainable(), (float(text) for text in table["‖∂/∂ϕ‖"]), strict=True))
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
