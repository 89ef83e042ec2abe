"""Recognition decisions: what every award rests on. A decision is recorded once, with the number of graduates it names and,
if somebody enters it, the list attached to it.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from sogoc.core import decision as numbers
from sogoc.core import law
from sogoc.core.intake.syllables import name_key
from sogoc.core.record import is_date, is_full_date
from sogoc.core.vocabulary import fold
from sogoc.errors import AlreadyInRegister, GateRefused, InputError, Refusal, WrongState
from sogoc.register.models import Archive, Batch, Decision, DecisionName, Institution
from sogoc.services import access, audit

_CHUNK = 2000


def list_key(archive: Archive) -> bytes:
    """The key under which this archive keeps the names of attached lists."""
    return hmac.digest(bytes(archive.places_key), b"sogoc/decision-list/v1", sha256)


def person_key(secret: bytes, name: str, born_on: str) -> bytes:
    """How a person stands on a list: an HMAC of name and birth, so that a list of names is not kept a second time.

    The name without case, marks or spaces too many, because list and register are typed by different hands.
    """
    return hmac.digest(secret, f"{name_key(name)}\x00{born_on}".encode(), sha256)


def recorded(
    *, institution: Institution, number: str, decided_on: str, total: int, by: User, now: datetime
) -> Decision:
    """Return this decision of an institution, recorded now if it was not before. Inside the caller's transaction.

    Raises: InputError for a day that is none; AlreadyInRegister when its number was written otherwise then; GateRefused when it
    was recorded with another number of graduates.
    """
    if is_full_date(decided_on) is not None:
        raise InputError(f"{decided_on} is not a date such as 2026-06-30", f"{decided_on} không phải ngày 2026-06-30")
    for other in spelt_otherwise(institution, number, decided_on):
        raise AlreadyInRegister(
            f"this decision is recorded as {other.number}", f"quyết định này đã ghi là {other.number}",
            mend="Write it like that; or withdraw the wrong one, while no batch rests on it.",
            mend_vi="Hãy ghi đúng như vậy, hoặc rút quyết định ghi sai khi chưa có đợt cấp nào theo quyết định đó.",
        )  # fmt: skip
    decision, new = Decision.objects.get_or_create(
        institution=institution,
        number=number,
        decided_on=decided_on,
        defaults={"total": total, "recorded_at": now, "recorded_by": by},
    )
    if decision.total != total:
        rule = law.gate("decision-total", decided_on)
        raise GateRefused(
            [
                Refusal(
                    rule=rule.rule,
                    en=f"decision {number} is recorded with {decision.total} graduates, not {total}",
                    vi=f"quyết định {number} đã ghi công nhận {decision.total} người, không phải {total}",
                    facts={"recorded": decision.total, "said": total},
                    legal_basis=rule.legal_basis,
                    overridable=rule.overridable,
                    mend="Compare with the signed decision; a second decision has a number of its own.",
                    mend_vi="Đối chiếu với quyết định đã ký; quyết định khác phải có số riêng.",
                )
            ]
        )
    if new:
        audit.note(by, "decision.recorded", f"{institution.code} {number}", at=now, detail={"total": total})
    return decision


def spelt_otherwise(institution: Institution, number: str, decided_on: str) -> list[Decision]:
    """The decisions of that day whose number is this one, written in another way."""
    same = numbers.same(number)
    of_the_day = Decision.objects.filter(institution=institution, decided_on=decided_on).exclude(number=number)
    return [one for one in of_the_day.order_by("pk") if numbers.same(one.number) == same]


@transaction.atomic
def record(
    *,
    institution: Institution,
    number: str,
    decided_on: str,
    total: int,
    by: User,
    now: datetime,
    people: Iterable[tuple[str, str]] | None = None,
) -> Decision:
    """Record a decision before any batch of it, with its attached list if given: name and birth of each graduate.

    Raises: NotAllowed, InputError; GateRefused when it is recorded with another total; AlreadyInRegister when it is recorded
    with another spelling, and with WrongState as `attach_list`.
    """
    access.require(by, "batch.prepare", institution)
    if numbers.is_number(number) is not None:
        raise InputError(
            "a decision has a number such as 1256/QĐ-ĐHCN", "quyết định phải có số, như 1256/QĐ-ĐHCN",
            mend="Write it as it stands on the decision, without a space too many.",
            mend_vi="Ghi đúng như trên quyết định, không thừa dấu cách.",
        )  # fmt: skip
    institution.hold()
    decision = recorded(institution=institution, number=number, decided_on=decided_on, total=total, by=by, now=now)
    return decision if people is None else attach_list(decision=decision, people=people, by=by, now=now)


@transaction.atomic
def attach_list(*, decision: Decision, people: Iterable[tuple[str, str]], by: User, now: datetime) -> Decision:
    """Enter the list attached to a decision; from then on the gate lets nobody pass who is not on it.

    Raises: NotAllowed; AlreadyInRegister when it has a list; InputError when the list is not as long as the decision says,
    or a birth is no date; WrongState once a batch of it was approved.
    """
    access.require(by, "batch.prepare", decision.institution)
    decision.institution.hold()
    decision = Decision.objects.select_related("institution").get(pk=decision.pk)
    if decision.listed:
        raise AlreadyInRegister(
            f"decision {decision.number} has its list", f"quyết định {decision.number} đã có danh sách"
        )
    if decision.batches.exclude(state__in=[Batch.State.DRAFT, Batch.State.SUBMITTED]).exists():
        raise WrongState(
            "awards by this decision were approved already: a list comes before them",
            "đã duyệt cấp theo quyết định này: danh sách phải nhập trước",
        )
    secret = list_key(Archive.objects.get())
    counted: Counter[bytes] = Counter()
    for name, born_on in people:
        if not fold(name) or is_date(born_on) is not None:
            raise InputError(
                "a line of the list has no name, or a birth that is no date",
                "một dòng trong danh sách thiếu tên hoặc ngày sinh không đúng",
            )
        counted[person_key(secret, name, born_on)] += 1
    if counted.total() != decision.total:
        raise InputError(
            f"the list names {counted.total()}, the decision {decision.total}",
            f"danh sách có {counted.total()} người, quyết định ghi {decision.total}",
        )
    DecisionName.objects.bulk_create(
        (DecisionName(decision=decision, key=key, count=count) for key, count in counted.items()), batch_size=_CHUNK
    )
    decision.listed = True
    decision.save(update_fields=["listed"])
    audit.note(by, "decision.listed", f"{decision.institution.code} {decision.number}", at=now)
    return decision


def strike_out(rows: Iterable[tuple[int, str, str]]) -> None:
    """Take people off the lists on which they stood, when what the register says of them is erased: whoever knows the archive's
    key could still try names. `rows` are (decision, folded name, birth) of their awards. Inside the caller's transaction.
    """
    secret = list_key(Archive.objects.get())
    for decision, name, born_on in rows:
        DecisionName.objects.filter(decision=decision, key=person_key(secret, name, born_on)).update(
            count=F("count") - 1
        )
    DecisionName.objects.filter(count=0).delete()


@transaction.atomic
def withdraw(*, decision: Decision, by: User, now: datetime) -> None:
    """Take a decision out again that no batch rests on, with its list: it was typed wrongly.

    Raises: NotAllowed; WrongState when a batch rests on it.
    """
    access.require(by, "batch.prepare", decision.institution)
    decision.institution.hold()
    if decision.batches.exists():
        raise WrongState(
            "a batch rests on this decision", "đã có đợt cấp theo quyết định này",
            mend="Discard its drafts first.", mend_vi="Hãy bỏ các đợt cấp nháp trước.",
        )  # fmt: skip
    decision.names.all().delete()
    decision.delete()
    audit.note(by, "decision.withdrawn", f"{decision.institution.code} {decision.number}", at=now)
