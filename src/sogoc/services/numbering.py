"""Register numbers (*số vào sổ gốc*): one book for each issuer, kind, level and calendar year, from 1 and without a gap.

Numbers are allotted under the hold of the institution, so that two clerks get neither the same number nor leave one out.
A number that the archive allotted is awarded or becomes void with a reason; it is never free again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, Model, Q, QuerySet

from sogoc.core import law, numbering, record
from sogoc.core.blanks import Runs
from sogoc.errors import AlreadyInRegister, InputError, RecordError
from sogoc.register.models import Batch, Institution, Row, VoidNumber
from sogoc.services import access, audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One book of the register: what one institution awards of a kind and level in a calendar year."""

    institution: Institution
    kind: str
    level: str
    year: str

    @classmethod
    def of(cls, batch: Batch) -> Book:
        return cls(
            institution=batch.institution,
            kind=record.SCHEMAS[batch.schema].kind,
            level=batch.level,
            year=batch.awarded_on[:4],
        )

    def rows(self) -> QuerySet[Row]:
        """Everything that bears a number of its own: an amended version bears the one of its diploma."""
        return Row.objects.filter(
            institution=self.institution, kind=self.kind, level=self.level, year=self.year
        ).exclude(origin=Row.Origin.AMEND)

    def voids(self) -> QuerySet[VoidNumber]:
        return VoidNumber.objects.filter(institution=self.institution, kind=self.kind, level=self.level, year=self.year)

    def gaps(self, *, top: int | None = None, spoken_for: Q | None = None) -> Runs:
        """The numbers up to `top`, the highest of the book when None, that are neither void nor of a batch `spoken_for`."""
        held = self.rows().filter(number__isnull=False)
        if spoken_for is not None:
            # Few batches are not, and the database need not look at the batch of every row.
            held = held.exclude(batch__in=list(Batch.objects.filter(~spoken_for, institution=self.institution)))
        voids = self.voids()
        if top is None:
            top = max(_highest(held), _highest(voids))
        held, voids = held.filter(number__lte=top), voids.filter(number__lte=top)
        if held.count() + voids.count() == top and not voids.filter(number__in=held.values("number")).exists():
            return Runs()
        known = _numbers(held)
        return Runs([(1, top)]) - (known | Runs.of(voids.order_by("number").values_list("number", flat=True)))

    @property
    def highest(self) -> int:
        """The highest number that lasts: awarded, void or allotted. What a draft brought itself may still go away."""
        lasting = self.rows().filter(batch__in=Batch.objects.filter(Q(state__in=Batch.COUNTED) | Q(numbered=True)))
        return max(_highest(lasting), _highest(self.voids()))

    def next(self, count: int) -> list[int]:
        """The next `count` numbers: above all that is awarded, void or allotted, past those that a draft brought itself."""
        start = self.highest + 1
        brought = _numbers(self.rows().filter(number__gte=start))
        return (Runs([(start, start + len(brought) + count - 1)]) - brought).first(count)

    def template(self, on: str) -> str:
        """How this institution writes the numbers of its book, its own way or the law's."""
        own = self.institution.number_templates.get(self.kind)
        return str(own) if own else law.number_format(self.kind, on).template

    def written(self, number: int, on: str) -> str:
        """A register number as it is printed. Raises: RecordError."""
        mark = law.number_format(self.kind, on).marks.get(self.level, "")
        return numbering.format_register_number(self.template(on), number, self.year, mark)


N = TypeVar("N", bound=Model)


def among(rows: QuerySet[N], column: str, values: Collection[int]) -> QuerySet[N]:
    """Rows whose number is one of `values`, and perhaps some between them.

    Lists come numbered one after another: one look at a range is then all it takes, however little a database knows of its tables.
    """
    if not values:
        return rows.none()
    low, high = min(values), max(values)
    if high - low < _DENSE * len(values):
        return rows.filter(**{f"{column}__gte": low, f"{column}__lte": high})
    return rows.filter(**{f"{column}__in": values})


_DENSE = 4


def registers_borne(texts: Collection[str], *borne: QuerySet[Row] | QuerySet[VoidNumber], year: str) -> set[str]:
    """Those of these register numbers that one of the rows `borne`, of a book of this year, bears as they are written."""
    numbers = {one.number for text in texts if (one := numbering.parse_register_number(text, year)) is not None}
    found: set[str] = set()
    for rows in borne:
        found.update(among(rows, "number", numbers).values_list("register_number", flat=True))
        unread = rows.filter(number__isnull=True)
        if unread.exists():
            found.update(unread.filter(register_number__in=texts).values_list("register_number", flat=True))
    return found.intersection(texts)


def serials_borne(rows: QuerySet[Row], texts: Collection[str]) -> set[str]:
    """Those of these serial numbers that one of `rows` bears, as they are written."""
    series: defaultdict[str, dict[int, str]] = defaultdict(dict)
    unread = []
    for text in texts:
        serial = numbering.parse_serial(text)
        if serial is None:
            unread.append(text)
        else:
            series[serial.series][serial.value] = text
    found: set[str] = set()
    for name, values in series.items():
        of_series = among(rows.filter(serial_series=name), "serial_value", values.keys())
        found.update(of_series.values_list("serial_number", flat=True))
    if unread:
        of_none = rows.filter(serial_series__isnull=True, serial_number__in=unread)
        found.update(of_none.values_list("serial_number", flat=True))
    return found.intersection(texts)


def _numbers(rows: QuerySet[Row]) -> Runs:
    numbers = rows.filter(number__isnull=False).order_by("number").values_list("number", flat=True)
    return Runs.of(number for number in numbers.iterator(chunk_size=2000) if number is not None)


