"""Blanks (*phôi*) counted by their serial numbers: what was received is issued, spoiled, lost, destroyed or in stock.

A run is a first and a last serial of one series, both included. Runs are held merged and in order, so that a series of
a million blanks is a handful of numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Run = tuple[int, int]


class Runs:
    """A set of serial numbers of one series, as runs in order that neither touch nor overlap."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(runs):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    @classmethod
    def of(cls, values: Iterable[int]) -> Runs:
        """The set of these numbers, given in ascending order: as many as there are, and no more memory than runs."""
        made = cls()
        for value in values:
            if made._lasts and value <= made._lasts[-1] + 1:
                made._lasts[-1] = max(made._lasts[-1], value)
            else:
                made._firsts.append(value)
                made._lasts.append(value)
        return made

    def __iter__(self) -> Iterator[Run]:
        return zip(self._firsts, self._lasts, strict=True)

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Runs) and (self._firsts, self._lasts) == (other._firsts, other._lasts)

    __hash__ = None  # type: ignore[assignment]  # grows by `or`, and is no key

    def __repr__(self) -> str:
        return f"Runs({list(self)})"

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self)

    def __contains__(self, value: int) -> bool:
        place = bisect_right(self._firsts, value) - 1
        return place >= 0 and value <= self._lasts[place]

    def __or__(self, other: Runs) -> Runs:
        return Runs([*self, *other])

    def __sub__(self, other: Runs) -> Runs:
        kept: list[Run] = []
        for first, last in self:
            start = first
            for place in range(max(0, bisect_right(other._firsts, first) - 1), len(other._firsts)):
                taken_first, taken_last = other._firsts[place], other._lasts[place]
                if taken_first > last:
                    break
                if taken_first > start:
                    kept.append((start, taken_first - 1))
                start = max(start, taken_last + 1)
            if start <= last:
                kept.append((start, last))
        return Runs(kept)

    def __and__(self, other: Runs) -> Runs:
        return self - (self - other)

    def first(self, count: int) -> list[int]:
        """The `count` smallest numbers, or as many as there are."""
        found: list[int] = []
        for first, last in self:
            found += range(first, min(last, first + count - len(found) - 1) + 1)
            if len(found) == count:
                break
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What was entered of a run: `received`, `spoiled`, `lost`, `destroyed` or `counted`.

    A stock-taking says how many were `counted`, and `issued` then is what had been issued of the run by that time.
    """

    what: str
    run: Run
    counted: int | None = None
    issued: Runs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Serial numbers about which the books say two things at once. `what` is one of `CONTRADICTIONS`."""

    what: str
    runs: Runs
    counted: int | None = None
    expected: int | None = None


CONTRADICTIONS = {
    "received-twice": ("received twice", "nhận hai lần"),
    "spoiled-twice": ("spoiled twice", "ghi hỏng hai lần"),
    "lost-twice": ("lost twice", "ghi mất hai lần"),
    "destroyed-twice": ("destroyed twice", "ghi hủy hai lần"),
    "issued-never-received": ("issued, but never received", "đã cấp nhưng chưa từng nhận"),
    "spoiled-never-received": ("spoiled, but never received", "ghi hỏng nhưng chưa từng nhận"),
    "lost-never-received": ("lost, but never received", "ghi mất nhưng chưa từng nhận"),
    "destroyed-never-received": ("destroyed, but never received", "ghi hủy nhưng chưa từng nhận"),
    "issued-and-spoiled": ("issued and spoiled", "vừa cấp vừa hỏng"),
    "issued-and-lost": ("issued and lost", "vừa cấp vừa mất"),
    "issued-and-destroyed": ("issued and destroyed", "vừa cấp vừa hủy"),
    "spoiled-and-lost": ("spoiled and lost", "vừa hỏng vừa mất"),
    "spoiled-and-destroyed": ("spoiled and destroyed", "vừa hỏng vừa hủy"),
    "lost-and-destroyed": ("lost and destroyed", "vừa mất vừa hủy"),
    "miscounted": ("counted otherwise than the books say", "kiểm kê khác với sổ sách"),
}
"""What may be wrong with the blanks of a series, in English and Vietnamese."""

_ENDS = ("issued", "spoiled", "lost", "destroyed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All blanks of one series. It balances when received = issued + spoiled + lost + destroyed + stock and nothing contradicts."""

    received: Runs
    issued: Runs
    spoiled: Runs
    lost: Runs
    destroyed: Runs
    stock: Runs
    contradictions: tuple[Contradiction, ...]

    @property
    def balances(self) -> bool:
        ended = sum(len(getattr(self, end)) for end in _ENDS)
        return not self.contradictions and len(self.received) == ended + len(self.stock)


def account(events: Iterable[Event], issued: Runs) -> Account:
    """Work out the account of a series from its events in their order and from the serials of what was issued."""
    sets = {"received": Runs(), "spoiled": Runs(), "lost": Runs(), "destroyed": Runs()}
    found: list[Contradiction] = []
    for event in events:
        run = Runs([event.run])
        if event.what == "counted":
            used = sets["spoiled"] | sets["lost"] | sets["destroyed"] | (event.issued or Runs())
            expected = len((sets["received"] & run) - used)
            if expected != event.counted:
                found.append(
                    Contradiction(what="miscounted", runs=run, counted=event.counted, expected=expected),
                )
            continue
        if again := sets[event.what] & run:
            found.append(Contradiction(what=f"{event.what}-twice", runs=again))
        sets[event.what] |= run
    ended = sets | {"issued": issued}
    for place, end in enumerate(_ENDS):
        if unknown := ended[end] - sets["received"]:
            found.append(Contradiction(what=f"{end}-never-received", runs=unknown))
        found += [
            Contradiction(what=f"{end}-and-{other}", runs=both)
            for other in _ENDS[place + 1 :]
            if (both := ended[end] & ended[other])
        ]
    return Account(
        received=sets["received"],
        issued=issued,
        spoiled=sets["spoiled"],
        lost=sets["lost"],
        destroyed=sets["destroyed"],
        stock=sets["received"] - (issued | sets["spoiled"] | sets["lost"] | sets["destroyed"]),
        contradictions=tuple(found),
    )
