"""Recompute from the public files of a log what every institution awarded, and say what does not add up. No database is needed.

Spec: docs/spec/completeness.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sogoc.core import authority, law, override
from sogoc.core.completeness import Notebook, Report, Severity, Where
from sogoc.core.counting import Counted, Counting, LoggedBatch, QuotaCount, out_of_order
from sogoc.errors import InputError, MalformedError
from sogoc.ports import AnchoredEvent, FileStore
from sogoc.services import checking
from sogoc.services.published import PAGES, KeySets, Progress, page_path

PUBLIC_CHECKS = ("log", "decisions", "quotas", "gate", "times")
"""What can be compared from public data alone."""

NAMED_BY_COUNTS = frozenset({"decision-total"})
"""Faults of the log that the counts name better, with their figures."""


def ordinal_of(files: FileStore, code: str) -> int:
    """Return the ordinal of the institution with this code, from the authority pages. Raises: InputError."""
    for path in files.list(PAGES):
        if not path.endswith("/1.json"):
            continue  # a code never changes, so the first page is enough
        try:
            page = authority.parse(files.get(path) or b"")
        except MalformedError:
            continue
        if page.code == code:
            return page.ordinal
    raise InputError(f"no authority page is of {code}", f"không trang thẩm quyền nào của {code}")


def count(
    files: FileStore,
    *,
    vkeys: KeySets,
    origin: str,
    ministry: Sequence[Mapping[str, str]],
    institution: str | None = None,
    anchors: Sequence[AnchoredEvent] = (),
    progress: Progress | None = None,
) -> tuple[Report, Counted]:
    """Read a whole published log once, check it as `fsck` does, count what was awarded, and judge the counts.

    With `institution`, a code, only what that institution awarded is counted and judged; the log is checked whole.

    Raises: StorageUnavailable; InputError when no page is of that code.
    """
    only = None if institution is None else ordinal_of(files, institution)
    counting = Counting(lambda ordinal, version: files.get(page_path(ordinal, version)), only)
    audit = checking.fsck(
        files,
        vkeys=vkeys,
        origin=origin,
        ministry=ministry,
        anchors=anchors,
        progress=progress,
        each=lambda _, one: counting.take(one),
    )
    counted, found = counting.counted(), Notebook()
    judge_log(audit, found)
    judge(counted, found)
    report = Report(
        origin=origin, institution=institution, from_public_data=True, size=audit.size, root=audit.root,
        state_at=audit.state_at, counts=figures(counted), sections=found.sections(PUBLIC_CHECKS),
        errors=found.count(Severity.ERROR), notices=found.count(Severity.NOTICE),
    )  # fmt: skip
    return report, counted


def figures(counted: Counted) -> dict[str, int]:
    """Return the few numbers with which a report begins."""
    return {
        "entries": counted.size,
        "batches": len(counted.batches),
        "issued": sum(one.issued for one in counted.batches),
        "decisions": len(counted.decisions()),
        "overridden": sum(bool(one.said.override) for one in counted.batches),
        "late": len(counted.late()),
    } | {act: sum(n for (_, of, _), n in counted.acts.items() if of == act) for _, act, _ in counted.acts}


def judge_log(audit: checking.Audit, found: Notebook) -> None:
    """Write down every fault of the log but those that the counts name."""
    found.compared("log", audit.size)
    for fault in audit.faults:
        if fault.code not in NAMED_BY_COUNTS:
            found.find("log-fault", {"index": fault.index, "fault": fault.code}, en=fault.en, vi=fault.vi)


def judge(counted: Counted, found: Notebook) -> None:
    """Write down what the counts show: decisions, quotas, powers, overrides, and how late it was recorded."""
    _judge_decisions(counted, found)
    for quota in counted.quotas():
        _judge_quota(counted, quota, found)
    found.compared("gate", len(counted.batches))
    for one in counted.batches:
        if one.said.override:
            found.find("overridden", place(counted, one), en=", ".join(one.said.override))
    for one, programme, mode, number in counted.without_power():
        if override.set_aside("power", programme) not in one.said.override:
            found.find(
                "power-missing", place(counted, one), en=f"{number} × {programme}, {mode}, {one.said.awarded_on}"
            )
    found.compared("times", len(counted.batches))
    for one in counted.late():
        found.find(
            "back-dated" if _belies_its_grade(one) else "recorded-late",
            {**place(counted, one), "provenance": one.said.provenance},
            en=f"award date {one.said.awarded_on}, logged {_between(one.earliest, one.latest)}, {one.late_by} days",
            vi=f"ngày cấp {one.said.awarded_on}, vào nhật ký {_between(one.earliest, one.latest)}, {one.late_by} ngày",
        )


def _belies_its_grade(one: LoggedBatch) -> bool:
    """Whether a batch says that it was recorded when it was awarded, and was logged on a day for which the gate takes no such word."""
    late_by = one.late_by or 0
    return one.said.provenance == "A" and not 0 <= late_by <= law.gate("provenance", one.said.awarded_on).days


def place(counted: Counted, one: LoggedBatch) -> dict[str, str | int | None]:
    """Return where a batch stands: its institution, id, entry, and the entries of its qualifications."""
    return {
        "institution": counted.code(one.said.institution), "batch": one.said.id, "index": one.index,
        "rows": one.issued, "entries": f"{one.index + 1}–{one.index + one.issued}",
        "decision": one.said.decision_number,
    }  # fmt: skip


def _judge_decisions(counted: Counted, found: Notebook) -> None:
    decisions = counted.decisions()
    found.compared("decisions", len(decisions))
    for one in decisions:
        where: Where = {
            "institution": counted.code(one.institution),
            "decision": one.number,
            "decided_on": one.decided_on,
        }
        if one.issued > one.total:
            found.find("decision-exceeded", where, en=f"{one.issued}/{one.total}")
        elif one.issued < one.total:
            found.find("decision-open", where, en=f"{one.issued}/{one.total}")
    for ordinal in sorted({one.institution for one in decisions}):
        named = [(one.number, one.decided_on) for one in decisions if one.institution == ordinal]
        for number, decided_on in out_of_order(named):
            found.find(
                "decision-order", {"institution": counted.code(ordinal), "decision": number, "decided_on": decided_on}
            )


def _judge_quota(counted: Counted, quota: QuotaCount, found: Notebook) -> None:
    found.compared("quotas")
    if quota.at_least <= quota.quota:
        return
    code = "quota-overridden" if quota.overridden else "quota-tolerated"
    if quota.at_least > quota.allowed and not quota.overridden:
        code = "quota-exceeded"
    where: Where = {
        "institution": counted.code(quota.institution), "programme": quota.power.programme, "mode": quota.power.mode,
        "intake": quota.intake,
    }  # fmt: skip
    found.find(code, where, en=str(quota))


def _between(earliest: datetime | None, latest: datetime | None) -> str:
    known = [f"{one:%Y-%m-%d}" for one in (earliest, latest) if one is not None]
    return "–".join(dict.fromkeys(known)) or "?"
