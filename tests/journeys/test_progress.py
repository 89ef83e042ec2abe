"""What a person is told of long work: rows done of all, a second, and the time that is left; on a terminal and in a file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sogoc.cli import output
from sogoc.cli.opening import Pace, Progression, how_far


class Clock:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patch.setattr("sogoc.cli.opening.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def said(patch: pytest.MonkeyPatch, *, terminal: bool) -> io.StringIO:
    out = io.StringIO()
    patch.setattr(output, "stderr", Console(file=out, force_terminal=terminal, width=120))
    return out


@pytest.mark.parametrize(
    ("far", "expected"),
    [
        ((0, 0, None), "0"),
        ((0, 1500, None), "0 / 1,500"),
        ((500, 1500, 100.0), "500 / 1,500 · 100/s · còn · left 0:00:10"),
        ((500, 0, 100.0), "500 · 100/s"),
        ((1500, 1500, 100.0), "1,500 / 1,500 · 100/s"),
        ((1, 1_500_001, 7_000.0), "1 / 1,500,001 · 7,000/s · còn · left 0:03:34"),
    ],
)
def test_how_far_it_is_in_words(far: tuple[int, int, float | None], expected: str) -> None:
    assert how_far(*far) == expected


def test_the_rate_is_that_of_the_last_half_minute(clock: Clock) -> None:
    pace, done = Pace(), 0
    for second in range(120):
        clock.now += 1
        done += 1000 if second < 60 else 10
        pace.reach(done)
    assert pace.rate == pytest.approx(10, rel=0.01)
    clock.now += 30
    assert pace.rate == pytest.approx(5, rel=0.01)  # nothing was done since: that is told too


def test_in_a_file_it_is_a_line_now_and_then(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    out = said(monkeypatch, terminal=False)
    with Progression("Ký · Signing", total=5000, quiet=False) as step:
        for _ in range(25):
            clock.now += 1
            step(100)
    assert out.getvalue().splitlines() == [
        "Ký · Signing: 1,000 / 5,000 · 100/s · còn · left 0:00:40",
        "Ký · Signing: 2,000 / 5,000 · 100/s · còn · left 0:00:30",
    ]


def test_on_a_terminal_it_is_a_bar(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    out = said(monkeypatch, terminal=True)
    with Progression("Ký · Signing", total=500, quiet=False) as step:
        step(100)
        assert out.getvalue() == ""  # what is done at once needs none
        clock.now += 2
        step(100)
    assert "200 / 500 · 100/s" in out.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_whoever_wants_a_document_is_told_nothing_else(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    out = said(monkeypatch, terminal=terminal)
    with Progression("Ký · Signing", total=500, quiet=True) as step:
        for _ in range(20):
            clock.now += 5
            step(10)
    assert out.getvalue() == ""
