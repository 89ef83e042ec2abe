"""Batches of the register against their signed statements, the two people behind each, and the gate once more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db.models import Count, Max, Min

from sogoc.core import law
from sogoc.core import tally as tallies
from sogoc.core.clocks import day
from sogoc.core.completeness import Notebook, Where
from sogoc.core.counting import Counted, LoggedBatch
from sogoc.core.tally import Cell
from sogoc.register.models import AuditEvent, Batch, Decision, Institution, Row
from sogoc.services import counting, gate

NAMED_OTHERWISE = frozenset(
    {"power", "quota", "decision-total", "count", "number-gap", "number-twice", "serial", "blank"}
)
"""Rules of the gate whose breach another check names, with more of it."""

_SIGNED = (Batch.State.APPROVED, Batch.State.SEALED)


class Kept(NamedTuple):
    """One batch as the register keeps it."""

    pk: int
    public_id: str
    log_index: int | None
    entry_id: int | None
    schema: str
    level: str
    awarded_on: str
    provenance: str
    rows: int
    state: str
    prepared_by: int
    approved_by: int | None
    decision_number: str
    decided_on: str
    total: int
    tally_salt: bytes


_COLUMNS = (
    "pk", "public_id", "entry__index", "entry_id", "schema", "level", "awarded_on", "provenance", "count", "state",
    "prepared_by_id", "approved_by_id", "decision__number", "decision__decided_on", "decision__total", "tally_salt",
)  # fmt: skip


@dataclass(slots=True)
class Exact:
    """What the rows of one batch add up to. `whole` while each of them was read and is what was logged; `clean` while also its
    columns are.
    """

    cells: Counter[Cell] = field(default_factory=Counter)
    whole: bool = True
    clean: bool = True
    erased: int = 0
    missing: int = 0


class BatchTable:
    """All batches of an institution by their key and by the index of their entry."""

    def __init__(self, institution: Institution) -> None:
        self.institution = institution
        self.kept = [Kept._make(one) for one in Batch.objects.filter(institution=institution).values_list(*_COLUMNS)]
        self._by_pk = {one.pk: one for one in self.kept}
        self._by_index = {one.log_index: one for one in self.kept if one.log_index is not None}

    def public_id(self, pk: int) -> str | None:
        return self._by_pk[pk].public_id if pk in self._by_pk else None

    def index_of(self, pk: int) -> int | None:
        return self._by_pk[pk].log_index if pk in self._by_pk else None

    def at(self, index: int) -> Kept | None:
        return self._by_index.get(index)

    def explains_loss(self, index: int) -> bool:
        """Whether all missing rows of the batch logged at `index` are told once: the batch itself is gone, or known to be lost."""
        one = self._by_index.get(index)
        return one is None or one.state == Batch.State.LOST


def judge(table: BatchTable, counted: Counted, exact: Mapping[int, Exact], found: Notebook) -> None:
    """Write down what is wrong with the batches of an institution."""
    for one in counted.batches:
        kept = table.at(one.index)
        if kept is None:
            found.find("batch-missing", counting.place(counted, one))
            continue
        held = exact[one.index]
        if kept.state == Batch.State.LOST:
            if held.missing:
                found.find("row-lost", counting.place(counted, one), en=str(held.missing))
            continue
        same = _compare(kept, one, counting.place(counted, one), found)
        digest = tallies.digest(held.cells, bytes(kept.tally_salt))
        if held.whole and not held.erased and digest != one.said.tally_digest:
            found.find("batch-altered", {**counting.place(counted, one), "fields": "tally"})
        if same and held.clean:
            _examine(kept, one, counting.place(counted, one), found)
    _look_at_decisions(table.institution, found)
    _look_for_approvals(table, found)
    _look_for_unlogged(table, found)


def _compare(kept: Kept, one: LoggedBatch, where: Where, found: Notebook) -> bool:
    """Hold the tables against the statement; say whether they are what was signed."""
    said = one.said
    decision = {
        "number": kept.decision_number == said.decision_number,
        "decided_on": kept.decided_on == said.decided_on,
        "total": kept.total == said.decision_total,
    }
    batch = {
        "id": kept.public_id == said.id,
        "schema": kept.schema == said.schema,
        "level": kept.level == said.level,
        "awarded_on": kept.awarded_on == said.awarded_on,
        "provenance": kept.provenance == said.provenance,
        "count": kept.rows == said.count,
        "state": kept.state == Batch.State.SEALED,
    }
    for code, held in (("decision-altered", decision), ("batch-altered", batch)):
        wrong = [name for name, right in held.items() if not right]
        if wrong:
            found.find(code, {**where, "fields": ", ".join(wrong)})
    return all((*decision.values(), *batch.values()))


def _examine(kept: Kept, one: LoggedBatch, where: Where, found: Notebook) -> None:
    """Hold the gate once more, on the page that was in force where the batch was logged. What was altered since is named already."""
    if one.page is None:
        return
    batch = Batch.objects.select_related("institution", "decision", "entry").get(pk=kept.pk)
    for refusal in gate.examine(batch, page=one.page, now=one.latest or one.earliest).refusals:
        if refusal.rule not in NAMED_OTHERWISE and not gate.lets_pass(one.said.override, refusal):
            found.find("gate-refused", {**where, "rule": refusal.rule}, en=refusal.en, vi=refusal.vi)


def _look_at_decisions(institution: Institution, found: Notebook) -> None:
    """A decision is entered when it is made, unless it comes with an old register."""
    of_today = Decision.objects.filter(institution=institution, batches__provenance="A").distinct().order_by("pk")
    for one in of_today:
        days = (day(one.recorded_at) - date.fromisoformat(one.decided_on)).days
        if days > law.clock("late-recording", one.decided_on).days:
            where: Where = {"institution": institution.code, "decision": one.number, "decided_on": one.decided_on}
            found.find("decision-late", where, en=f"{days} days", vi=f"{days} ngày")


def _look_for_approvals(table: BatchTable, found: Notebook) -> None:
    """Each approved batch has a second person, whose approval stands in the audit trail."""
    mine = Batch.objects.filter(institution=table.institution).values("public_id")
    trail: dict[str, set[int | None]] = defaultdict(set)
    events = AuditEvent.objects.filter(verb="batch.approved", subject__in=mine).values_list("subject", "actor_id")
    for subject, actor in events.iterator(chunk_size=2000):
        trail[subject].add(actor)
    for one in table.kept:
        if one.state not in _SIGNED:
            continue
        found.compared("batches")
        where: Where = {
            "institution": table.institution.code, "batch": one.public_id, "index": one.log_index, "rows": one.rows,
            "decision": one.decision_number,
        }  # fmt: skip
        if one.approved_by == one.prepared_by:
            found.find("approved-by-preparer", where)
        if one.approved_by is None or one.approved_by not in trail[one.public_id]:
            found.find("approval-untraced", where)


def _look_for_unlogged(table: BatchTable, found: Notebook) -> None:
    """Rows of a sealed batch have an entry, which may still wait; said once for each batch."""
    sealed = Row.objects.filter(institution=table.institution, batch__state=Batch.State.SEALED, entry__isnull=True)
    for batch_id, rows, first, last in (
        sealed.values_list("batch_id").annotate(Count("pk"), Min("register_number"), Max("register_number")).order_by()
    ):
        found.find("row-unlogged", {
            "institution": table.institution.code, "batch": table.public_id(batch_id), "rows": rows,
            "register_number": first if first == last else f"{first} … {last}",
        })  # fmt: skip
