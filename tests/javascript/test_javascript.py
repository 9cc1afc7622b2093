"""The browser's modules that need no browser, run by the node that playwright brings along."""

from __future__ import annotations

import subprocess
from pathlib import Path

import playwright
import pytest

HERE = Path(__file__).parent
NODE = next((Path(playwright.__file__).parent / "driver").glob("node*"))
TESTS = sorted(HERE.glob("*.test.js"))


def test_there_are_tests() -> None:
    assert TESTS


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_it_passes_in_node(path: Path) -> None:
    command = [NODE, "--no-warnings", "--test", "--test-reporter=tap", path]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# pass 0" not in ran.stdout
