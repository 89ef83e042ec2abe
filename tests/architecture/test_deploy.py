"""What deploy/ starts is there: every call of `sogoc` in a unit or in the compose file, with its options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_documents import commands

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted([*DEPLOY.glob("systemd/*.service"), DEPLOY / "compose.yaml"])


def calls(text: str) -> Iterator[list[str]]:
    """Every call, in words: in a shell, in a comment, or as a list of words."""
    for line in re.findall(r"command: \[(sogoc, .*)\]", text):
        yield line.replace('"', "").split(", ")
    for line in re.findall(r"(?:exec |run --rm log |do |; )(sogoc [^';\n]*)", text):
        yield line.split()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_call_is_one_of_the_program(path: Path) -> None:
    known, found = commands(), list(calls(path.read_text()))
    assert found
    for words in found:
        name = " ".join(words[:2])
        assert name in known, words
        assert {word for word in words if word.startswith("--")} <= known[name], words


def test_every_timer_has_its_service_and_every_unit_one_environment() -> None:
    for timer in DEPLOY.glob("systemd/*.timer"):
        assert timer.with_suffix(".service").exists()
    for unit in DEPLOY.glob("systemd/*.service"):
        assert "EnvironmentFile=/etc/sogoc/environment\n" in unit.read_text()
        assert "UMask=0077\n" in unit.read_text()
