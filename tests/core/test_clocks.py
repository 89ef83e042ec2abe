"""When a step is due: hours, weekends, Tết, days worked in exchange, and years that nobody knows yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import law
from sogoc.core.clocks import CALENDAR, VIETNAM, Calendar, calendar_of, due
from sogoc.core.law import Clock
from sogoc.errors import NoRule

COPY = law.clock("copy", "2026-06-12")
DIGITAL = law.clock("digital-diploma", "2026-06-15")
PAPER = law.clock("paper-diploma", "2026-06-15")


def at(day: str, hour: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}:00").replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("day", "hour", "expected"),
    [
        pytest.param("2026-06-12", "14:59", "2026-06-12", id="Friday before three"),
        pytest.param("2026-06-12", "15:00", "2026-06-12", id="Friday at three"),
        pytest.param("2026-06-12", "15:01", "2026-06-15", id="Friday after three"),
        pytest.param("2026-06-13", "09:00", "2026-06-15", id="Saturday"),
        pytest.param("2026-06-14", "23:59", "2026-06-15", id="Sunday night"),
        pytest.param("2026-02-13", "14:59", "2026-02-13", id="the last day before Tết"),
        pytest.param("2026-02-13", "15:01", "2026-02-23", id="the last afternoon before Tết"),
        pytest.param("2026-02-17", "08:00", "2026-02-23", id="the first day of the year of the Horse"),
        pytest.param("2025-01-24", "15:01", "2025-02-03", id="before Tết 2025"),
        pytest.param("2024-02-07", "15:01", "2024-02-15", id="before Tết 2024"),
        pytest.param("2024-05-03", "15:01", "2024-05-04", id="a Saturday worked in exchange"),
        pytest.param("2026-04-24", "15:01", "2026-04-28", id="a festival on Sunday, with the day in lieu"),
        pytest.param("2026-08-28", "15:01", "2026-09-03", id="National Day with the bridge"),
        pytest.param("2026-12-31", "15:01", "2027-01-04", id="over the New Year"),
    ],
)
def test_r6_a_copy_is_due_the_same_day_until_three(day: str, hour: str, expected: str) -> None:
    assert due(COPY, at(day, hour)) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        pytest.param(None, "2026-06-16", id="two working days"),
        pytest.param("commune", "2026-06-15", id="one in a commune"),
        pytest.param("department", "2026-06-16", id="an office without a rule of its own"),
    ],
)
def test_r6_a_difficult_copy_has_more_time(profile: str | None, expected: str) -> None:
    friday = at("2026-06-12", "14:59")
    assert due(COPY, friday, complex=True, profile=profile) == date.fromisoformat(expected)
    assert due(COPY, friday, profile=profile) == date(2026, 6, 12)


def test_r9_the_digital_diploma_and_the_paper() -> None:
    decided = date(2026, 6, 15)
    assert due(DIGITAL, decided) == date(2026, 6, 22)
    assert due(PAPER, decided) == date(2026, 7, 15)


def test_r9_working_days_leave_out_the_days_off() -> None:
    assert due(law.clock("digital-diploma", "2026-04-23"), date(2026, 4, 23)) == date(2026, 5, 5)
    assert due(PAPER, date(2026, 8, 3)) == date(2026, 9, 2)  # calendar days end on a day off all the same


def test_a_paper_school_diploma_took_75_days() -> None:
    assert due(law.clock("paper-school-diploma", "2026-04-14"), date(2026, 4, 14)) == date(2026, 6, 28)
    assert due(law.clock("paper-school-diploma", "2026-04-15"), date(2026, 4, 15)) == date(2026, 5, 15)


def test_a_time_is_read_in_vietnam() -> None:
    assert due(COPY, datetime(2026, 6, 12, 7, 59, tzinfo=UTC)) == date(2026, 6, 12)
    assert due(COPY, datetime(2026, 6, 12, 8, 1, tzinfo=UTC)) == date(2026, 6, 15)
    assert due(DIGITAL, datetime(2026, 6, 14, 17, 0, tzinfo=UTC)) == date(2026, 6, 22)  # midnight, so the 15th


def test_a_time_that_is_missing_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="time of day"):
        due(COPY, date(2026, 6, 12))
    with pytest.raises(ValueError, match="zone"):
        due(COPY, datetime(2026, 6, 12, 14, 59))


@pytest.mark.parametrize(
    ("clock", "since"),
    [
        pytest.param(DIGITAL, date(2027, 12, 29), id="runs out of the known years"),
        pytest.param(DIGITAL, date(2023, 12, 20), id="begins before them"),
        pytest.param(COPY, at("2028-01-03", "09:00"), id="is asked after them"),
        pytest.param(COPY, at("2027-12-31", "15:01"), id="is taken up after them"),
    ],
)
def test_a_year_without_holidays_is_refused(clock: Clock, since: date | datetime) -> None:
    with pytest.raises(NoRule, match=r"holidays of (2023|2028)") as refused:
        due(clock, since)
    assert "core/law" in str(refused.value.mend)


def test_calendar_days_need_no_holidays() -> None:
    assert due(law.clock("late-recording", "1985-06-30"), date(1985, 6, 30)) == date(1985, 7, 30)


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027])
def test_a_year_has_the_eleven_days_of_the_labour_code(year: int) -> None:
    assert year in CALENDAR.years
    days = {day for day in CALENDAR.holidays if day.year == year}
    fixed = {date(year, 1, 1), date(year, 4, 30), date(year, 5, 1), date(year, 9, 2)}
    assert fixed <= days
    lost = sum(day.weekday() < 5 for day in days) - sum(day.year == year for day in CALENDAR.worked)
    assert 10 <= lost <= 12  # a festival on a Saturday or Sunday is given back, a day taken is worked on another


def test_days_worked_in_exchange_are_weekends() -> None:
    assert CALENDAR.worked
    assert {day.weekday() for day in CALENDAR.worked} <= {5, 6}
    assert not CALENDAR.worked & CALENDAR.holidays


def test_a_calendar_is_made_of_its_rows() -> None:
    rows = [row for row in law.HOLIDAYS if row.valid_from.startswith("2026-01")]
    assert calendar_of(rows) == Calendar(
        frozenset({date(2026, 1, 1), date(2026, 1, 2)}), frozenset({date(2026, 1, 10)}), frozenset({2026})
    )


# -- properties -----------------------------------------------------------------------------------------------------------

DAYS = st.dates(date(2024, 1, 1), date(2027, 9, 30))


@given(DAYS, st.integers(0, 40))
def test_working_days_are_counted_one_by_one(day: date, days: int) -> None:
    last = CALENDAR.plus(day, days)
    between = [day + timedelta(days=number) for number in range(1, (last - day).days + 1)]
    assert sum(CALENDAR.is_working(one) for one in between) == days
    assert days == 0 or CALENDAR.is_working(last)


@given(DAYS, st.times(), st.times())
def test_who_comes_later_is_never_served_sooner(day: date, one: object, other: object) -> None:
    earlier, later = sorted((one, other))  # type: ignore[type-var]
    first, second = (
        due(COPY, datetime.combine(day, hour, VIETNAM))  # type: ignore[arg-type]
        for hour in (earlier, later)
    )
    assert day <= first <= second
    assert CALENDAR.is_working(first)
