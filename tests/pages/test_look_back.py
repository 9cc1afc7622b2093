"""A run seen again, look by look, at rest and while it goes on."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages import contents
from pages.practice.train_vae import album as albums
from pages.practice.train_vae import look_back
from pages.ui.live import figure as live_figure
from pages.ui.live import payload
from pages.ui.runs import visitor
from tests.support import pages_sweep
from tests.support.small_jobs import small_jobs
from tests.support.stage import views
from vae_core.runs.jobs import Jobs
from vae_core.runs.looks import Look

PAGE = contents.page_info("train_vae")
LOOKS = tuple(Look(step, step / 100, views(step), np.zeros(2)) for step in (0, 50, 100, 150))
STATES = ["queued", "running", "paused", "finished"]


def run(looks: tuple[Look, ...] = LOOKS, state: str = "running", token: str = "a"):  # noqa: S107
    return SimpleNamespace(state=state, looks=looks, token=token)


def greys(picture: dict[str, str]) -> bytes:
    return zlib.decompress(base64.b64decode(picture["greys"]))


@pytest.mark.parametrize("view", [None, run(LOOKS[:1]), run(())])
def test_there_is_nothing_to_look_back_on_before_the_second_look(view):
    assert albums.album(view) is None


@pytest.mark.parametrize("state", STATES)
def test_each_look_shows_its_own_pictures_whatever_the_run_does(state):
    shown = albums.album(run(state=state))
    param = albums.transport(shown).param
    assert param.positions == (0, 50, 100, 150)
    assert param.default == 150
    for look, name in zip(LOOKS, param.names, strict=True):
        frame = albums.frame(look.step, shown)
        assert frame.numbers == {"step": look.step, "epoch": look.epoch}
        np.testing.assert_allclose(frame.traces["samples"]["z"], look.step / 255.0, rtol=1e-6)
        assert name == look.name


def test_digits_stand_side_by_side_and_upright():
    digits = np.zeros((10, 28, 28), dtype=np.float32)
    digits[3, 0, 5] = 1.0  # the fourth digit, its first row, its sixth column
    columns = albums._strip(digits.reshape(10, 784))
    assert np.flatnonzero(columns).tolist() == [3 * 28 + 5]


def test_the_figure_holds_the_pictures_of_one_look_as_bytes():
    shown = albums.album(run())
    figure = albums.draw(albums.frame(100, shown), shown)
    pictures = {strip.name: strip.meta["picture"] for strip in figure.data}
    samples = pictures["samples"]
    assert set(greys(samples)) == {100}
    assert len(greys(samples)) == 10 * 784
    assert (samples["columns"], samples["left"], samples["top"]) == (280, 0.0, 1.0)
    assert samples["size"] * 28 == pytest.approx(1.0)
    assert set(greys(pictures["originals"])) == {0}


def test_a_figure_of_noise_is_small_even_so():
    noise = np.random.default_rng(0).random((10, 784))
    look = replace(LOOKS[1], views=replace(views(0), samples=noise))
    shown = albums.album(run((LOOKS[0], look)))
    figure = albums.draw(albums.frame(50, shown), shown)
    assert len(payload.figure_json(figure)) < 16_000


def test_a_look_is_named_by_its_step_and_its_pictures():
    other_past = replace(LOOKS[1], views=views(7))
    assert LOOKS[1].name.startswith("50-")
    assert LOOKS[1].name != other_past.name
    assert replace(LOOKS[1]).name == LOOKS[1].name
    assert len({look.name for look in LOOKS}) == len(LOOKS)


def test_a_look_that_the_run_gives_up_can_stay_in_its_place():
    thinned = (LOOKS[0], *LOOKS[2:])
    shown = albums.album(run(thinned), kept=LOOKS[1])
    assert [look.step for look in shown.looks] == [0, 50, 100, 150]
    assert albums.album(run(thinned[:2]), kept=LOOKS[3]).looks == thinned[:2]
    again = replace(LOOKS[1], views=views(7))
    assert albums.album(run((LOOKS[0], again, LOOKS[2])), kept=LOOKS[1]).looks[1] is again


def test_the_same_looks_are_the_same_album():
    assert albums.album(run()) == albums.album(run())
    assert albums.album(run()) != albums.album(run(LOOKS[:3]))
    assert albums.album(run()) != albums.album(run(token="b"))  # noqa: S106
    assert len(repr(albums.album(run()))) < 200


@pytest.fixture
def one_run(monkeypatch) -> None:
    """The server knows the run "a", and no other."""
    look = {"a": run()}.get
    monkeypatch.setattr(visitor, "jobs", lambda: SimpleNamespace(look=look))


@pytest.mark.usefixtures("one_run")
def test_only_the_looks_asked_for_are_answered_and_whole():
    asked = [LOOKS[2].name, "75-00000000", LOOKS[0].name]
    answer = json.loads(look_back.packed("a", asked))
    assert answer["names"] == [LOOKS[0].name, LOOKS[2].name]
    assert answer["ahead"]["numbers"]["step"] == [0.0, 100.0]
    all_greys = base64.b64decode(answer["ahead"]["greys"])
    fields = {field["trace"]: field["at"] for field in answer["ahead"]["fields"]}
    for at, grey in zip(fields["reconstructions"], (0, 100), strict=True):
        assert set(all_greys[at : at + 7840]) == {grey}
    alone = json.loads(look_back.packed("a", asked[:1]))
    assert {field["trace"] for field in alone["ahead"]["fields"]} == {"reconstructions", "samples"}


@pytest.mark.usefixtures("one_run")
@pytest.mark.parametrize("names", [[], [""], ["no look"]])
def test_what_is_not_there_is_left_out(names):
    assert json.loads(look_back.packed("a", names)) == {"names": [], "ahead": None}
    assert look_back.packed("guess", [LOOKS[0].name]) is None


@pytest.fixture
def jobs(tmp_path) -> Iterator[Jobs]:
    with small_jobs(tmp_path) as made:
        yield made


@pytest.fixture
def shown(monkeypatch) -> list[tuple[int, tuple[float, ...], bool]]:
    """Of each drawing of the album: the step, all steps, and whether a look-ahead was offered."""
    seen: list[tuple[int, tuple[float, ...], bool]] = []
    original, making = live_figure.live_figure, live_figure._made
    made: list[live_figure.Made] = []

    def noted(key, picture):
        live = original(key, picture)
        if key == "look_back":
            positions = picture.transport.param.positions
            seen.append(
                (live.values["look"], positions, bool(json.loads(made[-1].sent["told"])["ahead"]))
            )
        return live

    monkeypatch.setattr("pages.practice.train_vae.panel.live_figure", noted)
    monkeypatch.setattr(
        live_figure, "_made", lambda *words: made.append(making(*words)) or made[-1]
    )
    return seen


def token(app: AppTest) -> str:
    value = app.query_params["run"]
    return value if isinstance(value, str) else value[0]


def grown(jobs: Jobs, app: AppTest, beyond: int) -> None:
    jobs.wait_for(token(app), lambda view: view.looks[-1].step > beyond)
    app.run()
    assert not app.exception


def started(jobs: Jobs, **query: str) -> AppTest:
    app = pages_sweep.open_page(PAGE, epochs="50", batch="20", **query)
    app.button(key="start").click().run()
    jobs.wait_for(token(app), lambda view: len(view.looks) > 3)
    return app.run()


def test_whoever_stands_at_the_last_look_goes_along_with_the_run(jobs, shown):
    app = started(jobs)
    first, positions, ahead = shown[-1]
    assert jobs.look(token(app)).state == "running"
    assert first == positions[-1]
    grown(jobs, app, first)
    assert shown[-1][0] == shown[-1][1][-1] > first
    assert "look" not in app.query_params
    assert not ahead
    app.button(key="stop").click().run()


def test_whoever_looks_back_stays_there_while_the_run_gives_looks_up(jobs, shown, monkeypatch):
    app = started(jobs)
    there = int(shown[-1][1][1])
    app.query_params["look"] = str(there)
    app.run()
    monkeypatch.setattr("vae_core.runs.standing.thin_looks", lambda looks: (looks[0], looks[-1]))
    jobs.wait_for(token(app), lambda view: there not in [look.step for look in view.looks])
    grown(jobs, app, int(shown[-1][1][-1]))
    assert there not in [look.step for look in jobs.look(token(app)).looks]
    for _ in range(2):
        assert shown[-1][0] == there
        assert shown[-1][1][1] == there
        grown(jobs, app, int(shown[-1][1][-1]))
    app.button(key="stop").click().run()


def test_a_place_in_one_run_is_none_in_the_next(jobs, shown):
    app = started(jobs)
    app.query_params["look"] = str(int(shown[-1][1][1]))
    app.run()
    app.button(key="reset").click().run()
    app.button(key="start").click().run()
    jobs.wait_for(token(app), lambda view: len(view.looks) > 3)
    app.run()
    assert shown[-1][0] == shown[-1][1][-1]
    assert "look" not in app.query_params
    app.button(key="stop").click().run()


def test_a_place_beyond_the_end_is_forgotten(jobs, shown):
    app = started(jobs, look="900000")
    assert shown[-1][0] == shown[-1][1][-1]
    assert "look" not in app.query_params
    app.button(key="stop").click().run()
