"""`make bench`: medians, bounds, what got better or worse, how rows are judged, a part that fails, and the page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import page, results, run
from benchmarks.figures import Figure
from benchmarks.results import Done, Results
from benchmarks.run import Part
from benchmarks.targets import TARGETS, YEAR, Condition, Outcome

MACHINE = {"processor": "sample", "cores": "2", "commit": "0123456", "load": "0.01"}


def figure(name: str, value: float, unit: str = "s", *, n: int | None = None, **more: object) -> Figure:
    return Figure(name=name, value=value, unit=unit, n=n, **more)  # type: ignore[arg-type]


def of(*figures: Figure, at: str = "2026-07-01T0800", size: int = 1000) -> Results:
    return Results(at=at, size=size, machine=MACHINE, figures=list(figures))


# -- medians and bounds ---------------------------------------------------------------------------------------------------


def test_the_median_of_several_processes_keeps_their_values() -> None:
    (found,) = results.medians([[figure("a", value, bound=value / 2)] for value in (9, 1, 2)])
    assert (found.value, found.bound, found.runs) == (2, 1, (9, 1, 2))


def test_a_single_process_keeps_the_runs_it_made_by_itself() -> None:
    (found,) = results.medians([[figure("a", 2, runs=(1.0, 2.0, 3.0))]])
    assert found.runs == (1, 2, 3)


def test_what_two_programs_measured_is_one_figure_of_all_their_runs() -> None:
    (found,) = results.medians([[figure("a", 2, runs=(1.0, 2.0, 9.0))], [figure("a", 3)], [figure("a", 4)]])
    assert (found.value, found.runs) == (3, (1, 2, 9, 3, 4))


def test_figures_of_different_numbers_are_not_mixed() -> None:
    assert len(results.medians([[figure("a", 1, n=10)], [figure("a", 9, n=20)]])) == 2


@pytest.mark.parametrize(("each", "bound"), [(False, 4.0), (True, 2.0)])
def test_a_bound_of_fewer_is_taken_in_proportion_unless_it_is_of_each(each: bool, bound: float) -> None:
    found = results.bounded([figure("year", 8, n=200), figure("least", 2, n=100)], "year", "least", "it", each=each)
    assert (found[0].bound, found[0].bound_name) == (bound, "it")


def test_a_bound_that_was_not_measured_is_none() -> None:
    assert results.bounded([figure("year", 8)], "year", "least", "it")[0].bound is None


# -- comparison -----------------------------------------------------------------------------------------------------------


def changed(before: Figure, after: Figure) -> tuple[float, bool]:
    (found,) = results.compare(of(before), of(after))
    return round(found.factor, 2), found.beyond_noise


@pytest.mark.parametrize(
    ("unit", "before", "after", "factor", "beyond"),
    [
        ("s", 10, 5, 2, True),
        ("s", 5, 10, 0.5, True),
        ("/s of a core", 100, 200, 2, True),
        ("/s", 200, 100, 0.5, True),
        ("MiB", 100, 120, 0.83, False),  # a single value each: 25 %
        ("ms of a core", 100, 140, 0.71, True),
    ],
)
def test_better_and_worse_depend_on_the_unit(
    unit: str, before: float, after: float, factor: float, beyond: bool
) -> None:
    assert changed(figure("a", before, unit), figure("a", after, unit)) == (factor, beyond)


def test_medians_of_several_runs_are_compared_more_sharply_but_only_where_their_ranges_do_not_touch() -> None:
    before = figure("a", 100, runs=(99.0, 100.0, 101.0))
    assert changed(before, figure("a", 115, runs=(114.0, 115.0, 116.0))) == (0.87, True)
    assert changed(before, figure("a", 115, runs=(100.5, 115.0, 116.0))) == (0.87, False)
    assert changed(before, figure("a", 108, runs=(107.0, 108.0, 109.0))) == (0.93, False)


def test_a_slower_machine_is_not_a_slower_program() -> None:
    assert changed(figure("a", 100, "/s", bound=200), figure("a", 50, "/s", bound=100)) == (1, False)


def test_counts_and_figures_of_other_numbers_are_not_compared() -> None:
    before = of(figure("valid", 5, "diplomas"), figure("year", 1, n=10))
    assert list(results.compare(before, of(figure("valid", 9, "diplomas"), figure("year", 1, n=20)))) == []


def test_the_previous_run_is_the_newest_of_the_same_size(tmp_path: Path) -> None:
    for at, size in (
        ("2026-01-01T0000", 10),
        ("2026-01-02T0000", 10),
        ("2026-01-03T0000", 99),
        ("2026-09-01T0000", 10),
    ):
        of(at=at, size=size).write(tmp_path)
    found = results.previous(tmp_path, of(at="2026-05-01T0000", size=10))
    assert found is not None
    assert found.at == "2026-01-02T0000"
    other = results.previous(tmp_path, of(at="2026-05-01T0000", size=7))
    assert other is not None
    assert other.size == 99
    assert results.previous(tmp_path / "none", of()) is None


def test_a_results_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = Results(
        at="2026-07-01T0800", size=1000, machine=MACHINE, parts=[Done(part="core", outcome="measured", seconds=1.5)],
        figures=[figure("a", 1, runs=(1.0, 2.0))], growth={100: [figure("year", 1, n=100)]},
    )  # fmt: skip
    assert results.read(written.write(tmp_path)) == written


# -- the targets ----------------------------------------------------------------------------------------------------------


def test_every_row_is_reached_missed_or_not_measured() -> None:
    assert {one.outcome({}) for one in TARGETS} == {Outcome.NOT_MEASURED}
    for target in TARGETS:
        good, bad = (
            {one.figure: satisfying(target.conditions, one.figure, good=good) for one in target.conditions}
            for good in (True, False)
        )
        assert target.outcome(good) is Outcome.REACHED, target.work
        assert target.outcome(bad) is Outcome.MISSED, target.work


def satisfying(conditions: tuple[Condition, ...], name: str, *, good: bool) -> Figure:
    """A figure exactly at what is asked, or ten times off."""
    plain = next(one for one in conditions if one.figure == name and not one.of_bound)
    ratio = next((one for one in conditions if one.figure == name and one.of_bound), None)
    value = plain.at_most if plain.at_most is not None else plain.at_least
    assert value is not None
    asked = (ratio.at_most or ratio.at_least) if ratio else None
    if not good:
        value = value * 10 if plain.at_most is not None else value / 10
    return figure(name, value, n=plain.each or plain.of or YEAR, bound=value / asked if asked else None)


def test_a_smaller_year_is_judged_in_proportion() -> None:
    condition = Condition(figure="year", at_most=300, each=YEAR)
    assert condition.outcome({"year": figure("year", 6, n=30_000)}) is Outcome.SMALLER
    assert condition.outcome({"year": figure("year", 6.1, n=30_000)}) is Outcome.MISSED
    assert condition.says({"year": figure("year", 6, n=30_000)}) == "300 s for 1,500,000, from 6 s for 30,000"


def test_what_is_asked_of_many_is_said_to_be_reached_of_fewer() -> None:
    condition = Condition(figure="log: receipt at *", at_most=5, of=100)
    fewer = {"log: receipt at 10": figure("log: receipt at 10", 1, "ms", n=10)}
    assert condition.outcome(fewer) is Outcome.SMALLER
    assert condition.says(fewer) == "1 ms at 10"
    enough = fewer | {"log: receipt at 100": figure("log: receipt at 100", 2, "ms", n=100)}
    assert condition.outcome(enough) is Outcome.REACHED
    assert condition.says(enough) == "2 ms"


# -- the parts ------------------------------------------------------------------------------------------------------------

PROGRAM = """
import json, sys
print("measuring")
json.dump([{"name": "a", "value": 1.0, "unit": "s"}], open(sys.argv[-1], "w"))
"""


def part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str | None) -> Part:
    monkeypatch.setattr(run, "PROGRAMS", tmp_path)
    if program is not None:
        (tmp_path / "sample.py").write_text(program)
    return Part(name="sample", times=lambda _: 3)


def test_a_part_runs_as_often_as_it_is_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done, found = run.measure(part(monkeypatch, tmp_path, PROGRAM), 10, limit=60)
    assert (done.outcome, found[0].runs) == ("measured", (1, 1, 1))


@pytest.mark.parametrize(
    ("program", "limit", "outcome", "why"),
    [
        (None, 60, "not measured", "there is no benchmarks/sample.py"),
        ("raise SystemExit(3)", 60, "failed", "exit code 3"),
        ("", 60, "failed", "it wrote no figures"),
        ("import time; time.sleep(60)", 0.5, "failed", "stopped after 0 s"),
    ],
)
def test_what_fails_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str | None, limit: float, outcome: str, why: str
) -> None:
    done, found = run.measure(part(monkeypatch, tmp_path, program), 10, limit=limit)
    assert (done.outcome, done.why, found) == (outcome, why, [])


def test_the_harness_goes_on_after_a_failure_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    (tmp_path / "good.py").write_text(PROGRAM)
    monkeypatch.setattr(run, "PROGRAMS", tmp_path)
    monkeypatch.setattr(run, "PARTS", (Part(name="bad"), Part(name="good")))
    monkeypatch.setattr(run, "PLOT", tmp_path / "none")
    monkeypatch.setattr(sys, "argv", ["run.py", "--size", "10", "--to", str(tmp_path / "results")])
    assert run.main() == 1
    (file,) = (tmp_path / "results").glob("*-10.json")
    found = results.read(file)
    assert [(one.part, one.outcome) for one in found.parts] == [("bad", "failed"), ("good", "measured")]
    assert found.by_name["a"].value == 1
    assert "exit code 3" in capfd.readouterr().out


def test_growth_goes_by_powers_of_ten_below_the_size() -> None:
    assert run.sizes(30_000) == [1_000, 10_000]
    assert run.sizes(1_500_000) == [1_000, 10_000, 100_000]
    assert run.sizes(1_000) == []


def test_memory_is_held_against_a_tenth_of_the_size() -> None:
    growth = {size: [figure("year: peak memory", 100, "MiB", n=size)] for size in (1_000, 100_000, 1_000_000)}
    found = run.concluded([figure("year: peak memory", 105, "MiB", n=1_500_000)], growth, 1_500_000)
    assert found[-1].value == 1.05
    assert found[-1].note == "100 MiB at 100,000"


def test_memory_is_not_held_against_that_of_shorter_lists() -> None:
    growth = {1_000: [figure("year: peak memory", 100, "MiB", n=1_000)]}
    here = figure("year: peak memory", 130, "MiB", n=10_000)
    assert run.concluded([here], growth, 10_000) == [here]


# -- the page -------------------------------------------------------------------------------------------------------------


def test_the_page_is_written_between_its_marks_and_nowhere_else() -> None:
    found = of(
        figure("year", 60, n=1000, bound=10, bound_name="the raw bound"),
        figure("print a diploma", 120, "/s of a core"),
        figure("print and sign a diploma", 40, "/s of a core"),
        figure("peer: sd-jwt: issue", 4321, "/s of a core"),
    )
    found.growth[100] = [figure("year", 8, n=100)]
    found.parts.append(Done(part="http", outcome="not measured", why="there is no benchmarks/http.py"))
    before = page.PAGE.read_text()
    after = page.filled(before, found)
    marks = [*page.REGION.findall(before), *page.REGION.findall(page.OPERATING.read_text())]
    assert sorted(name for _, name, _ in marks) == sorted(page.REGIONS)
    assert page.REGION.sub("", after) == page.REGION.sub("", before)
    assert page.filled(after, found) == after
    for line in (
        "90,000 s for 1,500,000, from 60 s for 1,000",
        "6 × the raw bound (10 s)",
        "- Not reached: a whole year",
        "| 120 /s of a core; 40 /s of a core | none measured | **reached** |",
        "| 100 | 8 | 12.5 |",
        "- http: not measured; there is no benchmarks/http.py.",
        "4,321",
    ):
        assert line in after


def test_the_page_of_this_repository_is_what_its_results_file_says() -> None:
    text = page.PAGE.read_text()
    named = page.REGION.search(text)
    assert named is not None
    for file in results.FOLDER.glob("*.json"):
        if file.name in named[0]:
            for one in (text, page.OPERATING.read_text()):
                assert page.filled(one, results.read(file)) == one
