"""Issue a diploma again (cấp lại), for the issuer's own error and for nothing else: an original is issued once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import law, numbering
from sogoc.errors import ActRefused, RecordError
from sogoc.ports import IssuerSigner, Keyring, Log
from sogoc.register.models import BlankEvent, Institution, Row
from sogoc.services import access, acting, sequencing, succession
from sogoc.services.acting import ActDecision
from sogoc.services.succession import Changes


@transaction.atomic
def reissue(
    *,
    log: Log,
    row: Row,
    serial_number: str,
    register_number: str,
    changes: Changes,
    decision: ActDecision,
    act_id: str,
    keyring: Keyring,
    ministry: Callable[[], IssuerSigner],
    randomness: Callable[[int], bytes],
    prepared_by: User,
    by: User,
    now: datetime,
) -> Row:
    """Log a new version on another blank and under another register number, with the error in `changes` put right.

    The old original is to be returned and destroyed: its holder and the institution get notices with the day. The register number
    is of the calendar year of the decision.

    Raises: ActRefused for another ground, above all for a lost original, and for a blank that is not in stock; NotAllowed,
    FourEyes, WrongState, AlreadyInRegister, RecordError, GateRefused, KeyUnavailable, RecoveryNeeded.
    """
    access.require(by, "act", row.institution)
    acting.require_two(prepared_by, "batch.prepare", by, row.institution)
    refuse_lost(decision)
    acting.check_ground("reissue", decision.ground, decision.on)
    sequencing.refuse_if_behind(log)
    changes = dict(changes) | {"serial_number": serial_number, "register_number": register_number}
    done = succession.done_before("reissue", act_id, row, changes, decision)
    if done is not None:
        return done
    acting.check_day(decision.on, now)
    for name, old in (("serial_number", row.serial_number), ("register_number", row.register_number)):
        if changes[name] == old:
            raise RecordError(name, "a diploma issued again has a new one", "văn bằng cấp lại phải có số mới")
    _require_blank(row.institution, row.kind, serial_number, decision.on)
    serial = numbering.parse_serial(serial_number)
    number = numbering.parse_register_number(register_number, decision.on[:4])
    return succession.succeed(
        "reissue",
        log=log,
        row=row,
        fields=succession.changed(row, changes),
        numbers={
            "serial_number": serial_number,
            "register_number": register_number,
            "year": decision.on[:4],
            "serial_series": serial.series if serial else None,
            "serial_value": serial.value if serial else None,
            "number": number.number if number else None,
        },
        decision=decision,
        act_id=act_id,
        keyring=keyring,
        ministry=ministry,
        randomness=randomness,
        prepared_by=prepared_by,
        by=by,
        now=now,
    )


def refuse_lost(decision: ActDecision) -> None:
    """Refuse to issue a lost original again, with the legal basis, and offer a copy. Raises: ActRefused."""
    refusal = law.refused_reissue(decision.on)
    if decision.ground == refusal.name:
        raise ActRefused(
            refusal.en,
            refusal.vi,
            rule=refusal.name,
            legal_basis=refusal.legal_basis,
            mend=f"{refusal.offer_en} (`sogoc copy request`)",
            mend_vi=f"{refusal.offer_vi} (`sogoc copy request`)",
        )


def _require_blank(institution: Institution, kind: str, serial_number: str, on: str) -> None:
    """Refuse a blank that is not in stock, where the institution keeps count of its blanks. Raises: ActRefused."""
    events = BlankEvent.objects.filter(institution=institution, kind=kind)
    if not events.filter(what=BlankEvent.What.RECEIVED).exists():
        return
    serial = numbering.parse_serial(serial_number)
    what = (
        set()
        if serial is None
        else set(
            events.filter(series=serial.series, first__lte=serial.value, last__gte=serial.value)
            .exclude(what=BlankEvent.What.COUNTED)
            .values_list("what", flat=True)
        )
    )
    if what != {BlankEvent.What.RECEIVED}:
        raise ActRefused(
            "this blank is not in stock: " + (", ".join(sorted(what)) or "never received"),
            "phôi này không có trong kho: " + (", ".join(sorted(what)) or "chưa từng nhận"),
            rule="blank",
            legal_basis=law.number_format(kind, on).legal_basis,
            mend="Take a blank from stock.",
            mend_vi="Hãy dùng một phôi có trong kho.",
        )
