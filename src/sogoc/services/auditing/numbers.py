"""The books counted anew: register numbers, serial numbers, blanks, copies."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet

from sogoc.core import blanks as accounts
from sogoc.core.completeness import Notebook, Where
from sogoc.core.record import BY_KIND
from sogoc.register.models import Batch, Copy, Institution, Row, VoidNumber
from sogoc.services import blanks

_CHUNK = 2000


class Used(NamedTuple):
    """A number of one book. `old`: its row was taken over from an old register; `void` is the closed word why no row bears it."""

    number: int
    old: bool
    void: str | None
    text: str


def judge(institution: Institution, found: Notebook) -> None:
    """Write down every number that is left out, void, or used more than once, and blanks that do not add up."""
    rows = Row.objects.filter(institution=institution).exclude(origin=Row.Origin.AMEND)
    voids = VoidNumber.objects.filter(institution=institution)
    for kind, level, year in sorted({*_books(rows), *_books(voids)}):
        book = {"kind": kind, "level": level, "year": year}
        where: Where = {"institution": institution.code, "book": f"{kind}, {level}, {year}"}
        _count(where, _numbers(rows.filter(**book), voids.filter(**book)), found)
        if uncounted := rows.filter(number__isnull=True, **book).count():
            found.compared("numbers", uncounted)
            found.find("number-uncounted", {**where, "rows": uncounted})
    _look_for_serials(institution, rows, found)
    _look_at_blanks(institution, found)
    _count_copies(institution, found)


def _books(numbers: QuerySet[Row] | QuerySet[VoidNumber]) -> Iterator[tuple[str, str, str]]:
    return iter(numbers.order_by().values_list("kind", "level", "year").distinct())


def _numbers(rows: QuerySet[Row], voids: QuerySet[VoidNumber]) -> Iterator[Used]:
    """Return the numbers of one book in their order, borne and void; an amended version bears that of its diploma."""
    borne = rows.filter(number__isnull=False).order_by("number")
    old = set(Batch.objects.exclude(provenance="A").values_list("pk", flat=True))
    return merge(
        (
            Used(number=number, old=batch in old, void=None, text=text)
            for number, batch, text in borne.values_list("number", "batch_id", "register_number").iterator(_CHUNK)
            if number is not None
        ),
        (
            Used(number=number, old=False, void=why, text=text)
            for number, why, text in voids.order_by("number").values_list("number", "why", "register_number")
        ),
        key=attrgetter("number"),
    )


def _count(where: Where, numbers: Iterator[Used], found: Notebook) -> None:
    before = Used(number=0, old=True, void=None, text="")
    for number, bearers in groupby(numbers, key=attrgetter("number")):
        used = list(bearers)
        found.compared("numbers", len(used))
        if number > before.number + 1:
            # Between two rows of an old register the book is still being taken over.
            old = used[0].old and before.old
            found.find(
                "gap-of-old-book" if old else "gap",
                {**where, "number": _run(before.number + 1, number - 1), "rows": number - before.number - 1},
            )
        rows = [one for one in used if one.void is None]
        if len(rows) > 1:
            found.find("number-reused", {**where, "number": number, "rows": len(rows)})
        for one in used:
            if one.void is not None:
                code = "number-void-and-used" if rows else "number-void"
                found.find(code, {**where, "number": number, "register_number": one.text, "reason": one.void})
        before = used[0]


def _run(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _look_for_serials(institution: Institution, rows: QuerySet[Row], found: Notebook) -> None:
    """A serial number stands on one blank in the issuer's life, whatever its kind; two old rows may bear it, of two kinds."""
    found.compared("numbers", rows.count())
    born_here = Count("pk", filter=Q(batch__provenance="A"))
    twice = rows.values_list("serial_number").annotate(
        count=Count("pk"), kinds=Count("kind", distinct=True), new=born_here
    )
    wrong = twice.filter(Q(count__gt=F("kinds")) | Q(count__gt=1, new__gt=0))
    for serial, count in wrong.order_by("serial_number").values_list("serial_number", "count"):
        cells = rows.filter(serial_number=serial).order_by("pk").values_list("batch__public_id", "cell")[:10]
        found.find(
            "serial-reused",
            {"institution": institution.code, "serial_number": serial, "rows": count,
             "cell": "; ".join(f"{batch} {cell}" for batch, cell in cells)},
        )  # fmt: skip


def _look_at_blanks(institution: Institution, found: Notebook) -> None:
    """The equation of each series in which blanks were entered; where none were, there is nothing to balance."""
    for kind in BY_KIND:
        for series, account in blanks.stock(institution, kind).items():
            if not (account.received or account.spoiled or account.lost or account.destroyed):
                continue
            found.compared("blanks")
            where: Where = {"institution": institution.code, "kind": kind, "series": series}
            for one in account.contradictions:
                en, vi = accounts.CONTRADICTIONS[one.what]
                runs = ", ".join(_run(*run) for run in one.runs)
                counted = "" if one.counted is None else f" ({one.counted} ≠ {one.expected})"
                found.find("blanks-unequal", where, en=f"{en}: {runs}{counted}", vi=f"{vi}: {runs}{counted}")
            if account.spoiled or account.lost or account.destroyed:
                ended = [len(account.spoiled), len(account.lost), len(account.destroyed)]
                found.find("blanks-explained", where, en=" + ".join(map(str, ended)))


def _count_copies(institution: Institution, found: Notebook) -> None:
    copies = Copy.objects.filter(institution=institution, number__isnull=False).order_by("year", "number")
    for year, numbers in groupby(copies.values_list("year", "number").iterator(chunk_size=_CHUNK), key=itemgetter(0)):
        before = 0
        for _, number in numbers:
            if number is None:
                continue
            found.compared("books")
            if number > before + 1:
                found.find(
                    "copy-gap",
                    {"institution": institution.code, "year": year, "number": _run(before + 1, number - 1)},
                )
            before = number
