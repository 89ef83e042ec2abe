"""Acts of the log and what the register knows of them: the entry, the decision, a person; and the status tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sogoc.core import entry
from sogoc.core.commitment import blind_decision
from sogoc.core.completeness import Notebook, Where
from sogoc.core.merkle import Hash, leaf_hash
from sogoc.core.status import StatusList
from sogoc.errors import MalformedError
from sogoc.register.models import ActDetail, AuditEvent, Entry, Institution, StatusTable
from sogoc.services.auditing.rows import Said

_CHUNK = 2000


def judge(institution: Institution, said: Sequence[Said], status_lists: Sequence[Hash], found: Notebook) -> None:
    """Write down every act that the register does not explain, and every status list that is not as the log has it."""
    mine = Entry.objects.filter(institution=institution, index__isnull=False).exclude(act__in=["issue", "authority"])
    kept = {
        index: leaf_hash(bytes(content)) for index, content in mine.values_list("index", "content").iterator(_CHUNK)
    }
    details = ActDetail.objects.filter(entry__in=mine).values_list("entry__index", "decision_number", "salt")
    decisions = {index: blind_decision(number, bytes(salt)) for index, number, salt in details.iterator(_CHUNK)}
    traced = _traced({one.one.id for one in said})
    recovered = _recovered()
    for one in said:
        where: Where = {"institution": institution.code, "act": _act(one.one), "index": one.log_index}
        if one.log_index not in kept:
            found.find("act-missing", where)
        elif kept[one.log_index] != one.leaf and not isinstance(one.one, entry.Successor):
            found.find("entry-altered", where)  # of an amended version the walk through the rows says so
        if isinstance(one.one, entry.Batch):
            continue  # who approved it, `batches` looks for
        found.compared("acts")
        if one.log_index not in decisions and any(one.log_index in run for run in recovered):
            found.find("act-recovered", where)
            continue
        if decisions.get(one.log_index) != one.one.decision:
            found.find("act-without-decision", where)
        if one.one.id not in traced:
            found.find("act-untraced", where)
    _compare_statuses(status_lists, found)


def _act(one: entry.Statement) -> str:
    return one.act if isinstance(one, entry.Successor | entry.StatusAct) else type(one).__name__.lower()


def _traced(ids: set[str]) -> set[str]:
    """Return which of these acts stand in the audit trail with the person who did it."""
    events = AuditEvent.objects.filter(actor__isnull=False).exclude(verb__startswith="batch.")
    details: Iterable[dict[str, object]] = events.values_list("detail", flat=True).iterator(_CHUNK)
    return {str(detail["id"]) for detail in details if detail.get("id") in ids}


def _recovered() -> list[range]:
    """Return the log indexes that recoveries brought back from the files: what was private of them went with the restore."""
    events = AuditEvent.objects.filter(verb="log.recovered").values_list("detail", "subject")
    return [range(int(detail["from"]), int(size)) for detail, size in events]


def _compare_statuses(status_lists: Sequence[Hash], found: Notebook) -> None:
    kept = dict(StatusTable.objects.values_list("number", "content"))
    for number, leaf in enumerate(status_lists):
        found.compared("acts")
        try:
            right = number in kept and leaf_hash(StatusList(number, bytes(kept[number])).leaf()) == leaf
        except MalformedError:
            right = False
        if not right:
            found.find("status-altered", {"list": number})
