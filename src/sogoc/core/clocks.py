"""When a step is due: time limits of the law in working days, in Vietnamese time.

The day on which a limit starts is day 0. Calendar days are counted as they come, also when the last is a day off: a due
date is rather too early than too late. Holidays, and weekends worked in exchange, are data of the law; a year without
data is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from sogoc.core import law
from sogoc.core.law import Clock, Holiday
from sogoc.errors import NoRule

VIETNAM = timezone(timedelta(hours=7), "UTC+7")
"""Vietnam has had this one time, without summer time, since 1975."""

_DAY = timedelta(days=1)
_SATURDAY = 5


def day(moment: datetime) -> date:
    """The day in Vietnam at a moment: the law counts its days there, whatever the clock of a machine says."""
    return moment.astimezone(VIETNAM).date()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked: weekdays but `holidays`, and the weekends in `worked`, in the years that are known."""

    holidays: frozenset[date]
    worked: frozenset[date]
    years: frozenset[int]

    def is_working(self, day: date) -> bool:
        """Whether offices are open.

        Raises: NoRule if the holidays of the year are not known.
        """
        if day.year not in self.years:
            raise NoRule(f"holidays of {day.year}", day.isoformat())
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.holidays)

    def on_or_after(self, day: date) -> date:
        """The first working day from `day` on.

        Raises: NoRule if the holidays of a year are not known.
        """
        while not self.is_working(day):
            day += _DAY
        return day

    def plus(self, day: date, days: int) -> date:
        """The last of so many working days after `day`; with 0 that day itself, worked or not.

        Raises: NoRule if the holidays of a year are not known.
        """
        for _ in range(days):
            day = self.on_or_after(day + _DAY)
        return day


def calendar_of(rows: Iterable[Holiday]) -> Calendar:
    """The calendar that these rows make; a year is known if it has any."""
    days: dict[bool, set[date]] = {False: set(), True: set()}
    for row in rows:
        first = date.fromisoformat(row.valid_from)
        last = date.fromisoformat(row.valid_to or row.valid_from)
        days[row.working] |= {first + _DAY * number for number in range((last - first).days + 1)}
    years = frozenset(day.year for one in days.values() for day in one)
    return Calendar(frozenset(days[False]), frozenset(days[True]), years)


CALENDAR = calendar_of(law.HOLIDAYS)
"""The working days that the data of the law knows."""


def due(
    clock: Clock,
    since: date | datetime,
    calendar: Calendar = CALENDAR,
    *,
    complex: bool = False,
    profile: str | None = None,
) -> date:
    """The last day on which a step is in time.

    `since`: what starts the clock, as a day, or as an aware time; a clock with a cutoff needs the time. `complex`: many
    registers or a difficult search. `profile`: a sort of office, such as `commune`, that the clock may treat otherwise.

    Raises: NoRule if the holidays of a year are not known; ValueError for a time without zone, or no time where one is
        needed.
    """
    day = _started(clock, since, calendar)
    more = 0
    if complex:
        more = clock.complex_days if profile is None else clock.complex_profiles.get(profile, clock.complex_days)
    if clock.unit == "day":
        return calendar.plus(day + _DAY * clock.days, more)
    return calendar.plus(day, clock.days + more)


def _started(clock: Clock, since: date | datetime, calendar: Calendar) -> date:
    """Return day 0. With a cutoff it is a working day, because what comes later or on a day off is taken up on the next."""
    if not isinstance(since, datetime):
        if clock.cutoff is not None:
            raise ValueError(f"the clock {clock.name} needs the time of day")
        return since
    if since.tzinfo is None:
        raise ValueError("a time without its zone")
    local = since.astimezone(VIETNAM)
    day = local.date()
    if clock.cutoff is None:
        return day
    if calendar.is_working(day) and local.time() > time.fromisoformat(clock.cutoff):
        day += _DAY
    return calendar.on_or_after(day)
