"""Qualifications in the order of their book, each with everything that was decided about it since."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sogoc.core import entry as entries
from sogoc.core.books import Act
from sogoc.core.numbering import parse_register_number
from sogoc.register.models import ActDetail, Batch, Entry, Institution, LoggedState, Row, VoidNumber

_CHUNK = 500
_ISSUED = (Row.Origin.ISSUE, Row.Origin.REISSUE)
_IN_REGISTER = (Batch.State.SEALED, Batch.State.LOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """An act on a qualification. `after` is the version that an amendment or a reissue made, None where a restore lost it."""

    act: Act
    after: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A qualification as it was first recorded under its register number, and what was decided since, in order."""

    row: Row
    decided: tuple[Decided, ...]

    @property
    def newest(self) -> Row:
        """The newest version under this register number: an amendment changes it, a reissue gives another number."""
        amended = [one.after for one in self.decided if one.after is not None and one.act.what == "amend"]
        return amended[-1] if amended else self.row

    @property
    def reissued(self) -> bool:
        """Whether another diploma under another number took its place."""
        return any(one.act.what == "reissue" for one in self.decided)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a register in its order: numbers as natural numbers, and texts in no known form behind them.

    `row` is the id of the row, `void` the closed word for why a number was given up.
    """

    unread: bool
    number: int
    text: str
    row: int | None = None
    void: str | None = None


def places(institution: Institution, *, kind: str, level: str, year: str) -> list[Place]:
    """Return the lines of one book of a register, void numbers in their place."""
    book = {"institution": institution, "kind": kind, "level": level, "year": year}
    rows = Row.objects.filter(**book, origin__in=_ISSUED, batch__state__in=_IN_REGISTER)
    lines = []
    for key, number, text in rows.values_list("pk", "number", "register_number").iterator():
        read = parse_register_number(text, year) if number is None else None
        known = number if read is None else read.number
        lines.append(Place(known is None, known or 0, text, row=key))
    lines += [
        Place(unread=False, number=void.number, text=void.register_number, void=void.get_why_display())
        for void in VoidNumber.objects.filter(**book)
    ]
    return sorted(lines, key=lambda place: (place.unread, place.number, place.text))


def histories(keys: Sequence[int]) -> Iterator[History]:
    """Return the rows with these ids in this order, with what was decided about each; a few hundred are held at a time."""
    for begin in range(0, len(keys), _CHUNK):
        chunk = keys[begin : begin + _CHUNK]
        rows = Row.objects.select_related("batch__decision", "institution", "entry").in_bulk(chunk)
        decided = _decided([row.logged.pk for row in rows.values() if row.logged is not None])
        for key in chunk:
            row = rows[key]
            yield History(row=row, decided=tuple(decided.get(row.logged.pk, ())) if row.logged is not None else ())


def _decided(issued: Iterable[int]) -> dict[int, list[Decided]]:
    first: dict[int | None, int] = {key: key for key in issued}
    found: dict[int, list[tuple[int, Decided]]] = defaultdict(list)
    frontier: list[int | None] = list(first)
    while frontier:
        amended: list[int | None] = []
        acts = Entry.objects.filter(target_id__in=frontier).select_related("detail", "row__batch", "row__institution")
        for one in acts.order_by("id"):
            root = first[one.target_id]
            found[root].append((one.pk, Decided(act=act_of(one), after=getattr(one, "row", None))))
            if one.act == "amend":
                first[one.pk] = root
                amended.append(one.pk)
        frontier = amended
    return {root: [one for _, one in sorted(acts, key=lambda pair: pair[0])] for root, acts in found.items()}


def act_of(one: Entry) -> Act:
    """Return what the books say of an act: what, when, and by which decision, unless a restore lost its number."""
    said = entries.parse(bytes(one.content))
    detail: ActDetail | None = getattr(one, "detail", None)
    return Act(what=one.act, on=getattr(said, "on", ""), decision_number=detail.decision_number if detail else None)


def changes(institution: Institution, *, kind: str, level: str, year: str) -> Iterator[tuple[Row, Decided]]:
    """Return the amendments and reissues that were decided in a year, in the order of the log, each with the version before."""
    rows = Row.objects.filter(
        institution=institution, kind=kind, level=level, follows__isnull=False, entry__isnull=False
    ).select_related("entry__detail", "follows", "batch")
    for row in rows.order_by("entry__id").iterator(chunk_size=_CHUNK):
        if row.logged is None or row.follows is None:
            continue
        act = act_of(row.logged)
        if act.on.startswith(year):
            yield row.follows, Decided(act=act, after=row)


class LogTimes:
    """When entries came into the log: the time of the first state that was written after each."""

    def __init__(self) -> None:
        states = LoggedState.objects.filter(entry__index__isnull=False).order_by("entry__index")
        self._indexes: list[int] = []
        self._times: list[datetime] = []
        for index, at in states.values_list("entry__index", "at"):
            if index is not None:
                self._indexes.append(index)
                self._times.append(at)

    def of(self, one: Entry | None) -> datetime | None:
        """Return when an entry was first covered by a state; None while it is not."""
        if one is None or one.index is None:
            return None
        place = bisect_right(self._indexes, one.index)
        return self._times[place] if place < len(self._times) else None
