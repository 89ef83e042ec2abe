"""The register in the national exchange format: every qualification of a book in its newest version, or why it is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from sogoc.core.books import acts_said
from sogoc.core.clocks import day
from sogoc.core.exchange import REMARK, Exported, to_national
from sogoc.register.histories import LogTimes, histories, places
from sogoc.register.records import record_of
from sogoc.services import access, audit
from sogoc.services.books import Which, standing

CREATED = "ngay_tao_vbcc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One qualification of the register, found by its register number; `left_out` says why it has no place in the export."""

    register_number: str
    exported: Exported | None
    left_out: str = ""


def export(which: Which, *, given: Mapping[str, str], by: User, now: datetime) -> Iterator[Outgoing]:
    """Return the qualifications of a book in the order of their numbers.

    `given` are the fields that no record says, by their national names. The day on which a digital diploma was made is that of
    its log entry unless `given` says it; decisions since the award stand in the remark, never what they changed.

    Raises: NotAllowed, InputError for something given that the register says itself.
    """
    access.require(by, "diploma.read", which.institution)
    audit.note(by, "register.export", which, at=now)
    return _outgoing(which, given)


def _outgoing(which: Which, given: Mapping[str, str]) -> Iterator[Outgoing]:
    times = LogTimes()
    lines = places(which.institution, kind=which.kind, level=which.level, year=which.year)
    for history in histories([place.row for place in lines if place.row is not None]):
        row = history.newest
        if row.erased_at is not None or history.row.erased_at is not None:
            yield Outgoing(register_number=row.register_number, exported=None, left_out="erased")
            continue
        if history.reissued:
            yield Outgoing(register_number=row.register_number, exported=None, left_out="reissued")
            continue
        beside = dict(given)
        at = times.of(history.row.logged)
        if CREATED not in beside and at is not None:
            beside[CREATED] = f"{day(at):%d/%m/%Y}"
        remarks = [given[REMARK]] if REMARK in given else []
        remarks += [acts_said(act) for act in standing(history)]
        if remarks:
            beside[REMARK] = "\n".join(remarks)
        yield Outgoing(register_number=row.register_number, exported=to_national(record_of(row), beside))
