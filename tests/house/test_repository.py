"""What the repository must keep: pinned packages, no machine's paths, data with its source."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.test_layers import imports
from tests.support import find_browser, find_other_browsers, find_postgres, find_proxy

REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "requirements-cluster.txt")


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_packages_are_pinned(name: str) -> None:
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        wanted = line.partition("#")[0].strip()
        pinned = re.fullmatch(r"[\w-]+(\[\w+\])?==[\w.]+", wanted)
        assert not wanted or wanted == "-r requirements.txt" or pinned


def test_the_app_imports_what_it_lists_and_nothing_else() -> None:
    files = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "vae_core").rglob("*.py")]
    tops = {name.split(".")[0] for path in files for name in imports(path)}
    foreign = tops - set(sys.stdlib_module_names) - {"pages", "vae_core"}
    for_a_cluster = (ROOT / "requirements-cluster.txt").read_text(encoding="utf-8")
    assert "ray" in foreign
    assert "\nray==" in for_a_cluster
    foreign.remove("ray")
    listed = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    distributions = {"PIL": "pillow", "sqlalchemy": "SQLAlchemy"}
    wanted = {distributions.get(name, name) for name in foreign}
    assert set(re.findall(r"^([\w-]+)==", listed, re.MULTILINE)) == wanted


@pytest.mark.parametrize(
    ("name", "licence"), [("mnist.npz", "CC BY-SA 3.0"), ("breast_cancer.csv", "CC BY 4.0")]
)
def test_data_are_the_file_that_their_attribution_describes(name: str, licence: str) -> None:
    found = hashlib.sha256((ROOT / "assets" / name).read_bytes()).hexdigest()
    notes = (ROOT / "assets" / "README.md").read_text(encoding="utf-8")
    assert found in notes
    assert licence in notes


def test_no_file_names_a_machine() -> None:
    folders = ("/ho" + "me/", "/Us" + "ers/", "/tm" + "p/", "/ro" + "ot/")
    paths = [*ROOT.glob("*.py"), ROOT / "Makefile", ROOT / "README.md"]
    paths += [
        path for part in ("pages", "vae_core", "tests") for path in (ROOT / part).rglob("*.py")
    ]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert not any(folder in text for folder in folders), path


def test_a_missing_browser_is_said_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(find_browser.shutil, "which", lambda _name: None)
    monkeypatch.setattr(find_browser, "MACOS", ())
    monkeypatch.setattr(find_browser, "_playwright_own", lambda: "no/such/browser")
    with pytest.raises(SystemExit, match="Install Chromium"):
        find_browser.main()


def test_missing_other_browsers_are_said_and_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIREFOX", raising=False)
    monkeypatch.setattr(find_other_browsers.shutil, "which", lambda _name: None)
    with pytest.raises(SystemExit, match=r"No firefox and no WebKitWebDriver .* firefox-esr"):
        find_other_browsers.main()
    monkeypatch.setattr(find_other_browsers.shutil, "which", lambda name: name)
    assert find_other_browsers.missing() == []
    assert find_other_browsers.way_to_install([]) == []
    monkeypatch.setattr(find_other_browsers.os, "geteuid", lambda: 0, raising=False)
    update, install = find_other_browsers.way_to_install(["firefox", "Xvfb"])
    assert update == ["apt-get", "update"]
    assert install[-2:] == ["firefox-esr", "xvfb"]


def test_a_missing_proxy_is_said_and_can_be_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NGINX", raising=False)
    monkeypatch.setattr(find_proxy.shutil, "which", lambda _name, path=None: None)
    assert find_proxy.find() is None
    find_proxy.main()
    assert "apt-get install nginx-light" in capsys.readouterr().out
    monkeypatch.setattr(find_proxy.shutil, "which", lambda name, path=None: name)
    monkeypatch.setattr(find_proxy.os, "geteuid", lambda: 0, raising=False)
    assert [command[0] for command in find_proxy.way_to_install()] == ["apt-get", "apt-get"]


def test_a_missing_database_is_said_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("POSTGRES", raising=False)
    monkeypatch.setattr(find_postgres.shutil, "which", lambda _name: None)
    monkeypatch.setattr(find_postgres, "DEBIAN", tmp_path)
    with pytest.raises(SystemExit, match=r"No PostgreSQL .* apt-get install postgresql"):
        find_postgres.main()
    for version in ("9", "15"):
        program = tmp_path / version / "bin" / "postgres"
        program.parent.mkdir(parents=True)
        program.touch()
    assert find_postgres.find() == tmp_path / "15" / "bin" / "postgres"


FROM_THE_ROOT = re.compile(
    r"""\]\(/ | \bhref\s*=\s*["']/ | (import|fetch|URL)\(\s*["'`]/
    | ["'`]/(assets|looks|take|static)\b""",
    re.VERBOSE,
)


def test_no_address_begins_at_the_root_of_the_host() -> None:
    """Below a path of a proxy it would lead out of the app; `app.py` alone names its routes so."""
    kinds = ("assets/**/*.js", "assets/**/*.css", "assets/lessons/*.md", "pages/**/*.py")
    files = [path for kind in kinds for path in ROOT.glob(kind)]
    assert len(files) > 50
    for path in files:
        assert not FROM_THE_ROOT.search(path.read_text(encoding="utf-8")), path


def test_the_named_browser_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "some/browser")
    assert find_browser.find() == "some/browser"


def test_playwrights_own_browser_is_tried_before_the_systems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(find_browser.shutil, "which", lambda name: name)
    monkeypatch.setattr(find_browser.os, "geteuid", lambda: 0, raising=False)
    first, second = find_browser.ways_to_install()
    assert first[0][1:] == ["-m", "playwright", "install", "chromium"]
    assert [command[0] for command in second] == ["apt-get", "apt-get"]
    monkeypatch.setattr(find_browser.os, "geteuid", lambda: 1000, raising=False)
    assert len(find_browser.ways_to_install()) == 1
