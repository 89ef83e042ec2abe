"""Runs of serials as a set, and the account of a series: held against plain sets of numbers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.blanks import CONTRADICTIONS, Account, Event, Runs, account

RUNS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)).map(lambda one: (one[0], one[0] + one[1])), max_size=8)


def plain(runs: Runs) -> set[int]:
    return {value for first, last in runs for value in range(first, last + 1)}


@given(RUNS, RUNS, st.integers(0, 50))
def test_runs_are_a_set(left: list[tuple[int, int]], right: list[tuple[int, int]], value: int) -> None:
    a, b = Runs(left), Runs(right)
    assert plain(a | b) == plain(a) | plain(b)
    assert plain(a - b) == plain(a) - plain(b)
    assert plain(a & b) == plain(a) & plain(b)
    assert (value in a) == (value in plain(a))
    assert len(a) == len(plain(a))
    assert a.first(value) == sorted(plain(a))[:value]
    assert Runs.of(sorted(plain(a))) == a
    assert bool(a) == bool(plain(a))


@given(RUNS)
def test_runs_neither_touch_nor_overlap(given_runs: list[tuple[int, int]]) -> None:
    runs = list(Runs(given_runs))
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(runs))


def of(*events: tuple[str, int, int], issued: tuple[tuple[int, int], ...] = ()) -> Account:
    return account([Event(what=what, run=(first, last)) for what, first, last in events], Runs(issued))


def wrong(found: Account) -> list[tuple[str, list[tuple[int, int]]]]:
    return [(one.what, list(one.runs)) for one in found.contradictions]


def test_a_series_balances() -> None:
    found = of(("received", 1, 100), ("spoiled", 5, 6), ("lost", 7, 7), ("destroyed", 91, 100), issued=((1, 4),))
    assert found.balances
    counts = [
        len(one) for one in (found.received, found.issued, found.spoiled, found.lost, found.destroyed, found.stock)
    ]
    assert counts == [100, 4, 2, 1, 10, 83]


def test_every_contradiction_is_named() -> None:
    received = ("received", 1, 10)
    cases = {
        "received-twice": of(received, ("received", 10, 12)),
        "spoiled-twice": of(received, ("spoiled", 1, 2), ("spoiled", 2, 2)),
        "lost-twice": of(received, ("lost", 1, 2), ("lost", 2, 2)),
        "destroyed-twice": of(received, ("destroyed", 1, 2), ("destroyed", 2, 2)),
        "issued-never-received": of(received, issued=((10, 11),)),
        "spoiled-never-received": of(received, ("spoiled", 11, 11)),
        "lost-never-received": of(received, ("lost", 11, 11)),
        "destroyed-never-received": of(received, ("destroyed", 11, 11)),
        "issued-and-spoiled": of(received, ("spoiled", 3, 3), issued=((3, 3),)),
        "issued-and-lost": of(received, ("lost", 3, 3), issued=((3, 3),)),
        "issued-and-destroyed": of(received, ("destroyed", 3, 3), issued=((3, 3),)),
        "spoiled-and-lost": of(received, ("lost", 3, 3), ("spoiled", 3, 3)),
        "spoiled-and-destroyed": of(received, ("destroyed", 3, 3), ("spoiled", 3, 3)),
        "lost-and-destroyed": of(received, ("destroyed", 3, 3), ("lost", 3, 3)),
        "miscounted": account(
            [Event(what="received", run=(1, 9)), Event(what="counted", run=(1, 9), counted=8)], Runs()
        ),
    }
    assert {what: [name for name, _ in wrong(found)] for what, found in cases.items()} == {
        what: [what] for what in CONTRADICTIONS
    }
    assert not any(found.balances for found in cases.values())


def test_a_stock_taking_is_held_to_the_books_of_its_time() -> None:
    before = Event(what="counted", run=(1, 10), counted=8, issued=Runs([(1, 2)]))
    events = [Event(what="received", run=(1, 10)), before, Event(what="spoiled", run=(9, 9))]
    assert account(events, Runs([(1, 5)])).balances
