"""Amend a record by decision (chỉnh sửa nội dung): a new version of the record, while the diploma itself stays as it is."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from sogoc.register.models import Row
from sogoc.services import acting, succession
from sogoc.services.acting import ActDecision, Acting
from sogoc.services.succession import Changes

_ON_PAPER = ("serial_number", "register_number")
"""The numbers of the diploma on paper, which is not printed again."""


@transaction.atomic
def amend(
    doing: Acting,
    *,
    row: Row,
    changes: Changes,
    decision: ActDecision,
    act_id: str,
    randomness: Callable[[int], bytes],
) -> Row:
    """Log a new version of a record by decision, on one of the grounds of the law. The same `act_id` again changes nothing.

    Raises: NotAllowed, FourEyes, ActRefused, WrongState, RecordError, GateRefused, KeyUnavailable, RecoveryNeeded.
    """
    succession.allow(doing, row.institution, decision)
    acting.check_ground("amend", decision.ground, decision.on)
    done = succession.done_before("amend", act_id, row, changes, decision)
    if done is not None:
        return done
    return succession.succeed(
        doing,
        "amend",
        row=row,
        fields=succession.changed(row, changes, fixed=_ON_PAPER),
        numbers={
            "serial_number": row.serial_number,
            "register_number": row.register_number,
            "year": row.year,
            "serial_series": row.serial_series,
            "serial_value": row.serial_value,
            "number": row.number,
        },
        decision=decision,
        act_id=act_id,
        randomness=randomness,
    )
