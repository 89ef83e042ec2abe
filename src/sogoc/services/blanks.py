"""Blanks (*phôi*): received, spoiled, lost, destroyed, counted; and what is in stock.

Four eyes: receiving and counting is the work of the registrar, because nothing goes away. A blank that ends without a
diploma is a blank that could be forged on, so a second person confirms each such entry, and it names the council's minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from sogoc.core import blanks, canonical, clocks, numbering, record
from sogoc.core.blanks import Account, Runs
from sogoc.core.numbering import Serial
from sogoc.errors import AlreadyInRegister, FourEyes, InputError, WrongState
from sogoc.register.models import Batch, BlankEvent, Institution, Row
from sogoc.register.records import record_of
from sogoc.services import access, audit

_LONGEST_NUMBER, _LONGEST_REASON = 100, 250


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialRun:
    """A run of serials of one series, as typed: the first and the last."""

    series: str
    first: int
    last: int

    @classmethod
    def read(cls, first: str, last: str | None = None) -> SerialRun:
        """Read the first and last serial of a run, one serial when `last` is None. Raises: InputError."""
        start = numbering.parse_serial(first)
        end = start if last is None else numbering.parse_serial(last)
        if start is None or end is None or start.series != end.series or end.value < start.value:
            raise InputError(
                "a run is a first and a last serial number of one series, such as B0012001 and B0013000",
                "dãy phôi gồm số hiệu đầu và cuối của cùng một seri, như B0012001 và B0013000",
            )
        return cls(series=start.series, first=start.value, last=end.value)

    @property
    def runs(self) -> Runs:
        return Runs([(self.first, self.last)])

    def __str__(self) -> str:
        first = numbering.format_serial(self.series, self.first)
        return first if self.first == self.last else f"{first}–{numbering.format_serial(self.series, self.last)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """The minutes of the council by which a blank ended, their day, and the reason."""

    number: str
    on: str
    reason: str


# -- what happened -----------------------------------------------------------------------------------------------------


@transaction.atomic
def receive(*, institution: Institution, kind: str, run: SerialRun, on: str, by: User, now: datetime) -> BlankEvent:
    """Enter a run of blanks that came from the printer.

    Raises: NotAllowed, InputError; AlreadyInRegister when one of them was received before, as a blank of whatever kind.
    """
    access.require(by, "batch.prepare", institution)
    institution.hold()
    if again := _received(institution, run) & run.runs:
        raise AlreadyInRegister(
            f"{len(again)} of these blanks were received before", f"{len(again)} phôi trong dãy đã nhận trước đó"
        )
    return _enter(BlankEvent.What.RECEIVED, institution, kind, run, on=on, by=by, now=now)


@transaction.atomic
def spoil(
    *,
    institution: Institution,
    kind: str,
    run: SerialRun,
    minutes: Minutes,
    by: User,
    confirmed_by: User,
    now: datetime,
) -> BlankEvent:
    """Enter blanks that were misprinted or damaged. A draft that bears one is then exchanged; a signed diploma is not a blank.

    Raises: NotAllowed, FourEyes, InputError; WrongState for a blank that is not in stock.
    """
    return _end(BlankEvent.What.SPOILED, institution, kind, run, minutes, by, confirmed_by, now)


@transaction.atomic
def lose(
    *, institution: Institution, kind: str, run: SerialRun, minutes: Minutes, police_notice_at: datetime | None, by: User,
    confirmed_by: User, now: datetime,
) -> BlankEvent:  # fmt: skip
    """Enter blanks that are lost. The police were told at once, and when is part of the entry.

    Raises: NotAllowed, FourEyes, InputError also without the time of the notice; WrongState for a blank not in stock.
    """
    if police_notice_at is None or police_notice_at > now:
        raise InputError(
            "say when the police were told of the loss", "hãy ghi thời điểm đã báo công an về việc mất phôi",
            mend="A lost blank is told to the police at once: --police-notice 2026-07-16T09:30.",
            mend_vi="Mất phôi phải báo công an ngay: --police-notice 2026-07-16T09:30.",
        )  # fmt: skip
    return _end(BlankEvent.What.LOST, institution, kind, run, minutes, by, confirmed_by, now, police_notice_at)


@transaction.atomic
def destroy(
    *,
    institution: Institution,
    kind: str,
    run: SerialRun,
    minutes: Minutes,
    by: User,
    confirmed_by: User,
    now: datetime,
) -> BlankEvent:
    """Enter blanks that were destroyed unused, after a new design for example.

    Raises: NotAllowed, FourEyes, InputError; WrongState for a blank that is not in stock.
    """
    return _end(BlankEvent.What.DESTROYED, institution, kind, run, minutes, by, confirmed_by, now)


@transaction.atomic
def count(
    *, institution: Institution, kind: str, run: SerialRun, counted: int, on: str, by: User, now: datetime
) -> tuple[BlankEvent, int]:
    """Enter how many blanks of a run were found at a stock-taking; return it, and how many the books expect.

    Both stand from then on: a difference is a contradiction of the series until it is explained.

    Raises: NotAllowed, InputError.
    """
    access.require(by, "batch.prepare", institution)
    institution.hold()
    expected = len(account(institution, kind, run.series).stock & run.runs)
    if not 0 <= counted <= len(run.runs):
        raise InputError("a run holds no such number of blanks", "dãy không thể có chừng ấy phôi")
    at = institution.moment(now)
    return _enter(BlankEvent.What.COUNTED, institution, kind, run, on=on, by=by, now=at, counted=counted), expected


@transaction.atomic
def exchange(*, row: Row, serial: str, by: User, now: datetime) -> Row:
    """Give a draft row another blank, because its own was spoiled or lost. What was signed keeps its serial for ever.

    Raises: NotAllowed; WrongState once the batch left its draft, or for a serial that is not free; AlreadyInRegister.
    """
    institution = row.institution
    access.require(by, "batch.prepare", institution)
    institution.hold()
    batch = Batch.objects.select_for_update().get(pk=row.batch_id)
    row = Row.objects.get(pk=row.pk)
    if batch.state not in (Batch.State.DRAFT, Batch.State.SUBMITTED) or row.sealed is not None:
        raise WrongState(
            "only a draft is printed again on another blank; what was approved keeps its serial number",
            "chỉ bản nháp mới in lại trên phôi khác; văn bằng đã duyệt giữ nguyên số hiệu",
        )
    place = require_free(institution, row.kind, serial)
    row.record = canonical.encode(dict(record_of(row)) | {"serial_number": serial})
    row.serial_number, row.serial_series, row.serial_value = serial, place.series, place.value
    row.save(update_fields=["record", "serial_number", "serial_series", "serial_value"])
    audit.note(by, "blank.exchanged", f"{batch.public_id}:{row.cell}", at=now)
    return row


def _end(
    what: BlankEvent.What, institution: Institution, kind: str, run: SerialRun, minutes: Minutes, by: User,
    confirmed_by: User, now: datetime, police_notice_at: datetime | None = None,
) -> BlankEvent:  # fmt: skip
    access.require(by, "batch.prepare", institution)
    access.require(confirmed_by, "batch.approve", institution)
    if by.pk == confirmed_by.pk:
        raise FourEyes(
            "a second person confirms what happened to a blank",
            "việc hỏng, mất, hủy phôi phải có người thứ hai xác nhận",
        )
    institution.hold()
    if not 0 < len(minutes.number.strip()) <= _LONGEST_NUMBER or not 0 < len(minutes.reason.strip()) <= _LONGEST_REASON:
        raise InputError(
            f"no blank ends without the minutes of the council, and a reason of at most {_LONGEST_REASON} letters",
            f"phôi hỏng, mất, hủy phải có biên bản hội đồng và lý do, tối đa {_LONGEST_REASON} chữ",
        )
    missing = run.runs - account(institution, kind, run.series).stock
    if missing:
        raise WrongState(
            f"{len(missing)} of these blanks are not in stock", f"{len(missing)} phôi trong dãy không còn trong kho",
            mend="See `sogoc blank stock`; a signed diploma is cancelled, not spoiled.",
            mend_vi="Xem `sogoc blank stock`; văn bằng đã ký thì hủy bỏ, không ghi hỏng.",
        )  # fmt: skip
    return _enter(
        what, institution, kind, run, on=minutes.on, by=by, now=now, minutes=minutes.number, reason=minutes.reason,
        confirmed_by=confirmed_by, police_notice_at=police_notice_at,
    )  # fmt: skip


def _enter(
    what: BlankEvent.What, institution: Institution, kind: str, run: SerialRun, *, on: str, by: User, now: datetime,
    minutes: str | None = None, reason: str | None = None, confirmed_by: User | None = None,
    police_notice_at: datetime | None = None, counted: int | None = None,
) -> BlankEvent:  # fmt: skip
    if kind not in record.BY_KIND:
        raise InputError(
            f"{kind} is none of {', '.join(record.BY_KIND)}", f"{kind} không thuộc {', '.join(record.BY_KIND)}"
        )
    if record.is_full_date(on) is not None or on > clocks.day(now).isoformat():
        raise InputError(
            f"{on} is no day such as 2026-07-01, or one that is still to come",
            f"{on} không phải ngày dạng 2026-07-01, hoặc ngày chưa đến",
            mend="Give the day on which it happened.",
            mend_vi="Ghi ngày đã xảy ra việc này.",
        )
    event = BlankEvent.objects.create(
        institution=institution, kind=kind, series=run.series, first=run.first, last=run.last, what=what, on=on,
        minutes=minutes, reason=reason, police_notice_at=police_notice_at, counted=counted, at=now, by=by,
        confirmed_by=confirmed_by,
    )  # fmt: skip
    audit.note(by, f"blank.{what.value}", f"{institution.code} {kind}", at=now, detail={"event": event.pk})
    return event


# -- what is there -----------------------------------------------------------------------------------------------------


def series_of(institution: Institution, kind: str) -> list[str]:
    """Every series of which blanks were entered or serials are borne, in order."""
    entered = BlankEvent.objects.filter(institution=institution, kind=kind).values_list("series", flat=True)
    borne = Row.objects.filter(institution=institution, kind=kind, serial_series__isnull=False)
    return sorted(
        {*entered.distinct(), *(one for one in borne.values_list("serial_series", flat=True).distinct() if one)}
    )


def account(institution: Institution, kind: str, series: str) -> Account:
    """All blanks of a series, worked out from the events and the rows. Issued is what was approved; a draft is still in stock."""
    issued = _borne(institution, series).filter(kind=kind, batch__state__in=Batch.COUNTED)
    return blanks.account(_events(institution, kind, series, issued), _values(issued))


def stock(institution: Institution, kind: str) -> dict[str, Account]:
    """The account of every series of a kind."""
    return {series: account(institution, kind, series) for series in series_of(institution, kind)}


def good(institution: Institution, kind: str) -> dict[str, Runs]:
    """The serials of each series that were received and neither spoiled, lost nor destroyed, whether issued or not."""
    received: dict[str, list[blanks.Run]] = {}
    ended: dict[str, list[blanks.Run]] = {}
    for event in BlankEvent.objects.filter(institution=institution, kind=kind).exclude(what=BlankEvent.What.COUNTED):
        into = received if event.what == BlankEvent.What.RECEIVED else ended
        into.setdefault(event.series, []).append((event.first, event.last))
    return {series: Runs(runs) - Runs(ended.get(series, [])) for series, runs in received.items()}


def require_free(institution: Institution, kind: str, serial: str) -> Serial:
    """Return the place of a serial whose blank is in stock and that no row bears.

    Raises: WrongState; AlreadyInRegister when a row bears it.
    """
    place = numbering.parse_serial(serial)
    if place is None or place.value not in good(institution, kind).get(place.series, Runs()):
        raise WrongState(
            "no blank of this serial number is in stock", "không có phôi mang số hiệu này trong kho",
            mend="See `sogoc blank stock`.", mend_vi="Xem `sogoc blank stock`.",
        )  # fmt: skip
    if _borne(institution, place.series).filter(serial_value=place.value).exists():
        raise AlreadyInRegister("the serial number is another's", "số hiệu đã dùng")
    return place


def next_free(institution: Institution, kind: str, count: int) -> list[str]:
    """The next `count` serials in stock that no row bears, the oldest series first. Inside a transaction that holds the institution.

    Raises: WrongState when the stock is too small.
    """
    found: list[str] = []
    left = good(institution, kind)
    received = BlankEvent.objects.filter(institution=institution, kind=kind, what=BlankEvent.What.RECEIVED)
    for series in dict.fromkeys(received.order_by("pk").values_list("series", flat=True)):
        free = left[series] - _values(_borne(institution, series))
        found += [numbering.format_serial(series, value) for value in free.first(count - len(found))]
    if len(found) < count:
        raise WrongState(
            f"{count} blanks are needed and {len(found)} are in stock", f"cần {count} phôi, trong kho còn {len(found)}",
            mend="Enter the blanks that were received: `sogoc blank receive`.",
            mend_vi="Nhập phôi đã nhận: `sogoc blank receive`.",
        )  # fmt: skip
    return found


def _borne(institution: Institution, series: str) -> QuerySet[Row]:
    """The rows that bear a serial of a series on paper of their own."""
    return Row.objects.filter(institution=institution, serial_series=series).exclude(origin=Row.Origin.AMEND)


def _values(rows: QuerySet[Row]) -> Runs:
    values = rows.order_by("serial_value").values_list("serial_value", flat=True)
    return Runs.of(value for value in values.iterator(chunk_size=2000) if value is not None)


def _received(institution: Institution, run: SerialRun) -> Runs:
    events = BlankEvent.objects.filter(institution=institution, series=run.series, what=BlankEvent.What.RECEIVED)
    return Runs(events.filter(first__lte=run.last, last__gte=run.first).values_list("first", "last"))


def _events(institution: Institution, kind: str, series: str, issued: QuerySet[Row]) -> Iterator[blanks.Event]:
    events: Sequence[BlankEvent] = list(
        BlankEvent.objects.filter(institution=institution, kind=kind, series=series).order_by("pk")
    )
    for event in events:
        before = None
        if event.what == BlankEvent.What.COUNTED:
            before = _values(
                issued.filter(
                    serial_value__gte=event.first, serial_value__lte=event.last, batch__approved_at__lte=event.at
                )
            )
        yield blanks.Event(what=event.what, run=(event.first, event.last), counted=event.counted, issued=before)
