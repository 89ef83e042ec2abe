"""What the command line answers with when it is called wrongly, or when the log contradicts itself."""

from __future__ import annotations

import pytest

from sogoc.cli import app
from sogoc.errors import LogForked


@pytest.mark.parametrize("words", [[], ["no-such-command"], ["verify"], ["log"], ["verify", "x", "--no-such-option"]])
def test_a_call_that_is_not_of_the_form_is_64(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["sogoc", *words])
    assert app.main() == 64


def test_a_fork_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def forked(*_: object, **__: object) -> int:
        raise LogForked("two roots for one size")

    monkeypatch.setattr("sogoc.cli.archive.doctor", forked)
    monkeypatch.setattr("sys.argv", ["sogoc", "doctor"])
    assert app.main() == 70
    assert "two roots for one size" in capsys.readouterr().err
