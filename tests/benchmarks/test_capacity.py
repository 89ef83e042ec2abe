"""The table of capacity follows from the figures that it names."""

from __future__ import annotations

import pytest

from benchmarks.capacity import OURS, capacity, cost
from benchmarks.figures import Figure
from benchmarks.results import Results


def results(**changed: float) -> Results:
    values = {f"year: {name}": 100.0 for name in OURS} | {
        "year: sequence, publish": 50.0, "year: PostgreSQL": 200.0, "stored: in PostgreSQL": 2000.0,
        "stored: public log": 200.0, "year": 60.0,
    }  # fmt: skip
    figures = [Figure(name=name, value=value, unit="", n=1000) for name, value in (values | changed).items()]
    return Results(at="2026-11-26T2030", size=1000, machine={"cores": "2"}, figures=figures)


def test_what_shares_a_machine_adds_up_and_what_does_not_waits_for_the_slowest() -> None:
    one = cost(results())
    assert one.shared(1_000_000, 2) == pytest.approx(325)  # 400 + 50 + 200 µs on two cores
    assert one.apart(1_000_000, hosts=2, database=1) == pytest.approx(200)  # 400 / 2 as long as PostgreSQL alone
    assert one.apart(1_000_000, hosts=64, database=16) == pytest.approx(50)  # there is one writer


def test_the_table_says_what_it_rests_on() -> None:
    said = list(capacity(results()))
    assert "workers 400 µs of a core" in said[0]
    assert [line.count("|") for line in said[2:]] == [7] * 6
    assert "60 GB | 6.0 GB" in said[-1]


def test_without_a_year_there_is_no_table() -> None:
    assert list(capacity(Results(at="", size=1, machine={}))) == ["Not measured."]
