"""Issue a diploma again (cấp lại), for the issuer's own error and for nothing else: an original is issued once."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from sogoc.core import law
from sogoc.errors import ActRefused, RecordError
from sogoc.register.models import Row
from sogoc.services import acting, blanks, numbering, succession
from sogoc.services.acting import ActDecision, Acting
from sogoc.services.succession import Changes


@transaction.atomic
def reissue(
    doing: Acting,
    *,
    row: Row,
    serial_number: str,
    changes: Changes,
    decision: ActDecision,
    act_id: str,
    randomness: Callable[[int], bytes],
) -> Row:
    """Log a new version on another blank and under another register number, with the error in `changes` put right.

    The old original is to be returned and destroyed: its holder and the institution get notices with the day. The register number
    is the next of the book of the calendar year of the decision: one that somebody chose could leave others out.

    Raises: ActRefused for another ground, above all for a lost original; WrongState, also for a blank that is not in stock;
    InputError, NotAllowed, FourEyes, AlreadyInRegister, RecordError, GateRefused, KeyUnavailable, RecoveryNeeded.
    """
    succession.allow(doing, row.institution, decision)
    refuse_lost(decision)
    acting.check_ground("reissue", decision.ground, decision.on)
    institution = row.institution
    institution.hold()
    given = dict(changes) | {"serial_number": serial_number}
    done = succession.done_before("reissue", act_id, row, given, decision)
    if done is not None:
        return done
    if serial_number == row.serial_number:
        raise RecordError("serial_number", "a diploma issued again has a new one", "văn bằng cấp lại phải có số mới")
    if "register_number" in changes:
        raise RecordError("register_number", "is the next of the book", "là số kế tiếp của sổ")
    serial = blanks.require_free(institution, row.kind, serial_number)
    book = numbering.Book(institution=institution, kind=row.kind, level=row.level, year=decision.on[:4])
    ((number, register_number),) = numbering.allot(book, 1, decision.on)
    return succession.succeed(
        doing,
        "reissue",
        row=row,
        fields=succession.changed(row, given | {"register_number": register_number}),
        numbers={
            "serial_number": serial_number,
            "register_number": register_number,
            "year": decision.on[:4],
            "serial_series": serial.series,
            "serial_value": serial.value,
            "number": number,
        },
        decision=decision,
        act_id=act_id,
        randomness=randomness,
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