def _highest(numbers: QuerySet[Row] | QuerySet[VoidNumber]) -> int:
    return numbers.aggregate(highest=Max("number"))["highest"] or 0


def allot(book: Book, count: int, on: str) -> list[tuple[int, str]]:
    """The next numbers of a book with their text, in order. Inside a transaction that holds the institution."""
    return [(number, book.written(number, on)) for number in book.next(count)]


def read(text: str, *, kind: str, level: str, on: str, provenance: str) -> int | None:
    """The natural number in a register number, None where it cannot be counted.

    An old register may have kept several books in one year, told apart by a mark; only that of the level is counted here.
    """
    parsed = numbering.parse_register_number(text, on[:4])
    if parsed is None:
        return None
    if provenance != "A" and parsed.mark not in ("", law.number_format(kind, on).marks.get(level)):
        return None
    return parsed.number


def serials_beside(batch: Batch) -> QuerySet[Row]:
    """The rows of which no row of a batch may bear the serial number: those of the issuer, of whatever kind, in its whole life.

    An old register is held to its own kind only: in older times two kinds were printed under the same numbers, and what was
    printed is entered as it stands. The database holds every kind to that much, whoever writes.
    """
    borne = Row.objects.filter(institution=batch.institution).exclude(origin=Row.Origin.AMEND)
    return borne if batch.provenance == "A" else borne.filter(kind=record.SCHEMAS[batch.schema].kind)


@transaction.atomic
def void(
    *, book: Book, numbers: Sequence[int], why: str, reason: str, on: str, by: User, now: datetime
) -> list[VoidNumber]:
    """Say of numbers that no diploma will ever bear them, and why. `on` is a day of the book's year, `why` a closed word, which
    books print; the `reason` stays in the register, and names nobody all the same.

    Raises: NotAllowed; InputError without a reason, or for a number beyond the next of its book; AlreadyInRegister for a
    number that a row bears or that is void.
    """
    access.require(by, "batch.prepare", book.institution)
    book.institution.hold()
    if why not in VoidNumber.Why.values:
        words = "; ".join(f"{one.value} ({one.label})" for one in VoidNumber.Why)
        raise InputError(f"{why} is none of: {words}", f"{why} không thuộc: {words}")
    _need_reason(reason)
    if not numbers or len(set(numbers)) != len(numbers) or min(numbers) < 1:
        raise InputError("name different numbers from 1 on", "hãy ghi các số khác nhau, từ 1")
    if book.rows().filter(number__in=numbers).exists() or book.voids().filter(number__in=numbers).exists():
        raise AlreadyInRegister("a row bears one of these numbers, or it is void", "có số đã có dòng mang, hoặc đã hủy")
    highest = book.highest
    beyond = sorted(number for number in numbers if number > highest)
    following = book.next(len(beyond))
    if beyond != following:
        raise InputError(
            f"the next number of the book is {following[0]}: a void number beyond it would leave a gap",
            f"số kế tiếp của sổ là {following[0]}: hủy số xa hơn sẽ để trống số ở giữa",
        )
    return _enter_voids(book, [(number, book.written(number, on)) for number in sorted(numbers)], why, reason, by, now)


def void_all(batch: Batch, *, reason: str, by: User, now: datetime) -> int:
    """Void every number of a batch that goes away. Inside a transaction that holds the institution. Raises: InputError."""
    _need_reason(reason)
    numbers = batch.rows.filter(number__isnull=False).values_list("number", "register_number")
    rows = [(number, text) for number, text in numbers.order_by("number") if number is not None]
    return len(_enter_voids(Book.of(batch), rows, VoidNumber.Why.WITHDRAWN, reason, by, now))


def _enter_voids(
    book: Book, numbers: Sequence[tuple[int, str]], why: str, reason: str, by: User, now: datetime
) -> list[VoidNumber]:
    made = VoidNumber.objects.bulk_create(
        VoidNumber(
            institution=book.institution, kind=book.kind, level=book.level, year=book.year, number=number,
            register_number=text, why=why, reason=reason, at=now, by=by,
        )
        for number, text in numbers
    )  # fmt: skip
    audit.note(
        by, "number.void", f"{book.institution.code} {book.kind} {book.level} {book.year}", at=now,
        detail={"why": why, "numbers": [number for number, _ in numbers][:50], "count": len(numbers)},
    )  # fmt: skip
    return made


def _need_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > 250:
        raise InputError(
            "a number is void for a reason, of at most 250 letters", "hủy số phải ghi lý do, tối đa 250 chữ"
        )


@transaction.atomic
def set_template(*, institution: Institution, kind: str, template: str, by: User, now: datetime) -> None:
    """Let an institution write the register numbers of a kind its own way, such as `{number:03}/{mark}-{year}`.

    Raises: NotAllowed; InputError for a form in which the archive could not read its own numbers again.
    """
    access.require(by, "batch.approve", institution)
    institution.hold()
    if kind not in record.BY_KIND:
        raise InputError(f"{kind} is none of {', '.join(record.BY_KIND)}", f"{kind} không thuộc các loại đã biết")
    for number in (1, 9999):
        try:
            text = numbering.format_register_number(template, number, "2026", "ĐH")
        except RecordError as error:
            raise InputError(error.en, error.vi) from error
        parsed = numbering.parse_register_number(text, "2026")
        if parsed is None or parsed.number != number:
            raise InputError(
                f"{text} could not be read back as number {number}", f"{text} không đọc lại được thành số {number}"
            )
    institution.number_templates |= {kind: template}
    institution.save(update_fields=["number_templates"])
    audit.note(by, "number.template", f"{institution.code} {kind}", at=now, detail={"template": template})
