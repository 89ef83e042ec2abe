"""What is due, and when: diplomas after their decision, copies after their request, returns and publications after an act."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User

from sogoc.core import clocks, law
from sogoc.core.record import SCHEMAS
from sogoc.errors import NoRule
from sogoc.register.models import Batch, Copy, Decision, Institution, Notice
from sogoc.services import access

_SCHOOL = "school-diploma"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One thing that is due. `what` is the name of a clock of the law, `subject` a decision, a request or a qualification.

    `open` is False once it is done; `due_on` is None where the calendar of that year is not known.
    """

    what: str
    subject: str
    since: str
    due_on: str | None
    open: bool
    legal_basis: str
    detail: str = ""

    def is_late(self, today: str) -> bool:
        """Whether it is still open after its day."""
        return self.open and self.due_on is not None and self.due_on < today


def of(institution: Institution, *, by: User, done_too: bool = False) -> list[Deadline]:
    """Return what is due at an institution, the most urgent first; with `done_too` also what was done.

    Raises: NotAllowed.
    """
    access.require(by, "register.search", institution)
    found = [*_of_decisions(institution), *_of_copies(institution), *_of_notices(institution)]
    return sorted(
        (one for one in found if one.open or done_too),
        key=lambda one: (one.due_on or "9999", one.what, one.subject),
    )


def today(now: datetime) -> str:
    """The day in Vietnam."""
    return clocks.day(now).isoformat()


def _of_decisions(institution: Institution) -> list[Deadline]:
    logged: Counter[int] = Counter()
    school: set[int] = set()
    for decision_id, schema, count, index in Batch.objects.filter(institution=institution).values_list(
        "decision", "schema", "count", "entry__index"
    ):
        logged[decision_id] += count if index is not None else 0
        if SCHEMAS[schema].kind == _SCHOOL:
            school.add(decision_id)
    made = []
    for decision in Decision.objects.filter(institution=institution).order_by("decided_on", "pk"):
        count = logged[decision.pk]
        paper = "paper-school-diploma" if decision.pk in school else "paper-diploma"
        for clock in ("digital-diploma", paper):
            one = _deadline(
                clock,
                decision.number,
                decision.decided_on,
                is_open=count < decision.total,
                detail=f"{count}/{decision.total}",
            )
            if one is not None:
                made.append(one)
    return made


def _deadline(name: str, subject: str, since: str, *, is_open: bool, detail: str) -> Deadline | None:
    """Return one that runs from a day; None where the law set no such limit on that day."""
    try:
        clock = law.clock(name, since)
    except NoRule:
        return None
    try:
        due_on: str | None = clocks.due(clock, date.fromisoformat(since)).isoformat()
    except NoRule:
        due_on = None
    return Deadline(
        what=name,
        subject=subject,
        since=since,
        due_on=due_on,
        open=is_open,
        legal_basis=clock.legal_basis,
        detail=detail,
    )


def _of_copies(institution: Institution) -> list[Deadline]:
    made = []
    for copy in Copy.objects.filter(institution=institution).order_by("pk"):
        since = today(copy.requested_at)
        made.append(
            Deadline(
                what="copy",
                subject=f"copy {copy.pk}",
                since=since,
                due_on=copy.due_on,
                open=copy.number is None and copy.refused_reason is None,
                legal_basis=law.clock("copy", since).legal_basis,
            )
        )
    return made


# A notice to the institution with a day is a diploma that is to come back; one to the public is something to publish.
_DUTIES = {"institution": "return-revoked", "public": "publication"}


def _of_notices(institution: Institution) -> list[Deadline]:
    made = []
    for notice in Notice.objects.filter(institution=institution, due_on__isnull=False, recipient__in=_DUTIES):
        since = str(notice.about["on"])
        clock = law.clock(_DUTIES[notice.recipient], since)
        made.append(
            Deadline(
                what=clock.name,
                subject=notice.subject,
                since=since,
                due_on=notice.due_on,
                open=notice.sent_at is None,
                legal_basis=clock.legal_basis,
                detail=f"notice {notice.pk}",
            )
        )
    return made
