"""Recognition decisions: what every award rests on. A decision is recorded once, with the number of graduates it names."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from sogoc.errors import GateRefused
from sogoc.register.models import Decision, Institution
from sogoc.services import audit

BASIS = "Thông tư 21/2019/TT-BGDĐT, Điều 2; Thông tư 10/2026/TT-BGDĐT (recognition decision)"


def recorded(
    *, institution: Institution, number: str, decided_on: str, total: int, by: User, now: datetime
) -> Decision:
    """Return this decision of an institution, recorded now if it was not before. Inside the caller's transaction.

    Raises: GateRefused when it was recorded with another number of graduates.
    """
    decision, new = Decision.objects.get_or_create(
        institution=institution,
        number=number,
        decided_on=decided_on,
        defaults={"total": total, "recorded_at": now, "recorded_by": by},
    )
    if decision.total != total:
        raise GateRefused(
            f"decision {number} is recorded with {decision.total} graduates, not {total}",
            f"quyết định {number} đã ghi công nhận {decision.total} người, không phải {total}",
            rule="decision-total",
            legal_basis=BASIS,
            mend="Compare with the signed decision; a second decision has a number of its own.",
            mend_vi="Đối chiếu với quyết định đã ký; quyết định khác phải có số riêng.",
        )
    if new:
        audit.note(by, "decision.recorded", f"{institution.code} {number}", at=now, detail={"total": total})
    return decision
