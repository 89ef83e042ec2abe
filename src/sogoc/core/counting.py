"""Count from the public log alone what institutions awarded: per book, decision, quota and act, and how late it was recorded.

The counter takes entries as they come and keeps one small value per batch, act and amendment, and nothing per qualification. It
judges nothing that `replay` judges: who may sign, what may follow what, whether entries are those of their batch.

Spec: docs/spec/completeness.md
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sogoc.core import authority, decision, entry, law
from sogoc.core.authority import ANY, Page, Power
from sogoc.core.clocks import VIETNAM
from sogoc.core.record import SCHEMAS
from sogoc.errors import MalformedError

ReadPage = Callable[[int, int], bytes | None]
"""`page(ordinal, version)`: the bytes of an authority page, or None when they are not there."""


@dataclass(slots=True, kw_only=True)
class LoggedBatch:
    """A batch as the log has it. `page` was in force at its index; `said` carries no signatures any more.

    `earliest` and `latest` are the times of the states around it: the log says that it was written between the two. `acts`
    counts what followed upon its qualifications.
    """

    index: int
    said: entry.Batch
    page: Page | None
    earliest: datetime | None
    latest: datetime | None = None
    issued: int = 0
    acts: Counter[str] = field(default_factory=Counter)

    @property
    def kind(self) -> str:
        return SCHEMAS[self.said.schema].kind

    @property
    def year(self) -> str:
        return self.said.awarded_on[:4]

    @property
    def late_by(self) -> int | None:
        """How many days lie for sure between award and log: negative where the award date was still to come. None when in time."""
        awarded = date.fromisoformat(self.said.awarded_on)
        limit = law.clock("late-recording", self.said.awarded_on).days
        after, before = self.earliest or self.latest, self.latest or self.earliest
        if after is not None and (days := (_day(after) - awarded).days) > limit:
            return days
        if before is not None and (days := (_day(before) - awarded).days) < -limit:
            return days
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What one book of one institution amounts to: (kind, level, year)."""

    institution: int
    kind: str
    level: str
    year: str
    batches: int
    issued: int
    ended: int
    provenances: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCount:
    """What was awarded by one decision, of the number that it names. `indexes` are those of its batches."""

    institution: int
    number: str
    decided_on: str
    total: int
    issued: int
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaCount:
    """Awards for one intake under one power against its quota.

    The public knows a range: `at_least` are the cells that are named, `at_most` adds small cells that batches merged, and cells
    that do not name their intake. `overridden`: the ministry let a batch of these pass in spite of its quota.
    """

    institution: int
    power: Power
    intake: str
    quota: int
    at_least: int
    at_most: int
    overridden: bool

    @property
    def allowed(self) -> int:
        """The quota with the tolerance of the law."""
        return self.quota * (100 + (law.gate("quota", self.power.valid_from).tolerance_percent or 0)) // 100

    def __str__(self) -> str:
        count = f"{self.at_least}" if self.at_least == self.at_most else f"{self.at_least}–{self.at_most}"
        return f"{count}/{self.quota}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a report."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str | int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All that was counted, in the order of the log; `size` entries were read."""

    size: int
    batches: tuple[LoggedBatch, ...]
    pages: Mapping[int, Page]
    acts: Mapping[tuple[int, str, str], int]
    """(institution, act, wording) -> how many; an amendment or a reissue has no wording."""
    custodians: Mapping[int, tuple[tuple[int, int], ...]]
    """institution -> (log index, custodian), as registers were handed over."""

    def code(self, ordinal: int) -> str:
        page = self.pages.get(ordinal)
        return page.code if page is not None else str(ordinal)

    def volumes(self) -> list[Volume]:
        books: dict[tuple[int, str, str, str], list[LoggedBatch]] = defaultdict(list)
        for one in self.batches:
            books[one.said.institution, one.kind, one.said.level, one.year].append(one)
        return [
            Volume(
                institution=book[0], kind=book[1], level=book[2], year=book[3], batches=len(found),
                issued=sum(one.issued for one in found), ended=sum(one.acts["revoke"] + one.acts["cancel"] for one in found),
                provenances=dict(sorted(_sums((one.said.provenance, one.issued) for one in found).items())),
            )
            for book, found in sorted(books.items())
        ]  # fmt: skip

    def decisions(self) -> list[DecisionCount]:
        found: dict[tuple[int, str, str], list[LoggedBatch]] = defaultdict(list)
        for one in self.batches:
            found[one.said.institution, one.said.decided_on, decision.same(one.said.decision_number)].append(one)
        return [
            DecisionCount(
                institution=institution, number=batches[0].said.decision_number, decided_on=decided_on,
                total=min(one.said.decision_total for one in batches), issued=sum(one.issued for one in batches),
                indexes=tuple(one.index for one in batches),
            )
            for (institution, decided_on, _), batches in sorted(found.items())
        ]  # fmt: skip

    def quotas(self) -> list[QuotaCount]:
        """Count what was awarded under every power that has a quota, on the newest page of each institution."""
        return [
            quota
            for ordinal, page in sorted(self.pages.items())
            for power in page.powers
            for quota in _quotas(ordinal, power, [one for one in self.batches if one.said.institution == ordinal])
        ]

    def without_power(self) -> list[tuple[LoggedBatch, str, str, int]]:
        """Return (batch, programme, mode, count) where the page in force gave no power on the award date; merged cells nobody sees."""
        return [
            (one, programme, mode, count)
            for one in self.batches
            for programme, mode, count in _named(one)
            if one.page is not None and not any(_covers(power, one, programme, mode) for power in one.page.powers)
        ]

    def late(self) -> list[LoggedBatch]:
        return [one for one in self.batches if one.late_by is not None]

    def tables(self) -> list[Table]:
        """Return everything that was counted as tables, in which institutions go by their codes."""
        return [
            Table("books", ("institution", "kind", "level", "year", "batches", "issued", "ended", "provenance"), [
                (self.code(one.institution), one.kind, one.level, one.year, one.batches, one.issued, one.ended,
                 ", ".join(f"{grade} {n}" for grade, n in one.provenances.items()))
                for one in self.volumes()
            ]),
            Table("decisions", ("institution", "decision", "decided_on", "total", "batches", "issued", "missing"), [
                (self.code(one.institution), one.number, one.decided_on, one.total, len(one.indexes), one.issued,
                 one.total - one.issued)
                for one in self.decisions()
            ]),
            Table("quotas", ("institution", "level", "programme", "mode", "intake", "count"), [
                (self.code(one.institution), one.power.level, one.power.programme, one.power.mode, one.intake, str(one))
                for one in self.quotas()
            ]),
            Table("acts", ("institution", "act", "wording", "count"), [
                (self.code(ordinal), act, wording, count) for (ordinal, act, wording), count in self.acts.items()
            ]),
            Table("custody", ("institution", "index", "custodian"), [
                (self.code(ordinal), index, self.code(custodian))
                for ordinal, handed in self.custodians.items() for index, custodian in handed
            ]),
        ]  # fmt: skip


class Counting:
    """The counter at work. With `institution` it keeps only what concerns that ordinal."""

    def __init__(self, page: ReadPage, institution: int | None = None) -> None:
        self._read_page = page
        self._only = institution
        self._size = 0
        self._batches: list[LoggedBatch] = []
        self._starts: list[int] = []
        self._open: LoggedBatch | None = None
        self._unstated: list[LoggedBatch] = []
        self._state_at: datetime | None = None
        self._pages: dict[int, Page] = {}
        self._acts: Counter[tuple[int, str, str]] = Counter()
        self._custodians: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._first: dict[int, int] = {}  # index of a later version -> index at which the qualification was issued

    def take(self, one: entry.Entry | None) -> None:
        """Take the next entry of the log; None where it does not parse."""
        index, self._size = self._size, self._size + 1
        match one:
            case entry.Issue():
                if self._open is not None and self._concerns(one.institution):
                    self._open.issued += 1
            case entry.Batch():
                self._take_batch(index, one)
            case entry.Authority():
                self._take_page(one)
            case entry.Successor() | entry.StatusAct():
                self._take_act(index, one)
            case entry.Custody():
                if self._concerns(one.institution):
                    self._custodians[one.institution].append((index, one.custodian))
            case entry.State():
                for batch in self._unstated:
                    batch.latest = one.at
                self._unstated, self._state_at = [], one.at
            case _:
                pass

    def counted(self) -> Counted:
        return Counted(
            size=self._size,
            batches=tuple(self._batches),
            pages=dict(self._pages),
            acts=dict(sorted(self._acts.items())),
            custodians={ordinal: tuple(found) for ordinal, found in self._custodians.items()},
        )

    def page(self, ordinal: int) -> Page | None:
        """Return the authority page of an institution that is in force after the entry read last."""
        return self._pages.get(ordinal)

    def batch_of(self, index: int) -> LoggedBatch | None:
        """Return the batch to which the qualification logged at `index` belongs, in any of its versions."""
        index = self._first.get(index, index)
        at = bisect_left(self._starts, index) - 1
        return self._batches[at] if at >= 0 and index <= self._starts[at] + self._batches[at].issued else None

    def batch_at(self, index: int) -> LoggedBatch | None:
        """Return the batch whose own entry stands at `index`."""
        at = bisect_left(self._starts, index)
        return self._batches[at] if at < len(self._starts) and self._starts[at] == index else None

    def _concerns(self, ordinal: int) -> bool:
        return self._only in (None, ordinal)

    def _take_batch(self, index: int, one: entry.Batch) -> None:
        self._open = None
        if not self._concerns(one.institution):
            return
        self._open = LoggedBatch(
            index=index,
            said=replace(one, signatures=()),
            page=self._pages.get(one.institution),
            earliest=self._state_at,
        )
        self._batches.append(self._open)
        self._starts.append(index)
        self._unstated.append(self._open)

    def _take_page(self, one: entry.Authority) -> None:
        if not self._concerns(one.institution):
            return
        content = self._read_page(one.institution, one.version)
        try:
            if content is not None:
                self._pages[one.institution] = authority.parse(content)
        except MalformedError:
            return  # `replay` names it, and the page before stays

    def _take_act(self, index: int, one: entry.Successor | entry.StatusAct) -> None:
        target = one.follows if isinstance(one, entry.Successor) else one.target
        batch = self.batch_of(target)
        if batch is None:
            return
        self._acts[batch.said.institution, one.act, one.wording if isinstance(one, entry.StatusAct) else ""] += 1
        batch.acts[one.act] += 1
        if isinstance(one, entry.Successor):
            self._first[index] = self._first.get(target, target)


def _day(at: datetime) -> date:
    return at.astimezone(VIETNAM).date()


def _sums(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for name, count in pairs:
        sums[name] += count
    return sums


def _covers(power: Power, batch: LoggedBatch, programme: str, mode: str | None) -> bool:
    return power.covers(
        kind=batch.kind, level=batch.said.level, programme=programme, mode=mode, on=batch.said.awarded_on
    )


def _named(batch: LoggedBatch) -> list[tuple[str, str, int]]:
    """Return the programmes and modes that a batch names, with their counts over all intakes."""
    sums: Counter[tuple[str, str]] = Counter()
    for programme, mode, _, count in batch.said.tally:
        if programme:
            sums[programme, mode] += count
    return [(programme, mode, count) for (programme, mode), count in sorted(sums.items())]


def _quotas(institution: int, power: Power, batches: Sequence[LoggedBatch]) -> list[QuotaCount]:
    if power.quotas is None:
        return []
    least: Counter[str] = Counter()
    more: Counter[str] = Counter()
    overridden: set[str] = set()
    for batch in batches:
        if (batch.kind, batch.said.level) != (power.kind, power.level) or not power.covers(
            kind=power.kind, level=power.level, programme=power.programme, mode=None, on=batch.said.awarded_on
        ):
            continue
        for programme, mode, intake, count in batch.said.tally:
            of_power = power.programme in (ANY, programme) and power.mode in (ANY, mode)
            if of_power and intake:
                least[intake] += count
                if "quota" in batch.said.override:
                    overridden.add(intake)
            elif of_power or not programme:
                more.update({one: count for one in power.quotas if programme or _may_hide(batch, power, one)})
    return [
        QuotaCount(
            institution=institution, power=power, intake=intake, quota=quota,
            at_least=least[intake], at_most=least[intake] + more[intake], overridden=intake in overridden,
        )
        for intake, quota in sorted(power.quotas.items())
    ]  # fmt: skip


def _may_hide(batch: LoggedBatch, power: Power, intake: str) -> bool:
    """Whether the merged cell of a batch may hold awards of this intake: not, where its one cell is named by itself."""
    if ANY in (power.programme, power.mode):
        return True
    return (power.programme, power.mode, intake) not in {cell[:3] for cell in batch.said.tally}


# -- decisions in order ----------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"([0-9]{1,6})(\D.*)?", re.ASCII | re.DOTALL)


def out_of_order(decisions: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the decisions (number, date) of one institution that do not fit the run of the others: as the numbers of one year and
    one series grow, the dates may not go back. As few as possible are returned: those without which all others agree.

    A number that does not begin with digits has no place in a run.
    """
    series: dict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
    for number, on in set(decisions):
        match = _NUMBER.fullmatch(number.strip())
        if match is not None:
            series[on[:4], match[2] or ""].append((int(match[1]), on, number))
    odd = []
    for run in series.values():
        run.sort()
        kept = _longest_run([on for _, on, _ in run])
        odd += [(number, on) for at, (_, on, number) in enumerate(run) if at not in kept]
    return sorted(odd)


def _longest_run(days: Sequence[str]) -> set[int]:
    """Return the places of a longest part of `days` that never goes back."""
    ends: list[str] = []
    places: list[int] = []
    before: dict[int, int | None] = {}
    for at, day in enumerate(days):
        length = bisect_right(ends, day)
        ends[length : length + 1] = [day]
        places[length : length + 1] = [at]
        before[at] = places[length - 1] if length else None
    kept: set[int] = set()
    one: int | None = places[-1] if places else None
    while one is not None:
        kept.add(one)
        one = before[one]
    return kept
