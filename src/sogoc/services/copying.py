"""Copies from the register (bản sao từ sổ gốc): asked for, due by the clock of the law, then issued under a number or refused in
writing. They have a book of their own, whose numbers run by calendar year without a gap.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from sogoc.core import clocks, law
from sogoc.core.status import Status
from sogoc.errors import ActRefused, InputError, WrongState
from sogoc.register.models import Copy, Institution, Row
from sogoc.register.queries import newest_version
from sogoc.services import access, acting, audit

MOST = 200
"""So many copies are one request; the law sets no limit, and a slip of the finger should not."""

_LONGEST_NAME, _LONGEST_REASON = 150, 250


@transaction.atomic
def request(
    *,
    institution: Institution,
    row: Row | None,
    recipient: str,
    relation: str,
    copies: int,
    received_at: datetime,
    by: User,
    now: datetime,
    difficult: bool = False,
    profile: str | None = None,
) -> Copy:
    """Take down a request. `row` is None where the register holds no such qualification: then it is refused in writing.

    `relation` is a ground of the law to ask for a copy, such as `holder`; `received_at` when the request came, by post the day of its
    arrival; `difficult` means many registers or a hard search, `profile` an office that has another addition, such as `commune`.

    Raises: NotAllowed; ActRefused for another relation; InputError; WrongState for a draft, which may still go away; NoRule where
    holidays of the year are not known.
    """
    access.require(by, "copy", institution)
    if row is not None and row.institution_id != institution.pk:
        raise InputError("the record is of another institution", "văn bằng của cơ sở khác")
    if not recipient.strip() or not 1 <= copies <= MOST:
        raise InputError(
            f"a request names who asks, and 1 to {MOST} copies",
            f"yêu cầu phải ghi người yêu cầu và từ 1 đến {MOST} bản",
        )
    if len(recipient.strip()) > _LONGEST_NAME:
        raise InputError(
            f"the name of who asks has at most {_LONGEST_NAME} letters", f"tên người yêu cầu tối đa {_LONGEST_NAME} chữ"
        )
    if row is not None and row.logged is None:
        raise WrongState("the diploma is not logged yet", "văn bằng chưa vào nhật ký")
    if received_at > now:
        raise InputError("the request is of the future", "thời điểm nhận yêu cầu ở tương lai")
    on = clocks.day(received_at).isoformat()
    acting.check_ground("copy", relation, on)
    due = clocks.due(law.clock("copy", on), received_at, complex=difficult, profile=profile)
    made = Copy.objects.create(
        institution=institution,
        row=row,
        requested_at=received_at,
        due_on=due.isoformat(),
        recipient=recipient.strip(),
        relation=relation,
        copies=copies,
        taken_by=by,
    )
    audit.note(by, "copy.requested", f"copy {made.pk}", at=now, detail={"relation": relation, "copies": copies})
    return made


@transaction.atomic
def issue(*, number: int, by: User, now: datetime) -> Copy:
    """Issue what was asked for, under the next number of the year. `number` is that of the request.

    Raises: NotAllowed, WrongState; ActRefused for what is revoked, suspended or unknown: that is refused in writing.
    """
    copy = _open(number, by)
    if copy.row is None:
        raise _refused("unknown", "the register holds no such qualification", "sổ gốc không có văn bằng này", copy)
    newest = newest_version(copy.row)
    if newest.erased_at is not None:
        raise _refused(
            "erased", "what the register said was erased by decision", "nội dung đã được xóa theo quyết định", copy
        )
    if newest.logged is None:
        raise WrongState("the diploma is not logged yet", "văn bằng chưa vào nhật ký")
    if _on_paper(newest) != _on_paper(copy.row):
        raise WrongState(
            "the diploma was issued again since: refuse this request and take one for the new diploma",
            "văn bằng đã được cấp lại: hãy từ chối yêu cầu này và nhận yêu cầu cho văn bằng mới",
        )
    status = acting.status_of(newest.logged)
    if status is not Status.VALID:
        raise _refused(
            "not-valid", f"the qualification is {status.name.lower()}", "văn bằng đã thu hồi hoặc đang tạm dừng hiệu lực", copy
        )  # fmt: skip
    today = clocks.day(now).isoformat()
    last = Copy.objects.filter(institution=copy.institution, year=today[:4]).aggregate(last=Max("number"))["last"]
    copy.year, copy.number, copy.issued_on, copy.issued_by = today[:4], (last or 0) + 1, today, by
    copy.save(update_fields=["year", "number", "issued_on", "issued_by"])
    audit.note(by, "copy.issued", f"copy {copy.pk}", at=now, detail={"number": f"{copy.number}/{copy.year}"})
    return copy


@transaction.atomic
def refuse(*, number: int, reason: str, by: User, now: datetime) -> Copy:
    """Refuse a request in writing. Raises: NotAllowed, WrongState, InputError without a reason."""
    copy = _open(number, by)
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        raise InputError(
            f"a refusal gives its reason in writing, in at most {_LONGEST_REASON} letters",
            f"từ chối phải nêu lý do bằng văn bản, tối đa {_LONGEST_REASON} chữ",
        )
    copy.refused_reason = reason.strip()
    copy.save(update_fields=["refused_reason"])
    audit.note(by, "copy.refused", f"copy {copy.pk}", at=now)
    return copy


def waiting(institution: Institution, *, by: User) -> list[Copy]:
    """Return the requests that were neither met nor refused, the most urgent first. Raises: NotAllowed."""
    access.require(by, "copy", institution)
    asked = Copy.objects.filter(institution=institution, number__isnull=True, refused_reason__isnull=True)
    return list(asked.order_by("due_on", "pk"))


def _on_paper(row: Row) -> Row:
    """Return the version that was issued on paper and that this one amends, or is."""
    while row.origin == Row.Origin.AMEND and row.follows is not None:
        row = row.follows
    return row


def _open(number: int, by: User) -> Copy:
    """Return a request that was not answered yet, its institution held: numbers are given one after the other."""
    found = Copy.objects.filter(pk=number).first()
    if found is None:
        raise InputError(f"there is no request {number}", f"không có yêu cầu {number}")
    access.require(by, "copy", found.institution)
    found.institution.hold()
    copy = Copy.objects.select_related("institution", "row__entry").get(pk=number)
    if copy.number is not None or copy.refused_reason is not None:
        raise WrongState("this request was answered already", "yêu cầu này đã được trả lời")
    return copy


def _refused(rule: str, en: str, vi: str, copy: Copy) -> ActRefused:
    on = clocks.day(copy.requested_at).isoformat()
    return ActRefused(
        f"no copy: {en}",
        f"không cấp bản sao: {vi}",
        rule=rule,
        legal_basis=law.clock("copy", on).legal_basis,
        mend=f"Refuse it in writing by {copy.due_on} (`sogoc copy refuse`).",
        mend_vi=f"Trả lời từ chối bằng văn bản trước ngày {copy.due_on} (`sogoc copy refuse`).",
    )
