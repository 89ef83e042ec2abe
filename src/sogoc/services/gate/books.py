"""What the gate asks of the books: no register number or serial twice, none left out, and which blanks are good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Aggregate, Count, Max, Min, Q, QuerySet

from sogoc.core import record
from sogoc.core.blanks import Runs
from sogoc.register.models import Archive, Batch, Row
from sogoc.services import blanks, decisions, numbering
from sogoc.services.gate.findings import SHOWN_CELLS, Findings
from sogoc.services.gate.rows import Listed

_PORTION = 500


def approved_before(batch: Batch) -> Q:
    """Batches that count beside this one: approved before it, or at any time while it is not approved itself.

    No two approvals of an institution have one time, so the last that was held against all of them stays the last.
    """
    before = Q(state__in=Batch.COUNTED)
    if batch.approved_at is None:
        return before
    return before & (Q(approved_at__isnull=True) | Q(approved_at__lt=batch.approved_at))


def others(batch: Batch) -> QuerySet[Batch]:
    return Batch.objects.filter(approved_before(batch), institution=batch.institution_id).exclude(pk=batch.pk)


def good_blanks(batch: Batch) -> dict[str, Runs]:
    """The serials of each series of this kind that were received and are neither spoiled, lost nor destroyed."""
    return blanks.good(batch.institution, record.SCHEMAS[batch.schema].kind)


def listed(batch: Batch) -> Listed | None:
    """The list of the batch's decision, less what other batches awarded by it; None where no list was entered."""
    if not batch.decision.listed:
        return None
    secret = decisions.list_key(Archive.objects.get())
    left = {bytes(one.key): one.count for one in batch.decision.names.iterator()}
    awarded = Row.objects.filter(
        batch__in=others(batch).filter(decision=batch.decision), follows__isnull=True, erased_at__isnull=True
    )
    for name_key, born_on in awarded.values_list("name_key", "born_on").iterator(chunk_size=2000):
        key = decisions.person_key(secret, name_key, born_on)
        left[key] = left.get(key, 0) - 1
    return Listed(secret=secret, left=left)


class Borne(NamedTuple):
    """What the rows of a batch bear of one kind of number: the lowest, the highest, how many bear one, and how many there are."""

    low: int | str | None
    high: int | str | None
    bearers: int
    different: int


class Numbers(NamedTuple):
    """What the rows of a batch bear: register numbers; serials by their series, and under None those of no series, as texts."""

    registers: Borne
    serials: Mapping[str | None, Borne]


def numbers_of(batch: Batch) -> Numbers:
    """What the issued rows of a batch bear, asked of all of them at once."""
    mine = _mine(batch)
    registers = Borne(**mine.aggregate(**_borne("number")))
    serials: dict[str | None, Borne] = {}
    for series in mine.order_by().values_list("serial_series", flat=True).distinct():
        of_series, column = _of_series(series)
        serials[series] = Borne(**mine.filter(of_series).aggregate(**_borne(column)))
    return Numbers(registers=registers, serials=serials)


def examine_numbers(batch: Batch, findings: Findings, numbers: Numbers, *, gapless: bool) -> bool:
    """No register number and no serial of the batch is another's or void, and none is left out up to its highest.

    `numbers` is what its rows bear; `gapless` whether it was found before that none is left out. Return whether it is known now.
    """
    book = numbering.Book.of(batch)
    mine = _mine(batch)
    if findings.holds("number-twice"):
        for cell in _borne_too(mine, "number", numbers.registers, book.voids()):
            findings.refuse("number-twice", "the register number is void", "số vào sổ gốc đã hủy", cell=cell)
        for cell in _twice(mine, "number", numbers.registers, _not_of(batch, book.rows())):
            findings.refuse("number-twice", "the register number is another's", "số vào sổ gốc đã cấp", cell=cell)
    if findings.holds("serial"):
        for cell in _serial_twice(mine, numbers.serials, _not_of(batch, numbering.serials_beside(batch))):
            findings.refuse("serial", "the serial number is another's", "số hiệu đã dùng", cell=cell)
    if not findings.holds("number-gap"):
        return False
    top = numbers.registers.high
    if gapless or not isinstance(top, int):
        return gapless
    gaps = book.gaps(top=top, spoken_for=approved_before(batch) | Q(numbered=True) | Q(pk=batch.pk))
    if gaps:
        named = ", ".join(
            str(first) if first == last else f"{first}–{last}" for first, last in list(gaps)[:SHOWN_CELLS]
        )
        findings.refuse(
            "number-gap",
            f"register numbers {named} of {book.year} are neither awarded nor void ({len(gaps)} in all)",
            f"số vào sổ gốc {named} năm {book.year} chưa cấp và chưa hủy (tổng {len(gaps)} số)",
            missing=len(gaps),
            year=book.year,
        )
    return not gaps


def _mine(batch: Batch) -> QuerySet[Row]:
    return batch.rows.filter(origin=Row.Origin.ISSUE)


def _not_of(batch: Batch, rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.exclude(batch=batch, origin=Row.Origin.ISSUE)


def _borne(column: str) -> dict[str, Aggregate]:
    return {
        "low": Min(column), "high": Max(column), "bearers": Count(column), "different": Count(column, distinct=True)
    }  # fmt: skip


def _serial_twice(mine: QuerySet[Row], serials: Mapping[str | None, Borne], others: QuerySet[Row]) -> list[str]:
    """The cells of rows whose serial number another row bears too: by series and place, or by text where it is of no series."""
    cells: list[str] = []
    for series, borne in serials.items():
        of_series, column = _of_series(series)
        cells += _twice(mine.filter(of_series), column, borne, others.filter(of_series))
    return cells


def _of_series(series: str | None) -> tuple[Q, str]:
    """Which rows bear serials of a series, and in which column they are told apart."""
    return (
        (Q(serial_series__isnull=True), "serial_number")
        if series is None
        else (Q(serial_series=series), "serial_value")
    )


def _twice(mine: QuerySet[Row], column: str, borne: Borne, others: QuerySet[Row]) -> list[str]:
    """The cells of rows whose value another row bears too, one of the batch or one of the `others`."""
    cells: list[str] = []
    if borne.bearers > borne.different:
        doubled = mine.values(column).annotate(bearers=Count(column)).filter(bearers__gt=1)
        for portion in _portions(doubled.values_list(column, flat=True)):
            cells += _cells(mine, column, portion)
    return cells + _borne_too(mine, column, borne, others)


def _borne_too(mine: QuerySet[Row], column: str, borne: Borne, others: QuerySet[Any]) -> list[str]:
    """The cells of rows whose value one of the `others` bears.

    What the others bear in the range of the batch is next to nothing, and those few say which rows: a database that knows nothing yet
    of a list that was just imported would compare all of its rows with all.
    """
    if borne.low is None:
        return []
    within = others.filter(**{f"{column}__gte": borne.low, f"{column}__lte": borne.high}).order_by(column)
    values = within.values_list(column, flat=True).iterator(chunk_size=2000)
    return [cell for portion in _portions(values) for cell in _cells(mine, column, portion)]


def _portions(values: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(values)
    while portion := list(islice(left, _PORTION)):
        yield portion


def _cells(mine: QuerySet[Row], column: str, values: list[Any]) -> Iterable[str]:
    return mine.filter(**{f"{column}__in": values}).order_by("position").values_list("cell", flat=True)
