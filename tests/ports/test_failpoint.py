"""Crash points: the process dies at the one that is named, as many times later as is said, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from sogoc.failpoint import FAILPOINTS

WALK = """
import atexit, sys
from sogoc.failpoint import FAILPOINTS, reach
atexit.register(print, "cleaned up")
for turn in range(3):
    for name in FAILPOINTS:
        sys.stdout.write(f"{turn} {name}\\n")
        sys.stdout.flush()
        try:
            reach(name)
        finally:
            sys.stdout.flush()
"""


def walk(failpoint: str | None) -> tuple[int, list[str], str]:
    environment = {name: value for name, value in os.environ.items() if name != "SOGOC_FAILPOINT"}
    if failpoint is not None:
        environment["SOGOC_FAILPOINT"] = failpoint
    done = subprocess.run([sys.executable, "-c", WALK], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_without_the_variable_nothing_happens() -> None:
    code, lines, _ = walk(None)
    assert code == 0
    assert len(lines) == 3 * len(FAILPOINTS) + 1


@pytest.mark.parametrize(
    ("failpoint", "last"),
    [
        (FAILPOINTS[0], f"0 {FAILPOINTS[0]}"),
        ("sequence.decided", "0 sequence.decided"),
        ("sequence.decided:1", "0 sequence.decided"),
        ("publish.tiles:3", "2 publish.tiles"),
        (FAILPOINTS[-1] + ":2", f"1 {FAILPOINTS[-1]}"),
    ],
)
def test_the_process_dies_there_at_once(failpoint: str, last: str) -> None:
    code, lines, _ = walk(failpoint)
    assert code == -signal.SIGKILL
    assert lines[-1] == last


@pytest.mark.parametrize(
    "failpoint", ["", "nowhere", "publish", "publish.tiles:0", "publish.tiles:", "publish.tiles:x"]
)
def test_a_name_that_does_not_exist_is_refused_at_import(failpoint: str) -> None:
    code, lines, stderr = walk(failpoint)
    assert code == 1
    assert lines == []
    assert "SOGOC_FAILPOINT" in stderr
