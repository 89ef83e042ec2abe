"""One book of the register held against a paper list and a national export. Reads only; nothing is mended here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import User

from sogoc.core.reconcile import Line, Reconciliation, Table, reconcile
from sogoc.core.record import BY_KIND
from sogoc.register.histories import histories, places
from sogoc.register.records import record_of
from sogoc.services import access, audit
from sogoc.services.books import Which


def against(which: Which, *, paper: Table | None, national: Table | None, by: User, now: datetime) -> Reconciliation:
    """Hold the newest versions of a book against what others have of it. A diploma that was reissued counts under its new number,
    and one whose data was erased with nothing but its numbers.

    Raises: NotAllowed.
    """
    access.require(by, "register.reconcile", which.institution)
    audit.note(by, "register.reconcile", which, at=now)
    columns = frozenset(BY_KIND[which.kind].names)
    return reconcile(Table(columns=columns, lines=_lines(which)), paper=paper, national=national)


def _lines(which: Which) -> Iterator[Line]:
    lines = places(which.institution, kind=which.kind, level=which.level, year=which.year)
    for history in histories([place.row for place in lines if place.row is not None]):
        row = history.newest
        if history.reissued:
            continue
        if row.erased_at is not None:
            numbers = {"serial_number": row.serial_number, "register_number": row.register_number}
            yield Line(where=row.register_number, fields=numbers | {"identifier": row.identifier})
            continue
        yield Line(where=row.register_number, fields=record_of(row))
