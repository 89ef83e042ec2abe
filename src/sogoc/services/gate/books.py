"""What the gate asks of the books: no register number or serial twice, none left out, and which blanks are good."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from django.db.models import Max, Min, Q, QuerySet

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


def examine_numbers(batch: Batch, findings: Findings) -> None:
    """No register number and no serial of the batch is another's or void, and none is left out up to its highest."""
    book = numbering.Book.of(batch)
    mine = batch.rows.filter(follows__isnull=True)
    if findings.holds("number-twice"):
        for cell in _void(mine, book):
            findings.refuse("number-twice", "the register number is void", "số vào sổ gốc đã hủy", cell=cell)
        for cell in _borne_too(mine, "number", book.rows()):
            findings.refuse("number-twice", "the register number is another's", "số vào sổ gốc đã cấp", cell=cell)
    if findings.holds("serial"):
        for cell in _borne_too(mine, "serial_number", numbering.serials_beside(batch)):
            findings.refuse("serial", "the serial number is another's", "số hiệu đã dùng", cell=cell)
    if not findings.holds("number-gap"):
        return
    top = mine.filter(number__isnull=False).order_by("-number").values_list("number", flat=True).first()
    if top is None:
        return
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


def _void(mine: QuerySet[Row], book: numbering.Book) -> Iterator[str]:
    """The cells of rows whose number is void: the void numbers in the range of the batch are few, and those say which rows."""
    span = mine.aggregate(low=Min("number"), high=Max("number"))
    if span["low"] is None:
        return
    within = book.voids().filter(number__gte=span["low"], number__lte=span["high"]).order_by("number")
    void = within.values_list("number", flat=True).iterator(chunk_size=_PORTION)
    hit: list[tuple[int, str]] = []
    while portion := list(islice(void, _PORTION)):
        hit += mine.filter(number__in=portion).values_list("position", "cell")
    yield from (cell for _, cell in sorted(hit))


def _borne_too(mine: QuerySet[Row], column: str, among: QuerySet[Row]) -> Iterator[str]:
    """The cells of rows whose number or serial another row bears.

    They are asked for by name and in portions: right after an import a database knows nothing yet of how many rows there are,
    and would compare all of them with all.
    """
    lines = mine.order_by("position").values_list("pk", column, "cell").iterator(chunk_size=2000)
    while portion := list(islice(lines, _PORTION)):
        named = {value for _, value, _ in portion if value is not None}
        bearers: dict[object, set[int]] = defaultdict(set)
        for pk, value in among.filter(**{f"{column}__in": named}).values_list("pk", column):
            bearers[value].add(pk)
        yield from (cell for pk, value, cell in portion if bearers[value] - {pk})
