"""The training page without a browser: what a visitor sees in each state of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pages import contents
from pages.practice.train_vae import take_away
from pages.practice.train_vae.exports import curves_csv
from pages.ui import numbers
from pages.ui.runs import reports, visitor
from tests.support import pages_sweep
from tests.support.small_jobs import small_jobs
from vae_core.runs.archive import UNKNOWN
from vae_core.runs.disk.database import SILENT, NoAnswerError
from vae_core.runs.jobs import Bounds, Jobs
from vae_core.runs.standing import RunView
from vae_core.training.checkpoint import load_checkpoint
from vae_core.training.config import Settings, TrainConfig, trainable
from vae_core.vae.data import DataError

PAGE = contents.page_info("train_vae")


@pytest.fixture
def jobs(tmp_path) -> Iterator[Jobs]:
    """A queue that trains on few images, and a runs folder of its own."""
    with small_jobs(tmp_path) as made:
        yield made


def opened(**query: str) -> AppTest:
    app = pages_sweep.open_page(PAGE, **query)
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def token(app: AppTest) -> str:
    value = app.query_params["run"]
    return value if isinstance(value, str) else value[0]


def ended(view: RunView) -> bool:
    return not view.active


def test_before_a_run(jobs):
    app = opened()
    able = [button.key for button in app.button if button.key and not button.disabled]
    assert "start" in able
    assert not {"pause", "stop", "reset"} & set(able)
    assert "run" not in app.query_params
    assert not app.error


def test_start_finish_and_reset(jobs):
    app = press(opened(), "start")
    view = jobs.wait_for(token(app), ended)
    assert view.state == "finished"
    app.run()
    assert view.history[-1].test.elbo > view.history[0].test.elbo
    assert not app.button(key="start").disabled
    press(app, "reset")
    assert "run" not in app.query_params
    assert jobs.look(view.token) is None


def test_a_start_waits_for_a_picture_only_where_one_is_to_come(jobs):
    first = press(opened(epochs="50"), "start")
    second = press(opened(epochs="50", seed="1"), "start")
    waiting = jobs.look(token(second))
    assert waiting.state == "queued"
    assert waiting.views is None
    assert visitor.shows_all_it_can(waiting)
    trains = jobs.wait_for(token(first), visitor.shows_all_it_can)
    assert trains.views is not None
    assert not visitor.shows_all_it_can(replace(trains, views=None))


def test_the_address_finds_the_run_in_another_session(jobs):
    first = press(opened(epochs="50"), "start")
    second = opened(run=token(first), epochs="50")
    assert not second.button(key="pause").disabled
    press(second, "pause")
    assert jobs.look(token(first)).state == "paused"
    assert first.run().button(key="go")
    press(first, "go")
    press(second.run(), "stop")
    assert jobs.wait_for(token(first), ended).state == "stopped"


def test_an_address_of_a_run_that_is_gone(jobs):
    app = opened(run="not-a-token")
    assert app.warning[0].value == UNKNOWN
    assert "run" not in app.query_params


def test_while_the_list_of_the_runs_is_silent_the_address_stays(jobs, monkeypatch):
    """Nobody knows then that its run is gone, and it may be found a moment later."""

    def silent(_name: str) -> None:
        raise NoAnswerError

    monkeypatch.setattr(jobs._store.records, "find", silent)
    app = opened(run="a-token-of-yesterday")
    assert [each.value for each in app.warning if each.value == SILENT] == [SILENT]
    assert token(app) == "a-token-of-yesterday"
    compared = pages_sweep.open_page(contents.page_info("compare_runs"), runs="one,two")
    assert SILENT in [each.value for each in compared.warning]
    assert compared.query_params["runs"] in ("one,two", ["one,two"])
    assert visitor.look("a-token-of-yesterday") is None
    monkeypatch.undo()
    app.run()
    assert "run" not in app.query_params


def test_controls_change_a_run_under_way(jobs):
    app = press(opened(epochs="50"), "start")
    app.selectbox(key="control:lr").set_value("0.0005").run()
    assert jobs.look(token(app)).settings.learning_rate == 0.0005
    app.selectbox(key="control:estimator").set_value("score_loo").run()
    assert jobs.look(token(app)).settings == Settings("score_loo", 2, 0.0005)
    assert "K = 2" in app.caption[0].value
    press(app, "stop")


@pytest.mark.parametrize("told", ["at the start", "later"])
def test_settings_that_the_run_cannot_take_are_told_once_and_it_goes_on(jobs, monkeypatch, told):
    asked: list[Settings] = []

    def noted(self: Jobs, token: str, settings: Settings) -> None:
        asked.append(settings)
        change(self, token, settings)

    change = Jobs.change
    monkeypatch.setattr(Jobs, "change", noted)
    app = press(opened(epochs="50", objective="iwae"), "start")
    if told == "later":  # the controls ask for another bound by now, so they have no complaint
        app.selectbox(key="control:objective").set_value("elbo").run()
    app.selectbox(key="control:estimator").set_value("score").run()
    for _ in range(3):
        refusals = [each.value for each in app.warning if visitor.UNCHANGED in each.value]
        assert len(refusals) == 1
        assert "needs the estimator pathwise, and got score" in refusals[0]
        app.run()
    view = jobs.look(token(app))
    assert (view.state, view.settings, view.message) == ("running", Settings(), "")
    assert asked == [Settings("score")]
    monkeypatch.setattr(visitor, "NOTICE_SECONDS", 0.0)
    assert not any(visitor.UNCHANGED in each.value for each in app.run().warning)
    app.selectbox(key="control:estimator").set_value("pathwise").run()
    app.selectbox(key="control:lr").set_value("0.0005").run()
    assert jobs.look(token(app)).settings == Settings(learning_rate=0.0005)
    press(app, "stop")
    assert jobs.wait_for(token(app), ended).state == "stopped"


def test_doing_something_else_takes_a_notice_away(jobs):
    app = press(opened(epochs="50", objective="iwae"), "start")
    app.selectbox(key="control:estimator").set_value("score").run()
    press(app, "pause")
    assert not any(visitor.UNCHANGED in each.value for each in app.warning)
    press(app, "stop")


def test_opening_an_address_changes_nothing(jobs):
    first = press(opened(epochs="50", lr="0.005"), "start")
    opened(run=token(first))
    assert jobs.look(token(first)).settings.learning_rate == 0.005
    press(first, "stop")


def test_divergence_teaches_and_mends(jobs):
    app = press(opened(lr="1000"), "start")
    jobs.wait_for(token(app), ended)
    app.run()
    assert "learning rate below 1000" in app.error[0].value
    press(app, "mend")
    view = jobs.wait_for(token(app), ended)
    assert view.state == "finished"
    assert view.settings.learning_rate == TrainConfig().learning_rate
    assert "lr" not in app.query_params
    assert not app.run().error


def test_a_run_that_blew_up_at_once_says_that_it_starts_again(jobs):
    app = press(opened(lr="1000"), "start")
    view = jobs.wait_for(token(app), ended)
    assert view.snapshot == 0
    assert app.run().button(key="mend").label.startswith("Start again from the first step")


def test_the_way_back_names_the_snapshot(jobs):
    app = press(opened(epochs="50"), "start")
    press(app, "stop")
    view = jobs.wait_for(token(app), ended)
    assert view.snapshot == view.history[-1].step > 0
    assert reports.way_back(view).endswith(f"(step {view.snapshot})")


def test_two_who_ask_for_the_same_share_it_and_neither_stops_the_other(jobs):
    first, second = press(opened(epochs="50"), "start"), press(opened(epochs="50"), "start")
    assert token(first) != token(second)
    assert jobs.look(token(first)).watchers == 2
    assert "shared with 1 more" in reports.status(jobs.look(token(first)))
    press(first, "stop")
    assert jobs.look(token(first)).state == "stopped"
    assert jobs.look(token(second)).active
    press(second.run(), "stop")
    jobs.wait_for(token(second), ended)


def test_a_finished_run_is_there_at_once_and_says_why(jobs):
    first = press(opened(), "start")
    jobs.wait_for(token(first), ended)
    second = press(opened(), "start")
    assert jobs.look(token(second)).state == "finished"
    assert "trained here before" in second.warning[0].value


def test_a_run_that_is_too_large_is_refused_in_words(tmp_path):
    with small_jobs(tmp_path, bounds=Bounds(steps=100)):
        app = press(opened(), "start")
    assert "600 steps" in app.warning[0].value
    assert "run" not in app.query_params


def test_what_can_be_taken_away(jobs, tmp_path):
    app = opened(epochs="2")
    assert [link.proto.disabled for link in app.get("link_button")] == [True, True]
    press(app, "start")
    jobs.wait_for(token(app), ended)
    links = app.run().get("link_button")
    assert [link.proto.disabled for link in links] == [False, False]
    view = jobs.look(token(app))
    for link, name in zip(links, take_away.LABELS, strict=True):
        assert link.proto.url == f"take/{name}?run={view.token}"
    path = tmp_path / "taken.safetensors"
    path.write_bytes(take_away.file(take_away.CHECKPOINT, view.token)[0])
    checkpoint, config = load_checkpoint(path)
    assert (checkpoint.step, config) == (view.snapshot, view.config)
    curves, _ = take_away.file(take_away.CURVES, view.token)
    assert curves.decode() == curves_csv(view.history)
    for name in (take_away.CHECKPOINT, take_away.CURVES, "run.json", ""):
        assert take_away.file(name, "no token") is None
    assert take_away.file("run.json", view.token) is None


def test_links_share_the_run_only_where_they_say_so(jobs):
    app = press(opened(epochs="50", latent="2"), "start")
    plain, whole = (code.value for code in app.code[:2])
    assert "run=" not in plain
    assert "latent=2" in plain
    assert f"run={token(app)}" in whole
    press(app, "stop")


def test_missing_data_give_a_sentence(jobs, monkeypatch):
    def missing(*_: object) -> None:
        raise DataError("The MNIST data are missing: put them back.")

    monkeypatch.setattr(reports, "untrained", missing)
    app = opened()
    assert app.error[0].value == "The MNIST data are missing: put them back."


@pytest.mark.parametrize("query", [{"latent": "2"}, {"estimator": "score"}, {"latent": "x"}])
def test_addresses(jobs, query):
    opened(**query)


@pytest.mark.parametrize("name", trainable())
def test_recorded_runs_have_the_form_of_the_command(name):
    path = reports.REFERENCES / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip("no run is recorded for this estimator")
    last = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()][-1]
    assert last["epoch"] == 1.0
    assert name in reports.reference_curves()


def test_words():
    assert numbers.duration(99.4) == "99 s"
    assert numbers.duration(600) == "10 min"
    assert reports.difference(Settings(), Settings("score_loo", 4, 0.1)) == (
        "REINFORCE, leave-one-out, K = 4, rate 0.1"
    )


def test_a_run_is_credited_to_all_the_estimators_it_trained_with(jobs):
    app = press(opened(), "start")
    view = jobs.wait_for(token(app), ended)
    first, last = view.history[0], view.history[-1]
    mixed = replace(view, history=(first, replace(last, settings=Settings("score_loo", 4))))
    words = {"none": "", "run": "{estimator}"}
    assert reports.takeaway(mixed, words) == "Reparameterization, then REINFORCE, leave-one-out"
