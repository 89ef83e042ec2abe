"""Recompute a whole institution from its register and the public log, and name everything that nobody explained.

The audit shares the pure core with whoever wrote the register, and none of the services that write: numbers are counted, batches
compared and approvals looked for anew. Rows and entries are read side by side in the order of the log, so memory grows with
batches and acts, and not with qualifications.

Spec: docs/spec/completeness.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sogoc.core.completeness import CHECKS, Notebook, Report, Severity
from sogoc.core.counting import Counted, Counting
from sogoc.ports import AnchoredEvent, ErasureJournal, FileStore
from sogoc.register.models import Batch, Erasure, Institution, Row, VoidNumber
from sogoc.services import checking, counting
from sogoc.services.auditing import acts, batches, numbers
from sogoc.services.auditing.rows import SideBySide
from sogoc.services.published import KeySets, Progress, page_path

__all__ = ["audit_institution"]


def audit_institution(
    institution: Institution,
    *,
    files: FileStore,
    vkeys: KeySets,
    origin: str,
    ministry: Sequence[Mapping[str, str]],
    anchors: Sequence[AnchoredEvent] = (),
    erasures: ErasureJournal | None = None,
    progress: Progress | None = None,
) -> tuple[Report, Counted]:
    """Hold the register of an institution against the published log in `files`, and both against the rules of completeness.

    Where the journal of `erasures` is at hand, which lies apart from the database, every erased row stands in it too. Nothing is
    written. What waits for the log is not judged yet.

    Raises: StorageUnavailable.
    """
    found = Notebook()
    counter = Counting(lambda ordinal, version: files.get(page_path(ordinal, version)), institution.ordinal)
    table = batches.BatchTable(institution)
    walk = SideBySide(institution, origin=origin, counter=counter, table=table, found=found, erasures=erasures)
    try:
        audit = checking.fsck(
            files, vkeys=vkeys, origin=origin, ministry=ministry, anchors=anchors, progress=progress, each=walk.feed
        )
        walk.close()
    finally:
        walk.stop()
    counting.judge_log(audit, found)
    counted = counter.counted()
    batches.judge(table, counted, walk.exact, found)
    counting.judge(walk.exactly(counted), found)
    numbers.judge(institution, found)
    acts.judge(institution, walk.statements, audit.status_lists, found)
    rows = Row.objects.filter(institution=institution)
    report = Report(
        origin=origin, institution=institution.code, from_public_data=False, size=audit.size, root=audit.root,
        state_at=audit.state_at,
        counts=counting.figures(counted) | {
            "rows": rows.count(),
            "drafts": rows.filter(batch__state__in=[Batch.State.DRAFT, Batch.State.SUBMITTED]).count(),
            "void": VoidNumber.objects.filter(institution=institution).count(),
            "erased": Erasure.objects.filter(institution=institution).count(),
        },
        sections=found.sections(tuple(CHECKS)), errors=found.count(Severity.ERROR), notices=found.count(Severity.NOTICE),
    )  # fmt: skip
    return report, counted
